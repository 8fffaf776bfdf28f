"""A development chain that lost its tail, or everything, made again from the tables: the same transactions in the same blocks at the same times.

The tables are not touched: once the chain is where they are, everything goes on. Only the hashes of blocks are written anew where block 0 is
another one. It can be interrupted at any moment and is gone on with at the next start.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace

import structlog

from node_gateway.chain import node
from node_gateway.chain.abi import EventTable
from node_gateway.chain.deployment import Deployment
from node_gateway.chain.engines.stepping import BlockStepper, MiningMode
from node_gateway.chain.hexadecimal import data_of, text_of
from node_gateway.chain.node import Block
from node_gateway.chain.rpc import Rpc
from node_gateway.chain.rpc_errors import RpcError
from node_gateway.jobs import chain_history, lanes, rebuild_state
from node_gateway.jobs.chain_comparison import BLOCKS_IN_STEP, Comparison, compare_chain, has_same_content
from node_gateway.jobs.chain_history import HistoryExtent, RecordedBlock
from node_gateway.jobs.event_rows import TRANSFER_TOPIC, event_rows
from node_gateway.jobs.plain_transactions import open_transactions
from node_gateway.service.clock import Clock
from node_gateway.store.database import Database

_log = structlog.get_logger(job="rebuild")


class ChainRebuildError(Exception):
    """The chain cannot be made again as the tables have it."""

    def __init__(self, block_number: int, what: str) -> None:
        super().__init__(
            f"the chain cannot be made again: block {block_number} {what}; "
            "start anew (coalition up --fresh), or give the gateway a chain that has its blocks"
        )
        self.block_number = block_number
        self.what = what


class ChainRebuild:
    """Makes one development chain again. Nobody else may send to it meanwhile: all lanes' leases are taken."""

    def __init__(
        self,
        rpc: Rpc,
        database: Database,
        deployment: Deployment,
        events: EventTable,
        clock: Clock,
        *,
        owner: str,
        save: Callable[[Deployment], object],
    ) -> None:
        self._rpc = rpc
        self._database = database
        self._deployment = deployment
        self._events = events
        self._clock = clock
        self._owner = f"rebuild:{owner}"
        self._save = save
        self._stepper = BlockStepper(rpc)

    async def run(self) -> Deployment | None:
        """Bring the chain to where the tables are.

        Returns:
            The deployment as it is now (block 0 may be another one), or None where the chain lacks nothing that the tables have, or went on
            with other transactions: an ordinary reorganisation then.

        Raises:
            ChainRebuildError: where it cannot be made again.
            RpcError: the node did not answer; to be tried again.
        """
        async with self._database.reading() as connection:
            extent = await chain_history.extent(connection)
            mode = await rebuild_state.interrupted(connection)
        found = await compare_chain(
            self._rpc, self._database, extent, deployed_block=self._deployment.deployed_block
        )
        if mode is None and not await self._is_to_be_made(found):
            return None
        mode = mode or await self._stepper.mode(now_s=self._now_s())
        async with self._database.writing() as connection:
            await rebuild_state.begin(connection, mode, now_ms=self._clock.now_ms())
        await self._hold_lanes()
        await self._stepper.hold()
        if found is not None:
            await self._make_again(found, extent)
        await self._stepper.resume_clock(mode, now_s=self._now_s())
        await self._send_open()
        await self._go_on(mode)
        return self._deployment

    async def is_interrupted(self) -> bool:
        """Whether an earlier process began to make the chain again and did not come to the end."""
        async with self._database.reading() as connection:
            return await rebuild_state.interrupted(connection) is not None

    async def _is_to_be_made(self, found: Comparison | None) -> bool:
        """Whether blocks are missing, or all are there on another block 0 than the deployment names."""
        if found is None or found.last < self._deployment.deployed_block:
            return False
        if not found.is_whole:
            return True
        genesis = await node.header_at(self._rpc, 0)
        return genesis is not None and text_of(genesis.block_hash) != self._deployment.genesis_hash

    async def _make_again(self, found: Comparison, extent: HistoryExtent) -> None:
        same, shared = (0, 0) if found.is_soiled else (found.same, found.shared)
        _log.warning("making the chain again", first_block=shared + 1, last_block=found.last)
        if found.is_soiled:
            await self._stepper.start_over()
        await self._adopt_genesis()
        if shared == 0:
            await self._prepare_senders()
        # Made by a process that was killed before it had written down their hashes.
        for first in range(same + 1, shared + 1, BLOCKS_IN_STEP):
            await self._check_blocks(first, min(shared, first + BLOCKS_IN_STEP - 1), extent)
        for first in range(shared + 1, found.last + 1, BLOCKS_IN_STEP):
            await self._make_blocks(first, min(found.last, first + BLOCKS_IN_STEP - 1), extent)
            await self._hold_lanes()
        await self._adopt_first_block()
        _log.warning("the chain is made again", blocks=found.last - shared)

    async def _make_blocks(self, first: int, last: int, extent: HistoryExtent) -> None:
        async with self._database.reading() as connection:
            recorded = await chain_history.recorded_blocks(connection, first, last)
            after = await chain_history.next_time_after(connection, last + 1)
        for block, timestamp_s in zip(recorded, await self._times(recorded, after), strict=True):
            try:
                await self._stepper.mine(
                    [text_of(t.raw) for t in block.transactions], timestamp_s=timestamp_s
                )
            except RpcError as error:
                if error.is_transient:
                    raise
                raise ChainRebuildError(block.number, f"is refused: {error}") from error
        await self._check_blocks(first, last, extent)

    async def _check_blocks(self, first: int, last: int, extent: HistoryExtent) -> None:
        async with self._database.reading() as connection:
            recorded = await chain_history.recorded_blocks(connection, first, last)
        made = await node.blocks(
            self._rpc, first, last, self._deployment.ledger, has_block_receipts=True, ignored_topic=TRANSFER_TOPIC
        )  # fmt: skip
        if len(made) != len(recorded):
            raise ChainRebuildError(first + len(made), "was not made")
        for block, found in zip(recorded, made, strict=True):
            await self._check(block, found, is_indexed=block.number <= extent.indexed)

    async def _times(self, recorded: Sequence[RecordedBlock], after: int | None) -> list[int]:
        """The blocks' times. Of one that nothing is known of: a second after the one before, never after the next one."""
        parent = await node.header_at(self._rpc, recorded[0].number - 1)
        assert parent is not None, "the block before is not there"
        times: list[int] = []
        previous = parent.timestamp_s
        for index, block in enumerate(recorded):
            known = block.timestamp_s
            if known is None:
                later = (later.timestamp_s for later in recorded[index:] if later.timestamp_s is not None)
                limit = next(later, after)
                known = previous + 1 if limit is None else min(previous + 1, limit)
            times.append(known)
            previous = known
        return times

    async def _check(self, recorded: RecordedBlock, found: Block, *, is_indexed: bool) -> None:
        """The block holds what it held, and the contracts answered as they did.

        Raises:
            ChainRebuildError: naming what differs.
        """
        number, header = recorded.number, found.header
        if header.block_hash == recorded.block_hash:
            return
        if not has_same_content(recorded, header):
            raise ChainRebuildError(number, "came out with other transactions or another time")
        receipts = {data_of(receipt.tx_hash): receipt for receipt in found.receipts or ()}
        for transaction in recorded.transactions:
            if transaction.is_success not in (None, receipts[transaction.tx_hash].is_success):
                raise ChainRebuildError(number, f"ended otherwise for {text_of(transaction.tx_hash)}")
        if not is_indexed or recorded.block_hash is None:
            return
        rows = event_rows(self._events.decode_all(found.logs), number)
        async with self._database.writing() as connection:
            stored = await chain_history.stored_events(connection, number)
            if rows != stored:
                raise ChainRebuildError(number, "gives other events")
            await chain_history.rename_block(
                connection, number, block_hash=header.block_hash, parent_hash=header.parent_hash
            )

    async def _adopt_genesis(self) -> None:
        genesis = await node.header_at(self._rpc, 0)
        assert genesis is not None, "a chain without a first block"
        found = text_of(genesis.block_hash)
        if found == self._deployment.genesis_hash:
            return
        async with self._database.writing() as connection:
            await rebuild_state.adopt_genesis(connection, genesis.block_hash)
        self._adopt(replace(self._deployment, genesis_hash=found))

    async def _adopt_first_block(self) -> None:
        header = await node.header_at(self._rpc, self._deployment.deployed_block)
        if header is not None and text_of(header.block_hash) != self._deployment.deployed_block_hash:
            self._adopt(replace(self._deployment, deployed_block_hash=text_of(header.block_hash)))

    def _adopt(self, deployment: Deployment) -> None:
        self._save(deployment)
        self._deployment = deployment

    async def _prepare_senders(self) -> None:
        async with self._database.reading() as connection:
            first = await chain_history.first_nonces(connection)
        for address, nonce in first.items():
            await self._stepper.prepare_sender(text_of(address), first_nonce=nonce)

    async def _send_open(self) -> None:
        """Acts that no block is known to have held, in one block of now; the relay's own such batches follow by themselves."""
        async with self._database.reading() as connection:
            waiting = await open_transactions(connection)
        sent = 0
        for kept in waiting:
            if kept.nonce < await node.transaction_count(self._rpc, text_of(kept.sender), "latest"):
                continue
            try:
                await node.send_raw(self._rpc, kept.raw)
                sent += 1
            except RpcError as error:
                if error.is_transient:
                    raise
                _log.warning("an act is refused", act=kept.act, problem=str(error))
        if sent:
            await self._stepper.mine_waiting()

    def _now_s(self) -> int:
        return self._clock.now_ms() // 1000

    async def _hold_lanes(self) -> None:
        async with self._database.writing() as connection:
            await lanes.seize_all(connection, owner=self._owner, now_ms=self._clock.now_ms())

    async def _go_on(self, mode: MiningMode) -> None:
        await self._stepper.go_on(mode)
        async with self._database.writing() as connection:
            await rebuild_state.end(connection)
            await lanes.free_all(connection, owner=self._owner)
