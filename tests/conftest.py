"""Databases for tests: SQLite files and a PostgreSQL server of the test session's own."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from node_gateway.store.database import Database, create_database
from node_gateway.store.migrate import upgrade
from tests.postgres_server import PostgresServer, start_postgres


@pytest.fixture(scope="session")
def postgres_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PostgresServer]:
    """A PostgreSQL server in a temporary directory on a free port, with a migrated template database."""
    server = start_postgres()
    try:
        upgrade(server.create("coalition_template"))
        yield server
    finally:
        server.stop()


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("sqlite") / "template.db"
    upgrade(f"sqlite:///{path}")
    return path


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A database without any table, on each kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'empty.db'}"
    server: PostgresServer = request.getfixturevalue("postgres_server")
    return server.create()


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A migrated, empty database, on each kind."""
    if request.param == "sqlite":
        return _copy_sqlite(request, tmp_path)
    server: PostgresServer = request.getfixturevalue("postgres_server")
    return server.create(template="coalition_template")


@pytest.fixture
def sqlite_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A migrated, empty SQLite database, for what does not depend on the kind."""
    return _copy_sqlite(request, tmp_path)


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """An open `Database` on each kind."""
    opened = create_database(database_url)
    yield opened
    await opened.close()


def _copy_sqlite(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    template: Path = request.getfixturevalue("sqlite_template")
    path = tmp_path / "gateway.db"
    path.write_bytes(template.read_bytes())
    return f"sqlite:///{path}"
