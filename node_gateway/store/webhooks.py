"""Webhooks and their deliveries, as their owner sees and changes them. What is due, the push job knows."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from node_gateway.domain.parties import Party
from node_gateway.domain.states import DeliveryStatus, PartyKind
from node_gateway.store import schema
from node_gateway.store.events import EventPosition


@dataclass(frozen=True, slots=True)
class WebhookRow:
    """A webhook without its secrets. `event_names` None: all. `disabled_reason` None while it is active."""

    id: str
    url: str
    event_names: tuple[str, ...] | None
    disabled_reason: str | None
    next_position: EventPosition
    previous_secret_until_ms: int
    created_at_ms: int


@dataclass(frozen=True, slots=True)
class DeliveryRow:
    """One message to one endpoint."""

    id: int
    position: EventPosition
    subject: str
    status: DeliveryStatus
    attempts: int
    next_attempt_at_ms: int
    answered_status: int | None
    error: str | None
    created_at_ms: int
    delivered_at_ms: int | None


async def count_webhooks(connection: AsyncConnection, party: Party) -> int:
    statement = sa.select(sa.func.count()).select_from(schema.webhooks).where(_is_of(party))
    return int((await connection.execute(statement)).scalar_one())


async def insert_webhook(
    connection: AsyncConnection,
    party: Party,
    *,
    webhook_id: str,
    url: str,
    secret: str,
    event_names: Sequence[str] | None,
    next_block: int,
    created_at_ms: int,
) -> None:
    await connection.execute(
        sa.insert(schema.webhooks).values(
            id=webhook_id,
            party=party.kind.value,
            partner=party.partner,
            url=url,
            secrets=[secret],
            event_names=None if event_names is None else list(event_names),
            next_block=next_block,
            created_at_ms=created_at_ms,
        )
    )


async def list_webhooks(connection: AsyncConnection, party: Party) -> list[WebhookRow]:
    """Oldest first."""
    table = schema.webhooks
    rows = await connection.execute(
        sa.select(table).where(_is_of(party)).order_by(table.c.created_at_ms, table.c.id)
    )
    return [_webhook(row) for row in rows]


async def find_webhook(connection: AsyncConnection, party: Party, webhook_id: str) -> WebhookRow | None:
    """None when it is not there, or another party's."""
    statement = sa.select(schema.webhooks).where(_is_of(party), schema.webhooks.c.id == webhook_id)
    row = (await connection.execute(statement)).one_or_none()
    return None if row is None else _webhook(row)


async def update_webhook(connection: AsyncConnection, webhook_id: str, **values: Any) -> None:
    """Sets columns of a webhook that was found before."""
    table = schema.webhooks
    await connection.execute(sa.update(table).where(table.c.id == webhook_id).values(**values))


async def delete_webhook(connection: AsyncConnection, webhook_id: str) -> None:
    """With everything that is owed to it."""
    deliveries, webhooks = schema.deliveries, schema.webhooks
    await connection.execute(sa.delete(deliveries).where(deliveries.c.webhook_id == webhook_id))
    await connection.execute(sa.delete(webhooks).where(webhooks.c.id == webhook_id))


async def replace_secret(
    connection: AsyncConnection, webhook_id: str, new_secret: str, *, previous_until_ms: int
) -> None:
    """The one before signs too until `previous_until_ms`; older ones end."""
    table = schema.webhooks
    statement = sa.select(table.c.secrets).where(table.c.id == webhook_id)
    old: list[str] = (await connection.execute(statement)).scalar_one()
    await update_webhook(
        connection, webhook_id, secrets=[new_secret, *old[:1]], previous_secret_until_ms=previous_until_ms
    )


async def read_deliveries(
    connection: AsyncConnection,
    webhook_id: str,
    *,
    status: DeliveryStatus | None,
    before: int | None,
    limit: int,
) -> list[DeliveryRow]:
    """Newest first."""
    table = schema.deliveries
    query = (
        sa.select(*(column for column in table.c if column.name != "payload"))
        .where(table.c.webhook_id == webhook_id)
        .order_by(table.c.id.desc())
        .limit(limit)
    )
    if status is not None:
        query = query.where(table.c.status == status.value)
    if before is not None:
        query = query.where(table.c.id < before)
    return [_delivery(row) for row in await connection.execute(query)]


async def replay_dead(
    connection: AsyncConnection, webhook_id: str, *, delivery_id: int | None, now_ms: int
) -> int:
    """Owes dead messages again, or any one message; returns how many.

    Args:
        delivery_id: of one message, whatever became of it; None: all that are dead.
    """
    table = schema.deliveries
    which = table.c.status == DeliveryStatus.DEAD.value if delivery_id is None else table.c.id == delivery_id
    result = await connection.execute(
        sa.update(table)
        .where(table.c.webhook_id == webhook_id, which)
        .values(
            status=DeliveryStatus.PENDING.value,
            attempts=0,
            next_attempt_at_ms=now_ms,
            error=None,
            answered_status=None,
            delivered_at_ms=None,
        )
    )
    return result.rowcount


async def replay_from(
    connection: AsyncConnection, party: Party, webhook_id: str, *, block_number: int
) -> int:
    """Makes all messages of events from a block on anew, in order; returns how many events that is at most."""
    deliveries, events = schema.deliveries, schema.events
    await connection.execute(
        sa.delete(deliveries).where(
            deliveries.c.webhook_id == webhook_id, deliveries.c.block_number >= block_number
        )
    )
    await update_webhook(connection, webhook_id, next_block=block_number, next_log_index=0)
    statement = (
        sa.select(sa.func.count())
        .select_from(events)
        .where(events.c.block_number >= block_number, events_told_to(party.kind, party.partner))
    )
    return int((await connection.execute(statement)).scalar_one())


def events_told_to(kind: PartyKind, partner: int | None) -> sa.ColumnElement[bool]:
    """Which events a party's webhooks tell of: a partner's own, the wallet's those of members, the operator's all."""
    events = schema.events
    if kind is PartyKind.PARTNER:
        return events.c.partner == partner
    if kind is PartyKind.WALLET:
        return events.c.member.is_not(None)
    return sa.true()


def _is_of(party: Party) -> sa.ColumnElement[bool]:
    table = schema.webhooks
    is_kind = table.c.party == party.kind.value
    return is_kind if party.partner is None else sa.and_(is_kind, table.c.partner == party.partner)


def _webhook(row: Any) -> WebhookRow:
    return WebhookRow(
        id=row.id,
        url=row.url,
        event_names=None if row.event_names is None else tuple(row.event_names),
        disabled_reason=None if row.is_active else row.disabled_reason or "caller",
        next_position=EventPosition(row.next_block, row.next_log_index),
        previous_secret_until_ms=row.previous_secret_until_ms,
        created_at_ms=row.created_at_ms,
    )


def _delivery(row: Any) -> DeliveryRow:
    return DeliveryRow(
        id=row.id,
        position=EventPosition(row.block_number, row.log_index),
        subject=row.subject,
        status=DeliveryStatus(row.status),
        attempts=row.attempts,
        next_attempt_at_ms=row.next_attempt_at_ms,
        answered_status=row.answered_status,
        error=row.error,
        created_at_ms=row.created_at_ms,
        delivered_at_ms=row.delivered_at_ms,
    )
