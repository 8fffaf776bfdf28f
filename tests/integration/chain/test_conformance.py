"""The conformance suite on the engines that are at hand."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from node_gateway.chain.conformance import Outcome, is_conforming, run_conformance
from node_gateway.chain.engines.anvil import AnvilOptions, start_anvil
from node_gateway.chain.engines.in_process import InProcessRpc
from node_gateway.chain.engines.process import free_port
from node_gateway.chain.rpc import Call, HttpRpc, Rpc
from node_gateway.chain.rpc_errors import RpcError, RpcReason
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
    assert all(result.need for result in results)


async def test_without_a_key_what_sends_is_left_out_and_nothing_is_claimed(tmp_path: Path) -> None:
    async with await start_anvil(AnvilOptions(port=free_port()), log_path=tmp_path / "anvil.log") as engine:
        rpc = HttpRpc(engine.url)
        results = await run_conformance(rpc)
        await rpc.close()
    assert not is_conforming(results)
    assert {result.outcome for result in results} == {Outcome.PASSED, Outcome.SKIPPED}


class NodeWithout:
    """A node that lacks some methods, as one that nobody has tried may."""

    def __init__(self, inner: Rpc, *lacks: str) -> None:
        self._inner = inner
        self._lacks = lacks

    async def call(self, method: str, *params: Any) -> Any:
        if method in self._lacks:
            raise RpcError(RpcReason.METHOD_UNSUPPORTED, "method not found", method)
        return await self._inner.call(method, *params)

    async def batch(self, calls: Iterable[Call]) -> list[Any]:
        raise RpcError(RpcReason.MALFORMED_ANSWER, "expected a list, got dict", "batch")

    async def close(self) -> None:
        await self._inner.close()


async def test_says_of_an_unknown_engine_what_it_lacks(tmp_path: Path) -> None:
    async with await start_anvil(AnvilOptions(port=free_port()), log_path=tmp_path / "anvil.log") as engine:
        rpc = NodeWithout(HttpRpc(engine.url), "eth_getProof")
        results = {result.name: result for result in await run_conformance(rpc)}
        await rpc.close()
    assert results["serves_batches"].outcome is Outcome.FAILED
    assert "JSON-RPC batches" in results["serves_batches"].need
    assert results["has_proofs"].outcome is Outcome.ABSENT
    assert results["mines_a_transaction"].outcome is Outcome.SKIPPED
    assert not is_conforming(list(results.values()))
