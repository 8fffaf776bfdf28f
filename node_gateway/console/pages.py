"""Pages of the console. The operator signs in by HTTP Basic with an operator's API key as the password: nothing is kept, nothing is changed."""

import base64
import binascii
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

from fastapi import APIRouter, Request
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from sqlalchemy.ext.asyncio import AsyncConnection
from starlette.responses import Response

from node_gateway.domain.errors import ForbiddenError, NotIndexedError, UnknownApiKeyError
from node_gateway.domain.states import PartyKind
from node_gateway.service.api_keys import Authenticator
from node_gateway.service.backlog import Backlog
from node_gateway.service.clock import Clock
from node_gateway.service.rate_limits import RateLimits
from node_gateway.service.reading import Moment, read_moment
from node_gateway.store import intake
from node_gateway.store.batches import read_batches
from node_gateway.store.campaigns import read_campaigns
from node_gateway.store.clearing import (
    NO_LINES,
    read_partners,
    read_positions,
    read_totals,
    read_unpaid_minor,
)
from node_gateway.store.database import Database

BATCHES_SHOWN = 50
MICRO = 1_000_000
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; frame-ancestors 'none'; base-uri 'none'",
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
_HERE = Path(__file__).parent


class ConsoleParts(Protocol):
    """What the console uses of the running gateway."""

    @property
    def database(self) -> Database: ...
    @property
    def authenticator(self) -> Authenticator: ...
    @property
    def rate_limits(self) -> RateLimits: ...
    @property
    def backlog(self) -> Backlog: ...
    @property
    def clock(self) -> Clock: ...


Read = Callable[[AsyncConnection, ConsoleParts, Moment], Awaitable[dict[str, Any]]]


def console_router() -> APIRouter:
    """The console's routes; `app.state.gateway` must be `ConsoleParts` when they are called."""
    templates = Environment(
        loader=FileSystemLoader(_HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
    )
    templates.filters |= {"thousands": _thousands, "money": _money, "time": _time}
    style = (_HERE / "style.css").read_bytes()
    router = APIRouter(prefix="/console", include_in_schema=False)

    async def show_style() -> Response:
        return Response(style, headers={"Cache-Control": "max-age=300"}, media_type="text/css")

    router.add_api_route("/style.css", show_style)
    for path, template, read in (
        ("", "overview.html", _read_overview),
        ("/partners", "partners.html", _read_partners),
        ("/campaigns", "campaigns.html", _read_campaigns),
        ("/batches", "batches.html", _read_batches),
    ):
        router.add_api_route(path, _page(templates, template, read), name=template)
    return router


def _page(templates: Environment, template: str, read: Read) -> Callable[[Request], Awaitable[Response]]:
    async def show(request: Request) -> Response:
        parts: ConsoleParts = request.app.state.gateway
        try:
            await _require_operator(request, parts)
        except (UnknownApiKeyError, ForbiddenError):
            challenge = {"WWW-Authenticate": 'Basic realm="operator, API key as password", charset="UTF-8"'}
            return Response("An operator's API key is needed.", 401, {**HEADERS, **challenge}, "text/plain")
        try:
            async with parts.database.reading() as connection:
                moment = await read_moment(connection)
                values = await read(connection, parts, moment)
        except NotIndexedError as error:
            return Response(error.detail, 503, HEADERS, "text/plain")
        page = templates.get_template(template).render(page=template, moment=moment, **values)
        return Response(page, headers=HEADERS, media_type="text/html")

    return show


async def _require_operator(request: Request, parts: ConsoleParts) -> None:
    """Raises UnknownApiKeyError or ForbiddenError."""
    scheme, _, encoded = request.headers.get("authorization", "").partition(" ")
    try:
        if scheme.lower() != "basic":
            raise UnknownApiKeyError
        _, _, key = base64.b64decode(encoded, validate=True).decode().partition(":")
        party = await parts.authenticator.party_of(key)
    except (binascii.Error, UnicodeDecodeError, UnknownApiKeyError):
        parts.rate_limits.hit_unauthenticated(request.client.host if request.client else "")
        raise UnknownApiKeyError from None
    if party.kind is not PartyKind.OPERATOR:
        raise ForbiddenError(party=party.text)


async def _read_overview(connection: AsyncConnection, parts: ConsoleParts, moment: Moment) -> dict[str, Any]:
    oldest_ms = await intake.oldest_waiting_accepted_at_ms(connection)
    return {
        "totals": await read_totals(connection),
        "backlog_operations": parts.backlog.operations,
        "oldest_waiting_s": 0 if oldest_ms is None else max(0, parts.clock.now_ms() - oldest_ms) // 1000,
        "batches": await read_batches(connection, before_id=None, limit=5),
    }


async def _read_partners(connection: AsyncConnection, parts: ConsoleParts, moment: Moment) -> dict[str, Any]:
    positions = await read_positions(connection)
    partners = [
        (
            partner,
            positions.get(partner.partner, NO_LINES),
            await read_unpaid_minor(connection, partner.partner),
        )
        for partner in await read_partners(connection)
    ]
    return {"partners": partners, "operator_net_micro": -sum(lines.net_micro for _, lines, _ in partners)}


async def _read_campaigns(connection: AsyncConnection, parts: ConsoleParts, moment: Moment) -> dict[str, Any]:
    return {"campaigns": await read_campaigns(connection)}


async def _read_batches(connection: AsyncConnection, parts: ConsoleParts, moment: Moment) -> dict[str, Any]:
    return {"batches": await read_batches(connection, before_id=None, limit=BATCHES_SHOWN)}


def _thousands(number: int | None) -> str:
    return "" if number is None else f"{number:,}".replace(",", "\u202f")


def _money(amount_micro: int) -> str:
    """Micro-units as currency, cut to hundredths for the eye; the API has every digit."""
    sign = "−" if amount_micro < 0 else ""
    units, rest = divmod(abs(amount_micro), MICRO)
    return f"{sign}{_thousands(units)}.{rest // 10_000:02d}"


def _time(timestamp_s: int) -> str:
    return datetime.fromtimestamp(timestamp_s, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
