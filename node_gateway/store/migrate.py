"""Brings a database to the newest schema."""

from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from node_gateway.store.database import Database, sync_url
from node_gateway.store.schema import metadata

_MIGRATIONS = Path(__file__).parent / "migrations"


class SchemaBehindError(Exception):
    """The database has not the schema that this code needs."""

    def __init__(self, found: str | None, expected: str) -> None:
        super().__init__(
            f"The database is at schema {found or 'none'}, this version needs {expected}: run `coalition migrate`."
        )
        self.found = found
        self.expected = expected


def upgrade(url: str, revision: str = "head") -> None:
    """Creates or upgrades all tables. Blocking. Creates the directory of a SQLite file.

    Raises:
        UnsupportedDatabaseError: for another kind of URL.
        sqlalchemy.exc.OperationalError: when the database cannot be reached or written.
    """
    target = sync_url(url)
    if target.get_backend_name() == "sqlite" and target.database:
        Path(target.database).parent.mkdir(parents=True, exist_ok=True)
    engine = sa.create_engine(target)
    try:
        with engine.begin() as connection:
            configuration = _configuration()
            configuration.attributes["connection"] = connection
            command.upgrade(configuration, revision)
    finally:
        engine.dispose()


def drop_tables(url: str) -> None:
    """Removes the gateway's own tables, and what is in them, from a database that nobody uses. Blocking.

    Raises:
        UnsupportedDatabaseError: for another kind of URL.
        sqlalchemy.exc.OperationalError: when the database cannot be reached or written.
    """
    engine = sa.create_engine(sync_url(url))
    try:
        with engine.begin() as connection:
            metadata.drop_all(connection)
            connection.execute(sa.text("DROP TABLE IF EXISTS alembic_version"))
    finally:
        engine.dispose()


def script_directory() -> ScriptDirectory:
    """All revisions."""
    return ScriptDirectory.from_config(_configuration())


def newest_revision() -> str:
    head = script_directory().get_current_head()
    assert head is not None
    return head


async def check_schema(database: Database) -> None:
    """Raises SchemaBehindError unless the database is at the newest revision."""
    expected = newest_revision()
    async with database.reading() as connection:
        found = await connection.run_sync(
            lambda sync: MigrationContext.configure(sync).get_current_revision()
        )
    if found != expected:
        raise SchemaBehindError(found, expected)


def _configuration() -> Config:
    configuration = Config()
    configuration.set_main_option("script_location", str(_MIGRATIONS))
    return configuration
