"""Receivers of webhooks, and readers of event streams: what they were told, in order."""

import asyncio
from collections import defaultdict
from random import Random
from typing import Any

import httpx2
import orjson

from tests.faults.fault_kinds import Fault, Faults
from tests.faults.process import Process

HANG_S = 10_000.0
SLOW = "slow"
UNNOTED = 500
"""With this refusal the database goes away too, before what became of the delivery is noted."""
UNNOTED_COMMITS = 2


class Receivers:
    """The endpoints of a gateway's webhooks.

    Attributes:
        taken: by endpoint, the messages that it answered with 2xx, in order.
        told_at_s: by endpoint and message, when it was first taken.
    """

    def __init__(self, dice: Random, faults: Faults) -> None:
        self._dice = dice
        self.faults = faults
        self.taken: dict[str, list[dict[str, Any]]] = defaultdict(list)
        self.told_at_s: dict[tuple[str, str], float] = {}

    def link(self, process: Process) -> httpx2.AsyncBaseTransport:
        """A process's way to them."""
        return _Link(self, process)

    async def take(self, endpoint: str, message: dict[str, Any]) -> httpx2.Response:
        if endpoint == SLOW and self.faults.takes(Fault.WEBHOOK_HANGS):
            await asyncio.sleep(HANG_S)
        if endpoint == SLOW and self.faults.takes(Fault.WEBHOOK_REFUSES):
            return httpx2.Response(self._dice.choice([500, 503, 404, 302]))
        await asyncio.sleep(self._dice.uniform(0.001, 0.05))
        self.taken[endpoint].append(message)
        self.told_at_s.setdefault((endpoint, message["id"]), asyncio.get_running_loop().time())
        return httpx2.Response(204)


class _Link(httpx2.AsyncBaseTransport):
    def __init__(self, receivers: Receivers, process: Process) -> None:
        self._receivers = receivers
        self._process = process

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        message = orjson.loads(await request.aread()) | {"id": request.headers["webhook-id"]}
        await self._process.step(Fault.STOP_IN_WEBHOOK)
        answer = await self._receivers.take(request.headers["host"].partition(".")[0], message)
        if answer.status_code == UNNOTED:
            self._process.faults.arm(Fault.COMMIT_LOST_BEFORE, UNNOTED_COMMITS)
        await self._process.step(Fault.STOP_IN_WEBHOOK)
        return answer
