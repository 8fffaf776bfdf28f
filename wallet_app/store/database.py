"""Opens the wallet's SQLite file. The one place that makes connections and commits."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from sqlalchemy import event, text
from sqlalchemy.engine import URL
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from wallet_app.errors import ConfigurationError
from wallet_app.store.schema import SCHEMA_VERSION, metadata

BUSY_TIMEOUT_MS = 5_000


class Database:
    """Transactions on the wallet's tables."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[AsyncConnection]:
        """One transaction: commits at the end of the block, rolls back when the block raises."""
        async with self._engine.begin() as connection:
            yield connection

    async def close(self) -> None:
        await self._engine.dispose()


async def open_database(path: Path) -> Database:
    """Opens `path`, making it and its tables when it is not there.

    Raises:
        ConfigurationError: the file cannot be written, or was written by a newer wallet.
    """
    try:
        _make_file(path)
    except OSError as error:
        raise ConfigurationError(
            f"cannot write {path} ({error.strerror}): give the wallet a state directory it may write"
        ) from error
    engine = create_async_engine(URL.create("sqlite+aiosqlite", database=str(path)))
    event.listen(engine.sync_engine, "connect", _configure)
    async with engine.begin() as connection:
        version = (await connection.execute(text("PRAGMA user_version"))).scalar_one()
        if version <= SCHEMA_VERSION:
            await connection.run_sync(metadata.create_all)
            await connection.execute(text(f"PRAGMA user_version = {SCHEMA_VERSION}"))
    if version > SCHEMA_VERSION:
        await engine.dispose()
        raise ConfigurationError(
            f"{path} has schema {version}, newer than this wallet's {SCHEMA_VERSION}: install the newer wallet."
        )
    return Database(engine)


def _make_file(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    path.touch(mode=0o600)


def _configure(connection: object, _record: object) -> None:
    cursor = connection.cursor()  # type: ignore[attr-defined]
    cursor.execute("PRAGMA journal_mode = WAL")
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.execute("PRAGMA secure_delete = ON")
    cursor.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}")
    cursor.close()
