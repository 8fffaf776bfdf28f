"""The rate against the number of members, and what an operation costs each process."""

from typing import Any

from bench.coalition import API, WORKER
from bench.engine_loading import load_members
from bench.machine import lacking
from bench.options import Options
from bench.process_meter import resident_bytes
from bench.reindexing import REINDEX_WAIT_MAX_S
from bench.settling import median_cpu_us, median_ops_s, settle_runs
from bench.traffic import Mix, Traffic


async def curve(traffic: Traffic, options: Options) -> list[dict[str, Any]]:
    """One entry for each number of members; ends early, and says so, where the machine's memory or disk would not do."""
    coalition, found = traffic.coalition, list[dict[str, Any]]()
    for members in options.curve:
        more = members - len(traffic.members)
        each = coalition.engine.member_bytes
        missing = lacking(coalition.state.root, memory_bytes=more * each.memory, disk_bytes=more * each.disk)
        if missing is not None:
            coalition.say(f"the {missing} of this machine would not hold {members:,} members")
            break
        await coalition.stop(API, WORKER)
        await load_members(traffic, more)
        coalition.say("indexing them")
        await coalition.command("reindex", "--json", timeout_s=REINDEX_WAIT_MAX_S)
        runs = await settle_runs(
            traffic, Mix.PURCHASES, operations=options.sizes.settle_operations, runs=options.sizes.runs
        )
        memory = {name: round(size / 2**20) for name, size in resident_bytes(coalition.process_ids).items()}
        found.append({
            "members": members,
            "settled_ops_s": median_ops_s(runs),
            "cpu_us": median_cpu_us(runs),
            "resident_mib": memory,
            "chain_disk_mib": round(coalition.engine.disk_bytes() / 2**20),
        })  # fmt: skip
        coalition.say(f"{members:,} members: {found[-1]['settled_ops_s']:,.0f} settled/s")
    return found
