"""Events of the chain: history, receipts, and what streams carry."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from node_gateway.store import schema

LOG_INDEX_MAX = 2**31 - 1
BLOCK_MARK_DIGITS = 8


@dataclass(frozen=True, slots=True, order=True)
class EventPosition:
    """Where an event is; text `block-logindex`."""

    block_number: int
    log_index: int

    @property
    def text(self) -> str:
        return f"{self.block_number}-{self.log_index}"


@dataclass(frozen=True, slots=True)
class ChainEvent:
    """One event. `data` are its arguments, as `schema.events` describes them."""

    position: EventPosition
    name: str
    member: bytes | None
    counterparty: bytes | None
    partner: int | None
    operation: int | None
    tx_hash: bytes
    block_timestamp_s: int | None
    data: dict[str, Any]
    block_hash: bytes | None = None

    @property
    def stream_id(self) -> str:
        """By which a stream is resumed after this event: its place, and in which of the chain's versions."""
        return stream_id(self.position, self.block_hash or b"")


def stream_id(position: EventPosition, block_hash: bytes) -> str:
    """`block-logindex-mark`, the mark being the beginning of the block's hash."""
    return f"{position.text}-{block_hash.hex()[:BLOCK_MARK_DIGITS]}"


@dataclass(frozen=True, slots=True)
class EventFilter:
    """Which events: all that are set must fit. A transfer's receiver is the member of its LotReceived, not of TransferSettled.

    Attributes:
        members: any of these, at most some hundreds.
    """

    member: bytes | None = None
    partner: int | None = None
    members: frozenset[bytes] | None = None

    def fits(self, event: ChainEvent) -> bool:
        if self.partner is not None and event.partner != self.partner:
            return False
        if self.members is not None and event.member not in self.members:
            return False
        return self.member is None or self.member == event.member


_EVENTS = sa.select(schema.events, schema.blocks.c.timestamp_s, schema.blocks.c.hash).select_from(
    schema.events.outerjoin(schema.blocks, schema.blocks.c.number == schema.events.c.block_number)
)
_POSITION = (schema.events.c.block_number, schema.events.c.log_index)


async def read_events_after(
    connection: AsyncConnection, after: EventPosition, *, through_block: int, limit: int, wanted: EventFilter
) -> list[ChainEvent]:
    """Oldest first, after `after`, in blocks up to `through_block`."""
    query = (
        _filtered(_EVENTS, wanted)
        .where(_is_after(after), schema.events.c.block_number <= through_block)
        .order_by(*_POSITION)
        .limit(limit)
    )
    return [_event(row) for row in await connection.execute(query)]


async def read_block_hashes(
    connection: AsyncConnection, *, after: int, through_block: int
) -> dict[int, bytes]:
    """Hashes of the indexed blocks with numbers above `after` and up to `through_block`, lowest first."""
    blocks = schema.blocks
    query = (
        sa.select(blocks.c.number, blocks.c.hash)
        .where(blocks.c.number > after, blocks.c.number <= through_block)
        .order_by(blocks.c.number)
    )
    return {row.number: row.hash for row in await connection.execute(query)}


async def read_history(
    connection: AsyncConnection, *, before: EventPosition | None, limit: int, wanted: EventFilter
) -> list[ChainEvent]:
    """Newest first, before `before`."""
    query = _filtered(_EVENTS, wanted).order_by(*(column.desc() for column in _POSITION)).limit(limit)
    if before is not None:
        query = query.where(_is_before(before))
    return [_event(row) for row in await connection.execute(query)]


async def last_position(connection: AsyncConnection, wanted: EventFilter) -> EventPosition | None:
    """Position of the newest event that fits."""
    newest = await read_history(connection, before=None, limit=1, wanted=wanted)
    return newest[0].position if newest else None


async def read_receipts(
    connection: AsyncConnection, positions: Sequence[EventPosition]
) -> dict[EventPosition, ChainEvent]:
    """Events at these positions."""
    if not positions:
        return {}
    query = _EVENTS.where(sa.tuple_(*_POSITION).in_([(p.block_number, p.log_index) for p in positions]))
    events = [_event(row) for row in await connection.execute(query)]
    return {event.position: event for event in events}


def _filtered(query: sa.Select[Any], wanted: EventFilter) -> sa.Select[Any]:
    if wanted.partner is not None:
        query = query.where(schema.events.c.partner == wanted.partner)
    if wanted.member is not None:
        query = query.where(schema.events.c.member == wanted.member)
    if wanted.members is not None:
        query = query.where(schema.events.c.member.in_(sorted(wanted.members)))
    return query


def _is_after(position: EventPosition) -> sa.ColumnElement[bool]:
    block, index = _POSITION
    return sa.and_(
        block >= position.block_number, sa.or_(block > position.block_number, index > position.log_index)
    )


def _is_before(position: EventPosition) -> sa.ColumnElement[bool]:
    block, index = _POSITION
    return sa.and_(
        block <= position.block_number, sa.or_(block < position.block_number, index < position.log_index)
    )


def _event(row: Any) -> ChainEvent:
    return ChainEvent(
        position=EventPosition(row.block_number, row.log_index),
        name=row.name,
        member=row.member,
        counterparty=row.counterparty,
        partner=row.partner,
        operation=row.operation,
        tx_hash=row.tx_hash,
        block_timestamp_s=row.timestamp_s,
        data=row.data,
        block_hash=row.hash,
    )
