"""A digest of all that the indexer writes, to show that indexing again gives the same."""

import hashlib
from typing import Final

import orjson
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from node_gateway.jobs.fold.model import FOLDED_TABLES
from node_gateway.store import schema

# Not derived from the chain alone: when a gateway accepted, and what became of batches.
_CHAIN_TABLES: Final = (*FOLDED_TABLES, "blocks", "events")


async def content_hash(connection: AsyncConnection) -> str:
    """SHA-256 over every row of the read model in the order of its keys; the same chain gives the same digest on any database."""
    digest = hashlib.sha256()
    for name in _CHAIN_TABLES:
        digest.update(name.encode())
        await _add_table(connection, schema.metadata.tables[name], digest)
    return digest.hexdigest()


async def _add_table(connection: AsyncConnection, table: sa.Table, digest: "hashlib._Hash") -> None:
    names = [str(column.name) for column in table.columns]
    rows = await connection.stream(sa.select(table).order_by(*table.primary_key.columns))
    async for row in rows:
        values = {name: _plain(value) for name, value in zip(names, row, strict=True)}
        digest.update(orjson.dumps(values, option=orjson.OPT_SORT_KEYS))


def _plain(value: object) -> object:
    if isinstance(value, bytes):
        return value.hex()
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value
