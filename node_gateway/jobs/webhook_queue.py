"""Webhook deliveries in the tables: made from events, taken in order of their subject, ended or put off."""

import random
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any, Final

import orjson
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from node_gateway.domain.states import DeliveryStatus, PartyKind
from node_gateway.jobs.bulk import insert_rows
from node_gateway.service.views import event_view
from node_gateway.store import schema
from node_gateway.store.events import ChainEvent, EventPosition
from node_gateway.store.webhooks import events_told_to, update_webhook

EVENTS_IN_STEP_MAX: Final = 500
LEASE_MS: Final = 30_000
# Days of attempts: an endpoint may be down over a long weekend.
BACKOFF_S: Final = (5, 30, 120, 600, 1_800, 3_600, 10_800, 21_600, 43_200, 86_400, 86_400)
JITTER: Final = 0.2
DELIVERED_KEPT_MS: Final = 7 * 86_400_000
MARKED_FIELDS: Final = ("name", "member", "partner", "operation", "tx_hash", "data")
MARK_DIGITS: Final = 8


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A webhook as the push job sees it. `secrets`: those to sign with now, newest first."""

    webhook_id: str
    party: str
    partner: int | None
    url: str
    secrets: tuple[str, ...]
    event_names: frozenset[str] | None
    next_block: int
    next_log_index: int
    lease_owner: str | None
    lease_until_ms: int


@dataclass(frozen=True, slots=True)
class Delivery:
    """One message to one endpoint."""

    delivery_id: int
    message_id: str
    payload: bytes
    attempts: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one attempt. `error` None: the endpoint took it."""

    delivery: Delivery
    status_code: int | None
    error: str | None


async def endpoints(connection: AsyncConnection, *, now_ms: int) -> list[Endpoint]:
    """All active webhooks."""
    table = schema.webhooks
    rows = await connection.execute(sa.select(table).where(table.c.is_active).order_by(table.c.id))
    return [_endpoint(row, now_ms) for row in rows]


async def find_endpoint(
    connection: AsyncConnection, webhook_id: str, *, now_ms: int, for_update: bool = False
) -> Endpoint | None:
    """One webhook as it is now; None when it is disabled or gone. `for_update` keeps others from changing it meanwhile."""
    table = schema.webhooks
    statement = sa.select(table).where(table.c.id == webhook_id, table.c.is_active)
    if for_update:
        statement = statement.with_for_update()
    row = (await connection.execute(statement)).one_or_none()
    return None if row is None else _endpoint(row, now_ms)


async def take_leases(
    connection: AsyncConnection, webhook_ids: Collection[str], *, owner: str, is_alone: bool, now_ms: int
) -> None:
    """Take or prolong the leases that are free.

    Args:
        connection: within a writing transaction.
        webhook_ids: whose.
        owner: this worker.
        is_alone: no other worker can be running on this database.
        now_ms: the gateway's time.
    """
    table = schema.webhooks
    # One that lasts longer than any was taken by a clock that has been set back since.
    is_free = (
        (table.c.lease_until_ms < now_ms)
        | (table.c.lease_until_ms > now_ms + LEASE_MS)
        | (table.c.lease_owner == owner)
        | table.c.lease_owner.is_(None)
    )
    await connection.execute(
        sa.update(table)
        .where(table.c.id.in_(list(webhook_ids)), sa.true() if is_alone else is_free)
        .values(lease_owner=owner, lease_until_ms=now_ms + LEASE_MS)
    )


async def release_leases(connection: AsyncConnection, *, owner: str) -> None:
    """Give them back, so that another worker need not wait for their end."""
    table = schema.webhooks
    await connection.execute(
        sa.update(table).where(table.c.lease_owner == owner).values(lease_owner=None, lease_until_ms=0)
    )


async def has_new_events(connection: AsyncConnection, endpoint: Endpoint) -> bool:
    """Whether `enqueue` would find anything; asked first, so that an idle endpoint takes no write lock."""
    statement = sa.select(sa.literal(1)).where(*_is_new_for(endpoint)).limit(1)
    return (await connection.execute(statement)).first() is not None


async def enqueue(connection: AsyncConnection, webhook_id: str, *, now_ms: int) -> int:
    """Make deliveries of the next indexed events for a webhook; returns how many events were looked at."""
    # Its owner may have changed it, or asked for a replay, since it was read.
    endpoint = await find_endpoint(connection, webhook_id, now_ms=now_ms, for_update=True)
    if endpoint is None:
        return 0
    events, blocks = schema.events, schema.blocks
    statement = (
        sa.select(events, blocks.c.timestamp_s)
        .join_from(events, blocks, events.c.block_number == blocks.c.number)
        .where(*_is_new_for(endpoint))
        .order_by(events.c.block_number, events.c.log_index)
        .limit(EVENTS_IN_STEP_MAX)
    )
    rows = (await connection.execute(statement)).all()
    if not rows:
        return 0
    wanted = [row for row in rows if endpoint.event_names is None or row.name in endpoint.event_names]
    await insert_rows(connection, schema.deliveries, [_delivery_row(endpoint, row, now_ms) for row in wanted])
    last = rows[-1]
    await update_webhook(
        connection, webhook_id, next_block=last.block_number, next_log_index=last.log_index + 1
    )
    return len(rows)


async def due(connection: AsyncConnection, webhook_id: str, *, now_ms: int, limit: int) -> list[Delivery]:
    """The oldest pending message of each subject, as far as its time has come; oldest first."""
    table = schema.deliveries
    heads = (
        sa.select(sa.func.min(table.c.id))
        .where(table.c.webhook_id == webhook_id, table.c.status == DeliveryStatus.PENDING.value)
        .group_by(table.c.subject)
    )
    statement = (
        sa.select(table)
        .where(
            table.c.id.in_(heads),
            # Made later than now: the clock was set back, and its times say nothing.
            (table.c.next_attempt_at_ms <= now_ms) | (table.c.created_at_ms > now_ms),
        )
        .order_by(table.c.id)
        .limit(limit)
    )
    return [_delivery(row) for row in await connection.execute(statement)]


async def note(connection: AsyncConnection, outcome: Outcome, *, now_ms: int) -> DeliveryStatus:
    """Write down what became of an attempt: delivered, to be tried again later, or given up after the last one."""
    delivery = outcome.delivery
    attempts = delivery.attempts + 1
    next_attempt_at_ms = now_ms
    status = DeliveryStatus.DELIVERED
    if outcome.error is not None:
        status = DeliveryStatus.DEAD if attempts > len(BACKOFF_S) else DeliveryStatus.PENDING
    if status is DeliveryStatus.PENDING:
        wait_s = BACKOFF_S[attempts - 1] * random.uniform(1 - JITTER, 1 + JITTER)
        next_attempt_at_ms += int(wait_s * 1000)
    table = schema.deliveries
    await connection.execute(
        sa.update(table)
        .where(
            table.c.id == delivery.delivery_id,
            # SQLite gives the number of a deleted row again: it must still say the same.
            table.c.payload == delivery.payload,
        )
        .values(
            status=status.value,
            attempts=attempts,
            next_attempt_at_ms=next_attempt_at_ms,
            answered_status=outcome.status_code,
            error=None if outcome.error is None else outcome.error[:200],
            delivered_at_ms=now_ms if status is DeliveryStatus.DELIVERED else None,
        )
    )
    return status


async def disable_gone(connection: AsyncConnection, webhook_id: str) -> None:
    """The endpoint said that it is gone for good."""
    await update_webhook(connection, webhook_id, is_active=False, disabled_reason="gone")


async def forget_delivered(connection: AsyncConnection, *, now_ms: int) -> None:
    """Drop messages that were delivered long ago."""
    table = schema.deliveries
    await connection.execute(
        sa.delete(table).where(
            table.c.status == DeliveryStatus.DELIVERED.value,
            table.c.delivered_at_ms < now_ms - DELIVERED_KEPT_MS,
        )
    )


def _is_new_for(endpoint: Endpoint) -> tuple[sa.ColumnElement[bool], ...]:
    events = schema.events
    place = sa.tuple_(events.c.block_number, events.c.log_index)
    is_told = events_told_to(PartyKind(endpoint.party), endpoint.partner)
    return place >= sa.tuple_(endpoint.next_block, endpoint.next_log_index), is_told


def _endpoint(row: Any, now_ms: int) -> Endpoint:
    secrets = row.secrets if now_ms < row.previous_secret_until_ms else row.secrets[:1]
    return Endpoint(
        webhook_id=row.id,
        party=row.party,
        partner=row.partner,
        url=row.url,
        secrets=tuple(secrets),
        event_names=None if row.event_names is None else frozenset(row.event_names),
        next_block=row.next_block,
        next_log_index=row.next_log_index,
        lease_owner=row.lease_owner,
        lease_until_ms=row.lease_until_ms,
    )


def _delivery(row: Any) -> Delivery:
    position = EventPosition(row.block_number, row.log_index)
    message_id = f"{position.text}-{_mark_of(orjson.loads(row.payload))}"
    return Delivery(row.id, message_id, row.payload, row.attempts)


def _mark_of(payload: dict[str, Any]) -> str:
    """What the event says, in a few digits: after a reorganisation another event may stand in its place, even one of the same transaction.

    Its block's time does not count: the same event in a block that came instead is the same message.
    """
    said = orjson.dumps([payload[name] for name in MARKED_FIELDS], option=orjson.OPT_SORT_KEYS)
    return sha256(said).hexdigest()[:MARK_DIGITS]


def _delivery_row(endpoint: Endpoint, row: Any, now_ms: int) -> dict[str, Any]:
    position = EventPosition(row.block_number, row.log_index)
    event = ChainEvent(
        position, row.name, row.member, row.counterparty, row.partner, row.operation, row.tx_hash, row.timestamp_s, row.data
    )  # fmt: skip
    happened_at = datetime.fromtimestamp(row.timestamp_s, UTC).isoformat().replace("+00:00", "Z")
    # `type` and `timestamp` are where Standard Webhooks has them; the rest is an event as everywhere.
    payload = {"type": row.name, "timestamp": happened_at, **event_view(event)}
    return {
        "webhook_id": endpoint.webhook_id,
        "block_number": row.block_number,
        "log_index": row.log_index,
        "subject": _subject(row),
        "payload": orjson.dumps(payload),
        "status": DeliveryStatus.PENDING.value,
        "attempts": 0,
        "next_attempt_at_ms": now_ms,
        "created_at_ms": now_ms,
    }


def _subject(row: Any) -> str:
    if row.member is not None:
        return "0x" + str(row.member.hex())
    return "program" if row.partner is None else f"partner:{row.partner}"
