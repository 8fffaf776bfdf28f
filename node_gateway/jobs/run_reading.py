"""A run of blocks as one read gives them: checked against themselves, decoded, with the rows that they become."""

from typing import NamedTuple, Protocol

from node_gateway.chain import node
from node_gateway.chain.abi import Event, EventTable
from node_gateway.chain.node import Block, Header, Receipt
from node_gateway.chain.rpc import Rpc
from node_gateway.jobs.event_rows import TRANSFER_TOPIC, Values, event_values, operation_values


class WantedRun(NamedTuple):
    """Which blocks, and how the engine gives them; as the arguments of `node.blocks`."""

    ledger: str
    first: int
    last: int
    has_block_receipts: bool
    has_receipts_root: bool


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
        """The blocks, fewer where the node has not got them all.

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
            wanted.last,
            wanted.ledger,
            has_block_receipts=wanted.has_block_receipts,
            has_receipts_root=wanted.has_receipts_root,
            ignored_topic=TRANSFER_TOPIC,
        )
        return [self._indexed(block) for block in blocks]

    def _indexed(self, block: Block) -> IndexedBlock:
        decoded = (self._events.decode(log) for log in block.logs)
        events = [event for event in decoded if event is not None]
        header = block.header
        return IndexedBlock(
            header,
            block.receipts,
            events,
            event_values(events, header.number),
            operation_values(events, header.number, header.timestamp_s * 1000),
        )
