"""What a mined batch means for the submissions in it. Runs in the transaction that indexes the block."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

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
class SettledBatch:
    """A batch of this gateway that the block holds."""

    batch_id: int
    tx_hash: bytes
    gas_limit: int
    gas_used: int
    operation_count: int
    skipped: int


async def settle_batches(
    connection: AsyncConnection,
    mined: Sequence[MinedTransaction],
    events: Sequence[Event],
    *,
    block_number: int,
    block_timestamp_s: int,
) -> list[SettledBatch]:
    """Find the gateway's own batches among a block's transactions and end or return their submissions."""
    by_hash = {transaction.tx_hash: transaction for transaction in mined}
    batches = schema.batches
    columns = (
        batches.c.id, batches.c.lane, batches.c.nonce, batches.c.tx_hash, batches.c.gas_limit, batches.c.operation_count,
    )  # fmt: skip
    settled = []
    for chunk in _chunks(list(by_hash)):
        for row in (await connection.execute(sa.select(*columns).where(batches.c.tx_hash.in_(chunk)))).all():
            transaction = by_hash[row.tx_hash]
            await _mark_mined(connection, row.id, transaction, block_number, block_timestamp_s)
            await _mark_replaced(connection, row.id, row.lane, row.nonce)
            reasons = _skip_reasons(events, transaction.tx_hash) if transaction.is_success else None
            await _end_submissions(connection, row.id, reasons, block_number)
            skipped = len(reasons) if reasons is not None else -1
            settled.append(
                SettledBatch(
                    row.id, row.tx_hash, row.gas_limit, transaction.gas_used, row.operation_count, skipped
                )
            )
    return settled


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


async def _mark_mined(
    connection: AsyncConnection,
    batch_id: int,
    transaction: MinedTransaction,
    block_number: int,
    block_timestamp_s: int,
) -> None:
    batches = schema.batches
    await connection.execute(
        sa.update(batches)
        .where(batches.c.id == batch_id)
        .values(
            status=BatchStatus.MINED.value,
            gas_used=transaction.gas_used,
            block_number=block_number,
            block_timestamp_s=block_timestamp_s,
            tx_index=transaction.tx_index,
            error=None if transaction.is_success else "reverted",
        )
    )


async def _mark_replaced(connection: AsyncConnection, batch_id: int, lane: bytes, nonce: int) -> None:
    batches = schema.batches
    losers = (batches.c.lane == lane, batches.c.nonce == nonce, batches.c.id != batch_id)
    await connection.execute(sa.update(batches).where(*losers).values(status=BatchStatus.REPLACED.value))


def _skip_reasons(events: Sequence[Event], tx_hash: bytes) -> dict[int, str]:
    text = "0x" + tx_hash.hex()
    return {
        event.args["position"]: reason_text(event.args["reason"])
        for event in events
        if event.name == "SubmissionSkipped" and event.tx_hash == text
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
