"""The chain, block by block, into the read model.

One database transaction holds a block's events, balances, operations, batches and the cursor; blocks that are there already share one. Each near
the head has an undo journal of its own; those far below, which nothing will take back, need none.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from node_gateway.chain import node
from node_gateway.chain.abi import EventTable
from node_gateway.chain.deployment import Deployment
from node_gateway.chain.hexadecimal import data_of
from node_gateway.chain.node import Header, Receipt
from node_gateway.chain.rpc import Rpc
from node_gateway.chain.rpc_errors import RpcError, RpcReason
from node_gateway.jobs.block_reading import BlockReader
from node_gateway.jobs.block_records import write_records
from node_gateway.jobs.bulk import insert_rows
from node_gateway.jobs.chain_identity import ChainDifference, ChainReplacedError, assert_same_chain
from node_gateway.jobs.fold import fold
from node_gateway.jobs.fold.beginning import begin
from node_gateway.jobs.fold.model import ReadModel
from node_gateway.jobs.fold.prefetch import load_for
from node_gateway.jobs.plain_transactions import note_block
from node_gateway.jobs.rebuilding import ChainRebuild, ChainRebuildError
from node_gateway.jobs.rows import Row
from node_gateway.jobs.run_reading import IndexedBlock, InProcessSource, Run, RunSource
from node_gateway.jobs.settlement import MinedBlock, MinedTransaction, SettledBatch, settle_batches
from node_gateway.jobs.unwind import (
    UNDO_BLOCKS,
    UNDO_MARK,
    UndoMissingError,
    clear_read_model,
    recall_deliveries,
    unwind_from,
)
from node_gateway.service.clock import Clock
from node_gateway.store import schema
from node_gateway.store.database import Database

EVENTS_IN_TRANSACTION_MAX: Final = 20_000
# Some milliseconds of folding.
EVENTS_AT_ONCE: Final = 250
# A node that is this long behind what it once showed has lost its tail; a balancer's other node would have caught up.
BEHIND_WAIT_MS: Final = 5_000
_CURSOR_ID: Final = 1


@dataclass(frozen=True, slots=True)
class IndexStep:
    """What one step did.

    Attributes:
        blocks: blocks indexed.
        events: events folded.
        unwound_from: first block taken back, None where none was.
        head: the node's newest block.
        next_block: the first block not indexed yet.
        batches: the gateway's own batches found in these blocks.
    """

    blocks: int
    events: int
    unwound_from: int | None
    head: int
    next_block: int
    batches: tuple[SettledBatch, ...] = ()

    @property
    def is_idle(self) -> bool:
        return self.blocks == 0 and self.unwound_from is None


class Indexer:
    """Reads one chain into one database. There is one for a database at a time."""

    def __init__(
        self,
        rpc: Rpc,
        database: Database,
        deployment: Deployment,
        events: EventTable,
        clock: Clock,
        *,
        has_block_receipts: bool,
        chain_rebuild: ChainRebuild | None = None,
        source: RunSource | None = None,
    ) -> None:
        """Nothing is read yet.

        Args:
            rpc: the node.
            database: the read model.
            deployment: the program on this chain.
            events: decodes the ledger's events.
            clock: the gateway's.
            has_block_receipts: as in `Capabilities`.
            chain_rebuild: for a development chain, which is made again where it loses what the tables have.
            source: where blocks are read and decoded; by default here, with `rpc` and `events`.
        """
        self._rpc = rpc
        self._database = database
        self._deployment = deployment
        self._reader = BlockReader(
            rpc, source or InProcessSource(rpc, events), has_block_receipts=has_block_receipts
        )
        self._clock = clock
        self._model: ReadModel | None = None
        self._next_block = deployment.deployed_block
        self._last_hash: bytes | None = None
        self._behind_since_s: float | None = None
        self._chain_rebuild = chain_rebuild
        self.is_chain_known = False
        """Whether this was the chain of the deployment when it was last asked: until then nothing may be sent to it."""

    async def step(self) -> IndexStep:
        """Index the next run of blocks, or take back blocks that the chain no longer has.

        Raises:
            RpcError: the node did not answer; nothing was changed.
            ChainReplacedError: this is another chain, or one without the ledger.
            ChainRebuildError: a development chain that cannot be made again.
            FoldMismatchError: the read model contradicts the chain; reindex.
        """
        try:
            return await self._step()
        except (ChainReplacedError, ChainRebuildError):
            self._model, self.is_chain_known = None, False
            self._reader.forget()
            raise
        except BaseException:
            # What is in memory may be ahead of the tables: read everything again.
            self._model = None
            self._reader.forget()
            raise

    async def _step(self) -> IndexStep:
        model = self._model or await self._load()
        newest = await node.header_at(self._rpc, "latest")
        assert newest is not None, "a chain without a latest block"
        head = newest.number
        if head < self._next_block - 1:
            return await self._wait_or_unwind(head)
        self._behind_since_s = None
        if head < self._next_block:
            # The newest block must still be the one that was indexed.
            is_same = self._last_hash in (None, newest.block_hash)
            return self._idle(head) if is_same else await self._unwind(head)
        found = await self._reader.read(self._deployment.ledger, self._next_block, head)
        linked = self._linked(found)
        if not linked:
            return await self._unwind(head) if found else self._idle(head)
        return await self._index(model, linked, head)

    async def _load(self) -> ReadModel:
        await self._assert_chain()
        self.is_chain_known = True
        await self._reader.learn_engine(self._deployment.deployed_block)
        model = ReadModel()
        async with self._database.writing() as connection:
            self._next_block = await begin(connection, self._deployment)
            blocks = schema.blocks
            statement = sa.select(blocks.c.hash).where(blocks.c.number == self._next_block - 1)
            self._last_hash = (await connection.execute(statement)).scalar_one_or_none()
            await model.load_resident(connection)
        self._model = model
        return model

    async def _assert_chain(self) -> None:
        """Make a development chain again where it is another one now, or where a process that did so was killed."""
        if self._chain_rebuild is not None and await self._chain_rebuild.is_interrupted():
            await self._make_chain_again()
        try:
            await assert_same_chain(self._rpc, self._deployment)
        except ChainReplacedError as error:
            if error.difference is ChainDifference.CHAIN_ID or not await self._make_chain_again():
                raise
            await assert_same_chain(self._rpc, self._deployment)

    async def _make_chain_again(self) -> bool:
        if self._chain_rebuild is None:
            return False
        made = await self._chain_rebuild.run()
        if made is None:
            return False
        self._model, self._deployment = None, made
        return True

    def _linked(self, found: Run) -> Run:
        """The blocks up to the first whose parent is not the one before."""
        linked: Run = []
        expected = self._last_hash
        for block in found:
            if expected is not None and block.header.parent_hash != expected:
                break
            linked.append(block)
            expected = block.header.block_hash
        return linked

    async def _index(self, model: ReadModel, blocks: Run, head: int) -> IndexStep:
        count = 0
        batches: list[SettledBatch] = []
        for run in _transactions(blocks):
            # A cancelled task must not leave the model ahead of a transaction that was committed.
            batches += await asyncio.shield(self._write_run(model, run, head))
            count += sum(len(block.events) for block in run)
        return IndexStep(len(blocks), count, None, head, self._next_block, tuple(batches))

    async def _write_run(self, model: ReadModel, run: Run, head: int) -> list[SettledBatch]:
        newest = run[-1].header
        mined = [await self._mined(block) for block in run]
        async with self._database.indexing() as connection:
            await load_for(model, connection, [event for block in run for event in block.events])
            # The database takes in what the events say while they are folded here.
            writing = asyncio.create_task(write_records(connection, run))
            try:
                journal = await _folded(model, run, head)
            finally:
                # Whatever became of the fold: until then the connection is busy.
                await writing
            settled = await settle_batches(
                connection,
                [
                    MinedBlock(block.header.number, block.header.timestamp_s, transactions, block.events)
                    for block, transactions in zip(run, mined, strict=True)
                ],
            )
            for block in run:
                await self._note_history(connection, block.header, settled)
            await insert_rows(connection, schema.undo, journal)
            await model.write(connection)
            await _prune(connection, newest.number)
            await self._move_cursor(connection, newest.number + 1, head)
        model.forget_passing()
        self._next_block = newest.number + 1
        self._last_hash = newest.block_hash
        return settled

    async def _note_history(
        self, connection: AsyncConnection, header: Header, own: Sequence[SettledBatch]
    ) -> None:
        if self._chain_rebuild is None:
            return
        hashes = {batch.tx_hash for batch in own}
        if all(data_of(tx_hash) in hashes for tx_hash in header.tx_hashes):
            return
        await note_block(connection, self._rpc, header, hashes, now_ms=self._clock.now_ms())

    async def _mined(self, block: IndexedBlock) -> list[MinedTransaction]:
        receipts = block.receipts
        if receipts is None:
            receipts = [await self._receipt(block.header, tx_hash) for tx_hash in block.header.tx_hashes]
        return [MinedTransaction(data_of(r.tx_hash), r.tx_index, r.is_success, r.gas_used) for r in receipts]

    async def _receipt(self, header: Header, tx_hash: str) -> Receipt:
        receipt = await node.receipt_of(self._rpc, tx_hash)
        if receipt is None or receipt.block_hash != header.block_hash:
            # A node that is behind the one that gave the block: without its receipt a batch would stay open for good.
            raise RpcError(
                RpcReason.BLOCK_NOT_FOUND,
                f"block {header.number} came without the receipt of {tx_hash}",
                "eth_getTransactionReceipt",
            )
        return receipt

    async def _wait_or_unwind(self, head: int) -> IndexStep:
        """The node is behind what it showed: another node of a balancer for a while, or a chain that lost its tail."""
        now_s = self._clock.monotonic_s()
        if self._behind_since_s is None:
            self._behind_since_s = now_s
        # A development chain has no second node that could be behind.
        is_behind_long = (now_s - self._behind_since_s) * 1000 >= BEHIND_WAIT_MS
        is_patient = self._chain_rebuild is None and not is_behind_long
        if is_patient and await self._has_block(head):
            await assert_same_chain(self._rpc, self._deployment)
            return self._idle(head)
        self._behind_since_s = None
        return await self._unwind(head)

    async def _has_block(self, number: int) -> bool:
        header = await node.header_at(self._rpc, number)
        return header is None or await self._stored_hash(number) in (None, header.block_hash)

    async def _unwind(self, head: int) -> IndexStep:
        """Find the newest block that chain and tables share, and take back what is above."""
        if await self._make_chain_again():
            return await self._step()
        self._reader.forget()
        await assert_same_chain(self._rpc, self._deployment)
        shared = min(head, self._next_block - 1)
        while shared >= self._deployment.deployed_block:
            header = await node.header_at(self._rpc, shared)
            if header is not None and await self._stored_hash(shared) == header.block_hash:
                break
            shared -= 1
        first = shared + 1
        try:
            async with self._database.writing() as connection:
                await unwind_from(connection, first)
        except UndoMissingError:
            async with self._database.writing() as connection:
                await clear_read_model(connection)
                await recall_deliveries(connection, first)
            first = self._deployment.deployed_block
        self._model = None
        self._next_block = first
        return IndexStep(0, 0, first, head, first)

    async def rebuild(self) -> None:
        """Empty the read model, so that the next steps index from the first block again. Submissions and batches stay."""
        async with self._database.writing() as connection:
            await clear_read_model(connection)
        self._model = None

    async def _stored_hash(self, number: int) -> bytes | None:
        blocks = schema.blocks
        async with self._database.reading() as connection:
            statement = sa.select(blocks.c.hash).where(blocks.c.number == number)
            found: bytes | None = (await connection.execute(statement)).scalar_one_or_none()
            return found

    async def _move_cursor(self, connection: AsyncConnection, next_block: int, head: int) -> None:
        cursor = schema.cursor
        values = {"next_block": next_block, "node_block": head, "seen_at_ms": self._clock.now_ms()}
        await connection.execute(sa.update(cursor).where(cursor.c.id == _CURSOR_ID).values(**values))

    def _idle(self, head: int) -> IndexStep:
        return IndexStep(0, 0, None, head, self._next_block)


async def _folded(model: ReadModel, run: Run, head: int) -> list[Row]:
    """Fold blocks, letting others go on in between; returns the undo journals of those near the head."""
    journal: list[Row] = []
    for block in run:
        is_near = block.header.number > head - UNDO_BLOCKS
        model.keep_journal(is_near)
        # Once without events too: what a block changes is noted under its number.
        for start in range(0, len(block.events), EVENTS_AT_ONCE) or (0,):
            fold(model, block.events[start : start + EVENTS_AT_ONCE], block.header.number)
            await asyncio.sleep(0)
        if is_near:
            journal += model.take_journal(UNDO_MARK)
    return journal


def _transactions(blocks: Run) -> list[Run]:
    """Cut a run of blocks into database transactions of a bounded size."""
    runs: list[Run] = []
    events_in_run = 0
    for block in blocks:
        if runs and events_in_run + len(block.events) <= EVENTS_IN_TRANSACTION_MAX:
            runs[-1].append(block)
            events_in_run += len(block.events)
        else:
            runs.append([block])
            events_in_run = len(block.events)
    return runs


async def _prune(connection: AsyncConnection, newest: int) -> None:
    undo = schema.undo
    await connection.execute(sa.delete(undo).where(undo.c.block_number <= newest - UNDO_BLOCKS))
