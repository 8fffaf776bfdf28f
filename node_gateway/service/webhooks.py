"""What a party does with its webhooks. The push job (`jobs.push`) sends."""

import asyncio
import base64
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy.ext.asyncio import AsyncConnection

from node_gateway.domain.errors import (
    DeliveryNotFoundError,
    InvalidParameterError,
    TooManyWebhooksError,
    WebhookNotFoundError,
    WebhookUrlRefusedError,
)
from node_gateway.domain.event_names import EVENT_NAMES
from node_gateway.domain.parties import Party
from node_gateway.domain.states import DeliveryStatus
from node_gateway.service.reading import read_moment
from node_gateway.service.views import Json
from node_gateway.service.webhook_guard import EndpointRefusedError, Resolve, checked_target
from node_gateway.store import webhooks
from node_gateway.store.webhooks import DeliveryRow, WebhookRow

WEBHOOKS_MAX: Final = 20
"""Of one party."""
URL_CHARACTERS_MAX: Final = 2_000
OVERLAP_S_DEFAULT: Final = 86_400
OVERLAP_S_MAX: Final = 30 * 86_400
RESOLVE_S_MAX: Final = 5.0
ID_BYTES: Final = 12
SECRET_BYTES: Final = 32


@dataclass(frozen=True, slots=True)
class WebhookChanges:
    """What is to be changed. None leaves a field as it is; `event_names` may be set to all by `is_for_all_events`."""

    url: str | None = None
    event_names: Sequence[str] | None = None
    is_for_all_events: bool = False
    is_active: bool | None = None


async def check_url(url: str, *, are_private_allowed: bool, resolve: Resolve) -> None:
    """What the push job will check again before each delivery.

    Raises:
        WebhookUrlRefusedError: it is none that messages may be sent to, and why.
    """
    if len(url) > URL_CHARACTERS_MAX:
        raise WebhookUrlRefusedError(f"not more than {URL_CHARACTERS_MAX} characters are taken")
    try:
        async with asyncio.timeout(RESOLVE_S_MAX):
            await checked_target(url, are_private_allowed=are_private_allowed, resolve=resolve)
    except EndpointRefusedError as refused:
        raise WebhookUrlRefusedError(refused.detail) from None
    except TimeoutError:
        raise WebhookUrlRefusedError("its host name could not be resolved in time") from None


async def create_webhook(
    connection: AsyncConnection,
    party: Party,
    *,
    url: str,
    event_names: Sequence[str] | None,
    from_block: int | None,
    now_ms: int,
) -> Json:
    """Registers an address that was checked; the answer has the secret, which is not shown again.

    Args:
        connection: within a writing transaction.
        party: whose it will be.
        url: see `check_url`.
        event_names: None for all.
        from_block: the first block whose events are sent; None: the next one.
        now_ms: the gateway's time.

    Raises:
        InvalidParameterError: an event has no such name.
        TooManyWebhooksError: the party has WEBHOOKS_MAX.
    """
    _check_event_names(event_names)
    if await webhooks.count_webhooks(connection, party) >= WEBHOOKS_MAX:
        raise TooManyWebhooksError(webhooks_max=WEBHOOKS_MAX)
    moment = await read_moment(connection)
    webhook_id = "wh_" + secrets.token_hex(ID_BYTES)
    secret = new_secret(secrets.token_bytes(SECRET_BYTES))
    await webhooks.insert_webhook(
        connection,
        party,
        webhook_id=webhook_id,
        url=url,
        secret=secret,
        event_names=event_names,
        next_block=moment.as_of_block + 1 if from_block is None else from_block,
        created_at_ms=now_ms,
    )
    return {**_webhook_view(await found_webhook(connection, party, webhook_id)), "secret": secret}


async def list_webhooks(connection: AsyncConnection, party: Party) -> Json:
    return {"webhooks": [_webhook_view(row) for row in await webhooks.list_webhooks(connection, party)]}


async def read_webhook(connection: AsyncConnection, party: Party, webhook_id: str) -> Json:
    """Raises WebhookNotFoundError."""
    return _webhook_view(await found_webhook(connection, party, webhook_id))


async def change_webhook(
    connection: AsyncConnection, party: Party, webhook_id: str, changes: WebhookChanges
) -> Json:
    """Raises WebhookNotFoundError, InvalidParameterError. A new address was checked before."""
    await found_webhook(connection, party, webhook_id)
    _check_event_names(changes.event_names)
    values: dict[str, Any] = {}
    if changes.url is not None:
        values["url"] = changes.url
    if changes.event_names is not None or changes.is_for_all_events:
        values["event_names"] = None if changes.event_names is None else list(changes.event_names)
    if changes.is_active is not None:
        values |= {
            "is_active": changes.is_active,
            "disabled_reason": None if changes.is_active else "caller",
        }
    if values:
        await webhooks.update_webhook(connection, webhook_id, **values)
    return await read_webhook(connection, party, webhook_id)


async def delete_webhook(connection: AsyncConnection, party: Party, webhook_id: str) -> None:
    """With its deliveries. Raises WebhookNotFoundError."""
    await found_webhook(connection, party, webhook_id)
    await webhooks.delete_webhook(connection, webhook_id)


async def rotate_secret(
    connection: AsyncConnection, party: Party, webhook_id: str, *, overlap_s: int, now_ms: int
) -> Json:
    """A new secret; messages are signed with the old one too for `overlap_s`. Raises WebhookNotFoundError."""
    await found_webhook(connection, party, webhook_id)
    secret = new_secret(secrets.token_bytes(SECRET_BYTES))
    until_ms = now_ms + overlap_s * 1000
    await webhooks.replace_secret(connection, webhook_id, secret, previous_until_ms=until_ms)
    return {**await read_webhook(connection, party, webhook_id), "secret": secret}


async def read_deliveries(
    connection: AsyncConnection,
    party: Party,
    webhook_id: str,
    *,
    status: DeliveryStatus | None,
    before: int | None,
    limit: int,
) -> Json:
    """Newest first. Raises WebhookNotFoundError."""
    await found_webhook(connection, party, webhook_id)
    found = await webhooks.read_deliveries(
        connection, webhook_id, status=status, before=before, limit=limit + 1
    )
    page = found[:limit]
    return {
        "entries": [_delivery_view(row) for row in page],
        "next_after": str(page[-1].id) if len(found) > limit else None,
        "as_of_block": (await read_moment(connection)).as_of_block,
    }


async def replay(
    connection: AsyncConnection,
    party: Party,
    webhook_id: str,
    *,
    delivery: int | None,
    from_block: int | None,
    now_ms: int,
) -> Json:
    """Sends again: one message, everything from a block on, or (neither is given) all dead letters.

    Raises:
        WebhookNotFoundError, DeliveryNotFoundError: there is no such webhook or message of this party.
    """
    await found_webhook(connection, party, webhook_id)
    if from_block is not None:
        count = await webhooks.replay_from(connection, party, webhook_id, block_number=from_block)
    else:
        count = await webhooks.replay_dead(connection, webhook_id, delivery_id=delivery, now_ms=now_ms)
        if delivery is not None and count == 0:
            raise DeliveryNotFoundError(delivery)
    return {"id": webhook_id, "messages": count}


async def found_webhook(connection: AsyncConnection, party: Party, webhook_id: str) -> WebhookRow:
    """Raises WebhookNotFoundError when it is not there, or another party's."""
    row = await webhooks.find_webhook(connection, party, webhook_id)
    if row is None:
        raise WebhookNotFoundError(webhook_id)
    return row


def new_secret(random_bytes: bytes) -> str:
    """A secret as Standard Webhooks writes it.

    Args:
        random_bytes: 24 … 64 of them.
    """
    assert 24 <= len(random_bytes) <= 64
    return "whsec_" + base64.b64encode(random_bytes).decode()


def _check_event_names(names: Sequence[str] | None) -> None:
    for name in names or ():
        if name not in EVENT_NAMES:
            raise InvalidParameterError("events", f"no event of the ledger is called {name}")


def _webhook_view(row: WebhookRow) -> Json:
    return {
        "id": row.id,
        "url": row.url,
        "events": None if row.event_names is None else list(row.event_names),
        "is_active": row.disabled_reason is None,
        "disabled_reason": row.disabled_reason,
        "next_event": row.next_position.text,
        "previous_secret_until_ms": row.previous_secret_until_ms or None,
        "created_at_ms": row.created_at_ms,
    }


def _delivery_view(row: DeliveryRow) -> Json:
    is_waiting = row.status is DeliveryStatus.PENDING
    return {
        "id": str(row.id),
        "event": row.position.text,
        "subject": row.subject,
        "status": row.status.value,
        "attempts": row.attempts,
        "next_attempt_at_ms": row.next_attempt_at_ms if is_waiting else None,
        "answered_status": row.answered_status,
        "error": row.error,
        "created_at_ms": row.created_at_ms,
        "delivered_at_ms": row.delivered_at_ms,
    }
