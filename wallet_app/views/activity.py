"""All operations of the member, page by page, and as files."""

import csv
import io
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime

from fastapi import APIRouter, Query
from starlette.responses import Response, StreamingResponse

from wallet_app.gateway import HistoryLine, MemberGateway, MemberId, PartnerId
from wallet_app.presentation.activity import activity_days
from wallet_app.presentation.home import MemberFacts
from wallet_app.views.visits import SignedInMember

router = APIRouter()

LINES_A_PAGE = 25
LINES_A_FETCH = 200
FETCHES_MAX = 500
CURSOR_CHARS_MAX = 120
COLUMNS = (
    "id", "kind", "happened_at", "points_delta", "partner", "partner_name", "campaign", "spend_minor", "other_member",
    "reason", "block_number", "tx_hash",
)  # fmt: skip


@router.get("/activity")
async def show_activity(
    signed_in: SignedInMember, after: str | None = Query(default=None, max_length=CURSOR_CHARS_MAX)
) -> Response:
    """A page of the history; with `after` only the further lines, to be put at the end of the list."""
    visit, wallet = signed_in.visit, signed_in.visit.wallet
    program = await wallet.reader.program()
    history = await wallet.gateway.history(signed_in.member, after=after, limit=LINES_A_PAGE)
    facts = MemberFacts(
        account=await wallet.gateway.account(signed_in.member),
        history=history,
        campaigns=await wallet.gateway.campaigns(signed_in.member),
        partners=await wallet.reader.partners(),
    )
    days = activity_days(history.lines, names=facts.names, formatter=visit.formatter(program))
    is_fragment = after is not None and visit.request.headers.get("hx-request") == "true"
    template = "activity_more.html" if is_fragment else "activity.html"
    return visit.page(template, days=days, next_after=history.next_after)


@router.get("/activity/export.csv")
async def export_csv(signed_in: SignedInMember) -> Response:
    """Every operation as comma-separated values, newest first."""
    wallet = signed_in.visit.wallet
    partners = await wallet.reader.partners()

    async def rows() -> AsyncIterator[str]:
        yield ",".join(COLUMNS) + "\r\n"
        async for line in _all_lines(wallet.gateway, signed_in.member):
            buffer = io.StringIO()
            record = _record(line, partners)
            csv.writer(buffer).writerow([_inert(record[column]) for column in COLUMNS])
            yield buffer.getvalue()

    return StreamingResponse(rows(), media_type="text/csv", headers=_download("activity.csv"))


@router.get("/activity/export.json")
async def export_json(signed_in: SignedInMember) -> Response:
    """Every operation and the account as JSON."""
    wallet = signed_in.visit.wallet
    partners = await wallet.reader.partners()
    account = await wallet.gateway.account(signed_in.member)

    async def text() -> AsyncIterator[str]:
        head = {
            "member": account.member,
            "available": account.available,
            "held": account.held,
            "debt": account.debt,
        }
        yield json.dumps({**head, "as_of_block": account.as_of_block})[:-1] + ', "activity": ['
        separator = ""
        async for line in _all_lines(wallet.gateway, signed_in.member):
            yield separator + json.dumps(_record(line, partners), ensure_ascii=False)
            separator = ",\n"
        yield "]}\n"

    return StreamingResponse(text(), media_type="application/json", headers=_download("activity.json"))


async def _all_lines(gateway: MemberGateway, member: MemberId) -> AsyncIterator[HistoryLine]:
    after = None
    for _ in range(FETCHES_MAX):
        history = await gateway.history(member, after=after, limit=LINES_A_FETCH)
        for line in history.lines:
            yield line
        after = history.next_after
        if after is None:
            return


def _record(line: HistoryLine, partners: dict[PartnerId, str]) -> dict[str, object]:
    return {
        "id": line.id,
        "kind": line.kind.value,
        "happened_at": datetime.fromtimestamp(line.happened_at_s, UTC).isoformat(),
        "points_delta": line.points_delta,
        "partner": line.partner,
        "partner_name": partners.get(line.partner) if line.partner is not None else None,
        "campaign": line.campaign,
        "spend_minor": line.spend_minor,
        "other_member": line.other_member,
        "reason": line.reason,
        "block_number": line.block_number,
        "tx_hash": line.tx_hash,
    }


def _inert(value: object) -> object:
    # A spreadsheet would run a text that starts with one of these as a formula.
    return "'" + value if isinstance(value, str) and value[:1] in "=+-@\t\r" and value else value


def _download(name: str) -> dict[str, str]:
    return {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
