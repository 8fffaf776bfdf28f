"""geth as the durable engine: runs where `scripts/setup --engines` built it."""

import asyncio
import time
from pathlib import Path

import pytest

from node_gateway.chain import node
from node_gateway.chain.conformance import Outcome, is_conforming, run_conformance
from node_gateway.chain.engines.geth import geth_binary, start_geth
from node_gateway.chain.engines.process import BinaryMissingError, free_port
from node_gateway.chain.rpc import HttpRpc
from node_gateway.chain.transactions import Signer
from node_gateway.store import schema
from node_gateway.store.database import Database
from tests.chain_fixtures import deploy_ledger, development_key
from tests.integration.jobs.gateway_harness import Gateway, assert_equals_chain
from tests.integration.jobs.shopping import Shopping

FUNDED = [Signer(development_key(index)) for index in range(4)]
WAIT_S_MAX = 120.0


def _is_built() -> bool:
    try:
        geth_binary()
    except BinaryMissingError:
        return False
    return True


pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(not _is_built(), reason="geth is not built: scripts/setup --engines"),
]


async def test_geth_conforms(tmp_path: Path) -> None:
    funded = [signer.address_text for signer in FUNDED]
    async with await start_geth(geth_binary(), tmp_path, port=free_port(), funded=funded) as engine:
        rpc = HttpRpc(engine.url)
        results = await run_conformance(rpc, FUNDED[0])
        await rpc.close()
    assert is_conforming(results), [result for result in results if result.outcome is Outcome.FAILED]
    assert {r.name for r in results if r.outcome is Outcome.ABSENT} == {"has_a_clock_that_can_be_set"}


async def test_kill_9_of_geth_under_load_loses_no_block(tmp_path: Path, sqlite_database: Database) -> None:
    port, funded = free_port(), [signer.address_text for signer in FUNDED]
    engine = await start_geth(geth_binary(), tmp_path, port=port, funded=funded)
    rpc = HttpRpc(engine.url)
    try:
        ledger = await deploy_ledger(rpc, deployer=FUNDED[0], lanes=FUNDED[1:], partners=(1, 2, 3))
        gateway = Gateway(ledger, sqlite_database)
        shopping = Shopping(gateway, seed=70)
        await shopping.enrol_all()
        await _work(gateway, until_settled=8)
        for _ in range(20):
            await shopping.accept_some(5, operations_max=3)
        await _work(gateway, until_settled=40)
        seen = await node.header_at(rpc, "latest")
        assert seen is not None
        engine.kill()

        engine = await start_geth(geth_binary(), tmp_path, port=port, funded=funded)
        found = await node.header_at(rpc, seen.number)
        assert found is not None
        assert found.block_hash == seen.block_hash
        gateway.restart()
        await _work(gateway, until_settled=None)
        assert {row["status"] for row in await gateway.rows(schema.operations, "id")} <= {
            "settled",
            "rejected",
        }
        await assert_equals_chain(gateway)
    finally:
        await rpc.close()
        engine.kill()


async def _work(gateway: Gateway, *, until_settled: int | None) -> None:
    """Relay and index on a chain that makes a block a second, until so many operations have settled, or all have ended."""
    deadline_s = time.monotonic() + WAIT_S_MAX
    while time.monotonic() < deadline_s:
        gateway.clock.advance(gateway.limits.batch_age_ms + 1)
        await gateway.relay.step()
        await gateway.indexer.step()
        settled = (await gateway.statuses()).get(("settled", None), 0)
        if (until_settled is not None and settled >= until_settled) or not await gateway.count_open():
            return
        await asyncio.sleep(0.05)
    raise AssertionError(f"operations do not settle: {await gateway.statuses()}")
