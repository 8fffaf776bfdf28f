"""The home page, and the stream that keeps it true."""

from collections.abc import AsyncIterator
from contextlib import aclosing

from fastapi import APIRouter
from sse_starlette import EventSourceResponse, ServerSentEvent
from starlette.responses import Response

from wallet_app.errors import TooManyAttemptsError
from wallet_app.live_updates import Link, Update, member_updates
from wallet_app.presentation.home import home_screen
from wallet_app.views.visits import MemberVisit, SignedInMember, is_still_signed_in

router = APIRouter()

STREAM_RETRY_S = 5
STREAMS_PER_MEMBER_MAX = 8
REDEMPTION_EVENT = "RedemptionSettled"


@router.get("/")
async def show_home(signed_in: SignedInMember) -> Response:
    """Balance, what expires, campaigns and the last operations of the member."""
    visit = signed_in.visit
    recent = await visit.wallet.reader.read_or_last(signed_in.member)
    screen = home_screen(recent.facts, visit.formatter(recent.program))
    return visit.page("home.html", screen=screen, is_stale=recent.is_stale)


@router.get("/live")
async def stream_updates(signed_in: SignedInMember) -> Response:
    """Server-sent events: pieces of the home page whenever the ledger changed the member's account."""
    streams = signed_in.visit.wallet.streams
    is_full = streams.count >= signed_in.visit.wallet.settings.streams_max
    if is_full or streams.by_member[signed_in.member] >= STREAMS_PER_MEMBER_MAX:
        raise TooManyAttemptsError(retry_after_s=STREAM_RETRY_S)
    # The heartbeat is the stream's own, so that the page can tell a dead connection; this one only must not interfere.
    return EventSourceResponse(_messages(signed_in), ping=3600, headers={"Cache-Control": "no-store"})


async def _messages(signed_in: MemberVisit) -> AsyncIterator[ServerSentEvent]:
    wallet = signed_in.visit.wallet
    wallet.streams.open(signed_in.member)
    try:
        shown_points: int | None = None
        updates = member_updates(
            wallet.gateway, wallet.reader, signed_in.member, heartbeat_s=wallet.settings.heartbeat_s
        )
        async with aclosing(updates):
            async for update in updates:
                if not await is_still_signed_in(signed_in.visit):
                    return
                if update is None:
                    yield ServerSentEvent(event="heartbeat", data="")
                    continue
                for event in update.events:
                    if event.name == REDEMPTION_EVENT:
                        yield ServerSentEvent(event=REDEMPTION_EVENT, data=str(event.fields.get("nonce", "")))
                yield ServerSentEvent(data=_pieces(signed_in, update, shown_points), id=_update_id(update))
                if update.recent is not None:
                    shown_points = update.recent.facts.account.available
    finally:
        wallet.streams.close(signed_in.member)


def _update_id(update: Update) -> str | None:
    return str(update.recent.facts.account.as_of_block) if update.recent else None


def _pieces(signed_in: MemberVisit, update: Update, shown_points: int | None) -> str:
    visit = signed_in.visit
    if update.recent is None:
        return visit.render("live_lost.html", is_lost=update.link is Link.LOST)
    formatter = visit.formatter(update.recent.program)
    screen = home_screen(update.recent.facts, formatter)
    announcement = ""
    available = screen.card.available_points
    if shown_points is not None and available != shown_points:
        announcement = visit.text(
            "home.balance_changed",
            count=available,
            points=screen.card.available,
            change=formatter.signed_points(available - shown_points),
        )
    return visit.render("live_update.html", screen=screen, announcement=announcement)
