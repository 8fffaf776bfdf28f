"""Requests to a gateway's API process, through its whole ASGI application, in tasks that die with the process."""

import asyncio
from collections.abc import AsyncIterator, MutableMapping
from typing import Any

from tests.faults.databases import api_key
from tests.faults.fault_kinds import Fault
from tests.faults.gateway import Slot

ANSWER_WAIT_S = 40.0


class NoAnswerError(Exception):
    """The connection broke, or there was none, or the time was over: nobody knows what became of the request."""


class Answer:
    """Status, headers and body."""

    def __init__(self, status: int, headers: dict[str, str], body: bytes) -> None:
        self.status = status
        self.headers = headers
        self.body = body


async def request(
    slot: Slot,
    method: str,
    path: str,
    *,
    party: str,
    query: str = "",
    body: bytes = b"",
    headers: dict[str, str] | None = None,
    wait_s: float = ANSWER_WAIT_S,
) -> Answer:
    """One request.

    Raises:
        NoAnswerError: see there.
    """
    app, process = slot.app, slot.process
    if app is None or process is None or process.is_dead:
        raise NoAnswerError
    got: list[MutableMapping[str, Any]] = []
    sent = {"body": body, "more_body": False}

    async def receive() -> dict[str, Any]:
        if not sent:
            await asyncio.Event().wait()
        message = {"type": "http.request", **sent}
        sent.clear()
        return message

    async def send(message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            await process.step(Fault.STOP_BEFORE_ANSWER)
        process.assert_alive()
        got.append(message)

    task = process.start(app(_scope(method, path, party, query, headers or {}), receive, send), path)
    died = asyncio.ensure_future(process.died.wait())
    await asyncio.wait((task, died), timeout=wait_s, return_when=asyncio.FIRST_COMPLETED)
    died.cancel()
    # It was alive when this began.
    is_dead = bool(process.is_dead)
    if is_dead or not task.done() or task.cancelled() or task.exception() is not None or not got:
        task.cancel()
        raise NoAnswerError
    answered = {name.decode(): value.decode() for name, value in got[0]["headers"]}
    return Answer(got[0]["status"], answered, b"".join(message.get("body", b"") for message in got[1:]))


async def stream(
    slot: Slot, path: str, *, party: str, query: str, last_event_id: str | None
) -> AsyncIterator[bytes]:
    """The chunks of an event stream, until it ends or its process dies.

    Raises:
        NoAnswerError: no stream was to be had.
    """
    app, process = slot.app, slot.process
    if app is None or process is None or process.is_dead:
        raise NoAnswerError
    chunks: asyncio.Queue[bytes | None] = asyncio.Queue()
    hung_up = asyncio.Event()

    async def receive() -> dict[str, Any]:
        if not hung_up.is_set() and not hasattr(receive, "asked"):
            receive.asked = True  # type: ignore[attr-defined]
            return {"type": "http.request", "body": b"", "more_body": False}
        await hung_up.wait()
        return {"type": "http.disconnect"}

    async def send(message: MutableMapping[str, Any]) -> None:
        process.assert_alive()
        if message["type"] == "http.response.start":
            if message["status"] != 200:
                chunks.put_nowait(None)
        elif message.get("body"):
            chunks.put_nowait(message["body"])

    headers = {} if last_event_id is None else {"last-event-id": last_event_id}
    task = process.start(app(_scope("GET", path, party, query, headers), receive, send), "stream")
    task.add_done_callback(lambda _: chunks.put_nowait(None))
    died = asyncio.ensure_future(process.died.wait())
    died.add_done_callback(lambda _: chunks.put_nowait(None))
    try:
        while (chunk := await chunks.get()) is not None and not process.is_dead:
            yield chunk
    finally:
        hung_up.set()
        died.cancel()
        task.cancel()


def _scope(method: str, path: str, party: str, query: str, headers: dict[str, str]) -> dict[str, Any]:
    given = {"authorization": f"Bearer {api_key(party)}", "host": "gateway.example", **headers}
    return {
        "type": "http", "asgi": {"version": "3.0", "spec_version": "2.3"}, "http_version": "1.1", "method": method,
        "scheme": "http", "path": path, "raw_path": path.encode(), "query_string": query.encode(), "root_path": "",
        "headers": [(name.encode(), value.encode()) for name, value in given.items()],
        "client": ("192.0.2.7", 1), "server": ("gateway.example", 80),
    }  # fmt: skip
