"""How far the read model is."""

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from node_gateway.store import schema


@dataclass(frozen=True, slots=True)
class ChainHead:
    """The last indexed block.

    Attributes:
        block_number: -1 before the first one.
        block_timestamp_s: its time; 0 before the first one.
        generation: grows with each unwinding, after which rows of `events` may be gone.
        node_block: newest block of which the indexer's node has told, None if it never did.
        seen_at_ms: when it told, on the gateway's clock.
    """

    chain_id: int
    ledger: bytes
    block_number: int
    block_timestamp_s: int
    generation: int
    node_block: int | None
    seen_at_ms: int | None

    @property
    def lag_blocks(self) -> int:
        return 0 if self.node_block is None else max(0, self.node_block - self.block_number)


_HEAD = sa.select(
    schema.cursor.c.chain_id,
    schema.cursor.c.ledger,
    schema.cursor.c.next_block,
    schema.cursor.c.generation,
    schema.cursor.c.node_block,
    schema.cursor.c.seen_at_ms,
    schema.blocks.c.timestamp_s,
).select_from(
    schema.cursor.outerjoin(schema.blocks, schema.blocks.c.number == schema.cursor.c.next_block - 1)
)


# Every read begins with both: one statement, since each costs several hand-overs between threads on SQLite.
_HEAD_AND_PROGRAM = _HEAD.add_columns(
    *(column for column in schema.program.c if column.name != "id"),
).join(schema.program, sa.true(), isouter=True)


async def read_head(connection: AsyncConnection) -> ChainHead | None:
    """The head, or None when nothing was ever indexed here."""
    row = (await connection.execute(_HEAD)).one_or_none()
    return None if row is None else _head(row)


async def read_head_and_program(connection: AsyncConnection) -> tuple[ChainHead, Any] | None:
    """The head, and a row with the columns of `program` (all null before it is indexed); None when nothing was ever indexed here."""
    row = (await connection.execute(_HEAD_AND_PROGRAM)).one_or_none()
    return None if row is None else (_head(row), row)


def _head(row: Any) -> ChainHead:
    return ChainHead(
        chain_id=row.chain_id,
        ledger=row.ledger,
        block_number=row.next_block - 1,
        block_timestamp_s=row.timestamp_s or 0,
        generation=row.generation,
        node_block=row.node_block,
        seen_at_ms=row.seen_at_ms,
    )
