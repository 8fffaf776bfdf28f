"""The parts in their order: what rewrites the chain comes last."""

import asyncio
import statistics
from typing import Any, Final

from bench.accepting import accept_bulk, accept_single
from bench.accounting import NotSettledError
from bench.coalition import API, PLAIN_KEY, SECOND_API, WORKER, Coalition, Say, coalition
from bench.curve import curve
from bench.engine_alone import engine_ops_s
from bench.latency import latency_ms
from bench.options import DatabaseKind, Options, Part
from bench.plain_client import PlainClient
from bench.reindexing import reindex
from bench.settling import Settling, median_cpu_us, median_ops_s, settle, settle_runs
from bench.soak import soak
from bench.traffic import DEADLINE_S, Mix, Traffic
from node_gateway.chain import node

HALF: Final = 0.5
LIGHT: Final = 0.1
BEST_UNKNOWN_OPS_S: Final = 5_000.0
# Mixes beside the known members, which `settle` measures.
OTHER_MIXES: Final = (Mix.PURCHASES, Mix.NEW, Mix.HOT, Mix.CAMPAIGN)


async def measure(options: Options, *, say: Say) -> dict[str, Any]:
    """Everything that the options ask for.

    Raises:
        NotSettledError, RefusedError: where operations got lost: no figure is better than a wrong one.
    """
    async with coalition(options.database, engine_kind=options.engine, say=say) as started:
        traffic = await _traffic(started)
        if options.curve:
            return {"curve": await curve(traffic, options)}
        say(f"{options.sizes.members:,} members enrol and buy")
        await settle(started, traffic.new_members(options.sizes.members))
        if options.soak_minutes:
            return {"soak": await soak(traffic, options)}
        return await _parts(traffic, options)


async def _traffic(started: Coalition) -> Traffic:
    header = await node.header_at(started.rpc, "latest")
    assert header is not None, "a chain without a latest block"
    return Traffic(started, header.timestamp_s + DEADLINE_S)


async def _parts(traffic: Traffic, options: Options) -> dict[str, Any]:
    started, sizes, parts = traffic.coalition, options.sizes, options.parts
    figures: dict[str, Any] = {
        "engine": options.engine.value,
        "database": options.database.value,
        "members": sizes.members,
        "runs": sizes.runs,
    }
    if Part.PLAIN in parts:
        figures |= await _plain(traffic, options)
    snapshot = ""
    if Part.ENGINE in parts:
        await started.stop(API, WORKER)
        snapshot = await started.engine.snapshot()
    settled: list[Settling] = []
    if parts & {Part.SETTLE, Part.ENGINE}:
        settled = await settle_runs(traffic, Mix.KNOWN, operations=sizes.settle_operations, runs=sizes.runs)
        figures["settled_ops_s"] = median_ops_s(settled)
        figures["cpu_us_per_operation"] = median_cpu_us(settled)
        figures |= _ratios(figures)
    if Part.LATENCY in parts:
        best_ops_s = figures.get("settled_ops_s", BEST_UNKNOWN_OPS_S)
        for name, share in (("latency_ms", HALF), ("latency_light_ms", LIGHT)):
            figures[name] = await latency_ms(
                traffic,
                load_ops_s=share * best_ops_s,
                duration_s=sizes.latency_s,
                probes=sizes.latency_probes,
            )
    if Part.REINDEX in parts:
        reindexed = await reindex(started, runs=sizes.runs)
        figures |= {"reindex_events_s": reindexed["events_s"], "reindex_events": reindexed["events"]}
    if Part.MIXES in parts:
        figures["mixes"] = await _mixes(traffic, options)
    if Part.ACCEPT in parts:
        figures |= await _accepting(traffic, options)
    # The gateway has done its part: the engine has the whole machine.
    await started.stop(API, WORKER)
    if Part.ENGINE in parts:
        figures["engine_alone_ops_s"] = await engine_ops_s(started, snapshot, settled)
    return figures


async def _mixes(traffic: Traffic, options: Options) -> dict[str, Any]:
    sizes, found = options.sizes, {}
    for mix in OTHER_MIXES:
        if mix is Mix.CAMPAIGN:
            await traffic.coalition.engine.reach(traffic.coalition.campaign_opens_s)
        runs = await settle_runs(traffic, mix, operations=sizes.settle_operations // 3, runs=sizes.runs)
        found[mix.value] = {"settled_ops_s": median_ops_s(runs), "cpu_us": median_cpu_us(runs)}
    return found


def _ratios(figures: dict[str, Any]) -> dict[str, float]:
    names = {"ratio": "plain_ops_s", "ratio_inflight": "plain_inflight_ops_s"}
    return {
        ratio: round(figures["settled_ops_s"] / figures[plain], 1)
        for ratio, plain in names.items()
        if plain in figures
    }


async def _plain(traffic: Traffic, options: Options) -> dict[str, Any]:
    """A plain client, one after the other and with some in flight; what it sends is pre-signed as for the gateway.

    It has the machine to itself, a block for each transaction as it comes, and comes before the settled runs: a chain that remembers
    more is slower for it than for batches.
    """
    started, sizes = traffic.coalition, options.sizes
    await started.stop(API, WORKER)
    client = await asyncio.to_thread(PlainClient, started, started.state.key(PLAIN_KEY))
    figures: dict[str, Any] = {}
    async with started.engine.prompt_blocks():
        for name, send in (
            ("plain_ops_s", client.send_and_wait),
            ("plain_inflight_ops_s", client.send_in_flight),
        ):
            rates = []
            for _ in range(sizes.runs):
                wires = [wire for _, wire in traffic.single(sizes.plain_operations)]
                settled, seconds = await asyncio.to_thread(send, wires)
                if settled != len(wires):
                    raise NotSettledError(f"the plain client settled {settled} of {len(wires)} operations")
                rates.append(settled / seconds)
                started.say(f"{name}: {rates[-1]:,.1f}")
            figures[name] = round(statistics.median(rates), 1)
    return figures


async def _accepting(traffic: Traffic, options: Options) -> dict[str, Any]:
    sizes = options.sizes
    bulk = await accept_bulk(traffic, operations=sizes.accept_operations, runs=sizes.runs)
    alone = await accept_bulk(
        traffic, operations=sizes.accept_operations // 2, runs=sizes.runs, per_submission=1
    )
    one_api = await accept_single(traffic, requests=sizes.accept_single, runs=sizes.runs)
    single, by_api = one_api, {"1": one_api["ops_s"]}
    if options.database is DatabaseKind.POSTGRESQL:
        single = await accept_single(
            traffic, requests=sizes.accept_single, runs=sizes.runs, apis=(API, SECOND_API)
        )
        by_api["2"] = single["ops_s"]
        await traffic.coalition.stop(SECOND_API)
    return {
        "accept_bulk_ops_s": bulk["ops_s"],
        "accept_single_ops_s": single["ops_s"],
        "accept_single_ops_s_by_api_processes": by_api,
        "accept_bulk_of_single_submissions_ops_s": alone["ops_s"],
        "accept_cpu_us_per_operation": {
            "bulk": bulk["cpu_us"], "bulk_of_single_submissions": alone["cpu_us"], "single": single["cpu_us"],
        },
    }  # fmt: skip
