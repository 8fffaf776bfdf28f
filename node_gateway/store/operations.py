"""Operations and submissions, as accepted here or seen on the chain."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from node_gateway.domain.states import OperationStatus, SubmissionStatus
from node_gateway.domain.unsigned64 import signed64, unsigned64
from node_gateway.store import schema
from node_gateway.store.events import ChainEvent, EventPosition
from partner_sdk.protocol.bounds import SEQUENCE_MAX


@dataclass(frozen=True, slots=True)
class OperationRow:
    """One operation. `position` is where its receipt (an event) is, None before it has a block."""

    id: int
    submission_id: bytes | None
    kind: int
    partner: int
    member: bytes | None
    counterparty: bytes | None
    status: OperationStatus
    reason: str | None
    position: EventPosition | None
    accepted_at_ms: int


_OPERATIONS, _EVENTS, _BLOCKS = schema.operations, schema.events, schema.blocks
_WITH_RECEIPT = (
    sa.select(
        _OPERATIONS,
        *(
            _EVENTS.c[name].label(f"receipt_{name}")
            for name in ("name", "member", "counterparty", "partner", "tx_hash", "data")
        ),
        _BLOCKS.c.timestamp_s,
    )
    .select_from(
        _OPERATIONS.outerjoin(
            _EVENTS,
            sa.and_(
                _EVENTS.c.block_number == _OPERATIONS.c.block_number,
                _EVENTS.c.log_index == _OPERATIONS.c.log_index,
            ),
        ).outerjoin(_BLOCKS, _BLOCKS.c.number == _OPERATIONS.c.block_number)
    )
    .where(_OPERATIONS.c.id == sa.bindparam("operation"))
)


@dataclass(frozen=True, slots=True)
class SubmissionRow:
    """One submission that came through this gateway."""

    id: bytes
    submitter: int
    deadline_s: int
    status: SubmissionStatus
    reason: str | None
    accepted_at_ms: int


async def find_operation_with_receipt(
    connection: AsyncConnection, operation: int
) -> tuple[OperationRow, ChainEvent | None] | None:
    """An operation and the event that settled it, in one statement; None when it is not known here."""
    row = (await connection.execute(_WITH_RECEIPT, {"operation": operation})).one_or_none()
    if row is None:
        return None
    found = _operation(row)
    if found.position is None or row.receipt_name is None:
        return found, None
    receipt = ChainEvent(
        position=found.position,
        name=row.receipt_name,
        member=row.receipt_member,
        counterparty=row.receipt_counterparty,
        partner=row.receipt_partner,
        operation=found.id,
        tx_hash=row.receipt_tx_hash,
        block_timestamp_s=row.timestamp_s,
        data=row.receipt_data,
    )
    return found, receipt


async def find_submission(connection: AsyncConnection, submission_id: bytes) -> SubmissionRow | None:
    table = schema.submissions
    columns = (
        table.c.id,
        table.c.submitter,
        table.c.deadline_s,
        table.c.status,
        table.c.reason,
        table.c.accepted_at_ms,
    )
    row = (await connection.execute(sa.select(*columns).where(table.c.id == submission_id))).one_or_none()
    if row is None:
        return None
    return SubmissionRow(
        id=row.id,
        submitter=row.submitter,
        deadline_s=row.deadline_s,
        status=SubmissionStatus(row.status),
        reason=row.reason,
        accepted_at_ms=row.accepted_at_ms,
    )


async def read_operations_of_submission(
    connection: AsyncConnection, submission_id: bytes
) -> list[OperationRow]:
    """In the order of the submission. Those that another submission took over are not among them."""
    table = schema.operations
    rows = await connection.execute(
        sa.select(table).where(table.c.submission_id == submission_id).order_by(table.c.position)
    )
    return [_operation(row) for row in rows]


async def next_sequence(connection: AsyncConnection, submitter: int) -> int:
    """One above the highest sequence number of the submitter that is known here; 0 when there is none."""
    # Within one submitter, ids as stored go up with the sequence.
    stored_id = sa.type_coerce(schema.operations.c.id, sa.BigInteger)
    first, last = signed64(submitter << 32), signed64(submitter << 32 | SEQUENCE_MAX)
    highest = await connection.scalar(sa.select(sa.func.max(stored_id)).where(stored_id.between(first, last)))
    return 0 if highest is None else (unsigned64(highest) & SEQUENCE_MAX) + 1


async def find_ended_submissions(connection: AsyncConnection, ids: Sequence[bytes]) -> set[bytes]:
    """Those of `ids` that no longer wait for a block."""
    table = schema.submissions
    waiting = (SubmissionStatus.ACCEPTED, SubmissionStatus.BATCHED)
    query = sa.select(table.c.id).where(table.c.id.in_(ids), table.c.status.not_in(waiting))
    return set(await connection.scalars(query))


@dataclass(frozen=True, slots=True)
class OperationKey:
    """Keyset of a partner's operations: newest accepted first."""

    accepted_at_ms: int
    operation: int


async def read_partner_operations(
    connection: AsyncConnection, *, partner: int, before: OperationKey | None, limit: int
) -> list[OperationRow]:
    """Newest first."""
    table = schema.operations
    query = (
        sa.select(table)
        .where(table.c.partner == partner)
        .order_by(table.c.accepted_at_ms.desc(), table.c.id.desc())
        .limit(limit)
    )
    if before is not None:
        at, stored_id = before.accepted_at_ms, signed64(before.operation)
        same_moment = sa.and_(
            table.c.accepted_at_ms == at, sa.type_coerce(table.c.id, sa.BigInteger) < stored_id
        )
        query = query.where(table.c.accepted_at_ms <= at, sa.or_(table.c.accepted_at_ms < at, same_moment))
    return [_operation(row) for row in await connection.execute(query)]


def _operation(row: Any) -> OperationRow:
    has_block = row.block_number is not None and row.log_index is not None
    return OperationRow(
        id=row.id,
        submission_id=row.submission_id,
        kind=row.kind,
        partner=row.partner,
        member=row.member,
        counterparty=row.counterparty,
        status=OperationStatus(row.status),
        reason=row.reason,
        position=EventPosition(row.block_number, row.log_index) if has_block else None,
        accepted_at_ms=row.accepted_at_ms,
    )
