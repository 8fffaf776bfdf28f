"""Requests that were made beforehand, sent over kept-alive connections with as little work as possible on this side."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

import orjson

from bench.coalition import API, Coalition
from bench.traffic import Bulk
from partner_sdk.protocol import BULK_MEDIA_TYPE

ANSWER_WAIT_MAX_S: Final = 120.0
BULK_PATH: Final = "/v1/submissions/bulk"
SINGLE_PATH: Final = "/v1/submissions"
WIRE_MEDIA_TYPE: Final = "application/octet-stream"
_ANSWER_BYTES_MAX: Final = 16 * 2**20


class RefusedError(Exception):
    """The gateway did not accept what was sent."""

    def __init__(self, status: int, body: bytes) -> None:
        super().__init__(f"the gateway answered {status}: {body[:500].decode(errors='replace')}")
        self.status = status


@dataclass(frozen=True, slots=True)
class Connection:
    """One kept-alive connection to the API."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def ask(self, request: bytes) -> tuple[int, bytes]:
        """Sends a request and reads the answer: status and body."""
        self.writer.write(request)
        async with asyncio.timeout(ANSWER_WAIT_MAX_S):
            head = await self.reader.readuntil(b"\r\n\r\n")
            status = int(head[9:12])
            at = head.lower().index(b"content-length:") + 15
            length = int(head[at : head.index(b"\r", at)])
            return status, await self.reader.readexactly(length)

    async def deliver(self, request: bytes) -> None:
        """Sends submissions that must all be accepted.

        Raises:
            RefusedError: where one was not.
        """
        status, body = await self.ask(request)
        if status != 202 or orjson.loads(body).get("refused"):
            raise RefusedError(status, body)


@asynccontextmanager
async def connection(coalition: Coalition, api: str = API) -> AsyncIterator[Connection]:
    """A connection to an API, closed at the end."""
    port = coalition.api_ports[api]
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=_ANSWER_BYTES_MAX)
    try:
        yield Connection(reader, writer)
    finally:
        writer.close()


def request_bytes(coalition: Coalition, partner: int, path: str, media_type: str, body: bytes) -> bytes:
    """A whole POST, as it goes over the wire."""
    head = (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n"
        f"Authorization: Bearer {coalition.api_key(partner)}\r\nContent-Type: {media_type}\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def bulk_requests(coalition: Coalition, bulks: Iterable[Bulk]) -> dict[int, list[bytes]]:
    """Requests of each partner, in the order in which they were signed."""
    requests: dict[int, list[bytes]] = {}
    for bulk in bulks:
        request = request_bytes(coalition, bulk.partner, BULK_PATH, BULK_MEDIA_TYPE, bulk.body)
        requests.setdefault(bulk.partner, []).append(request)
    return requests


async def send_lanes(coalition: Coalition, lanes: Iterable[Sequence[bytes]]) -> float:
    """Sends each lane's requests one after the other, the lanes side by side; returns how long that took, in seconds.

    Raises:
        RefusedError: where something was not accepted.
    """

    async def send(requests: Sequence[bytes]) -> None:
        async with connection(coalition) as one:
            for request in requests:
                await one.deliver(request)

    started_s = time.monotonic()
    async with asyncio.TaskGroup() as group:
        for requests in lanes:
            group.create_task(send(requests))
    return time.monotonic() - started_s


async def send_paced(
    coalition: Coalition, bulks: Sequence[Bulk], *, operations_per_s: float, duration_s: float
) -> int:
    """Sends bulks evenly at a rate until the time is over or they are; returns how many operations went.

    Raises:
        RefusedError: where something was not accepted.
    """
    started_s, sent = time.monotonic(), 0
    for bulk in bulks:
        due_s = started_s + sent / operations_per_s
        if due_s - started_s >= duration_s:
            break
        await asyncio.sleep(max(0.0, due_s - time.monotonic()))
        request = request_bytes(coalition, bulk.partner, BULK_PATH, BULK_MEDIA_TYPE, bulk.body)
        # A kept connection would be closed in the pauses of a low rate.
        async with connection(coalition) as one:
            await one.deliver(request)
        sent += bulk.operations
    return sent
