"""A chain of one's own for each test."""

from tests.chain_fixtures import deployed_ledger
from tests.integration.jobs.conftest import sqlite_database

__all__ = ["deployed_ledger", "sqlite_database"]
