"""What the tables know of the chain's blocks: enough to make a development chain again that lost them."""

from collections import defaultdict
from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from node_gateway.store import schema

_UNKNOWN_INDEX: Final = 1 << 30
_KEYS_IN_QUERY_MAX: Final = 400


@dataclass(frozen=True, slots=True)
class RecordedTransaction:
    """A transaction of a block. `is_success` is None where no block of it was indexed."""

    tx_hash: bytes
    raw: bytes
    is_success: bool | None


@dataclass(frozen=True, slots=True)
class RecordedBlock:
    """A block as the tables have it.

    Attributes:
        number: of the block.
        timestamp_s: None where nothing is known of it: before the program, or nothing of it was ever indexed.
        block_hash: None where it was not indexed.
        transactions: in their order.
    """

    number: int
    timestamp_s: int | None
    block_hash: bytes | None
    transactions: tuple[RecordedTransaction, ...]


@dataclass(frozen=True, slots=True)
class HistoryExtent:
    """How far the tables reach: the newest indexed block, and the newest block that anything is known of; 0 where there is none."""

    indexed: int
    known: int


async def extent(connection: AsyncConnection) -> HistoryExtent:
    """How far the tables reach."""
    indexed = (await connection.execute(sa.select(sa.func.max(schema.blocks.c.number)))).scalar_one() or 0
    plain = (
        await connection.execute(sa.select(sa.func.max(schema.plain_transactions.c.block_number)))
    ).scalar_one() or 0
    return HistoryExtent(indexed, max(indexed, plain))


async def recorded_blocks(connection: AsyncConnection, first: int, last: int) -> list[RecordedBlock]:
    """The blocks first…last, each of them, also those of which nothing is known."""
    blocks = schema.blocks
    rows = (await connection.execute(sa.select(blocks).where(blocks.c.number.between(first, last)))).all()
    headers = {row.number: row for row in rows}
    found: dict[int, list[tuple[int, int, RecordedTransaction]]] = defaultdict(list)
    times: dict[int, int] = {}
    for table, raw in ((schema.batches, "raw_tx"), (schema.plain_transactions, "raw_tx")):
        error = table.c.error if "error" in table.c else sa.literal(None)
        statement = sa.select(
            table.c.id, table.c.block_number, table.c.tx_index, table.c.tx_hash, table.c[raw].label("raw"),
            table.c.block_timestamp_s, error.label("error"),
        ).where(table.c.block_number.between(first, last))  # fmt: skip
        for row in (await connection.execute(statement)).all():
            is_success = row.error is None if table is schema.batches else None
            place = _UNKNOWN_INDEX if row.tx_index is None else row.tx_index
            transaction = RecordedTransaction(row.tx_hash, row.raw, is_success)
            found[row.block_number].append((place, row.id, transaction))
            times[row.block_number] = row.block_timestamp_s
    recorded = []
    for number in range(first, last + 1):
        header = headers.get(number)
        transactions = tuple(entry[2] for entry in sorted(found[number], key=lambda entry: entry[:2]))
        timestamp_s = header.timestamp_s if header else times.get(number)
        recorded.append(RecordedBlock(number, timestamp_s, header.hash if header else None, transactions))
    return recorded


async def known_hash(connection: AsyncConnection, number: int) -> bytes | None:
    """The hash of an indexed block."""
    statement = sa.select(schema.blocks.c.hash).where(schema.blocks.c.number == number)
    found: bytes | None = (await connection.execute(statement)).scalar_one_or_none()
    return found


async def next_time_after(connection: AsyncConnection, number: int) -> int | None:
    """The time of the first block from `number` on whose time is known."""
    times = []
    for table, key, value in (
        (schema.blocks, "number", "timestamp_s"),
        (schema.plain_transactions, "block_number", "block_timestamp_s"),
    ):
        statement = sa.select(sa.func.min(table.c[value])).where(table.c[key] >= number)
        times.append((await connection.execute(statement)).scalar_one())
    return min((time for time in times if time is not None), default=None)


async def first_nonces(connection: AsyncConnection) -> dict[bytes, int]:
    """By sender of anything on record, the nonce with which its history begins."""
    first: dict[bytes, int] = {}
    for table, sender in ((schema.batches, "lane"), (schema.plain_transactions, "sender")):
        statement = sa.select(table.c[sender], sa.func.min(table.c.nonce)).group_by(table.c[sender])
        for address, nonce in (await connection.execute(statement)).all():
            first[address] = min(nonce, first.get(address, nonce))
    return first


async def are_ours(connection: AsyncConnection, tx_hashes: list[bytes]) -> set[bytes]:
    """Those of these transactions that are stored here."""
    ours: set[bytes] = set()
    for table in (schema.batches, schema.plain_transactions):
        for start in range(0, len(tx_hashes), _KEYS_IN_QUERY_MAX):
            chunk = tx_hashes[start : start + _KEYS_IN_QUERY_MAX]
            statement = sa.select(table.c.tx_hash).where(table.c.tx_hash.in_(chunk))
            ours |= set((await connection.execute(statement)).scalars())
    return ours


async def stored_events(connection: AsyncConnection, number: int) -> list[dict[str, Any]]:
    """The rows of `events` of a block, in order."""
    events = schema.events
    statement = sa.select(events).where(events.c.block_number == number).order_by(events.c.log_index)
    return [dict(row) for row in (await connection.execute(statement)).mappings()]


async def rename_block(
    connection: AsyncConnection, number: int, *, block_hash: bytes, parent_hash: bytes
) -> None:
    """The same block has another hash now: block 0 before it is another one."""
    blocks = schema.blocks
    await connection.execute(
        sa.update(blocks).where(blocks.c.number == number).values(hash=block_hash, parent_hash=parent_hash)
    )
