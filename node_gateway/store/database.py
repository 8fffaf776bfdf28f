"""The one engine and the only two ways to a transaction: `reading` and `writing`.

Only a boundary (one request, one job step) opens one; application code takes the connection it is given and never commits.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from psycopg.types.string import BytesBinaryDumper
from sqlalchemy.engine import URL, make_url
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

SQLITE_BUSY_TIMEOUT_MS = 20_000
SQLITE_CACHE_KIB = 65_536
SQLITE_WAL_CHECKPOINT_PAGES = 4_000
POOL_CONNECTIONS_MAX = 12
POOL_TIMEOUT_S = 10.0

# FULL, because a 202 promises that what was accepted outlives a power cut; NORMAL would lose the last commits of the WAL.
_SQLITE_PRAGMAS = (
    f"PRAGMA busy_timeout = {SQLITE_BUSY_TIMEOUT_MS}",
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",
    "PRAGMA foreign_keys = ON",
    "PRAGMA temp_store = MEMORY",
    f"PRAGMA cache_size = -{SQLITE_CACHE_KIB}",
    f"PRAGMA wal_autocheckpoint = {SQLITE_WAL_CHECKPOINT_PAGES}",
)

# Some thousand rows are matched with millions, always by a key: whole tables are never to be read for it, whatever is estimated.
_INDEXING_SETTINGS = "SELECT " + ", ".join(
    f"set_config('{name}', 'off', true)"
    for name in ("synchronous_commit", "enable_seqscan", "enable_hashjoin", "enable_mergejoin", "jit")
)


class UnsupportedDatabaseError(Exception):
    """The URL names neither a SQLite file nor a PostgreSQL database."""

    def __init__(self, url: str) -> None:
        super().__init__(f"Use sqlite:////path/to/gateway.db or postgresql://user@host/name, not {url}")
        self.url = url


class Database:
    """A SQLite file or a PostgreSQL database, by the same code."""

    def __init__(self, url: URL, engine: AsyncEngine) -> None:
        self.url = url
        self._engine = engine
        # An IMMEDIATE transaction takes SQLite's write lock at once: one that read first could not get it later (SQLITE_BUSY).
        self._writer = engine.execution_options(begin_with="BEGIN IMMEDIATE")
        self._reader = (
            engine if self.is_sqlite else engine.execution_options(isolation_level="REPEATABLE READ")
        )

    @property
    def is_sqlite(self) -> bool:
        return self.url.get_backend_name() == "sqlite"

    @property
    def sqlite_path(self) -> Path | None:
        return Path(self.url.database) if self.is_sqlite and self.url.database else None

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncConnection]:
        """A snapshot: all that is read in it is of one moment."""
        async with self._reader.connect() as connection:
            yield connection

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[AsyncConnection]:
        """Commits at the end, rolls back when anything is raised."""
        async with self._writer.begin() as connection:
            yield connection

    @asynccontextmanager
    async def indexing(self) -> AsyncIterator[AsyncConnection]:
        """As `writing`, for what the chain can tell again: PostgreSQL does not wait for its disk.

        What is lost by that in a crash is lost whole, with the cursor that says how far the tables are.
        """
        async with self.writing() as connection:
            if not self.is_sqlite:
                await connection.exec_driver_sql(_INDEXING_SETTINGS)
            yield connection

    async def close(self) -> None:
        await self._engine.dispose()


def create_database(url: str) -> Database:
    """Builds the engine; connects to nothing yet.

    Args:
        url: `sqlite:///…` (a file, not memory) or `postgresql://…`.

    Raises:
        UnsupportedDatabaseError: for any other URL.
    """
    target = async_url(url)
    options: dict[str, Any] = {
        "pool_size": POOL_CONNECTIONS_MAX,
        "max_overflow": 0,
        "pool_timeout": POOL_TIMEOUT_S,
        # Statements carry members' ids, and errors are logged.
        "hide_parameters": True,
    }
    if target.get_backend_name() == "sqlite":
        engine = create_async_engine(target, **options)
        sa.event.listen(engine.sync_engine, "connect", _prepare_sqlite)
        sa.event.listen(engine.sync_engine, "begin", _begin_sqlite)
    else:
        engine = create_async_engine(target, pool_pre_ping=True, **options)
        sa.event.listen(engine.sync_engine, "connect", _prepare_postgresql)
    return Database(target, engine)


def async_url(url: str) -> URL:
    """The URL with the driver that this package uses, whatever driver it names."""
    return _with_driver(url, sqlite="sqlite+aiosqlite", postgresql="postgresql+psycopg")


def sync_url(url: str) -> URL:
    """The URL for blocking use: migrations and tools."""
    return _with_driver(url, sqlite="sqlite+pysqlite", postgresql="postgresql+psycopg")


def _with_driver(url: str, *, sqlite: str, postgresql: str) -> URL:
    parsed = make_url(url)
    backend = parsed.get_backend_name()
    if backend == "sqlite" and parsed.database not in (None, "", ":memory:"):
        return parsed.set(drivername=sqlite)
    if backend in ("postgresql", "postgres"):
        return parsed.set(drivername=postgresql)
    raise UnsupportedDatabaseError(parsed.render_as_string(hide_password=True))


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    # Python's own BEGIN comes too late and knows no IMMEDIATE: `_begin_sqlite` issues it instead.
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in _SQLITE_PRAGMAS:
        cursor.execute(pragma)
    cursor.close()


def _prepare_postgresql(connection: Any, _record: Any) -> None:
    # The driver's default looks at each value whether it is a DBAPI `Binary`, in Python: twice the time of a row.
    connection.driver_connection.adapters.register_dumper(None, BytesBinaryDumper)


def _begin_sqlite(connection: sa.Connection) -> None:
    connection.exec_driver_sql(connection.get_execution_options().get("begin_with", "BEGIN"))
