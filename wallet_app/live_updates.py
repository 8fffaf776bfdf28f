"""Follows a member's events and says when to draw again. Many events of one block become one update."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import suppress
from dataclasses import dataclass, field
from enum import StrEnum

from wallet_app.errors import GatewayUnavailableError
from wallet_app.gateway import LedgerEvent, MemberGateway, MemberId
from wallet_app.member_facts import MemberFactsReader, RecentFacts

GATHER_S = 0.05
REST_S = 0.2
RETRY_MIN_S = 0.5
RETRY_MAX_S = 8.0
RETRY_BEHIND_S = 2.0
PENDING_EVENTS_MAX = 200


class Link(StrEnum):
    """State of the wallet's own connection to the gateway."""

    LIVE = "live"
    LOST = "lost"


@dataclass(frozen=True)
class Update:
    """What changed. `recent` is None when the gateway could not be asked; `is_first` opens a stream."""

    link: Link
    recent: RecentFacts | None
    events: tuple[LedgerEvent, ...] = ()
    is_first: bool = False


@dataclass
class _Feed:
    """Events that have arrived and are not yet told; bounded, since only the newest state is drawn."""

    events: list[LedgerEvent] = field(default_factory=list)
    link: Link = Link.LIVE
    changed: asyncio.Event = field(default_factory=asyncio.Event)


async def member_updates(
    gateway: MemberGateway, reader: MemberFactsReader, member: MemberId, *, heartbeat_s: float
) -> AsyncGenerator[Update | None, None]:
    """Updates of a member for as long as someone listens; None every `heartbeat_s` without any."""
    feed = _Feed()
    follower = asyncio.create_task(_follow(gateway, member, feed))
    try:
        update = await _look(reader, member, Link.LIVE, (), is_first=True)
        yield update
        while True:
            is_behind = update.link is Link.LOST
            try:
                await asyncio.wait_for(feed.changed.wait(), RETRY_BEHIND_S if is_behind else heartbeat_s)
            except TimeoutError:
                if not is_behind:
                    yield None
                    continue
            await asyncio.sleep(GATHER_S)
            feed.changed.clear()
            events, feed.events = tuple(feed.events), []
            update = await _look(reader, member, feed.link, events)
            yield update
            await asyncio.sleep(REST_S)
    finally:
        follower.cancel()
        with suppress(asyncio.CancelledError):
            await follower


async def _look(
    reader: MemberFactsReader,
    member: MemberId,
    link: Link,
    events: tuple[LedgerEvent, ...],
    *,
    is_first: bool = False,
) -> Update:
    if link is Link.LOST:
        return Update(link=link, recent=None, events=events, is_first=is_first)
    try:
        return Update(link=link, recent=await reader.read(member), events=events, is_first=is_first)
    except GatewayUnavailableError:
        return Update(link=Link.LOST, recent=None, events=events, is_first=is_first)


async def _follow(gateway: MemberGateway, member: MemberId, feed: _Feed) -> None:
    retry_s = RETRY_MIN_S
    while True:
        try:
            async for event in gateway.events(member):
                retry_s = RETRY_MIN_S
                feed.link = Link.LIVE
                feed.events = [*feed.events, event][-PENDING_EVENTS_MAX:]
                feed.changed.set()
        except GatewayUnavailableError:
            if feed.link is Link.LIVE:
                feed.link = Link.LOST
                feed.changed.set()
        await asyncio.sleep(retry_s)
        retry_s = min(retry_s * 2, RETRY_MAX_S)
