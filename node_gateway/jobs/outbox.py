"""What the relay reads and writes in the tables."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from node_gateway.chain.transactions import Fees, SignedTransaction
from node_gateway.domain.states import BatchStatus, SubmissionStatus
from node_gateway.jobs.batching import Batch, Waiting, waiting_of
from node_gateway.jobs.settlement import end_submissions
from node_gateway.store import schema
from node_gateway.store.bulk_insert import bulk_insert

KEYS_IN_QUERY_MAX: Final = 400
EXPIRED_IN_STEP_MAX: Final = 2_000
DUE_MAX: Final = 2_000
IN_FLIGHT: Final = (BatchStatus.CREATED.value, BatchStatus.SENT.value)


@dataclass(frozen=True, slots=True)
class InFlight:
    """A stored batch that no indexed block holds yet.

    Attributes:
        mined_at_s: block time of a block that held it and is gone; None where there was none.
    """

    batch_id: int
    lane: bytes
    nonce: int
    raw: bytes
    tx_hash: bytes
    status: BatchStatus
    max_fee_wei: int
    sent_at_ms: int | None
    created_at_ms: int
    tries: int
    mined_at_s: int | None


WaitingKey = tuple[int, int]
"""In which order it was accepted, and how often it was tried."""


async def open_campaigns(connection: AsyncConnection, chain_day: int) -> dict[int, int]:
    """In how many campaigns a purchase counts, by partner; those that open or close within a day of it included."""
    campaigns, partners = schema.campaigns, schema.campaign_partners
    statement = (
        sa.select(partners.c.partner, sa.func.count())
        .join_from(partners, campaigns, partners.c.campaign == campaigns.c.campaign)
        .where(campaigns.c.opens_day <= chain_day + 1, campaigns.c.closes_day >= chain_day - 1)
        .group_by(partners.c.partner)
    )
    return {row[0]: row[1] for row in (await connection.execute(statement)).all()}


async def waiting_submissions(
    connection: AsyncConnection,
    limit: int,
    *,
    known: Mapping[WaitingKey, Waiting],
    open_campaigns: Mapping[int, int],
) -> dict[WaitingKey, Waiting]:
    """The oldest accepted submissions that are in no batch, in order; what is in `known` is not read again."""
    submissions = schema.submissions
    is_waiting = submissions.c.status == SubmissionStatus.ACCEPTED.value
    statement = (
        sa.select(submissions.c.accept_order, submissions.c.attempts)
        .where(is_waiting)
        .order_by(submissions.c.accept_order)
        .limit(limit)
    )
    keys = [(row[0], row[1]) for row in (await connection.execute(statement)).all()]
    unknown = [order for order, attempts in keys if (order, attempts) not in known]
    read = {}
    if unknown:
        columns = (
            submissions.c.accept_order, submissions.c.id, submissions.c.wire, submissions.c.attempts, submissions.c.accepted_at_ms,
        )  # fmt: skip
        between = submissions.c.accept_order.between(unknown[0], unknown[-1])
        for row in (await connection.execute(sa.select(*columns).where(is_waiting, between))).all():
            order, id_, wire, attempts, accepted_at_ms = row
            if (order, attempts) not in known:
                read[order, attempts] = waiting_of(
                    id_, wire, attempts=attempts, accepted_at_ms=accepted_at_ms, open_campaigns=open_campaigns
                )
    # One that is in neither was taken by another relay meanwhile.
    return {key: waiting for key in keys if (waiting := known.get(key) or read.get(key)) is not None}


async def expire_submissions(connection: AsyncConnection, chain_time_s: int) -> int:
    """End accepted submissions whose deadline is before the chain's time; returns how many."""
    submissions = schema.submissions
    statement = (
        sa.select(submissions.c.id)
        .where(
            submissions.c.status == SubmissionStatus.ACCEPTED.value, submissions.c.deadline_s < chain_time_s
        )
        .limit(EXPIRED_IN_STEP_MAX)
    )
    ids = list((await connection.execute(statement)).scalars())
    if ids:
        await end_submissions(connection, ids, SubmissionStatus.EXPIRED, "deadline_passed")
    return len(ids)


async def in_flight(connection: AsyncConnection, lanes: Iterable[bytes]) -> list[InFlight]:
    """Batches on their way, in the order of their nonces."""
    return await _select_in_flight(connection, schema.batches.c.lane.in_(list(lanes)))


async def due(
    connection: AsyncConnection, lanes: Iterable[bytes], *, sent_before_ms: int, now_ms: int
) -> list[InFlight]:
    """Batches that were not sent yet, or have been without a block since `sent_before_ms`; in the order of their nonces.

    One that was sent later than now was sent before the clock was set back.
    """
    batches = schema.batches
    is_due = (
        batches.c.sent_at_ms.is_(None)
        | (batches.c.sent_at_ms <= sent_before_ms)
        | (batches.c.sent_at_ms > now_ms)
    )
    return await _select_in_flight(connection, batches.c.lane.in_(list(lanes)) & is_due)


async def _select_in_flight(connection: AsyncConnection, clause: sa.ColumnElement[bool]) -> list[InFlight]:
    batches = schema.batches
    statement = (
        sa.select(batches)
        .where(clause, batches.c.status.in_(IN_FLIGHT))
        .order_by(batches.c.lane, batches.c.nonce, batches.c.id)
        .limit(DUE_MAX)
    )
    return [_in_flight(row) for row in (await connection.execute(statement)).all()]


async def dearest_ids(connection: AsyncConnection, lane: bytes) -> set[int]:
    """Ids of the batches on their way, of those with one nonce only that with the highest fee."""
    batches = schema.batches
    columns = (batches.c.id, batches.c.nonce, batches.c.max_fee_wei)
    statement = sa.select(*columns).where(batches.c.lane == lane, batches.c.status.in_(IN_FLIGHT))
    rows = (await connection.execute(statement)).all()
    by_fee = sorted(rows, key=lambda row: (row.max_fee_wei, row.id))
    return set({row.nonce: row.id for row in by_fee}.values())


async def in_flight_ids(connection: AsyncConnection, lanes: Iterable[bytes]) -> set[int]:
    """Ids of the batches on their way."""
    batches = schema.batches
    statement = sa.select(batches.c.id).where(
        batches.c.lane.in_(list(lanes)), batches.c.status.in_(IN_FLIGHT)
    )
    return set((await connection.execute(statement)).scalars())


async def submissions_of(connection: AsyncConnection, batch_id: int) -> list[Waiting]:
    """The submissions of a batch that still wait for it."""
    submissions, members = schema.submissions, schema.batch_submissions
    statement = (
        sa.select(submissions.c.id, submissions.c.wire, submissions.c.attempts, submissions.c.accepted_at_ms)
        .join_from(members, submissions, members.c.submission_id == submissions.c.id)
        .where(members.c.batch_id == batch_id)
        .order_by(members.c.position)
    )
    rows = (await connection.execute(statement)).all()
    return [
        waiting_of(row.id, row.wire, attempts=row.attempts, accepted_at_ms=row.accepted_at_ms) for row in rows
    ]


async def store_batches(
    connection: AsyncConnection,
    batches: Sequence[tuple[Batch, SignedTransaction]],
    fees: Fees,
    *,
    now_ms: int,
) -> list[int]:
    """Write batches and take their submissions out of the outbox; returns their ids."""
    batch_ids: list[int] = []
    carried: list[tuple[int, int, bytes]] = []
    for batch, transaction in batches:
        # A submission that is tried again alone, by the same nonce.
        if (known_id := await _take_up_again(connection, transaction)) is not None:
            batch_ids.append(known_id)
            continue
        batch_id = await _insert_batch(
            connection, batch.lane, transaction, fees,
            submission_count=len(batch.submissions), operation_count=batch.operation_count, now_ms=now_ms,
        )  # fmt: skip
        batch_ids.append(batch_id)
        carried += [(batch_id, i, waiting.submission_id) for i, waiting in enumerate(batch.submissions)]
    await bulk_insert(
        connection, schema.batch_submissions, ("batch_id", "position", "submission_id"), carried
    )
    submissions = schema.submissions
    all_ids = [waiting.submission_id for batch, _ in batches for waiting in batch.submissions]
    taken = 0
    for start in range(0, len(all_ids), KEYS_IN_QUERY_MAX):
        ids = all_ids[start : start + KEYS_IN_QUERY_MAX]
        written = await connection.execute(
            sa.update(submissions)
            .where(submissions.c.id.in_(ids), submissions.c.status == SubmissionStatus.ACCEPTED.value)
            .values(status=SubmissionStatus.BATCHED.value)
        )
        taken += written.rowcount
    assert taken == len(all_ids), "a submission was taken into two batches"
    return batch_ids


async def store_replacement(
    connection: AsyncConnection, old: InFlight, transaction: SignedTransaction, fees: Fees, *, now_ms: int
) -> int:
    """Write a batch that takes the nonce of another with a higher fee; both carry the same submissions."""
    batches, members = schema.batches, schema.batch_submissions
    # It may have lost to the other one in a block that was taken back since.
    if (known_id := await _take_up_again(connection, transaction)) is not None:
        return known_id
    counts = sa.select(batches.c.submission_count, batches.c.operation_count).where(
        batches.c.id == old.batch_id
    )
    row = (await connection.execute(counts)).one()
    batch_id = await _insert_batch(
        connection, old.lane, transaction, fees,
        submission_count=row.submission_count, operation_count=row.operation_count, now_ms=now_ms,
    )  # fmt: skip
    carried = sa.select(sa.literal(batch_id), members.c.position, members.c.submission_id).where(
        members.c.batch_id == old.batch_id
    )
    await connection.execute(
        sa.insert(members).from_select(["batch_id", "position", "submission_id"], carried)
    )
    return batch_id


async def mark_sent(connection: AsyncConnection, batch_ids: Sequence[int], *, now_ms: int) -> None:
    """The node has them."""
    batches = schema.batches
    await connection.execute(
        sa.update(batches)
        .where(batches.c.id.in_(batch_ids), batches.c.status.in_(IN_FLIGHT))
        .values(status=BatchStatus.SENT.value, sent_at_ms=now_ms, tries=batches.c.tries + 1, error=None)
    )


async def note_error(connection: AsyncConnection, batch_id: int, error: str) -> None:
    """Keep the node's last word on a batch."""
    batches = schema.batches
    await connection.execute(
        sa.update(batches)
        .where(batches.c.id == batch_id)
        .values(error=error[:200], tries=batches.c.tries + 1)
    )


async def end_batch(connection: AsyncConnection, batch_id: int, status: BatchStatus) -> None:
    """Give a batch up."""
    batches = schema.batches
    await connection.execute(sa.update(batches).where(batches.c.id == batch_id).values(status=status.value))


async def _take_up_again(connection: AsyncConnection, transaction: SignedTransaction) -> int | None:
    """Put a batch of the very same bytes, which was given up, into flight again; returns its id, None where there is none.

    The same bytes carry the same submissions. What was written down of its tries stays.
    """
    batches = schema.batches
    is_given_up = batches.c.status.in_((BatchStatus.REPLACED.value, BatchStatus.ABANDONED.value))
    statement = sa.select(batches.c.id).where(batches.c.tx_hash == transaction.tx_hash, is_given_up)
    batch_id: int | None = (await connection.execute(statement)).scalar_one_or_none()
    if batch_id is not None:
        again = {"status": BatchStatus.CREATED.value, "sent_at_ms": None}
        await connection.execute(sa.update(batches).where(batches.c.id == batch_id).values(**again))
    return batch_id


async def _insert_batch(
    connection: AsyncConnection,
    lane: bytes,
    transaction: SignedTransaction,
    fees: Fees,
    *,
    submission_count: int,
    operation_count: int,
    now_ms: int,
) -> int:
    values: dict[str, Any] = {
        "lane": lane,
        "nonce": transaction.nonce,
        "raw_tx": transaction.raw,
        "tx_hash": transaction.tx_hash,
        "gas_limit": transaction.gas_limit,
        "max_fee_wei": fees.max_wei,
        "status": BatchStatus.CREATED.value,
        "submission_count": submission_count,
        "operation_count": operation_count,
        "created_at_ms": now_ms,
    }
    result = await connection.execute(sa.insert(schema.batches).values(values))
    assert result.inserted_primary_key is not None
    return int(result.inserted_primary_key[0])


def _in_flight(row: Any) -> InFlight:
    return InFlight(
        batch_id=row.id,
        lane=row.lane,
        nonce=row.nonce,
        raw=row.raw_tx,
        tx_hash=row.tx_hash,
        status=BatchStatus(row.status),
        max_fee_wei=row.max_fee_wei,
        sent_at_ms=row.sent_at_ms,
        created_at_ms=row.created_at_ms,
        tries=row.tries,
        mined_at_s=row.block_timestamp_s,
    )
