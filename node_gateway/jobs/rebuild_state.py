"""That a development chain is being made again, kept so that a killed process is followed by one that ends it."""

from typing import Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from node_gateway.chain.engines.stepping import MiningMode
from node_gateway.jobs.read_model import insert_for
from node_gateway.store import schema

_ID: Final = 1


async def interrupted(connection: AsyncConnection) -> MiningMode | None:
    """How the engine made blocks before a rebuild that has not ended; None where there is none."""
    row = (await connection.execute(sa.select(schema.chain_rebuild))).one_or_none()
    return None if row is None else MiningMode(row.is_automatic, row.interval_s, row.ahead_s)


async def begin(connection: AsyncConnection, mode: MiningMode, *, now_ms: int) -> None:
    """Write down how the engine makes blocks, unless an earlier process did."""
    row = {
        "id": _ID,
        "is_automatic": mode.is_automatic,
        "interval_s": mode.interval_s,
        "ahead_s": mode.ahead_s,
        "started_at_ms": now_ms,
    }
    statement = insert_for(schema.chain_rebuild, connection.dialect.name).on_conflict_do_nothing()
    await connection.execute(statement, [row])


async def end(connection: AsyncConnection) -> None:
    """The chain is as it was."""
    await connection.execute(sa.delete(schema.chain_rebuild))


async def adopt_genesis(connection: AsyncConnection, genesis_hash: bytes) -> None:
    """The chain that is being made again begins with another block 0."""
    await connection.execute(sa.update(schema.cursor).values(genesis_hash=genesis_hash))
