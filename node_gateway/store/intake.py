"""Writing what is accepted, and finding what was accepted before."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from node_gateway.domain.nonces import UsedNonces
from node_gateway.domain.states import OperationStatus, SubmissionStatus
from node_gateway.domain.submission_checks import CheckedSubmission
from node_gateway.domain.unsigned64 import signed64
from node_gateway.store import schema
from node_gateway.store.bulk_insert import DuplicateKeyError, bulk_insert

KEYS_IN_ONE_QUERY_MAX = 1_000

_Key = TypeVar("_Key", int, bytes)


@dataclass(frozen=True, slots=True)
class StoredAnswer:
    """What was answered to the first request with an Idempotency-Key."""

    party: str
    key: str
    body_hash: bytes
    status_code: int
    answer: bytes


async def insert_submissions(
    connection: AsyncConnection, submissions: Sequence[CheckedSubmission], *, accepted_at_ms: int
) -> None:
    """Raises DuplicateKeyError when one of them is stored already."""
    status = SubmissionStatus.ACCEPTED.value
    await bulk_insert(
        connection,
        schema.submissions,
        ("id", "submitter", "deadline_s", "operation_count", "wire", "status", "accepted_at_ms", "attempts"),
        [
            (
                item.id,
                item.submitter,
                item.deadline_s,
                len(item.operations),
                item.wire,
                status,
                accepted_at_ms,
                0,
            )
            for item in submissions
        ],
    )


async def insert_operations(
    connection: AsyncConnection,
    submissions: Sequence[CheckedSubmission],
    *,
    accepted_at_ms: int,
    reopened: Collection[int] = (),
) -> None:
    """Inserts all operations of `submissions`; those in `reopened` expired before and are accepted anew.

    Raises:
        DuplicateKeyError: an id is used by another submission that has not expired.
    """
    status = OperationStatus.ACCEPTED.value
    rows = [
        (
            signed64(line.id),
            item.id,
            position,
            line.kind,
            line.id >> 48,
            line.member,
            line.counterparty,
            status,
            accepted_at_ms,
        )
        for item in submissions
        for position, line in enumerate(item.operations)
        if line.id not in reopened
    ]
    columns = (
        "id",
        "submission_id",
        "position",
        "kind",
        "partner",
        "member",
        "counterparty",
        "status",
        "accepted_at_ms",
    )
    await bulk_insert(connection, schema.operations, columns, rows)
    if reopened:
        await _reopen(connection, submissions, reopened=reopened, accepted_at_ms=accepted_at_ms)


async def _reopen(
    connection: AsyncConnection,
    submissions: Sequence[CheckedSubmission],
    *,
    reopened: Collection[int],
    accepted_at_ms: int,
) -> None:
    table = schema.operations
    for item in submissions:
        for position, line in enumerate(item.operations):
            if line.id not in reopened:
                continue
            result = await connection.execute(
                sa.update(table)
                .where(table.c.id == line.id, table.c.status == OperationStatus.EXPIRED)
                .values(
                    submission_id=item.id,
                    position=position,
                    kind=line.kind,
                    member=line.member,
                    counterparty=line.counterparty,
                    status=OperationStatus.ACCEPTED,
                    reason=None,
                    accepted_at_ms=accepted_at_ms,
                )
            )
            if result.rowcount != 1:
                # Another API process was quicker.
                raise DuplicateKeyError(table.name)


async def find_submissions(connection: AsyncConnection, ids: Iterable[bytes]) -> set[bytes]:
    """Which of `ids` are stored."""
    column = schema.submissions.c.id
    found: set[bytes] = set()
    for part in _parts(list(ids)):
        found.update(await connection.scalars(sa.select(column).where(column.in_(part))))
    return found


async def find_operations(connection: AsyncConnection, ids: Iterable[int]) -> dict[int, OperationStatus]:
    """Status of those of `ids` that are stored."""
    table = schema.operations
    found: dict[int, OperationStatus] = {}
    for part in _parts(list(ids)):
        rows = await connection.execute(sa.select(table.c.id, table.c.status).where(table.c.id.in_(part)))
        found.update((row.id, OperationStatus(row.status)) for row in rows)
    return found


async def find_used_nonces(connection: AsyncConnection, members: Iterable[bytes]) -> dict[bytes, UsedNonces]:
    """Used nonces of those of `members` that are known."""
    table = schema.members.c
    found: dict[bytes, UsedNonces] = {}
    for part in _parts(list(members)):
        statement = sa.select(table.member, table.next_nonce, table.nonce_window)
        rows = await connection.execute(statement.where(table.member.in_(part)))
        found.update((row.member, UsedNonces(row.next_nonce, row.nonce_window)) for row in rows)
    return found


async def find_answers(
    connection: AsyncConnection, keys: Iterable[tuple[str, str]]
) -> dict[tuple[str, str], StoredAnswer]:
    """Answers stored for (party, Idempotency-Key)."""
    table = schema.idempotency
    found: dict[tuple[str, str], StoredAnswer] = {}
    for party, key in keys:
        row = (
            await connection.execute(sa.select(table).where(table.c.party == party, table.c.key == key))
        ).one_or_none()
        if row is not None:
            found[party, key] = StoredAnswer(party, key, row.body_hash, row.status_code, row.answer)
    return found


async def insert_answers(
    connection: AsyncConnection, answers: Sequence[StoredAnswer], *, created_at_ms: int
) -> None:
    """Raises DuplicateKeyError when one of the keys was used meanwhile."""
    if answers:
        await bulk_insert(
            connection,
            schema.idempotency,
            ("party", "key", "body_hash", "status_code", "answer", "created_at_ms"),
            [(a.party, a.key, a.body_hash, a.status_code, a.answer, created_at_ms) for a in answers],
        )


async def replace_answer(
    connection: AsyncConnection, *, party: str, key: str, status_code: int, answer: bytes
) -> None:
    """For a request that waited for the block: its later, fuller answer is the one to repeat."""
    table = schema.idempotency
    await connection.execute(
        sa.update(table)
        .where(table.c.party == party, table.c.key == key)
        .values(status_code=status_code, answer=answer)
    )


async def delete_answers_before(connection: AsyncConnection, *, created_before_ms: int) -> int:
    """Forgets old Idempotency-Keys; returns how many."""
    table = schema.idempotency
    result = await connection.execute(sa.delete(table).where(table.c.created_at_ms < created_before_ms))
    return result.rowcount


async def count_backlog_operations(connection: AsyncConnection) -> int:
    """Operations of submissions that have no block yet and are not ended."""
    table = schema.submissions
    waiting = table.c.status.in_([SubmissionStatus.ACCEPTED, SubmissionStatus.BATCHED])
    return int(
        await connection.scalar(
            sa.select(sa.func.coalesce(sa.func.sum(table.c.operation_count), 0)).where(waiting)
        )
        or 0
    )


async def oldest_waiting_accepted_at_ms(connection: AsyncConnection) -> int | None:
    """When the oldest submission that still waits for its block was accepted."""
    table = schema.submissions
    oldest: list[int] = []
    for status in (SubmissionStatus.ACCEPTED, SubmissionStatus.BATCHED):
        first = (
            sa.select(table.c.accepted_at_ms)
            .where(table.c.status == status)
            .order_by(table.c.accept_order)
            .limit(1)
        )
        accepted_at_ms = await connection.scalar(first)
        if accepted_at_ms is not None:
            oldest.append(accepted_at_ms)
    return min(oldest, default=None)


def _parts(keys: list[_Key]) -> Iterable[list[_Key]]:
    for start in range(0, len(keys), KEYS_IN_ONE_QUERY_MAX):
        yield keys[start : start + KEYS_IN_ONE_QUERY_MAX]
