"""Durable accepts a second, with the jobs stopped: what is accepted here settles afterwards."""

import asyncio
import statistics
import time
from collections import deque
from collections.abc import Sequence
from typing import Any, Final

from bench.accounting import NotSettledError, count_outcomes, mark
from bench.coalition import API, WORKER, Coalition
from bench.process_meter import cpu_seconds, microseconds_each
from bench.sending import SINGLE_PATH, WIRE_MEDIA_TYPE, bulk_requests, connection, request_bytes, send_lanes
from bench.traffic import OPERATIONS_IN_SUBMISSION, Mix, Traffic

SINGLE_CLIENTS: Final = 256


async def accept_bulk(
    traffic: Traffic, *, operations: int, runs: int, per_submission: int = OPERATIONS_IN_SUBMISSION
) -> dict[str, Any]:
    """Requests of 500 operations each, in submissions of `per_submission`; operations a second."""
    coalition = traffic.coalition
    await coalition.stop(WORKER)
    await coalition.start(API)
    rates, costs = [], []
    for _ in range(runs):
        bulks = traffic.mix(Mix.PURCHASES, operations, per_submission=per_submission)
        lanes = bulk_requests(coalition, bulks).values()
        since, before = await mark(coalition), cpu_seconds(coalition.process_ids)
        seconds = await send_lanes(coalition, lanes)
        costs.append(microseconds_each(before, cpu_seconds(coalition.process_ids), operations))
        await _assert_stored(coalition, since, operations)
        rates.append(operations / seconds)
        coalition.say(
            f"bulk of 500, {per_submission} a submission: {rates[-1]:,.0f} accepted/s; µs {costs[-1]}"
        )
    return {"ops_s": round(statistics.median(rates), 1), "cpu_us": costs[-1]}


async def accept_single(
    traffic: Traffic, *, requests: int, runs: int, apis: Sequence[str] = (API,)
) -> dict[str, Any]:
    """One operation a submission and a request, from SINGLE_CLIENTS connections to one or more APIs; operations a second."""
    coalition = traffic.coalition
    await coalition.stop(WORKER)
    await coalition.start(*apis)
    rates, costs = [], []
    for _ in range(runs):
        waiting = deque(
            request_bytes(coalition, partner, SINGLE_PATH, WIRE_MEDIA_TYPE, wire)
            for partner, wire in traffic.single(requests)
        )
        since, before = await mark(coalition), cpu_seconds(coalition.process_ids)
        seconds = await _drain(coalition, waiting, apis)
        costs.append(microseconds_each(before, cpu_seconds(coalition.process_ids), requests))
        await _assert_stored(coalition, since, requests)
        rates.append(requests / seconds)
        coalition.say(f"single, {len(apis)} API: {rates[-1]:,.0f} accepted/s; µs {costs[-1]}")
    return {"ops_s": round(statistics.median(rates), 1), "cpu_us": costs[-1]}


async def _drain(coalition: Coalition, waiting: deque[bytes], apis: Sequence[str]) -> float:
    async def client(api: str) -> None:
        async with connection(coalition, api) as one:
            while waiting:
                await one.deliver(waiting.popleft())

    started_s = time.monotonic()
    async with asyncio.TaskGroup() as group:
        for place in range(min(SINGLE_CLIENTS, len(waiting))):
            group.create_task(client(apis[place % len(apis)]))
    return time.monotonic() - started_s


async def _assert_stored(coalition: Coalition, since: Any, operations: int) -> None:
    stored = sum((await count_outcomes(coalition, since)).values())
    if stored != operations:
        raise NotSettledError(f"{operations} operations were accepted, {stored} are stored")
