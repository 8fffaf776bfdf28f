"""Events a second of `coalition reindex`: the read model thrown away and made again from the chain."""

import statistics
import time
from typing import Any, Final

import orjson

from bench.accounting import NotSettledError
from bench.coalition import API, WORKER, Coalition
from node_gateway.jobs.content_hash import content_hash

REINDEX_WAIT_MAX_S: Final = 1800.0


async def reindex(coalition: Coalition, *, runs: int) -> dict[str, Any]:
    """Median over the whole command, its start included; the content must be the same before and after.

    Raises:
        NotSettledError: where it is not.
    """
    await coalition.stop(API, WORKER)
    async with coalition.engine.prompt_blocks():
        # No block comes from here on: the worker sees the newest, and ends.
        await coalition.start(WORKER)
        await coalition.stop(WORKER)
        before = await _content(coalition)
        rates, events = [], 0
        for _ in range(runs):
            started_s = time.monotonic()
            answer = orjson.loads(await coalition.command("reindex", "--json", timeout_s=REINDEX_WAIT_MAX_S))
            seconds, events = time.monotonic() - started_s, answer["events"]
            rates.append(events / seconds)
            coalition.say(f"reindex: {rates[-1]:,.0f} events/s ({events:,} in {seconds:.1f} s)")
        after = await _content(coalition)
    if after != before:
        raise NotSettledError("indexing again gave another read model")
    return {"events_s": round(statistics.median(rates), 1), "events": events}


async def _content(coalition: Coalition) -> str:
    async with coalition.database.reading() as connection:
        return await content_hash(connection)
