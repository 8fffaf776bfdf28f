"""A chain of one's own for each test."""

from collections.abc import AsyncIterator

import pytest

from node_gateway.store.database import Database, create_database
from tests.chain_fixtures import deployed_ledger

__all__ = ["deployed_ledger", "sqlite_database"]


@pytest.fixture
async def sqlite_database(sqlite_url: str) -> AsyncIterator[Database]:
    """An open SQLite database, for what does not depend on the kind."""
    opened = create_database(sqlite_url)
    yield opened
    await opened.close()
