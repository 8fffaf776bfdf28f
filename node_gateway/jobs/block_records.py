"""What blocks say, as rows: the blocks themselves, their events, and the operations that the events settle."""

from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from node_gateway.jobs.bulk import insert_rows, update_values, upsert_values
from node_gateway.jobs.event_rows import EVENT_COLUMNS, OPERATION_COLUMNS
from node_gateway.jobs.run_reading import Run
from node_gateway.store import schema
from node_gateway.store.bulk_insert import bulk_insert

# The chain decides status, place and, where its event tells, kind and members; what was accepted here stays otherwise.
_OPERATION_UPDATES: Final = (
    "status = excluded.status",
    "reason = excluded.reason",
    "block_number = excluded.block_number",
    "log_index = excluded.log_index",
    "kind = CASE WHEN excluded.kind <> 0 THEN excluded.kind ELSE operations.kind END",
    "member = COALESCE(excluded.member, operations.member)",
    "counterparty = COALESCE(excluded.counterparty, operations.counterparty)",
)


async def write_records(connection: AsyncConnection, run: Run) -> None:
    """Write blocks that follow each other, with their events."""
    headers = [block.header for block in run]
    await insert_rows(
        connection,
        schema.blocks,
        [
            {"number": h.number, "hash": h.block_hash, "parent_hash": h.parent_hash, "timestamp_s": h.timestamp_s}
            for h in headers
        ],
    )  # fmt: skip
    events = [values for block in run for values in block.event_values]
    await bulk_insert(connection, schema.events, EVENT_COLUMNS, events)
    operations = [values for block in run for values in block.operation_values]
    if not operations:
        return
    table = schema.operations
    # Nearly all of them came through this gateway, and have a row since they were accepted.
    found = await update_values(connection, table, OPERATION_COLUMNS, operations, updates=_OPERATION_UPDATES)
    if found < len(operations):
        await upsert_values(connection, table, OPERATION_COLUMNS, operations, updates=_OPERATION_UPDATES)
