"""A chain of one's own for each test."""

from tests.chain_fixtures import deployed_ledger

__all__ = ["deployed_ledger"]
