"""What SQLAlchemy takes for aiosqlite, without its thread: each statement runs at once, in its turn, on a real SQLite file.

Faults strike where they would: a commit whose answer is lost, a database that is locked for too long, a disk that is full.
"""

import asyncio
import sqlite3
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from tests.faults.fault_kinds import Fault
from tests.faults.process import Process

LOCK_WAIT_S_MAX = 20.0
LOCK_POLL_S = 0.003
LOST = "disk I/O error: connection closed"


class SteppedSqlite:
    """A connection; awaiting it opens it."""

    def __init__(self, path: str, process: Process, on_commit: Callable[[], None]) -> None:
        self._process = process
        self._on_commit = on_commit
        self._writes = False
        self._raw: sqlite3.Connection | None = sqlite3.connect(
            path, timeout=0, isolation_level=None, check_same_thread=False
        )
        process.on_close.append(self.stop)

    def __await__(self) -> Any:
        return self._opened().__await__()

    async def _opened(self) -> "SteppedSqlite":
        self._process.assert_alive()
        return self

    @property
    def _connection(self) -> sqlite3.Connection | None:
        return self._raw

    _conn = _connection

    @property
    def isolation_level(self) -> str | None:
        return None

    @property
    def _tx(self) -> "SteppedSqlite":
        """aiosqlite's queue of work for its thread."""
        return self

    def put_nowait(self, work: tuple["asyncio.Future[Any]", Callable[[], Any]]) -> None:
        future, function = work
        future.set_result(function())

    def cursor(self) -> "SteppedCursor":
        return SteppedCursor(self)

    async def create_function(self, *args: Any, **kw: Any) -> None:
        self._open().create_function(*args, **kw)

    async def commit(self) -> None:
        raw = self._open()
        if not raw.in_transaction:
            return
        if not self._writes:
            raw.commit()
            return
        process = self._process
        await process.step(Fault.STOP_BEFORE_COMMIT)
        if process.faults.takes(Fault.COMMIT_LOST_BEFORE):
            self.stop()
            raise sqlite3.OperationalError(LOST)
        raw.commit()
        self._writes = False
        self._on_commit()
        if process.faults.takes(Fault.COMMIT_LOST_AFTER):
            self.stop()
            raise sqlite3.OperationalError(LOST)
        await process.step(Fault.STOP_AFTER_COMMIT)

    async def rollback(self) -> None:
        if self._raw is not None and self._raw.in_transaction:
            self._raw.rollback()
        self._writes = False

    async def close(self) -> None:
        self.stop()

    def stop(self) -> None:
        """What was not committed is gone."""
        if self._raw is not None:
            self._raw.close()
            self._raw = None

    async def execute(self, cursor: sqlite3.Cursor | None, statement: str, run: Callable[[Any], Any]) -> Any:
        """Run one statement, waiting in virtual time while another connection writes."""
        raw = self._open()
        is_begin = statement.startswith("BEGIN")
        is_write = is_begin or statement[:6].upper() in ("INSERT", "UPDATE", "DELETE")
        process = self._process
        if is_begin:
            self._writes = "IMMEDIATE" in statement
        await process.step(*((Fault.STOP_AT_STATEMENT,) if self._writes and not is_begin else ()))
        if self._writes and is_write:
            self._strike(is_begin=is_begin)
        waited_s = 0.0
        while True:
            try:
                return run(cursor or raw.cursor())
            except sqlite3.OperationalError as error:
                if "locked" not in str(error) or waited_s > LOCK_WAIT_S_MAX:
                    raise
            await asyncio.sleep(LOCK_POLL_S)
            waited_s += LOCK_POLL_S
            process.assert_alive()

    def _strike(self, *, is_begin: bool) -> None:
        faults = self._process.faults
        if is_begin and faults.takes(Fault.DEADLOCK):
            raise sqlite3.OperationalError("database is locked")
        if not is_begin and faults.takes(Fault.DATABASE_FULL):
            raise sqlite3.OperationalError("database or disk is full")

    def _open(self) -> sqlite3.Connection:
        self._process.assert_alive()
        if self._raw is None:
            raise ValueError("no active connection")
        return self._raw


class SteppedCursor:
    """A cursor whose statements are steps of the process."""

    def __init__(self, connection: SteppedSqlite) -> None:
        self._connection = connection
        self._cursor: sqlite3.Cursor = connection._open().cursor()
        self.arraysize = 1

    async def __aenter__(self) -> "SteppedCursor":
        return self

    @property
    def description(self) -> Any:
        return self._cursor.description

    @property
    def rowcount(self) -> int:
        return self._cursor.rowcount

    @property
    def lastrowid(self) -> int | None:
        return self._cursor.lastrowid

    async def execute(self, statement: str, parameters: Sequence[Any] = ()) -> "SteppedCursor":
        await self._connection.execute(
            self._cursor, statement, lambda cursor: cursor.execute(statement, parameters)
        )
        return self

    async def executemany(self, statement: str, rows: Iterable[Sequence[Any]]) -> "SteppedCursor":
        given = list(rows)
        await self._connection.execute(
            self._cursor, statement, lambda cursor: cursor.executemany(statement, given)
        )
        return self

    async def fetchall(self) -> list[Any]:
        return self._cursor.fetchall()

    async def fetchone(self) -> Any:
        return self._cursor.fetchone()

    async def fetchmany(self, size: int) -> list[Any]:
        return self._cursor.fetchmany(size)

    async def close(self) -> None:
        self._cursor.close()
