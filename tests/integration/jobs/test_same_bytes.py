"""A batch of the very same bytes as one that was given up: it is taken up again, not written a second time."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import pytest

from node_gateway.chain.rpc import Call, Rpc
from node_gateway.chain.rpc_errors import RpcError, RpcReason
from node_gateway.jobs.indexer import BEHIND_WAIT_MS
from node_gateway.store import schema
from node_gateway.store.database import Database
from partner_sdk.protocol import Purchase
from tests.chain_fixtures import DeployedLedger, revert_chain, take_snapshot
from tests.integration.jobs.gateway_harness import Gateway
from tests.integration.jobs.shopping import Shopping

pytestmark = pytest.mark.integration

DEAR_WEI = 10**10
TRIES = 8


class MoodyNode:
    """Refuses every transaction as too large, or asks a high fee and is behind with its counts, while it is told to."""

    def __init__(self, inner: Rpc) -> None:
        self._inner = inner
        self.is_refusing = False
        self.is_dear = False
        self.is_behind = False

    async def call(self, method: str, *params: Any) -> Any:
        answer = await self._inner.call(method, *params)
        if self.is_behind and method == "eth_getTransactionCount":
            return hex(int(answer, 16) - 1)
        if self.is_dear and method == "eth_getBlockByNumber":
            return answer | {"baseFeePerGas": hex(DEAR_WEI)}
        return answer

    async def batch(self, calls: Iterable[Call]) -> list[Any]:
        asked = list(calls)
        if self.is_refusing and asked[0].method == "eth_sendRawTransaction":
            refusal = RpcError(RpcReason.TRANSACTION_TOO_LARGE, "transaction too large", asked[0].method)
            return [refusal for _ in asked]
        return await self._inner.batch(asked)

    async def close(self) -> None:
        await self._inner.close()


@pytest.fixture
def moody_node(deployed_ledger: DeployedLedger) -> MoodyNode:
    return MoodyNode(deployed_ledger.rpc)


@pytest.fixture
async def gateway(deployed_ledger: DeployedLedger, database: Database, moody_node: MoodyNode) -> Gateway:
    gateway = Gateway(replace(deployed_ledger, rpc=moody_node), database)
    await gateway.index()
    member = Shopping(gateway, seed=17).shoppers[0].member
    await gateway.accept(1, [Purchase(deployed_ledger.sequence(1), member, 1_000)])
    gateway.clock.advance(200)
    return gateway


async def _step_often(gateway: Gateway) -> None:
    for _ in range(TRIES):
        await gateway.relay.step()


async def _batch_statuses(gateway: Gateway) -> list[str]:
    return [row["status"] for row in await gateway.rows(schema.batches, "id")]


async def test_a_replacement_that_lost_in_a_block_that_was_taken_back_is_sent_again(
    gateway: Gateway, deployed_ledger: DeployedLedger, moody_node: MoodyNode
) -> None:
    before = await take_snapshot(deployed_ledger)
    await gateway.relay.step()
    moody_node.is_dear = moody_node.is_behind = True
    gateway.clock.advance(gateway.limits.resend_after_ms + 1)
    await gateway.relay.step()
    assert await _batch_statuses(gateway) == ["sent", "created"]
    moody_node.is_behind = False
    await gateway.index()
    assert await _batch_statuses(gateway) == ["mined", "replaced"]

    await revert_chain(deployed_ledger, before)
    await gateway.indexer.step()
    gateway.clock.advance(BEHIND_WAIT_MS)
    await gateway.indexer.step()
    await gateway.relay.step()
    assert await _batch_statuses(gateway) == ["sent", "created"]
    await gateway.settle()
    assert await _batch_statuses(gateway) == ["replaced", "mined"]
    assert await gateway.statuses() == {("settled", None): 1}


async def test_a_replaced_batch_is_not_sent_beside_the_one_that_replaces_it(
    gateway: Gateway, moody_node: MoodyNode
) -> None:
    moody_node.is_refusing = True
    with pytest.raises(RpcError):
        await _step_often(gateway)
    moody_node.is_dear = True
    await gateway.relay.step()
    assert (await _batch_statuses(gateway))[-2:] == ["created", "created"]
    moody_node.is_dear = moody_node.is_refusing = False
    assert (await gateway.relay.step()).sent == 1
    await gateway.settle()
    assert (await _batch_statuses(gateway))[-2:] == ["replaced", "mined"]


async def test_a_submission_that_the_node_finds_too_large_goes_out_once_it_takes_it(
    gateway: Gateway, moody_node: MoodyNode
) -> None:
    moody_node.is_refusing = True
    with pytest.raises(RpcError, match="transaction too large"):
        await _step_often(gateway)
    for _ in range(TRIES):
        with pytest.raises(RpcError, match="transaction too large"):
            await gateway.relay.step()
    moody_node.is_refusing = False
    await gateway.settle()
    assert await gateway.statuses() == {("settled", None): 1}
    assert (await _batch_statuses(gateway))[-1] == "mined"
