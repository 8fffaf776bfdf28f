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


class NumberedNode(FakeNode):
    """Has empty blocks, each of which used 10 gas."""

    async def batch(self, calls: Iterable[Call]) -> list[Any]:
        return [_block() | {"number": call.params[0], "gasUsed": "0xa"} for call in calls]


@pytest.mark.parametrize(("gas_max", "numbers"), [(None, [5, 6, 7, 8]), (29, [5, 6]), (20, [5, 6]), (9, [5])])
async def test_a_run_ends_before_its_blocks_used_too_much_gas_but_has_one(
    gas_max: int | None, numbers: list[int]
) -> None:
    found = await node.blocks(NumberedNode(), 5, 8, LEDGER, has_block_receipts=True, gas_max=gas_max)
    assert [block.header.number for block in found] == numbers


class HiccupingNode(FakeNode):
    """Says so many times what no engine says of a method that it has not got."""

    def __init__(self, hiccups: int) -> None:
        super().__init__(web3_clientVersion="other")
        self.hiccups = hiccups

    async def call(self, method: str, *params: Any) -> Any:
        if method == "eth_getBlockReceipts" and self.hiccups:
            self.hiccups -= 1
            raise RpcError(RpcReason.OTHER, "internal error", method)
        return await super().call(method, *params) if method in self.answers else []


@pytest.mark.parametrize(("hiccups", "is_served"), [(0, True), (2, True), (3, False)])
async def test_a_method_is_not_given_up_for_an_error_that_says_nothing(hiccups: int, is_served: bool) -> None:
    found = await node.capabilities(HiccupingNode(hiccups), node.parse_header(_block()))
    assert found.has_block_receipts is is_served
