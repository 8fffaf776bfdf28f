"""Taking blocks back out of the read model: after a reorganisation, or on a chain that lost its tail."""

from typing import Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from node_gateway.domain.states import BatchStatus, OperationStatus, SubmissionStatus
from node_gateway.jobs.bulk import empty_table, upsert_rows
from node_gateway.jobs.fold.model import FOLDED_TABLES
from node_gateway.jobs.read_model import restored
from node_gateway.store import schema

UNDO_BLOCKS: Final = 512
UNDO_MARK: Final = "blocks"


class UndoMissingError(Exception):
    """The undo journal does not reach back far enough: only a rebuild from the first block helps."""

    def __init__(self, first_block: int) -> None:
        super().__init__(f"the undo journal does not reach back to block {first_block}")
        self.first_block = first_block


async def unwind_from(connection: AsyncConnection, first_block: int) -> None:
    """Take the blocks from `first_block` on out of every table; batches of theirs count as sent, not as mined.

    Raises:
        UndoMissingError: where the journal of one of these blocks was pruned.
    """
    await _assert_journal_reaches(connection, first_block)
    undo = schema.undo
    statement = (
        sa.select(undo.c.table_name, undo.c.rows)
        .where(undo.c.block_number >= first_block)
        .order_by(undo.c.block_number.desc())
    )
    for table_name, rows in (await connection.execute(statement)).all():
        if table_name == UNDO_MARK:
            continue
        await _restore(connection, schema.metadata.tables[table_name], rows)
    await connection.execute(sa.delete(undo).where(undo.c.block_number >= first_block))
    await _forget_blocks(connection, first_block)
    await recall_deliveries(connection, first_block)


async def clear_read_model(connection: AsyncConnection) -> None:
    """Empty everything that the indexer writes; what the chain said comes back by indexing it again, and webhooks are not told again."""
    for name in (*FOLDED_TABLES, "undo", "events", "blocks"):
        await empty_table(connection, schema.metadata.tables[name])
    await _forget_blocks(connection, 0)
    cursor = schema.cursor
    await connection.execute(sa.delete(cursor))


async def _forget_blocks(connection: AsyncConnection, first_block: int) -> None:
    blocks, events, cursor = schema.blocks, schema.events, schema.cursor
    await connection.execute(sa.delete(events).where(events.c.block_number >= first_block))
    await connection.execute(sa.delete(blocks).where(blocks.c.number >= first_block))
    await _return_batches(connection, first_block)
    plain = schema.plain_transactions
    await connection.execute(
        sa.update(plain).where(plain.c.block_number >= first_block).values(block_number=None, tx_index=None)
    )
    await _return_operations(connection, first_block)
    await connection.execute(
        sa.update(cursor).values(next_block=first_block, generation=cursor.c.generation + 1)
    )


async def recall_deliveries(connection: AsyncConnection, first_block: int) -> None:
    """What the blocks that come instead say is delivered anew."""
    deliveries, webhooks = schema.deliveries, schema.webhooks
    await connection.execute(sa.delete(deliveries).where(deliveries.c.block_number >= first_block))
    await connection.execute(
        sa.update(webhooks)
        .where(webhooks.c.next_block >= first_block)
        .values(next_block=first_block, next_log_index=0)
    )


async def _return_batches(connection: AsyncConnection, first_block: int) -> None:
    """Batches count as sent again; `block_timestamp_s` stays, so that a development chain can mine them at their time."""
    batches, members, submissions = schema.batches, schema.batch_submissions, schema.submissions
    unwound = sa.select(batches.c.id).where(batches.c.block_number >= first_block)
    carried = sa.select(members.c.submission_id).where(members.c.batch_id.in_(unwound))
    await connection.execute(
        sa.update(submissions)
        .where(submissions.c.id.in_(carried))
        .values(status=SubmissionStatus.BATCHED.value, reason=None)
    )
    await connection.execute(
        sa.update(batches)
        .where(batches.c.block_number >= first_block)
        .values(
            status=BatchStatus.SENT.value, sent_at_ms=None, block_number=None, tx_index=None, gas_used=None
        )
    )


async def _return_operations(connection: AsyncConnection, first_block: int) -> None:
    operations, submissions = schema.operations, schema.submissions
    unwound = operations.c.block_number >= first_block
    await connection.execute(sa.delete(operations).where(unwound, operations.c.submission_id.is_(None)))
    await connection.execute(
        sa.update(operations)
        .where(unwound)
        .values(status=OperationStatus.ACCEPTED.value, reason=None, block_number=None, log_index=None)
    )
    # Operations that ended with their skipped submission wait again with it.
    waiting = sa.select(submissions.c.id).where(submissions.c.status == SubmissionStatus.BATCHED.value)
    await connection.execute(
        sa.update(operations)
        .where(operations.c.submission_id.in_(waiting), operations.c.status == OperationStatus.EXPIRED.value)
        .values(status=OperationStatus.ACCEPTED.value, reason=None)
    )


async def _restore(
    connection: AsyncConnection, table: sa.Table, rows: list[list[list[object] | None]]
) -> None:
    before = [restored(table, row, is_key=False) for _, row in rows if row is not None]
    made = [restored(table, key, is_key=True) for key, row in rows if row is None and key is not None]
    await upsert_rows(connection, table, before)
    if made:
        names = [str(column.name) for column in table.primary_key.columns]
        where = (table.c[name] == sa.bindparam(f"key_{name}") for name in names)
        await connection.execute(
            sa.delete(table).where(*where), [{f"key_{n}": key[n] for n in names} for key in made]
        )


async def _assert_journal_reaches(connection: AsyncConnection, first_block: int) -> None:
    """Each block with a journal has a mark; blocks far below the head were indexed without, or it was pruned."""
    blocks, undo = schema.blocks, schema.undo
    above = sa.select(sa.func.count()).where(blocks.c.number >= first_block).select_from(blocks)
    marked = sa.select(sa.func.count()).where(
        undo.c.block_number >= first_block, undo.c.table_name == UNDO_MARK
    )
    if (await connection.execute(above)).scalar_one() != (await connection.execute(marked)).scalar_one():
        raise UndoMissingError(first_block)
