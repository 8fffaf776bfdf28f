"""A node that leaves logs out of a block and says that all is well is not believed."""

import copy
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import pytest

from node_gateway.chain import node
from node_gateway.chain.receipts_root import receipts_root
from node_gateway.chain.rpc import Call, Rpc
from node_gateway.chain.rpc_errors import RpcError, RpcReason
from node_gateway.jobs.content_hash import content_hash
from node_gateway.store.database import Database, create_database
from node_gateway.store.migrate import upgrade
from tests.chain_fixtures import DeployedLedger
from tests.integration.jobs.gateway_harness import Gateway
from tests.integration.jobs.shopping import Shopping

pytestmark = pytest.mark.integration


class LyingNode:
    """Leaves out the last logs of blocks from `first_block` on, as often as it is told to."""

    def __init__(self, inner: Rpc, *, first_block: int, lies: int, logs_cut: int = 1) -> None:
        self._inner = inner
        self.lies = lies
        self._first_block = first_block
        self._logs_cut = logs_cut

    async def call(self, method: str, *params: Any) -> Any:
        return await self._inner.call(method, *params)

    async def batch(self, calls: Iterable[Call]) -> list[Any]:
        asked = list(calls)
        answers = await self._inner.batch(asked)
        return [self._said(call, answer) for call, answer in zip(asked, answers, strict=True)]

    async def close(self) -> None:
        await self._inner.close()

    def _said(self, call: Call, answer: Any) -> Any:
        if call.method != "eth_getBlockReceipts" or self.lies <= 0 or not answer or not answer[-1]["logs"]:
            return answer
        if int(call.params[0], 16) < self._first_block:
            return answer
        self.lies -= 1
        said = copy.deepcopy(answer)
        del said[-1]["logs"][-self._logs_cut :]
        return said


async def _settled_block(gateway: Gateway) -> int:
    shopping = Shopping(gateway, seed=60)
    await shopping.enrol_all()
    await shopping.accept_some(5)
    await gateway.settle()
    return await node.head_number(gateway.ledger.rpc)


async def test_the_engines_root_of_receipts_is_computed_alike(
    deployed_ledger: DeployedLedger, sqlite_database: Database
) -> None:
    head = await _settled_block(Gateway(deployed_ledger, sqlite_database))
    rpc = deployed_ledger.rpc
    for number in range(head + 1):
        raw = await rpc.call("eth_getBlockByNumber", hex(number), False)
        receipts = await rpc.call("eth_getBlockReceipts", hex(number))
        assert raw["receiptsRoot"] == "0x" + receipts_root(receipts).hex(), number
    assert await node.has_receipts_root(rpc, head)


@pytest.mark.parametrize("logs_cut", [1, 3])
async def test_a_cut_at_the_end_of_a_block_is_noticed(
    deployed_ledger: DeployedLedger, sqlite_database: Database, logs_cut: int
) -> None:
    head = await _settled_block(Gateway(deployed_ledger, sqlite_database))
    liar = LyingNode(deployed_ledger.rpc, first_block=head, lies=1, logs_cut=logs_cut)
    with pytest.raises(RpcError, match="other receipts than its header says") as refused:
        await node.blocks(
            liar, head, head, deployed_ledger.deployment.ledger, has_block_receipts=True, has_receipts_root=True
        )  # fmt: skip
    assert refused.value.reason is RpcReason.BLOCK_NOT_FOUND


async def test_the_read_model_is_the_same_after_a_node_that_lied_for_a_while(
    deployed_ledger: DeployedLedger, sqlite_database: Database, empty_database_url: str
) -> None:
    gateway = Gateway(deployed_ledger, sqlite_database)
    await _settled_block(gateway)
    first_block = deployed_ledger.deployment.deployed_block + 1
    liar = LyingNode(deployed_ledger.rpc, first_block=first_block, lies=60)
    upgrade(empty_database_url)
    other_database = create_database(empty_database_url)
    other = Gateway(replace(deployed_ledger, rpc=liar), other_database)
    refusals = 0
    while liar.lies:
        with pytest.raises(RpcError, match="other receipts"):
            await other.indexer.step()
        refusals += 1
    await other.index()
    hashes = []
    for one in (gateway, other):
        async with one.database.reading() as connection:
            hashes.append(await content_hash(connection))
    assert refusals > 0
    assert hashes[0] == hashes[1]
    await other_database.close()


async def test_an_engine_is_not_taken_for_one_of_another_form_because_a_log_was_left_out(
    deployed_ledger: DeployedLedger, sqlite_database: Database
) -> None:
    head = await _settled_block(Gateway(deployed_ledger, sqlite_database))
    liar = LyingNode(deployed_ledger.rpc, first_block=head, lies=1)
    with pytest.raises(RpcError, match="other logs than") as refused:
        await node.has_receipts_root(liar, head)
    assert refused.value.is_transient
    assert await node.has_receipts_root(liar, head)


async def test_an_engine_that_has_not_got_the_block_yet_is_asked_again(
    deployed_ledger: DeployedLedger,
) -> None:
    head = await node.head_number(deployed_ledger.rpc)
    with pytest.raises(RpcError) as refused:
        await node.has_receipts_root(deployed_ledger.rpc, head + 1)
    assert refused.value.is_transient
