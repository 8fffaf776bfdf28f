"""An old backup under a newer chain: the gateway catches up, and doubles nothing that went out after the backup."""

from pathlib import Path

import pytest

from node_gateway.audit.run import AuditRequest, audit
from node_gateway.store import schema
from node_gateway.store.backup import back_up, put_back
from node_gateway.store.database import create_database
from tests.chain_fixtures import DeployedLedger
from tests.integration.jobs.gateway_harness import Gateway, assert_equals_chain
from tests.integration.jobs.shopping import Shopping

pytestmark = pytest.mark.integration


async def test_an_old_backup_catches_up_and_the_audit_agrees(
    deployed_ledger: DeployedLedger, sqlite_url: str, tmp_path: Path
) -> None:
    database = create_database(sqlite_url)
    gateway = Gateway(deployed_ledger, database)
    shopping = Shopping(gateway, seed=7)
    await shopping.enrol_all()
    await shopping.accept_some(6)
    await gateway.settle()
    # In the backup these wait still; on the chain they settle after it, in batches that the backup does not know.
    await shopping.accept_some(6)
    back_up(sqlite_url, tmp_path / "backup.db")
    waiting = await gateway.count_open()
    await gateway.settle()
    await shopping.accept_some(6)
    await gateway.settle()
    totals = await deployed_ledger.read("totals")
    await database.close()

    put_back(sqlite_url, tmp_path / "backup.db")
    restored = create_database(sqlite_url)
    try:
        late = Gateway(deployed_ledger, restored)
        assert await late.count_open() == waiting > 0
        await late.settle()

        assert await deployed_ledger.read("totals") == totals
        await assert_equals_chain(late)
        ended = {row["status"] for row in await late.rows(schema.submissions, "accept_order")}
        assert ended <= {"settled", "skipped"}
        # And it goes on: its next nonces are the chain's.
        shopping.gateway = late
        await late.accept(1, [shopping.purchase(1, shopping.shoppers[0], 1_000)])
        await late.settle()
        assert await deployed_ledger.read("totals") != totals
        deployment = deployed_ledger.deployment
        verdict = await audit(
            deployed_ledger.rpc,
            AuditRequest(
                ledger=deployment.ledger, first_block=deployment.deployed_block, database_url=sqlite_url
            ),
        )
        assert verdict.differences == []
    finally:
        await restored.close()
