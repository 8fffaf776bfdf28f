"""Relay and indexer together, on a real chain and real databases."""

import pytest

from node_gateway.store import schema
from node_gateway.store.database import Database
from tests.chain_fixtures import DeployedLedger
from tests.integration.jobs.gateway_harness import Gateway, assert_equals_chain
from tests.integration.jobs.shopping import Shopping

pytestmark = pytest.mark.integration


async def test_settles_every_kind_of_operation_to_what_the_chain_says(
    deployed_ledger: DeployedLedger, database: Database
) -> None:
    gateway = Gateway(deployed_ledger, database)
    shopping = Shopping(gateway, seed=1)
    await shopping.enrol_all()
    for _ in range(6):
        await shopping.accept_some(12)
        await shopping.transfer(50)
        await shopping.grant(1, 500)
        await gateway.settle()
    await assert_equals_chain(gateway)
    statuses = await gateway.statuses()
    assert not any(status in ("accepted", "expired") for status, _ in statuses), statuses
    assert sum(count for (status, _), count in statuses.items() if status == "settled") > 100
    assert {row["status"] for row in await gateway.rows(schema.submissions, "accept_order")} == {"settled"}
    operations = await gateway.rows(schema.operations, "id")
    assert all(row["submission_id"] is not None for row in operations)
    assert all(row["block_number"] is not None and row["log_index"] is not None for row in operations)
