"""Requests to the gateway: retried with one Idempotency-Key, answers checked, problems turned into errors."""

import json
import uuid
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any, Final, TypeVar

import httpx2
import stamina
from pydantic import BaseModel

from partner_sdk._answers import raise_for_problem, read, typed_transport_errors, wait_before_retry_s
from partner_sdk._errors import GatewayError, NotFoundError

TIMEOUT_S: Final = 10.0
ATTEMPTS_MAX: Final = 6
RETRIES_S_MAX: Final = 120.0

ModelT = TypeVar("ModelT", bound=BaseModel)


class AsyncHttp:
    """One connection pool to one gateway."""

    def __init__(
        self,
        gateway: str,
        api_key: str,
        *,
        timeout_s: float = TIMEOUT_S,
        attempts_max: int = ATTEMPTS_MAX,
        transport: httpx2.AsyncBaseTransport | None = None,
    ) -> None:
        self._attempts_max = attempts_max
        self._timeout_s = timeout_s
        self._client = httpx2.AsyncClient(
            base_url=gateway,
            headers={"authorization": f"Bearer {api_key}", "user-agent": "points-coalition-sdk/0.1"},
            timeout=httpx2.Timeout(timeout_s),
            transport=transport,
        )

    async def get(self, path: str, model: type[ModelT], **params: str | int | None) -> ModelT:
        """Asks for something and reads the answer as `model`."""
        given = {name: value for name, value in params.items() if value is not None}
        return read(await self._retried("GET", path, params=given), model)

    async def post(
        self,
        path: str,
        model: type[ModelT],
        *,
        content: bytes,
        media_type: str,
        idempotency_key: str | None = None,
        params: Mapping[str, str] | None = None,
        wait_s: float = 0.0,
    ) -> ModelT:
        """Sends bytes. The Idempotency-Key is made once, outside the retries, and is the same on each."""
        headers = {"content-type": media_type, "idempotency-key": idempotency_key or uuid.uuid4().hex}
        response = await self._retried(
            "POST",
            path,
            content=content,
            headers=headers,
            params=dict(params or {}),
            timeout=httpx2.Timeout(self._timeout_s, read=self._timeout_s + wait_s),
        )
        return read(response, model)

    async def change(self, method: str, path: str, model: type[ModelT], fields: Mapping[str, Any]) -> ModelT:
        """Sends a JSON object and reads the answer as `model`; retried like `post`."""
        headers = {"content-type": "application/json", "idempotency-key": uuid.uuid4().hex}
        content = json.dumps(fields).encode()
        return read(await self._retried(method, path, content=content, headers=headers), model)

    async def delete(self, path: str) -> None:
        """Deletes something; gone already on a second try is as good.

        Raises:
            NotFoundError: it was not there.
        """
        try:
            await self._retried("DELETE", path)
        except NotFoundError as error:
            if not error.may_have_arrived:
                raise

    @asynccontextmanager
    async def stream(
        self, path: str, *, params: Mapping[str, str], headers: Mapping[str, str], read_timeout_s: float
    ) -> AsyncIterator[httpx2.Response]:
        """Opens a stream; not retried.

        Raises:
            GatewayError: it cannot be opened, or breaks.
        """
        timeout = httpx2.Timeout(self._timeout_s, read=read_timeout_s)
        with typed_transport_errors():
            async with self._client.stream(
                "GET", path, params=dict(params), headers=dict(headers), timeout=timeout
            ) as response:
                if not response.is_success:
                    await response.aread()
                raise_for_problem(response)
                yield response

    async def _retried(self, method: str, path: str, **arguments: Any) -> httpx2.Response:
        may_have_arrived = False
        async for attempt in stamina.retry_context(
            on=wait_before_retry_s, attempts=self._attempts_max, timeout=RETRIES_S_MAX
        ):
            with attempt:
                try:
                    with typed_transport_errors():
                        response = await self._client.request(method, path, **arguments)
                        raise_for_problem(response)
                        return response
                except GatewayError as error:
                    may_have_arrived = error.may_have_arrived = may_have_arrived or error.may_have_arrived
                    raise
        raise AssertionError("the retries return or raise")

    async def aclose(self) -> None:
        """Closes the connections."""
        await self._client.aclose()
