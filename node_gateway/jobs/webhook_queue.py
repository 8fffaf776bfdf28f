"""Webhook deliveries in the tables: made from events, taken in order of their subject, ended or put off."""

import base64
import random
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import orjson
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from node_gateway.domain.states import DeliveryStatus, PartyKind
from node_gateway.jobs.bulk import insert_rows
from node_gateway.store import schema

EVENTS_IN_STEP_MAX: Final = 500
PENDING_READ_MAX: Final = 200
# Days of attempts: an endpoint may be down over a long weekend.
BACKOFF_S: Final = (5, 30, 120, 600, 1_800, 3_600, 10_800, 21_600, 43_200, 86_400, 86_400)
JITTER: Final = 0.2
DELIVERED_KEPT_MS: Final = 7 * 86_400_000


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A webhook as the push job sees it. `secrets` newest first."""

    webhook_id: str
    party: str
    partner: int | None
    url: str
    secrets: tuple[str, ...]
    event_names: frozenset[str] | None
    next_block: int
    next_log_index: int


@dataclass(frozen=True, slots=True)
class Delivery:
    """One message to one endpoint."""

    delivery_id: int
    message_id: str
    subject: str
    payload: bytes
    attempts: int


async def endpoints(connection: AsyncConnection) -> list[Endpoint]:
    """All active webhooks."""
    table = schema.webhooks
    rows = (await connection.execute(sa.select(table).where(table.c.is_active).order_by(table.c.id))).all()
    return [
        Endpoint(
            webhook_id=row.id,
            party=row.party,
            partner=row.partner,
            url=row.url,
            secrets=tuple(row.secrets),
            event_names=None if row.event_names is None else frozenset(row.event_names),
            next_block=row.next_block,
            next_log_index=row.next_log_index,
        )
        for row in rows
    ]


async def has_new_events(connection: AsyncConnection, endpoint: Endpoint) -> bool:
    """Whether `enqueue` would find anything; asked first, so that an idle endpoint takes no write lock."""
    statement = sa.select(sa.literal(1)).where(*_is_new_for(endpoint)).limit(1)
    return (await connection.execute(statement)).first() is not None


async def enqueue(connection: AsyncConnection, endpoint: Endpoint, *, now_ms: int) -> int:
    """Make deliveries of the next indexed events for an endpoint; returns how many events were looked at."""
    events, blocks, webhooks = schema.events, schema.blocks, schema.webhooks
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
    await connection.execute(
        sa.update(webhooks)
        .where(webhooks.c.id == endpoint.webhook_id)
        .values(next_block=last.block_number, next_log_index=last.log_index + 1)
    )
    return len(rows)


async def due(connection: AsyncConnection, webhook_id: str, *, now_ms: int, limit: int) -> list[Delivery]:
    """The oldest pending message of each subject, as far as its time has come."""
    table = schema.deliveries
    statement = (
        sa.select(table)
        .where(table.c.webhook_id == webhook_id, table.c.status == DeliveryStatus.PENDING.value)
        .order_by(table.c.id)
        .limit(PENDING_READ_MAX)
    )
    heads: dict[str, Any] = {}
    for row in (await connection.execute(statement)).all():
        heads.setdefault(row.subject, row)
    ready = [row for row in heads.values() if row.next_attempt_at_ms <= now_ms]
    return [
        Delivery(row.id, orjson.loads(row.payload)["id"], row.subject, row.payload, row.attempts)
        for row in ready[:limit]
    ]


async def mark_delivered(
    connection: AsyncConnection, delivery: Delivery, *, status_code: int, now_ms: int
) -> None:
    """The endpoint took it."""
    await _update(
        connection, delivery, status=DeliveryStatus.DELIVERED.value, attempts=delivery.attempts + 1,
        answered_status=status_code, error=None, delivered_at_ms=now_ms,
    )  # fmt: skip


async def put_off(
    connection: AsyncConnection, delivery: Delivery, *, status_code: int | None, error: str, now_ms: int
) -> bool:
    """Try again later, or give up after the last attempt; True when it is dead now."""
    attempts = delivery.attempts + 1
    is_dead = attempts > len(BACKOFF_S)
    wait_s = 0.0 if is_dead else BACKOFF_S[attempts - 1] * random.uniform(1 - JITTER, 1 + JITTER)
    await _update(
        connection, delivery,
        status=(DeliveryStatus.DEAD if is_dead else DeliveryStatus.PENDING).value, attempts=attempts,
        next_attempt_at_ms=now_ms + int(wait_s * 1000), answered_status=status_code, error=error[:200],
    )  # fmt: skip
    return is_dead


async def deactivate(connection: AsyncConnection, webhook_id: str) -> None:
    """The endpoint said that it is gone for good."""
    table = schema.webhooks
    await connection.execute(sa.update(table).where(table.c.id == webhook_id).values(is_active=False))


async def replay(connection: AsyncConnection, webhook_id: str, *, from_block: int | None, now_ms: int) -> int:
    """Send again: the dead letters, or everything from a block on; returns how many."""
    table = schema.deliveries
    which = (
        table.c.status == DeliveryStatus.DEAD.value
        if from_block is None
        else table.c.block_number >= from_block
    )
    result = await connection.execute(
        sa.update(table)
        .where(table.c.webhook_id == webhook_id, which)
        .values(status=DeliveryStatus.PENDING.value, attempts=0, next_attempt_at_ms=now_ms, error=None)
    )
    return result.rowcount


async def rotate_secret(
    connection: AsyncConnection, webhook_id: str, new_secret: str, *, keep_old: bool
) -> None:
    """Sign with a new secret; with `keep_old` also with the one before, until the next rotation."""
    table = schema.webhooks
    statement = sa.select(table.c.secrets).where(table.c.id == webhook_id)
    old: list[str] = (await connection.execute(statement)).scalar_one()
    secrets = [new_secret, *old[:1]] if keep_old else [new_secret]
    await connection.execute(sa.update(table).where(table.c.id == webhook_id).values(secrets=secrets))


async def forget_delivered(connection: AsyncConnection, *, now_ms: int) -> None:
    """Drop messages that were delivered long ago."""
    table = schema.deliveries
    await connection.execute(
        sa.delete(table).where(
            table.c.status == DeliveryStatus.DELIVERED.value,
            table.c.delivered_at_ms < now_ms - DELIVERED_KEPT_MS,
        )
    )


def new_secret(random_bytes: bytes) -> str:
    """A secret as Standard Webhooks writes it.

    Args:
        random_bytes: 24 … 64 of them.
    """
    assert 24 <= len(random_bytes) <= 64
    return "whsec_" + base64.b64encode(random_bytes).decode()


def _is_new_for(endpoint: Endpoint) -> tuple[sa.ColumnElement[bool], ...]:
    events = schema.events
    place = sa.tuple_(events.c.block_number, events.c.log_index)
    return place >= sa.tuple_(endpoint.next_block, endpoint.next_log_index), _is_visible(endpoint)


def _is_visible(endpoint: Endpoint) -> sa.ColumnElement[bool]:
    events = schema.events
    if endpoint.party == PartyKind.PARTNER:
        return events.c.partner == endpoint.partner
    if endpoint.party == PartyKind.WALLET:
        return events.c.member.is_not(None)
    return sa.true()


def _delivery_row(endpoint: Endpoint, event: Any, now_ms: int) -> dict[str, Any]:
    # With the transaction: after a reorganisation another event may stand in the same place.
    message_id = f"{event.block_number}-{event.log_index}-{event.tx_hash.hex()[:8]}"
    member = None if event.member is None else "0x" + event.member.hex()
    payload = {
        "id": message_id,
        "type": event.name,
        "timestamp": datetime.fromtimestamp(event.timestamp_s, UTC).isoformat().replace("+00:00", "Z"),
        "data": {
            **event.data,
            "block_number": event.block_number,
            "log_index": event.log_index,
            "tx_hash": "0x" + event.tx_hash.hex(),
        },
    }
    return {
        "webhook_id": endpoint.webhook_id,
        "block_number": event.block_number,
        "log_index": event.log_index,
        "subject": member or f"partner:{event.partner}",
        "payload": orjson.dumps(payload),
        "status": DeliveryStatus.PENDING.value,
        "attempts": 0,
        "next_attempt_at_ms": now_ms,
        "created_at_ms": now_ms,
    }


async def _update(connection: AsyncConnection, delivery: Delivery, **values: Any) -> None:
    table = schema.deliveries
    await connection.execute(sa.update(table).where(table.c.id == delivery.delivery_id).values(**values))
