"""What became of operations, as the gateway's tables tell it."""

import asyncio
import time
from dataclasses import dataclass
from typing import Final

import sqlalchemy as sa

from bench.coalition import Coalition
from node_gateway.store import schema

SETTLED: Final = "settled"
POLL_S: Final = 0.1


class NotSettledError(Exception):
    """Accepted operations did not all settle."""

    def __init__(self, problem: str) -> None:
        super().__init__(problem)


@dataclass(frozen=True, slots=True)
class Mark:
    """A place in the order in which submissions were accepted."""

    accept_order: int


async def mark(coalition: Coalition) -> Mark:
    """The newest accepted submission."""
    async with coalition.database.reading() as connection:
        newest = await connection.scalar(sa.select(sa.func.max(schema.submissions.c.accept_order)))
    return Mark(newest or 0)


async def wait_until_settled(coalition: Coalition, *, wait_max_s: float) -> float:
    """Waits until no accepted submission waits for its block any more; returns the time when that was so.

    Raises:
        NotSettledError: where it takes longer.
    """
    submissions = schema.submissions
    is_open = (
        sa.select(submissions.c.accept_order)
        .where(submissions.c.status.in_(("accepted", "batched")))
        .limit(1)
    )
    deadline_s = time.monotonic() + wait_max_s
    while True:
        async with coalition.database.reading() as connection:
            if await connection.scalar(is_open) is None:
                return time.monotonic()
        if time.monotonic() > deadline_s:
            raise NotSettledError(f"submissions still wait for their block after {wait_max_s:.0f} s")
        await asyncio.sleep(POLL_S)


async def count_outcomes(coalition: Coalition, since: Mark) -> dict[str, int]:
    """Operations accepted after a mark, by what became of them: `settled`, or the reason."""
    operations, submissions = schema.operations, schema.submissions
    statement = (
        sa.select(operations.c.status, operations.c.reason, sa.func.count())
        .join_from(operations, submissions, operations.c.submission_id == submissions.c.id)
        .where(submissions.c.accept_order > since.accept_order)
        .group_by(operations.c.status, operations.c.reason)
    )
    async with coalition.database.reading() as connection:
        rows = (await connection.execute(statement)).all()
    return {reason or status: count for status, reason, count in rows}


async def count_settled(coalition: Coalition, since: Mark, *, sent: int) -> int:
    """Operations that settled since a mark; refused ones do not count.

    Raises:
        NotSettledError: where the tables do not account for every operation that was sent.
    """
    outcomes = await count_outcomes(coalition, since)
    if sum(outcomes.values()) != sent:
        raise NotSettledError(f"{sent} operations were sent, the tables know of {outcomes}")
    refused = sent - outcomes.get(SETTLED, 0)
    if refused:
        coalition.say(f"not settled: { ({k: v for k, v in outcomes.items() if k != SETTLED}) }")
    return outcomes.get(SETTLED, 0)
