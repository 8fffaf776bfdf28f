"""Which blocks of the tables a development chain no longer has."""

from dataclasses import dataclass
from typing import Final

import structlog

from node_gateway.chain import node
from node_gateway.chain.hexadecimal import data_of, quantity, text_of
from node_gateway.chain.node import Header
from node_gateway.chain.rpc import Call, Rpc
from node_gateway.chain.rpc_errors import RpcError
from node_gateway.jobs import chain_history
from node_gateway.jobs.chain_history import HistoryExtent, RecordedBlock
from node_gateway.store.database import Database

BLOCKS_IN_STEP: Final = 64
_log = structlog.get_logger(job="rebuild")


@dataclass(frozen=True, slots=True)
class Comparison:
    """What a chain has of the tables.

    Attributes:
        same: the newest block with the stored hash, 0 where there is none.
        shared: the newest block up to which it holds what is on record; after `same` under other hashes than the stored ones.
        last: the newest block on record.
        is_soiled: blocks of another content are in the place of those after `shared`.
    """

    same: int
    shared: int
    last: int
    is_soiled: bool

    @property
    def is_whole(self) -> bool:
        return self.shared >= self.last


async def compare_chain(
    rpc: Rpc, database: Database, extent: HistoryExtent, *, deployed_block: int
) -> Comparison | None:
    """What the chain has of the tables; None where it went on with transactions that are not stored here."""
    head = await node.head_number(rpc)
    same = await _newest_shared(rpc, database, deployed_block, min(head, extent.indexed))
    shared, is_soiled = await _followed(rpc, database, same, head, extent)
    if shared < extent.known and is_soiled and await _has_foreign(rpc, database, head):
        return None
    return Comparison(same, shared, extent.known, is_soiled)


def has_same_content(recorded: RecordedBlock, header: Header) -> bool:
    """Whether a block of the chain holds what is on record, whatever its hash. Where nothing is, nothing can contradict."""
    if recorded.timestamp_s is None:
        return True
    is_in_time = recorded.timestamp_s == header.timestamp_s
    return is_in_time and [text_of(t.tx_hash) for t in recorded.transactions] == list(header.tx_hashes)


async def _newest_shared(rpc: Rpc, database: Database, deployed_block: int, highest: int) -> int:
    """The newest block up to `highest` that has the stored hash, by halving; 0 where there is none."""
    low, high = deployed_block - 1, highest
    while low < high:
        middle = (low + high + 1) // 2
        async with database.reading() as connection:
            stored = await chain_history.known_hash(connection, middle)
        header = await node.header_at(rpc, middle)
        if stored is not None and header is not None and header.block_hash == stored:
            low = middle
        else:
            high = middle - 1
    return low if low >= deployed_block else 0


async def _followed(
    rpc: Rpc, database: Database, shared: int, head: int, extent: HistoryExtent
) -> tuple[int, bool]:
    """Go on from the newest shared block while the chain's blocks hold what is on record; whether another one comes then."""
    while shared < min(head, extent.known):
        last = min(shared + BLOCKS_IN_STEP, head, extent.known)
        async with database.reading() as connection:
            recorded = await chain_history.recorded_blocks(connection, shared + 1, last)
        for block, header in zip(recorded, await _headers(rpc, shared + 1, last), strict=True):
            if not has_same_content(block, header):
                return shared, True
            shared = block.number
    return shared, False


async def _has_foreign(rpc: Rpc, database: Database, head: int) -> bool:
    """Whether the chain holds transactions that are not stored here: starting it over would lose them."""
    for first in range(1, head + 1, BLOCKS_IN_STEP):
        headers = await _headers(rpc, first, min(head, first + BLOCKS_IN_STEP - 1))
        hashes = [data_of(text) for header in headers for text in header.tx_hashes]
        async with database.reading() as connection:
            foreign = set(hashes) - await chain_history.are_ours(connection, hashes)
        if foreign:
            _log.warning(
                "the chain holds transactions of others; it is not made again",
                transaction=text_of(min(foreign)),
            )
            return True
    return False


async def _headers(rpc: Rpc, first: int, last: int) -> list[Header]:
    calls = (Call("eth_getBlockByNumber", (quantity(number), False)) for number in range(first, last + 1))
    headers = []
    for answer in await rpc.batch(calls):
        if isinstance(answer, RpcError):
            raise answer
        headers.append(node.parse_header(answer))
    return headers
