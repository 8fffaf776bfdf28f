"""Blocks are believed only where everything in them agrees."""

from collections.abc import Iterable
from typing import Any

import pytest

from node_gateway.chain import node
from node_gateway.chain.rpc import Call
from node_gateway.chain.rpc_errors import RpcError, RpcReason

LEDGER = "0x" + "aa" * 20
HASH = "0x" + "01" * 32


class FakeNode:
    """Answers from a table of method → answer."""

    def __init__(self, **answers: Any) -> None:
        self.answers = answers

    async def call(self, method: str, *params: Any) -> Any:
        answer = self.answers[method]
        if isinstance(answer, RpcError):
            raise answer
        return answer

    async def batch(self, calls: Iterable[Call]) -> list[Any]:
        return [self.answers[call.method] for call in calls]

    async def close(self) -> None:
        pass


def _block(*tx_hashes: str) -> dict[str, Any]:
    return {
        "number": "0x5", "hash": HASH, "parentHash": "0x" + "00" * 32, "timestamp": "0x10", "gasUsed": "0x1",
        "gasLimit": "0x2", "transactions": list(tx_hashes),
    }  # fmt: skip


def _receipt(tx_hash: str, *log_indexes: int, block_hash: str = HASH) -> dict[str, Any]:
    logs = [
        {"address": LEDGER, "topics": [], "data": "0x", "logIndex": hex(i), "transactionHash": tx_hash,
         "transactionIndex": "0x0", "blockHash": block_hash}
        for i in log_indexes
    ]  # fmt: skip
    return {
        "transactionHash": tx_hash, "transactionIndex": "0x0", "status": "0x1", "gasUsed": "0x1", "blockNumber": "0x5",
        "blockHash": block_hash, "logs": logs,
    }  # fmt: skip


async def _blocks(receipts: Any, *tx_hashes: str) -> list[node.Block]:
    fake = FakeNode(eth_getBlockByNumber=_block(*tx_hashes), eth_getBlockReceipts=receipts)
    return await node.blocks(fake, 5, 5, LEDGER, has_block_receipts=True)


async def test_gives_a_block_with_its_logs() -> None:
    (block,) = await _blocks([_receipt("0x1", 0, 1), _receipt("0x2", 2)], "0x1", "0x2")
    assert [log.log_index for log in block.logs] == [0, 1, 2]


@pytest.mark.parametrize(
    "receipts",
    [
        [_receipt("0x1", 0, 2)],
        [_receipt("0x2", 0)],
        [],
        [_receipt("0x1", 0, block_hash="0x" + "02" * 32)],
        None,
    ],
    ids=["a log is missing", "of another transaction", "none", "of another block", "null"],
)
async def test_refuses_receipts_that_contradict_the_block(receipts: Any) -> None:
    with pytest.raises(RpcError) as caught:
        await _blocks(receipts, "0x1")
    assert caught.value.reason is RpcReason.BLOCK_NOT_FOUND


async def test_stops_at_the_first_block_that_is_not_there() -> None:
    fake = FakeNode(eth_getBlockByNumber=None)
    assert await node.blocks(fake, 5, 9, LEDGER, has_block_receipts=True) == []


async def test_falls_back_to_logs_by_block_hash() -> None:
    fake = FakeNode(eth_getBlockByNumber=_block("0x1"), eth_getLogs=_receipt("0x1", 1, 0)["logs"])
    (block,) = await node.blocks(fake, 5, 5, LEDGER, has_block_receipts=False)
    assert [log.log_index for log in block.logs] == [0, 1]
    assert block.receipts is None


async def test_a_missing_block_in_other_words_is_none() -> None:
    fake = FakeNode(eth_getBlockByNumber=RpcError(RpcReason.BLOCK_NOT_FOUND, "header not found", "m"))
    assert await node.header_at(fake, 9) is None
