"""Reads the ledger's events off a chain, block by block, each block the child of the one before."""

from __future__ import annotations

from collections.abc import AsyncIterator

from node_gateway.audit.ledger import ProgramRules
from node_gateway.chain import node
from node_gateway.chain.abi import Event, EventTable
from node_gateway.chain.account import read
from node_gateway.chain.artifacts import ledger_abi
from node_gateway.chain.node import Header
from node_gateway.chain.rpc import Rpc

BLOCKS_AT_ONCE = 64


class ChainMovedError(Exception):
    """The chain changed its past, or lost its tail, while it was read."""

    def __init__(self, block_number: int) -> None:
        self.block_number = block_number
        super().__init__(f"the chain changed at block {block_number} while it was being read; audit it again")


class BlockEvents:
    """The ledger's events of one block."""

    __slots__ = ("events", "number", "timestamp_s")

    def __init__(self, number: int, timestamp_s: int, events: list[Event]) -> None:
        self.number = number
        self.timestamp_s = timestamp_s
        self.events = events


class ChainReader:
    """Goes through a chain once, from the ledger's first block on."""

    def __init__(self, rpc: Rpc, ledger: str, first_block: int) -> None:
        self.rpc = rpc
        self.ledger = ledger.lower()
        self.next_block = first_block
        self.last_header: Header | None = None
        self._events = EventTable(ledger_abi())
        self._has_block_receipts: bool | None = None

    async def through(self, last_block: int) -> AsyncIterator[BlockEvents]:
        """The blocks up to a number, from where the last call ended.

        Raises:
            ChainMovedError: a block does not follow the one before.
            RpcError: the node refuses.
        """
        if self._has_block_receipts is None:
            genesis = await node.header_at(self.rpc, 0)
            assert genesis is not None, "a chain without a genesis block"
            self._has_block_receipts = (await node.capabilities(self.rpc, genesis)).has_block_receipts
        while self.next_block <= last_block:
            end = min(self.next_block + BLOCKS_AT_ONCE - 1, last_block)
            blocks = await node.blocks(
                self.rpc, self.next_block, end, self.ledger, has_block_receipts=self._has_block_receipts
            )
            if not blocks:
                raise ChainMovedError(self.next_block)
            for block in blocks:
                if self.last_header and block.header.parent_hash != self.last_header.block_hash:
                    raise ChainMovedError(block.header.number)
                self.last_header, self.next_block = block.header, block.header.number + 1
                events = self._events.decode_all(block.logs)
                yield BlockEvents(block.header.number, block.header.timestamp_s, events)


async def read_rules(rpc: Rpc, ledger: str) -> ProgramRules:
    """The program's terms, fixed at deployment."""
    terms = await read(rpc, ledger_abi(), ledger, "programTerms")
    return ProgramRules(
        currency_decimals=terms["currencyDecimals"],
        lot_validity_days=terms["lotValidityDays"],
        return_window_days=terms["returnWindowDays"],
        late_posting_days=terms["latePostingDays"],
        day_offset_s=terms["dayOffsetSeconds"],
    )
