"""Memory and rate over a long time at 70 % of the best rate."""

import asyncio
import time
from typing import Any, Final

from bench.accounting import count_settled, mark, wait_until_settled
from bench.coalition import API, WORKER, Coalition
from bench.machine import lacking
from bench.options import Options
from bench.process_meter import cpu_seconds, microseconds_each, resident_bytes
from bench.sending import send_paced
from bench.settling import SETTLE_WAIT_MAX_S, median_ops_s, settle_runs
from bench.traffic import Mix, Traffic

SHARE_OF_BEST: Final = 0.7
SAMPLE_EVERY_S: Final = 30.0
SLICE_S: Final = 10.0


async def soak(traffic: Traffic, options: Options) -> dict[str, Any]:
    """Sends slice after slice, each signed while the one before is on its way; samples every 30 s.

    Ends early, and says so, before the machine runs out of memory, where anvil keeps everything, or of disk.

    Raises:
        NotSettledError: where an operation is unaccounted for at the end.
    """
    coalition = traffic.coalition
    rate = options.soak_ops_s or SHARE_OF_BEST * await _best(traffic, options)
    await coalition.start(API, WORKER)
    coalition.say(f"soaking at {rate:,.0f} operations/s for {options.soak_minutes:g} minutes")
    samples = [_sample(coalition, 0.0, 0)]
    since, before = await mark(coalition), cpu_seconds(coalition.process_ids)
    sent, started_s, end_s = 0, time.monotonic(), time.monotonic() + options.soak_minutes * 60
    ahead = asyncio.create_task(asyncio.to_thread(traffic.mix, Mix.KNOWN, int(rate * SLICE_S)))
    async with coalition.engine.paced_blocks():
        while time.monotonic() < end_s and _has_room(coalition):
            bulks = await ahead
            ahead = asyncio.create_task(asyncio.to_thread(traffic.mix, Mix.KNOWN, int(rate * SLICE_S)))
            # A slice ends when its last request is answered, not when its time is over.
            await asyncio.sleep(max(0.0, started_s + sent / rate - time.monotonic()))
            sent += await send_paced(coalition, bulks, operations_per_s=rate, duration_s=SLICE_S * 2)
            elapsed_s = time.monotonic() - started_s
            if elapsed_s >= len(samples) * SAMPLE_EVERY_S:
                samples.append(_sample(coalition, elapsed_s, sent))
                coalition.say(f"{elapsed_s:,.0f} s, {sent:,} operations, MiB {samples[-1]['resident_mib']}")
        await ahead
        seconds = time.monotonic() - started_s
        await wait_until_settled(coalition, wait_max_s=SETTLE_WAIT_MAX_S)
    cpu_us = microseconds_each(before, cpu_seconds(coalition.process_ids), sent)
    settled = await count_settled(coalition, since, sent=sent)
    samples.append(_sample(coalition, time.monotonic() - started_s, sent))
    return {
        "asked_ops_s": round(rate, 1), "minutes": round(seconds / 60, 2), "settled": settled,
        "settled_ops_s": round(settled / seconds, 1), "cpu_us": cpu_us, "samples": samples,
    }  # fmt: skip


async def _best(traffic: Traffic, options: Options) -> float:
    runs = await settle_runs(
        traffic, Mix.KNOWN, operations=options.sizes.settle_operations, runs=options.sizes.runs
    )
    return median_ops_s(runs)


def _sample(coalition: Coalition, elapsed_s: float, sent: int) -> dict[str, Any]:
    resident = resident_bytes(coalition.process_ids)
    return {
        "seconds": round(elapsed_s, 1),
        "operations": sent,
        "resident_mib": {name: round(size / 2**20) for name, size in resident.items()},
        "chain_disk_mib": round(coalition.engine.disk_bytes() / 2**20),
    }


def _has_room(coalition: Coalition) -> bool:
    missing = lacking(coalition.state.root)
    if missing is not None:
        coalition.say(f"the machine is running out of {missing}: ending the soak here")
    return missing is None
