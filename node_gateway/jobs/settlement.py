"""What a mined batch means for the submissions in it. Runs in the transaction that indexes the block."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from node_gateway.chain.abi import Event, reason_text
from node_gateway.domain.states import BatchStatus, OperationStatus, SubmissionStatus
from node_gateway.store import schema

RETRIED_REASONS: Final = frozenset({"out_of_gas", "execution_failed"})
ATTEMPTS_MAX: Final = 6
_KEYS_IN_QUERY_MAX: Final = 400


@dataclass(frozen=True, slots=True)
class MinedTransaction:
    """A transaction of the block being indexed."""

    tx_hash: bytes
    tx_index: int
    is_success: bool
    gas_used: int


@dataclass(frozen=True, slots=True)
class MinedBlock:
    """A block being indexed: its transactions and the ledger's events in it."""

    number: int
    timestamp_s: int
    transactions: Sequence[MinedTransaction]
    events: Sequence[Event]


@dataclass(frozen=True, slots=True)
class SettledBatch:
    """A batch of this gateway that the block holds."""

    batch_id: int
    tx_hash: bytes
    gas_limit: int
    gas_used: int
    operation_count: int
    skipped: int


@dataclass(frozen=True, slots=True)
class _Own:
    """One of the gateway's own batches with the transaction that carried it."""

    row: Any
    block: MinedBlock
    transaction: MinedTransaction
    events: Sequence[Event]


async def settle_batches(connection: AsyncConnection, blocks: Sequence[MinedBlock]) -> list[SettledBatch]:
    """Find the gateway's own batches among blocks' transactions and end or return their submissions, in the order of the chain."""
    settled: list[SettledBatch] = []
    whole: list[int] = []
    own_batches = await _own_batches(connection, blocks)
    await _mark_mined(connection, own_batches)
    for own in own_batches:
        reasons = _skip_reasons(own.events) if own.transaction.is_success else None
        skipped = len(reasons) if reasons is not None else -1
        if skipped == 0 and _is_told_whole(own):
            whole.append(own.row.id)
        else:
            await _end_submissions(connection, own.row.id, reasons, own.block.number)
        settled.append(
            SettledBatch(
                own.row.id,
                own.row.tx_hash,
                own.row.gas_limit,
                own.transaction.gas_used,
                own.row.operation_count,
                skipped,
            )
        )
    await _settle_whole(connection, whole)
    return settled


async def _own_batches(connection: AsyncConnection, blocks: Sequence[MinedBlock]) -> list[_Own]:
    batches = schema.batches
    columns = (
        batches.c.id, batches.c.lane, batches.c.nonce, batches.c.tx_hash, batches.c.gas_limit, batches.c.operation_count,
    )  # fmt: skip
    hashes = [transaction.tx_hash for block in blocks for transaction in block.transactions]
    rows: dict[bytes, Any] = {}
    for chunk in _chunks(hashes):
        found = await connection.execute(sa.select(*columns).where(batches.c.tx_hash.in_(chunk)))
        rows.update((row.tx_hash, row) for row in found.all())
    own = []
    for block in blocks:
        events: dict[str, list[Event]] = {}
        for event in block.events:
            events.setdefault(event.tx_hash, []).append(event)
        for transaction in block.transactions:
            if (row := rows.get(transaction.tx_hash)) is not None:
                text = "0x" + transaction.tx_hash.hex()
                own.append(_Own(row, block, transaction, events.get(text, ())))
    return own


def _is_told_whole(own: _Own) -> bool:
    """Whether every operation of the batch has an event of its own, by which its row was updated already."""
    told = {event.args["operation"] for event in own.events if event.args.get("operation")}
    return len(told) == int(own.row.operation_count)


async def _settle_whole(connection: AsyncConnection, batch_ids: Sequence[int]) -> None:
    """Settle all submissions of batches of which nothing was skipped."""
    submissions, members = schema.submissions, schema.batch_submissions
    if batch_ids:
        carried = sa.select(members.c.submission_id).where(members.c.batch_id.in_(batch_ids))
        await connection.execute(
            sa.update(submissions)
            .where(submissions.c.id.in_(carried))
            .values(status=SubmissionStatus.SETTLED.value, reason=None)
        )


async def return_submissions(connection: AsyncConnection, batch_id: int, *, is_counted: bool) -> None:
    """Put a batch's submissions back into the outbox; `is_counted`: as an attempt that failed."""
    submissions, members = schema.submissions, schema.batch_submissions
    await connection.execute(
        sa.update(submissions)
        .where(
            submissions.c.status == SubmissionStatus.BATCHED.value,
            submissions.c.id.in_(sa.select(members.c.submission_id).where(members.c.batch_id == batch_id)),
        )
        .values(status=SubmissionStatus.ACCEPTED.value, attempts=submissions.c.attempts + int(is_counted))
    )


async def end_submissions(
    connection: AsyncConnection, submission_ids: Sequence[bytes], status: SubmissionStatus, reason: str
) -> None:
    """End submissions that used up no id: their operations can be signed and sent again."""
    submissions, operations = schema.submissions, schema.operations
    for chunk in _chunks(list(submission_ids)):
        await connection.execute(
            sa.update(submissions)
            .where(submissions.c.id.in_(chunk))
            .values(status=status.value, reason=reason)
        )
        await connection.execute(
            sa.update(operations)
            .where(
                operations.c.submission_id.in_(chunk), operations.c.status == OperationStatus.ACCEPTED.value
            )
            .values(status=OperationStatus.EXPIRED.value, reason=reason)
        )


async def _mark_mined(connection: AsyncConnection, own_batches: Sequence[_Own]) -> None:
    """The batches have their blocks; others with their nonces have lost."""
    if not own_batches:
        return
    batches = schema.batches
    mined = [
        {
            "mined_id": own.row.id,
            "gas_used": own.transaction.gas_used,
            "block_number": own.block.number,
            "block_timestamp_s": own.block.timestamp_s,
            "tx_index": own.transaction.tx_index,
            "error": None if own.transaction.is_success else "reverted",
        }
        for own in own_batches
    ]
    is_this = batches.c.id == sa.bindparam("mined_id")
    await connection.execute(sa.update(batches).where(is_this).values(status=BatchStatus.MINED.value), mined)
    has_lost = (
        batches.c.lane == sa.bindparam("of_lane"),
        batches.c.nonce == sa.bindparam("of_nonce"),
        batches.c.id != sa.bindparam("mined_id"),
    )
    keys = [
        {"of_lane": own.row.lane, "of_nonce": own.row.nonce, "mined_id": own.row.id} for own in own_batches
    ]
    await connection.execute(
        sa.update(batches).where(*has_lost).values(status=BatchStatus.REPLACED.value), keys
    )


def _skip_reasons(events: Sequence[Event]) -> dict[int, str]:
    """Why submissions of a batch were skipped, by their position in it."""
    return {
        event.args["position"]: reason_text(event.args["reason"])
        for event in events
        if event.name == "SubmissionSkipped"
    }


async def _end_submissions(
    connection: AsyncConnection, batch_id: int, reasons: Mapping[int, str] | None, block_number: int
) -> None:
    if reasons is None:
        await return_submissions(connection, batch_id, is_counted=True)
        return
    skipped = await _end_skipped(connection, batch_id, reasons) if reasons else set()
    submissions, operations, members = schema.submissions, schema.operations, schema.batch_submissions
    carried = sa.select(members.c.submission_id).where(members.c.batch_id == batch_id)
    if skipped:
        carried = carried.where(members.c.position.not_in(skipped))
    await connection.execute(
        sa.update(submissions)
        .where(submissions.c.id.in_(carried))
        .values(status=SubmissionStatus.SETTLED.value, reason=None)
    )
    # Operations without an event of their own: repeats of an id that is used, and kinds whose event names no operation.
    await connection.execute(
        sa.update(operations)
        .where(operations.c.submission_id.in_(carried), operations.c.status == OperationStatus.ACCEPTED.value)
        .values(status=OperationStatus.SETTLED.value, block_number=block_number)
    )


async def _end_skipped(connection: AsyncConnection, batch_id: int, reasons: Mapping[int, str]) -> set[int]:
    submissions, members = schema.submissions, schema.batch_submissions
    statement = (
        sa.select(members.c.position, submissions.c.id, submissions.c.attempts)
        .join_from(members, submissions, members.c.submission_id == submissions.c.id)
        .where(members.c.batch_id == batch_id, members.c.position.in_(list(reasons)))
    )
    for row in (await connection.execute(statement)).all():
        reason = reasons[row.position]
        if reason in RETRIED_REASONS and row.attempts + 1 < ATTEMPTS_MAX:
            values = {"status": SubmissionStatus.ACCEPTED.value, "attempts": row.attempts + 1}
            await connection.execute(
                sa.update(submissions).where(submissions.c.id == row.id).values(**values)
            )
            continue
        status = SubmissionStatus.EXPIRED if reason == "deadline_passed" else SubmissionStatus.SKIPPED
        await end_submissions(connection, [row.id], status, reason)
    return set(reasons)


def _chunks(keys: list[bytes]) -> list[list[bytes]]:
    return [keys[start : start + _KEYS_IN_QUERY_MAX] for start in range(0, len(keys), _KEYS_IN_QUERY_MAX)]
