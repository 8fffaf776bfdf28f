"""Plain transactions in the tables: kept before they are sent, found again when the chain lost them."""

from collections.abc import Collection

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from node_gateway.chain.account import KeptTransaction
from node_gateway.chain.hexadecimal import data_of, number_of, text_of
from node_gateway.chain.node import Header, Receipt
from node_gateway.chain.rpc import Call, Rpc
from node_gateway.chain.transactions import SignedTransaction
from node_gateway.jobs.read_model import insert_for
from node_gateway.service.clock import Clock
from node_gateway.store import schema
from node_gateway.store.database import Database

OTHERS_ACT = "sent by others"
_ACT_LENGTH_MAX = 60
_TABLE = schema.plain_transactions


class DatabaseJournal:
    """The tables as the journal of an `Account`."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def keep(self, sender: bytes, act: str, signed: SignedTransaction) -> None:
        """See `TransactionJournal`."""
        row = {
            "sender": sender, "nonce": signed.nonce, "act": act[:_ACT_LENGTH_MAX], "raw_tx": signed.raw,
            "tx_hash": signed.tx_hash, "created_at_ms": self._clock.now_ms(),
        }  # fmt: skip
        async with self._database.writing() as connection:
            await connection.execute(sa.insert(_TABLE), [row])

    async def drop(self, tx_hash: bytes) -> None:
        """See `TransactionJournal`."""
        async with self._database.writing() as connection:
            await connection.execute(sa.delete(_TABLE).where(_TABLE.c.tx_hash == tx_hash))

    async def mined(self, receipt: Receipt, timestamp_s: int) -> None:
        """See `TransactionJournal`."""
        async with self._database.writing() as connection:
            await _place(
                connection, data_of(receipt.tx_hash), receipt.block_number, receipt.tx_index, timestamp_s
            )

    async def open(self, sender: bytes) -> list[KeptTransaction]:
        """See `TransactionJournal`."""
        async with self._database.reading() as connection:
            return await open_transactions(connection, _TABLE.c.sender == sender)

    async def mined_nonce(self, sender: bytes) -> int:
        """See `TransactionJournal`."""
        statement = sa.select(sa.func.max(_TABLE.c.nonce)).where(
            _TABLE.c.sender == sender, _TABLE.c.block_number.is_not(None)
        )
        async with self._database.reading() as connection:
            newest = (await connection.execute(statement)).scalar_one()
        return 0 if newest is None else int(newest) + 1

    async def forget_from(self, sender: bytes, nonce: int) -> None:
        """Forget what a chain that is gone had of a deployment that did not come to its end."""
        async with self._database.writing() as connection:
            await connection.execute(
                sa.delete(_TABLE).where(_TABLE.c.sender == sender, _TABLE.c.nonce >= nonce)
            )


async def open_transactions(
    connection: AsyncConnection, clause: sa.ColumnElement[bool] | None = None
) -> list[KeptTransaction]:
    """Those that no block is known to hold, in the order of their nonces."""
    statement = (
        sa.select(_TABLE.c.sender, _TABLE.c.nonce, _TABLE.c.act, _TABLE.c.raw_tx, _TABLE.c.tx_hash)
        .where(_TABLE.c.block_number.is_(None))
        .order_by(_TABLE.c.sender, _TABLE.c.nonce)
    )
    if clause is not None:
        statement = statement.where(clause)
    rows = (await connection.execute(statement)).all()
    return [KeptTransaction(row.sender, row.nonce, row.act, row.raw_tx, row.tx_hash) for row in rows]


async def note_block(
    connection: AsyncConnection, rpc: Rpc, header: Header, own: Collection[bytes], *, now_ms: int
) -> None:
    """Write down where a block has plain transactions; keep the bytes of those that others sent.

    Args:
        connection: the transaction that indexes the block.
        rpc: the node, asked for what is not known here.
        header: of the block.
        own: hashes of the relay's batches in it.
        now_ms: the gateway's time.
    """
    unknown: list[tuple[int, str]] = []
    for index, text in enumerate(header.tx_hashes):
        tx_hash = data_of(text)
        if tx_hash in own:
            continue
        if not await _place(connection, tx_hash, header.number, index, header.timestamp_s):
            unknown.append((index, text))
    for index, text in unknown:
        await _keep_others(connection, rpc, header, index, text, now_ms)


async def _place(
    connection: AsyncConnection, tx_hash: bytes, block_number: int, tx_index: int, timestamp_s: int
) -> bool:
    values = {"block_number": block_number, "tx_index": tx_index, "block_timestamp_s": timestamp_s}
    written = await connection.execute(sa.update(_TABLE).where(_TABLE.c.tx_hash == tx_hash).values(**values))
    return bool(written.rowcount)


async def _keep_others(
    connection: AsyncConnection, rpc: Rpc, header: Header, index: int, tx_hash: str, now_ms: int
) -> None:
    transaction, raw = await rpc.batch(
        [Call("eth_getTransactionByHash", (tx_hash,)), Call("eth_getRawTransactionByHash", (tx_hash,))]
    )
    if not isinstance(transaction, dict) or not isinstance(raw, str):
        # Its block can still be indexed; only made again it cannot be, which is said then.
        return
    row = {
        "sender": data_of(transaction["from"]), "nonce": number_of(transaction["nonce"]), "act": OTHERS_ACT,
        "raw_tx": data_of(raw), "tx_hash": data_of(tx_hash), "created_at_ms": now_ms, "block_number": header.number,
        "tx_index": index, "block_timestamp_s": header.timestamp_s,
    }  # fmt: skip
    # The nonce may be on record with other bytes: those were never mined, and never will be.
    await connection.execute(
        sa.delete(_TABLE).where(_TABLE.c.sender == row["sender"], _TABLE.c.nonce == row["nonce"])
    )
    await connection.execute(insert_for(_TABLE, connection.dialect.name), [row])


def raw_text(transaction: KeptTransaction) -> str:
    """As the node takes it."""
    return text_of(transaction.raw)
