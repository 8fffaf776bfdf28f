"""Notices new blocks in the tables: one poller for the whole process, however many wait."""

import asyncio
from collections.abc import Sequence
from typing import Protocol

import sqlalchemy as sa
import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from node_gateway.domain.errors import NotIndexedError
from node_gateway.store.chain_head import ChainHead, read_head
from node_gateway.store.database import Database

FAILURE_PAUSE_S = 1.0
_log = structlog.get_logger()


class HeadListener(Protocol):
    """Told on each turn, in one snapshot. `has_moved`: a block was indexed or taken back since the last turn."""

    async def on_turn(self, connection: AsyncConnection, head: ChainHead, *, has_moved: bool) -> None: ...


class ChainWatch:
    """Polls the cursor every `poll_s`; a worker in the same process may `wake` it sooner."""

    def __init__(self, database: Database, *, poll_s: float, listeners: Sequence[HeadListener]) -> None:
        self._database = database
        self._poll_s = poll_s
        self._listeners = listeners
        self._woken = asyncio.Event()
        self._turning = asyncio.Lock()
        self._head: ChainHead | None = None
        self._told: tuple[int, int, int, bytes] | None = None

    @property
    def head(self) -> ChainHead:
        """The last indexed block, at most `poll_s` old.

        Raises:
            NotIndexedError: nothing was indexed yet.
        """
        if self._head is None or self._head.block_number < 0:
            raise NotIndexedError
        return self._head

    def wake(self) -> None:
        """Something was indexed: do not wait for the next turn."""
        self._woken.set()

    async def run(self) -> None:
        """Polls until cancelled. A database that cannot be reached is tried again."""
        while True:
            try:
                await self.turn()
            except (sa.exc.SQLAlchemyError, OSError) as error:
                _log.warning("chain_watch_failed", error=type(error).__name__)
                await asyncio.sleep(FAILURE_PAUSE_S)
            await self._pause()

    async def turn(self) -> None:
        """One look at the tables."""
        self._woken.clear()
        # One after the other: what listeners were told last is not to be told by two.
        async with self._turning, self._database.reading() as connection:
            head = await read_head(connection)
            if head is None:
                self._head = None
                return
            has_moved = _place(head) != self._told
            self._head = head
            for listener in self._listeners:
                await listener.on_turn(connection, head, has_moved=has_moved)
            # Only now: what fails in between is told again.
            self._told = _place(head)

    async def _pause(self) -> None:
        try:
            await asyncio.wait_for(self._woken.wait(), self._poll_s)
        except TimeoutError:
            return


def _place(head: ChainHead) -> tuple[int, int, int, bytes]:
    return (head.chain_id, head.generation, head.block_number, head.ledger)
