"""A run of blocks as one read gives them: checked against themselves, decoded, with the rows that they become."""

import asyncio
from typing import Final, NamedTuple, Protocol

from node_gateway.chain import node
from node_gateway.chain.abi import Event, EventTable
from node_gateway.chain.node import Block, Header, Receipt
from node_gateway.chain.rpc import Rpc
from node_gateway.jobs.event_rows import TRANSFER_TOPIC, event_values, operation_values
from node_gateway.jobs.rows import Values

BLOCKS_IN_RUN_MAX: Final = 64
# Some 6,000 events: enough to share the cost of a transaction, little enough to be read while another run is written.
GAS_IN_RUN_MAX: Final = 150_000_000


class WantedRun(NamedTuple):
    """Which blocks, and how the engine gives them; as the arguments of `node.blocks`.

    Attributes:
        last: the newest block there is; a run ends earlier where it is large enough.
        is_fresh: what was read ahead before is not wanted.
    """

    ledger: str
    first: int
    last: int
    has_block_receipts: bool
    has_receipts_root: bool
    is_fresh: bool = False


class IndexedBlock(NamedTuple):
    """A block on its way into the tables.

    Attributes:
        receipts: None where the engine has no eth_getBlockReceipts.
        events: the ledger's, in order.
        event_values: their rows, in the order of `EVENT_COLUMNS`.
        operation_values: the rows of operations that they make or settle, in the order of `OPERATION_COLUMNS`.
    """

    header: Header
    receipts: list[Receipt] | None
    events: list[Event]
    event_values: list[Values]
    operation_values: list[Values]


Run = list[IndexedBlock]


class RunSource(Protocol):
    """Where runs of blocks are read: in this process, or in one of its own."""

    async def read(self, wanted: WantedRun) -> Run:
        """The blocks from the first on; fewer where the node has not got them all, or where they are many.

        Raises:
            RpcError: as `node.blocks`.
        """


class InProcessSource:
    """Reads here."""

    def __init__(self, rpc: Rpc, events: EventTable) -> None:
        self._rpc = rpc
        self._events = events

    async def read(self, wanted: WantedRun) -> Run:
        blocks = await node.blocks(
            self._rpc,
            wanted.first,
            min(wanted.last, wanted.first + BLOCKS_IN_RUN_MAX - 1),
            wanted.ledger,
            has_block_receipts=wanted.has_block_receipts,
            has_receipts_root=wanted.has_receipts_root,
            ignored_topic=TRANSFER_TOPIC,
            gas_max=GAS_IN_RUN_MAX,
        )
        return [self._indexed(block) for block in blocks]

    def _indexed(self, block: Block) -> IndexedBlock:
        events = self._events.decode_all(block.logs)
        header = block.header
        return IndexedBlock(
            header,
            block.receipts,
            events,
            event_values(events, header.number),
            operation_values(events, header.number, header.timestamp_s * 1000),
        )


class ReadingAhead:
    """Reads the run after each one that it gave, before anyone asks."""

    def __init__(self, source: RunSource) -> None:
        self._source = source
        self._ahead: tuple[int, asyncio.Task[Run]] | None = None

    async def read(self, wanted: WantedRun) -> Run:
        if self._ahead is not None and self._ahead[0] == wanted.first and not wanted.is_fresh:
            (_, reading), self._ahead = self._ahead, None
            run = await reading
        else:
            self.forget()
            run = await self._source.read(wanted)
        if run and (following := run[-1].header.number + 1) <= wanted.last:
            after_it = wanted._replace(first=following, is_fresh=False)
            self._ahead = following, asyncio.create_task(self._source.read(after_it))
        return run

    def forget(self) -> None:
        """Nobody wants what was read ahead any more."""
        if self._ahead is not None:
            (_, reading), self._ahead = self._ahead, None
            reading.cancel()
            # Looked at, so that nobody is told of an error that nobody waits for.
            reading.add_done_callback(lambda task: task.cancelled() or task.exception())
