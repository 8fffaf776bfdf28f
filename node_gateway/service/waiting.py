"""Requests that wait until their submission has a block, or ended otherwise."""

import asyncio
from collections import defaultdict

from sqlalchemy.ext.asyncio import AsyncConnection

from node_gateway.service.clock import Clock
from node_gateway.store.chain_head import ChainHead
from node_gateway.store.operations import find_ended_submissions

SUBMISSIONS_IN_ONE_LOOK_MAX = 1_000
LOOK_WITHOUT_BLOCK_S = 1.0
"""A submission can also end without a block: its deadline passed."""


class SettlementWaiters:
    """One query for all who wait, on each block."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._waiting: dict[bytes, list[asyncio.Future[None]]] = defaultdict(list)
        self._looked_at_s = float("-inf")

    @property
    def is_waiting(self) -> bool:
        return bool(self._waiting)

    async def wait(self, submission_id: bytes, *, timeout_s: float) -> bool:
        """Returns whether the submission ended within `timeout_s`."""
        ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting[submission_id].append(ended)
        try:
            await asyncio.wait_for(ended, timeout_s)
        except TimeoutError:
            return False
        finally:
            waiting = self._waiting.get(submission_id, [])
            if ended in waiting:
                waiting.remove(ended)
            if not waiting:
                self._waiting.pop(submission_id, None)
        return True

    async def on_turn(self, connection: AsyncConnection, head: ChainHead, *, has_moved: bool) -> None:
        now_s = self._clock.monotonic_s()
        if not self._waiting or not (has_moved or now_s - self._looked_at_s >= LOOK_WITHOUT_BLOCK_S):
            return
        self._looked_at_s = now_s
        ids = list(self._waiting)
        for start in range(0, len(ids), SUBMISSIONS_IN_ONE_LOOK_MAX):
            part = ids[start : start + SUBMISSIONS_IN_ONE_LOOK_MAX]
            for ended in await find_ended_submissions(connection, part):
                for future in self._waiting.pop(ended, []):
                    if not future.done():
                        future.set_result(None)
