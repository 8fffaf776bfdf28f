"""Batches of a development chain that lost its tail, mined again at their block times."""

import asyncio
from collections.abc import Sequence
from itertools import groupby
from typing import Final

from node_gateway.chain import node
from node_gateway.chain.engines.clock import ChainClock
from node_gateway.chain.hexadecimal import text_of
from node_gateway.chain.rpc import Call, Rpc
from node_gateway.chain.rpc_errors import RpcError, RpcReason
from node_gateway.jobs.outbox import InFlight

MINE_WAIT_S: Final = 0.2
POLL_S: Final = 0.01
RECEIPT_WAIT_S_MAX: Final = 30.0


class BatchLostError(Exception):
    """The chain took a batch and shows no receipt."""

    def __init__(self, tx_hash: bytes) -> None:
        super().__init__(f"batch 0x{tx_hash.hex()} was sent again and is in no block")
        self.tx_hash = tx_hash


async def remine(rpc: Rpc, clock: ChainClock, batches: Sequence[InFlight]) -> int:
    """Send batches that were in blocks which are gone, each at the time of its block; returns how many.

    Members' points, days and deadlines come out as they were: the contracts see the same time.
    """
    lost = sorted((batch for batch in batches if batch.mined_at_s is not None), key=_order)
    for mined_at_s, group in groupby(lost, key=lambda batch: batch.mined_at_s):
        assert mined_at_s is not None
        newest = await node.header_at(rpc, "latest")
        if newest is not None and mined_at_s > newest.timestamp_s:
            await clock.set_time(mined_at_s)
        await _mine(rpc, clock, list(group))
    return len(lost)


def _order(batch: InFlight) -> tuple[int, int]:
    assert batch.mined_at_s is not None
    return batch.mined_at_s, batch.batch_id


async def _mine(rpc: Rpc, clock: ChainClock, group: Sequence[InFlight]) -> None:
    answers = await rpc.batch(Call("eth_sendRawTransaction", (text_of(batch.raw),)) for batch in group)
    for answer in answers:
        if isinstance(answer, RpcError) and answer.reason not in (
            RpcReason.ALREADY_KNOWN,
            RpcReason.NONCE_TOO_LOW,
        ):
            raise answer
    last = group[-1].tx_hash
    # An engine that mines by itself is quicker than this; one that does not is told.
    if not await _has_receipt(rpc, last, MINE_WAIT_S):
        await clock.mine()
        if not await _has_receipt(rpc, last, RECEIPT_WAIT_S_MAX):
            raise BatchLostError(last)


async def _has_receipt(rpc: Rpc, tx_hash: bytes, wait_s: float) -> bool:
    deadline_s = asyncio.get_running_loop().time() + wait_s
    while True:
        if await node.receipt_of(rpc, text_of(tx_hash)) is not None:
            return True
        if asyncio.get_running_loop().time() > deadline_s:
            return False
        await asyncio.sleep(POLL_S)
