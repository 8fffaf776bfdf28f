"""Operations and submissions, as accepted here or seen on the chain."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from node_gateway.domain.states import OperationStatus, SubmissionStatus
from node_gateway.store import schema
from node_gateway.store.events import EventPosition
from node_gateway.store.schema.columns import signed64, unsigned64
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


@dataclass(frozen=True, slots=True)
class SubmissionRow:
    """One submission that came through this gateway."""

    id: bytes
    submitter: int
    deadline_s: int
    status: SubmissionStatus
    reason: str | None
    accepted_at_ms: int


async def find_operation(connection: AsyncConnection, operation: int) -> OperationRow | None:
    table = schema.operations
    row = (await connection.execute(sa.select(table).where(table.c.id == operation))).one_or_none()
    return None if row is None else _operation(row)


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
