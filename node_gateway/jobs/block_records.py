"""What blocks say, as rows: the blocks themselves, their events, and the operations that the events settle."""

from collections.abc import Sequence
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from node_gateway.chain.abi import Event
from node_gateway.chain.node import Block
from node_gateway.jobs.bulk import insert_rows, update_rows, upsert_rows
from node_gateway.jobs.fold.records import event_rows, operation_rows
from node_gateway.jobs.read_model import Row
from node_gateway.store import schema

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


async def write_records(connection: AsyncConnection, run: Sequence[tuple[Block, Sequence[Event]]]) -> None:
    """Write blocks that follow each other, with their events."""
    blocks: list[Row] = []
    events: list[Row] = []
    operations: list[Row] = []
    for block, block_events in run:
        header = block.header
        blocks.append({
            "number": header.number,
            "hash": header.block_hash,
            "parent_hash": header.parent_hash,
            "timestamp_s": header.timestamp_s,
        })  # fmt: skip
        events += event_rows(block_events, header.number)
        operations += operation_rows(block_events, header.number, header.timestamp_s * 1000)
    await insert_rows(connection, schema.blocks, blocks)
    await insert_rows(connection, schema.events, events)
    # Nearly all of them came through this gateway, and have a row since they were accepted.
    found = await update_rows(connection, schema.operations, operations, updates=_OPERATION_UPDATES)
    if found < len(operations):
        await upsert_rows(connection, schema.operations, operations, updates=_OPERATION_UPDATES)
