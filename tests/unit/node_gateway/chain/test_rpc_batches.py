"""Batches that are too large for a node."""

from typing import Any

import httpx2
import orjson
import pytest

from node_gateway.chain.rpc import Call, HttpRpc
from node_gateway.chain.rpc_errors import RpcError, RpcReason

CALLS_MAX = 5


def _node(refusal: str, sizes: list[int]) -> HttpRpc:
    def answer(request: httpx2.Request) -> httpx2.Response:
        calls: list[dict[str, Any]] = orjson.loads(request.content)
        sizes.append(len(calls))
        too_large = {"code": -32003, "message": "response too large"}
        answers = [{"id": call["id"], "result": call["params"][0]} for call in calls]
        if len(calls) > CALLS_MAX and refusal == "status":
            return httpx2.Response(413, text="Request Entity Too Large")
        if len(calls) > CALLS_MAX and refusal == "whole":
            return httpx2.Response(
                200, json={"id": None, "error": {"code": -32600, "message": "batch too large"}}
            )
        if refusal == "rest":
            answers[CALLS_MAX:] = [{"id": call["id"], "error": too_large} for call in calls[CALLS_MAX:]]
        return httpx2.Response(200, json=answers)

    return HttpRpc("http://node.example", transport=httpx2.MockTransport(answer))


@pytest.mark.parametrize("refusal", ["status", "whole", "rest"])
async def test_a_batch_is_cut_until_the_node_takes_it(refusal: str) -> None:
    sizes: list[int] = []
    rpc = _node(refusal, sizes)
    calls = [Call("eth_getBlockByNumber", (number,)) for number in range(64)]

    assert await rpc.batch(calls) == list(range(64))
    asked = len(sizes)
    assert await rpc.batch(calls) == list(range(64))

    if refusal != "rest":
        assert max(sizes[asked:]) <= CALLS_MAX, "what was learned once is not asked again"


async def test_a_single_call_that_is_too_large_says_so() -> None:
    def answer(request: httpx2.Request) -> httpx2.Response:
        return httpx2.Response(413)

    rpc = HttpRpc("http://node.example", transport=httpx2.MockTransport(answer))
    with pytest.raises(RpcError) as raised:
        await rpc.batch([Call("eth_sendRawTransaction", ("0x00",))])
    assert raised.value.reason is RpcReason.TRANSACTION_TOO_LARGE
