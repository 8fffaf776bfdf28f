"""psycopg's connection on a real PostgreSQL server, driven without the event loop's sockets, with faults where they would strike."""

import asyncio
import select
from collections.abc import AsyncIterator, Callable, Generator
from contextlib import asynccontextmanager
from typing import Any, Self

import psycopg
from psycopg import errors, waiting
from psycopg._adapters_map import AdaptersMap
from psycopg.waiting import Ready, Wait

from tests.faults.fault_kinds import Fault
from tests.faults.process import Process

ANSWER_WAIT_S = 0.02
POLL_S = 0.004
LOCK_WAIT_S_MAX = 30.0
LOST = "server closed the connection unexpectedly"


class SteppedPostgres(psycopg.AsyncConnection[Any]):
    """A connection whose statements and commits are steps of a process."""

    process: Process
    on_commit: Callable[[], None]
    writes = False

    @classmethod
    def opener(cls, process: Process, on_commit: Callable[[], None]) -> Callable[..., Any]:
        """What SQLAlchemy calls to connect."""

        async def connect(conninfo: str = "", *, context: Any = None, **kw: Any) -> "SteppedPostgres":
            process.assert_alive()
            params = await cls._get_connection_params(conninfo, **kw)
            conninfo = psycopg.conninfo.make_conninfo("", **params)
            self = waiting.wait_conn(cls._connect_gen(conninfo), interval=0.1, timeout=10)
            if context is not None:
                self._adapters = AdaptersMap(context.adapters)
            self.process, self.on_commit = process, on_commit
            self.cursor_factory = SteppedCursor
            process.on_close.append(self.pgconn.finish)
            return self

        return connect

    async def wait(
        self,
        gen: Generator[Any, Any, Any],
        interval: float = 0.0,
        timeout: float | None = None,  # noqa: ASYNC109  # psycopg's own signature
    ) -> Any:
        """The server's answer: at once, but for a lock, which costs virtual time."""
        self.process.assert_alive()
        waited_s = 0.0
        try:
            state = next(gen)
            while True:
                ready = _ready(self.pgconn.socket, state)
                if not ready:
                    if waited_s > LOCK_WAIT_S_MAX:
                        self.pgconn.finish()
                        raise psycopg.OperationalError("a lock was not had in time")
                    await asyncio.sleep(POLL_S)
                    waited_s += POLL_S
                    self.process.assert_alive()
                    continue
                state = gen.send(ready)
        except StopIteration as end:
            return end.value

    async def commit(self) -> None:
        process = self.process
        if not self.writes:
            await super().commit()
            return
        self.writes = False
        await process.step(Fault.STOP_BEFORE_COMMIT)
        if process.faults.takes(Fault.COMMIT_LOST_BEFORE):
            self.pgconn.finish()
            raise psycopg.OperationalError(LOST)
        await super().commit()
        self.on_commit()
        if process.faults.takes(Fault.COMMIT_LOST_AFTER):
            self.pgconn.finish()
            raise psycopg.OperationalError(LOST)
        await process.step(Fault.STOP_AFTER_COMMIT)

    async def rollback(self) -> None:
        self.writes = False
        if not self.pgconn.status:
            await super().rollback()

    async def before_statement(self, statement: Any) -> None:
        """Each statement is a step; those that write may meet the database's own troubles."""
        text = (statement if isinstance(statement, str) else str(statement)).lstrip("b'")[:6].upper()
        faults = self.process.faults
        if text in ("INSERT", "UPDATE", "DELETE", "COPY O", "COPY S") or text.startswith("COPY"):
            self.writes = True
            await self.process.step(Fault.STOP_AT_STATEMENT)
            if faults.takes(Fault.DEADLOCK):
                await super().rollback()
                kind = (
                    errors.DeadlockDetected
                    if self.process.dice.random() < 0.5
                    else errors.SerializationFailure
                )
                raise kind(_words_of(kind))
            if faults.takes(Fault.DATABASE_FULL):
                raise errors.DiskFull("could not extend file: No space left on device")
        else:
            await self.process.step()


class SteppedCursor(psycopg.AsyncCursor[Any]):
    """A cursor whose statements are steps of the process."""

    async def execute(self, query: Any, params: Any = None, **kw: Any) -> Self:
        await self._conn.before_statement(query)  # type: ignore[attr-defined]
        return await super().execute(query, params, **kw)

    async def executemany(self, query: Any, params_seq: Any, **kw: Any) -> None:
        await self._conn.before_statement(query)  # type: ignore[attr-defined]
        await super().executemany(query, params_seq, **kw)

    @asynccontextmanager
    async def copy(self, statement: Any, params: Any = None, **kw: Any) -> AsyncIterator[Any]:
        await self._conn.before_statement(statement)  # type: ignore[attr-defined]
        async with super().copy(statement, params, **kw) as copy:
            yield copy


def _words_of(kind: type[errors.Error]) -> str:
    return "deadlock detected" if kind is errors.DeadlockDetected else "could not serialize access"


def _ready(socket: int, state: Wait) -> Ready | int:
    wants_read, wants_write = bool(state & Wait.R), bool(state & Wait.W)
    reading, writing, _ = select.select(
        [socket] if wants_read else [], [socket] if wants_write else [], [], ANSWER_WAIT_S
    )
    return (Ready.R if reading else 0) | (Ready.W if writing else 0)
