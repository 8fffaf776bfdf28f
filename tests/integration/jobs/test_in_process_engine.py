"""Relay and indexer on eth-tester: another engine, without block receipts and without a process."""

import pytest

from node_gateway.chain.engines.in_process import InProcessRpc
from node_gateway.chain.transactions import Signer
from node_gateway.store import schema
from node_gateway.store.database import Database
from partner_sdk.protocol import MemberId, Purchase
from tests.chain_fixtures import deploy_ledger, development_key
from tests.integration.jobs.gateway_harness import Gateway, assert_equals_chain

pytestmark = [pytest.mark.integration, pytest.mark.filterwarnings("ignore::DeprecationWarning")]
FAR_DEADLINE_S = 1 << 40


async def test_settles_on_eth_tester(sqlite_database: Database) -> None:
    rpc = InProcessRpc()
    lanes = [Signer(development_key(1))]
    ledger = await deploy_ledger(rpc, deployer=Signer(development_key(0)), lanes=lanes, partners=(1, 2))
    gateway = Gateway(ledger, sqlite_database, has_block_receipts=False)
    member = MemberId(bytes(range(20)))
    for partner in (1, 2, 1):
        operations = [Purchase(ledger.sequence(partner), member, 2_000) for _ in range(3)]
        await gateway.accept(partner, operations, deadline_s=FAR_DEADLINE_S)
    await gateway.settle()
    assert await gateway.statuses() == {("settled", None): 9}
    await assert_equals_chain(gateway)
    assert {row["status"] for row in await gateway.rows(schema.batches, "id")} == {"mined"}
