"""Batched JSON-RPC over one kept-alive HTTP connection pool.

Every call ends in a result or in an `RpcError` with a reason; nothing else escapes. There are no retries here: whoever calls knows whether the
call may be repeated.
"""

import asyncio
import itertools
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple, Protocol

import httpx2
import orjson

from node_gateway.chain.rpc_errors import RpcError, RpcReason, reason_of, rpc_error

BATCH_CALLS_MAX = 256
_TOO_LARGE = frozenset({RpcReason.RANGE_TOO_LARGE, RpcReason.TRANSACTION_TOO_LARGE})


class Call(NamedTuple):
    """One JSON-RPC call: the method and its positional parameters."""

    method: str
    params: Sequence[Any] = ()


class Rpc(Protocol):
    """What the rest of the gateway needs of a node: HTTP in production, an in-process chain in quick tests."""

    async def call(self, method: str, *params: Any) -> Any:
        """Return the result.

        Raises:
            RpcError: with the reason, whatever went wrong.
        """

    async def batch(self, calls: Iterable[Call]) -> list[Any]:
        """Return one result for each call, in order; a call that failed has its `RpcError` in its place.

        Raises:
            RpcError: where the whole request failed.
        """

    async def close(self) -> None:
        """Close the connections."""


class HttpRpc:
    """JSON-RPC over HTTP."""

    def __init__(
        self,
        url: str,
        *,
        timeout_s: float = 30.0,
        connect_timeout_s: float = 3.0,
        transport: httpx2.AsyncBaseTransport | None = None,
    ) -> None:
        """`transport`: in the place of a connection, for a simulated node."""
        self.url = url
        self._timeout_s = timeout_s
        self._ids = itertools.count(1)
        self._calls_max: dict[str, int] = {}
        self._client = httpx2.AsyncClient(
            headers={"content-type": "application/json"},
            timeout=httpx2.Timeout(timeout_s, connect=connect_timeout_s),
            limits=httpx2.Limits(max_connections=16, max_keepalive_connections=8, keepalive_expiry=30),
            trust_env=False,
            transport=transport,
        )

    async def call(self, method: str, *params: Any) -> Any:
        request_id = next(self._ids)
        answer = await self._post(_request(request_id, method, params), method)
        if not isinstance(answer, dict):
            raise RpcError(
                RpcReason.MALFORMED_ANSWER, f"expected an object, got {type(answer).__name__}", method
            )
        if answer.get("error") is not None:
            raise rpc_error(method, answer["error"])
        if "result" not in answer or answer.get("id") != request_id:
            raise RpcError(RpcReason.MALFORMED_ANSWER, "an answer to something else", method)
        return answer["result"]

    async def batch(self, calls: Iterable[Call]) -> list[Any]:
        left = list(calls)
        results: list[Any] = []
        while left:
            most = self._calls_max.get(left[0].method, BATCH_CALLS_MAX)
            chunk, left = left[:most], left[most:]
            results.extend(await self._batch_as_it_fits(chunk))
        return results

    async def close(self) -> None:
        await self._client.aclose()

    async def _batch_as_it_fits(self, calls: Sequence[Call]) -> list[Any]:
        """In halves where the node takes no request so large, and again for what was left out of an answer so large."""
        try:
            answers = await self._batch(calls)
        except RpcError as error:
            if len(calls) == 1 or error.reason not in _TOO_LARGE:
                raise
            answers = [error] * len(calls)
        refused = [place for place, answer in enumerate(answers) if _is_too_large(answer)]
        if not refused or len(calls) == 1:
            return answers
        if len(refused) == len(calls):
            half = len(calls) // 2
            self._calls_max[calls[0].method] = half
            return await self._batch_as_it_fits(calls[:half]) + await self._batch_as_it_fits(calls[half:])
        again = await self._batch_as_it_fits([calls[place] for place in refused])
        for place, answer in zip(refused, again, strict=True):
            answers[place] = answer
        return answers

    async def _batch(self, calls: Sequence[Call]) -> list[Any]:
        ids = [next(self._ids) for _ in calls]
        requests = [_request(i, call.method, call.params) for i, call in zip(ids, calls, strict=True)]
        name = f"batch of {calls[0].method}"
        answers = await self._post(requests, name)
        if isinstance(answers, dict) and answers.get("error") is not None:
            raise rpc_error(name, answers["error"])
        if not isinstance(answers, list):
            raise RpcError(RpcReason.MALFORMED_ANSWER, f"expected a list, got {type(answers).__name__}", name)
        by_id = {answer.get("id"): answer for answer in answers if isinstance(answer, dict)}
        return [_result(by_id.get(i), call.method) for i, call in zip(ids, calls, strict=True)]

    async def _post(self, body: Any, method: str) -> Any:
        try:
            # httpx bounds each read, not the whole; a node that trickles would hold a job for ever.
            async with asyncio.timeout(self._timeout_s):
                response = await self._client.post(self.url, content=orjson.dumps(body))
        except (httpx2.TimeoutException, TimeoutError) as error:
            if isinstance(error, httpx2.ConnectTimeout):
                raise RpcError(
                    RpcReason.UNREACHABLE, f"no connection to {self.url} in time", method
                ) from error
            raise RpcError(RpcReason.TIMED_OUT, f"no answer within {self._timeout_s} s", method) from error
        except (httpx2.HTTPError, httpx2.InvalidURL, OSError) as error:
            raise RpcError(RpcReason.UNREACHABLE, str(error) or type(error).__name__, method) from error
        return _parsed(response, method)


def _parsed(response: httpx2.Response, method: str) -> Any:
    if response.status_code in (429, 502, 503, 504):
        raise RpcError(RpcReason.OVERLOADED, f"HTTP {response.status_code}", method, response.status_code)
    if response.status_code == 413:
        raise RpcError(RpcReason.TRANSACTION_TOO_LARGE, "HTTP 413: request body too large", method, 413)
    try:
        return orjson.loads(response.content)
    except orjson.JSONDecodeError as error:
        if response.status_code >= 400:
            text = response.text[:200]
            raise RpcError(
                reason_of(text), f"HTTP {response.status_code}: {text}", method, response.status_code
            ) from error
        raise RpcError(RpcReason.MALFORMED_ANSWER, "not JSON", method) from error


def _request(request_id: int, method: str, params: Sequence[Any]) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": request_id, "method": method, "params": params}


def _result(answer: dict[str, Any] | None, method: str) -> Any:
    if answer is None:
        return RpcError(RpcReason.MALFORMED_ANSWER, "left out of the answer", method)
    if answer.get("error") is not None:
        return rpc_error(method, answer["error"])
    if "result" not in answer:
        return RpcError(RpcReason.MALFORMED_ANSWER, "neither result nor error", method)
    return answer["result"]


def _is_too_large(answer: Any) -> bool:
    return isinstance(answer, RpcError) and answer.reason in _TOO_LARGE
