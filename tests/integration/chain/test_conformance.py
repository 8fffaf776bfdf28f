"""The conformance suite on the engines that are at hand."""

from pathlib import Path

import pytest

from node_gateway.chain.conformance import Outcome, is_conforming, run_conformance
from node_gateway.chain.engines.anvil import AnvilOptions, start_anvil
from node_gateway.chain.engines.in_process import InProcessRpc
from node_gateway.chain.engines.process import free_port
from node_gateway.chain.rpc import HttpRpc
from node_gateway.chain.transactions import Signer
from tests.chain_fixtures import development_key

pytestmark = pytest.mark.integration


async def test_anvil_conforms(tmp_path: Path) -> None:
    async with await start_anvil(AnvilOptions(port=free_port()), log_path=tmp_path / "anvil.log") as engine:
        rpc = HttpRpc(engine.url)
        results = await run_conformance(rpc, Signer(development_key(0)))
        await rpc.close()
    assert is_conforming(results), [result for result in results if result.outcome is Outcome.FAILED]
    assert all(result.outcome is Outcome.PASSED for result in results), results


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
async def test_eth_tester_conforms() -> None:
    results = await run_conformance(InProcessRpc(), Signer(development_key(0)))
    assert is_conforming(results), [result for result in results if result.outcome is Outcome.FAILED]
    absent = {result.name for result in results if result.outcome is Outcome.ABSENT}
    assert {"has_block_receipts", "has_proofs"} <= absent


async def test_without_a_key_what_sends_is_left_out_and_nothing_is_claimed(tmp_path: Path) -> None:
    async with await start_anvil(AnvilOptions(port=free_port()), log_path=tmp_path / "anvil.log") as engine:
        rpc = HttpRpc(engine.url)
        results = await run_conformance(rpc)
        await rpc.close()
    assert not is_conforming(results)
    assert {result.outcome for result in results} == {Outcome.PASSED, Outcome.SKIPPED}
