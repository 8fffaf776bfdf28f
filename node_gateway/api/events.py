"""`/v1/events`: what happens, as it happens (server-sent events)."""

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated, Literal

import anyio
from fastapi import APIRouter, Depends, Header, Query, Request
from sse_starlette import EventSourceResponse, ServerSentEvent
from starlette.responses import Response

from node_gateway.api.answers import PROBLEM_RESPONSES
from node_gateway.api.gateway import Gateway, gateway_of, party_of
from node_gateway.api.parameters import MEMBER, member_of, stream_id_of
from node_gateway.domain.errors import ForbiddenError
from node_gateway.domain.parties import Party
from node_gateway.domain.states import PartyKind
from node_gateway.service.event_feed import (
    TOLD_BLOCKS_MAX,
    StreamMessage,
    Subscription,
    balance_messages,
    event_message,
    reset_message,
)
from node_gateway.service.reading import read_moment
from node_gateway.store.events import (
    LOG_INDEX_MAX,
    EventFilter,
    EventPosition,
    read_block_hashes,
    read_events_after,
)

REPLAY_PAGE_EVENTS = 500
SEND_TIMEOUT_S = 30.0
STOP_GRACE_S = 2.0

router = APIRouter(prefix="/v1", tags=["events"], responses=PROBLEM_RESPONSES)


@router.get(
    "/events",
    response_class=EventSourceResponse,
    responses={200: {"description": "A stream of events.", "content": {"text/event-stream": {}}}},
)
async def stream_events(
    request: Request,
    party: Annotated[Party, Depends(party_of)],
    member: Annotated[str | None, Query(pattern=MEMBER)] = None,
    partner: Annotated[Literal["me"] | None, Query()] = None,
    last_event_id: Annotated[str | None, Header(alias="Last-Event-ID", max_length=48)] = None,
) -> Response:
    """Events of one member, of the calling partner, or (operator) of all; `Last-Event-ID` resumes after an event."""
    gateway = gateway_of(request)
    wanted = _filter(party, member, partner)
    resumed = None if not last_event_id else stream_id_of("Last-Event-ID", last_event_id)
    subscription = gateway.feed.subscribe(wanted)
    stopping = anyio.Event()
    return EventSourceResponse(
        _messages(gateway, subscription, resumed, stopping),
        ping=gateway.settings.stream_heartbeat_s,
        send_timeout=SEND_TIMEOUT_S,
        headers={"X-Accel-Buffering": "no"},
        shutdown_event=stopping,
        shutdown_grace_period=STOP_GRACE_S,
    )


def _filter(party: Party, member: str | None, partner: str | None) -> EventFilter:
    if partner is not None and party.partner is None:
        raise ForbiddenError(party=party.text)
    if party.kind is PartyKind.WALLET and member is None:
        raise ForbiddenError(party=party.text)
    return EventFilter(member=None if member is None else member_of("member", member), partner=party.partner)


async def _messages(
    gateway: Gateway,
    subscription: Subscription,
    resumed: tuple[EventPosition, str | None] | None,
    stopping: anyio.Event,
) -> AsyncIterator[ServerSentEvent]:
    """What was missed, the balance now, then what happens; all that is live after `subscription.through_block` is queued meanwhile."""
    ending = asyncio.create_task(_close_when(stopping, subscription))
    try:
        if resumed is not None:
            async for message in _missed(gateway, subscription, resumed):
                yield _sent(message)
        if subscription.wanted.member is not None:
            async with gateway.database.reading() as connection:
                moment = await read_moment(connection)
                member = subscription.wanted.member
                for message in (await balance_messages(connection, moment, [member], {})).values():
                    yield _sent(message)
        while (message_now := await subscription.next()) is not None:
            yield _sent(message_now)
        if subscription.is_cut_off:
            gateway.metrics.streams_cut_off.inc()
    finally:
        ending.cancel()
        gateway.feed.unsubscribe(subscription)


async def _close_when(stopping: anyio.Event, subscription: Subscription) -> None:
    await stopping.wait()
    subscription.close()


async def _missed(
    gateway: Gateway, subscription: Subscription, resumed: tuple[EventPosition, str | None]
) -> AsyncIterator[StreamMessage]:
    """From the tables, page by page: no connection is held while the client reads."""
    after, mark = resumed
    if (reset := await _reset(gateway, subscription.through_block, after, mark)) is not None:
        after, message = reset
        yield message
    while True:
        async with gateway.database.reading() as connection:
            events = await read_events_after(
                connection,
                after,
                through_block=subscription.through_block,
                limit=REPLAY_PAGE_EVENTS,
                wanted=subscription.wanted,
            )
        for event in events:
            yield event_message(event)
        if len(events) < REPLAY_PAGE_EVENTS:
            return
        after = events[-1].position


async def _reset(
    gateway: Gateway, through_block: int, after: EventPosition, mark: str | None
) -> tuple[EventPosition, StreamMessage] | None:
    """Where to go on instead, and how to say so, when the client's last event is not on the chain as it is now."""
    block = after.block_number
    async with gateway.database.reading() as connection:
        found = await read_block_hashes(connection, after=block - 1, through_block=block)
        is_known = mark is None or (block in found and found[block].hex().startswith(mark))
        if is_known and block <= through_block:
            return None
        # In which block the client's chain parted from this one is not known.
        as_of_block = through_block if is_known else max(0, min(block, through_block) - TOLD_BLOCKS_MAX)
        hashes = await read_block_hashes(connection, after=as_of_block - 1, through_block=as_of_block)
    position = EventPosition(as_of_block, LOG_INDEX_MAX)
    return position, reset_message(as_of_block, hashes.get(as_of_block, b""))


def _sent(message: StreamMessage) -> ServerSentEvent:
    return ServerSentEvent(data=message.data, event=message.event, id=message.id)
