"""Settled operations a second: from the first request to the last operation in the read model."""

import statistics
import time
from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa

from bench.accounting import count_settled, mark, wait_until_settled
from bench.coalition import API, WORKER, Coalition
from bench.process_meter import cpu_seconds, microseconds_each
from bench.sending import bulk_requests, send_lanes
from bench.traffic import Bulk, Mix, Traffic, operations_in
from node_gateway.store import schema

SETTLE_WAIT_MAX_S: Final = 600.0


@dataclass(frozen=True, slots=True)
class Settling:
    """What one run came to.

    Attributes:
        settled: operations that settled; refused ones do not count.
        seconds: from the first request to the last operation indexed.
        accepting_s: of these, until the last answer.
        cpu_us: processor time of each process, in microseconds an operation.
        batches: ids of the first and the last batch that carried them.
    """

    settled: int
    seconds: float
    accepting_s: float
    cpu_us: dict[str, float]
    batches: tuple[int, int]

    @property
    def ops_s(self) -> float:
        return self.settled / self.seconds


async def settle(coalition: Coalition, bulks: list[Bulk]) -> Settling:
    """Sends everything as quickly as it is accepted, and waits until it is indexed.

    Raises:
        RefusedError, NotSettledError: where operations got lost.
    """
    await coalition.start(API, WORKER)
    lanes = bulk_requests(coalition, bulks).values()
    since, first_batch = await mark(coalition), await _newest_batch(coalition) + 1
    async with coalition.engine.paced_blocks():
        before, started_s = cpu_seconds(coalition.process_ids), time.monotonic()
        accepting_s = await send_lanes(coalition, lanes)
        ended_s = await wait_until_settled(coalition, wait_max_s=SETTLE_WAIT_MAX_S)
    after = cpu_seconds(coalition.process_ids)
    sent = operations_in(bulks)
    settled = await count_settled(coalition, since, sent=sent)
    return Settling(
        settled, ended_s - started_s, accepting_s, microseconds_each(before, after, sent),
        (first_batch, await _newest_batch(coalition)),
    )  # fmt: skip


async def settle_runs(traffic: Traffic, mix: Mix, *, operations: int, runs: int) -> list[Settling]:
    """Several runs with fresh operations each, signed before each."""
    coalition, done = traffic.coalition, []
    for number in range(1, runs + 1):
        run = await settle(coalition, traffic.mix(mix, operations))
        coalition.say(f"{mix.value}, run {number}: {run.ops_s:,.0f} settled/s; µs an operation: {run.cpu_us}")
        done.append(run)
    return done


def median_ops_s(runs: list[Settling]) -> float:
    """The median rate."""
    return round(statistics.median(run.ops_s for run in runs), 1)


def median_cpu_us(runs: list[Settling]) -> dict[str, Any]:
    """Median processor time of each process, in microseconds an operation, and their sum."""
    names = runs[0].cpu_us
    each = {name: round(statistics.median(run.cpu_us[name] for run in runs), 1) for name in names}
    return each | {"total": round(sum(each.values()), 1)}


async def _newest_batch(coalition: Coalition) -> int:
    async with coalition.database.reading() as connection:
        return int(await connection.scalar(sa.select(sa.func.max(schema.batches.c.id))) or 0)
