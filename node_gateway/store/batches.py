"""What the relay sent, newest first."""

from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from node_gateway.domain.states import BatchStatus
from node_gateway.store import schema


@dataclass(frozen=True, slots=True)
class BatchRow:
    """One transaction of a lane."""

    id: int
    lane: bytes
    nonce: int
    tx_hash: bytes
    status: BatchStatus
    submission_count: int
    operation_count: int
    gas_used: int | None
    tries: int
    block_number: int | None
    created_at_ms: int
    error: str | None


async def read_batches(connection: AsyncConnection, *, before_id: int | None, limit: int) -> list[BatchRow]:
    """Newest first."""
    table = schema.batches
    query = sa.select(table).order_by(table.c.id.desc()).limit(limit)
    if before_id is not None:
        query = query.where(table.c.id < before_id)
    return [
        BatchRow(
            id=row.id,
            lane=row.lane,
            nonce=row.nonce,
            tx_hash=row.tx_hash,
            status=BatchStatus(row.status),
            submission_count=row.submission_count,
            operation_count=row.operation_count,
            gas_used=row.gas_used,
            tries=row.tries,
            block_number=row.block_number,
            created_at_ms=row.created_at_ms,
            error=row.error,
        )
        for row in await connection.execute(query)
    ]
