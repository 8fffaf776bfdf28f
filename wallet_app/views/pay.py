"""Paying with points: the member approves a partner and the most points, and shows a code at the till."""

import io
from typing import Any

import segno
from fastapi import APIRouter
from starlette.datastructures import FormData
from starlette.responses import Response

from partner_sdk import TillCode
from partner_sdk.protocol import Authorisation, OperationKind
from partner_sdk.protocol import MemberId as MemberBytes
from partner_sdk.protocol import PartnerId as ProtocolPartnerId
from wallet_app.errors import FormInvalidError, PageNotFoundError
from wallet_app.presentation.activity import partner_name
from wallet_app.store.challenges import Purpose
from wallet_app.store.redeem_codes import (
    CodeState,
    RedeemCode,
    add_code,
    change_code_state,
    find_code,
    new_code,
    normalised_code,
)
from wallet_app.views.approving import approved, ask_approval, can_approve
from wallet_app.views.forms import read_partner, read_points
from wallet_app.views.visits import MemberVisit, OwnForm, SignedInMember

router = APIRouter()

SHORTCUTS_POINTS = (100, 500, 1_000, 5_000)
CODE_GROUP_CHARS = 4


@router.get("/pay")
async def show_pay(signed_in: SignedInMember) -> Response:
    """Choose where and how many points at most."""
    return await _pay_page(signed_in)


@router.post("/pay/ask")
async def ask_pay(signed_in: SignedInMember, form: OwnForm) -> Response:
    """The question for the member's passkey."""
    return await ask_approval(signed_in, Purpose.REDEEM, await _read_details(signed_in, form))


@router.post("/pay")
async def make_code(signed_in: SignedInMember, form: OwnForm) -> Response:
    """Keeps the approved authorisation under a short code."""
    visit, wallet = signed_in.visit, signed_in.visit.wallet
    try:
        details: dict[str, Any] = {} if form.get("answer") else await _read_details(signed_in, form)
    except FormInvalidError as error:
        return await _pay_page(signed_in, form, error)
    details, authorisation = await approved(signed_in, Purpose.REDEEM, form, details)
    code = RedeemCode(
        code=new_code(),
        member=signed_in.member,
        partner=details["partner"],
        max_points=details["points"],
        nonce=details["nonce"],
        authorisation=authorisation,
        expires_at_s=visit.now_s + wallet.settings.code_validity_s,
    )
    async with wallet.database.begin() as connection:
        await add_code(connection, code, now_s=visit.now_s)
    return visit.redirect(f"/pay/{code.code}")


@router.get("/pay/{code}")
async def show_code(signed_in: SignedInMember, code: str) -> Response:
    """The code as QR and text, or what became of it. As a fragment for htmx."""
    visit, wallet = signed_in.visit, signed_in.visit.wallet
    found = await _own_code(signed_in, code)
    names = await wallet.reader.partners()
    formatter = visit.formatter(await wallet.reader.program())
    is_open = found.state in {CodeState.OPEN, CodeState.TAKEN} and found.expires_at_s > visit.now_s
    is_fragment = visit.request.headers.get("hx-request") == "true"
    return visit.page(
        "pay_code_state.html" if is_fragment else "pay_code.html",
        code=found,
        code_text=" ".join(
            found.code[start : start + CODE_GROUP_CHARS]
            for start in range(0, len(found.code), CODE_GROUP_CHARS)
        ),
        qr=qr_svg(till_code_text(found)) if is_open else "",
        state=found.state.value if is_open or found.state is not CodeState.OPEN else "expired",
        is_open=is_open,
        partner=partner_name(found.partner, names, formatter),
        max_points=formatter.points(found.max_points),
        points_used=formatter.points(found.points_used) if found.points_used else "",
        count=found.points_used or found.max_points,
        seconds_left=max(0, found.expires_at_s - visit.now_s),
    )


@router.post("/pay/{code}/cancel")
async def cancel_code(signed_in: SignedInMember, code: str, _form: OwnForm) -> Response:
    """Takes the code back, unless a till was faster."""
    found = await _own_code(signed_in, code)
    async with signed_in.visit.wallet.database.begin() as connection:
        await change_code_state(connection, found.code, expected=CodeState.OPEN, becomes=CodeState.CANCELLED)
    return signed_in.visit.redirect(f"/pay/{found.code}")


def till_code_text(code: RedeemCode) -> str:
    """The code as docs/protocol.md has it: any partner's till can use it, without asking this wallet."""
    return TillCode(
        kind=OperationKind.REDEEM,
        partner=ProtocolPartnerId(code.partner),
        member=MemberBytes.parse(code.member),
        authorisation=Authorisation.decode(code.authorisation),
    ).text


def qr_svg(text: str) -> str:
    """A QR code as inline SVG without styles, dark on nothing; `text` is best upper-case alphanumeric."""
    buffer = io.BytesIO()
    segno.make(text, error="l", boost_error=False, micro=False).save(
        buffer,
        kind="svg",
        border=2,
        xmldecl=False,
        svgns=True,
        omitsize=True,
        svgclass="qr",
        lineclass=None,
        nl=False,
    )
    return buffer.getvalue().decode()


async def _own_code(signed_in: MemberVisit, code: str) -> RedeemCode:
    async with signed_in.visit.wallet.database.begin() as connection:
        found = await find_code(connection, normalised_code(code))
    if found is None or found.member != signed_in.member:
        raise PageNotFoundError
    return found


async def _read_details(signed_in: MemberVisit, form: FormData) -> dict[str, Any]:
    wallet = signed_in.visit.wallet
    partner = read_partner(form, await wallet.reader.partners())
    account = await wallet.gateway.account(signed_in.member)
    if account.is_locked:
        raise FormInvalidError(field="points", message_key="reason.member_locked")
    return {"partner": partner, "points": read_points(form, points_max=account.available)}


async def _pay_page(
    signed_in: MemberVisit, form: FormData | None = None, error: FormInvalidError | None = None
) -> Response:
    visit, wallet = signed_in.visit, signed_in.visit.wallet
    account = await wallet.gateway.account(signed_in.member)
    formatter = visit.formatter(await wallet.reader.program())
    has_passkey, has_development_key = await can_approve(signed_in)
    shortcuts = [points for points in SHORTCUTS_POINTS if points < account.available]
    return visit.page(
        "pay.html",
        status=422 if error else 200,
        partners=sorted((await wallet.reader.partners()).items(), key=lambda pair: pair[1].casefold()),
        account=account,
        available=formatter.points(account.available),
        shortcuts=[(points, formatter.points(points)) for points in shortcuts],
        has_passkey=has_passkey,
        has_development_key=has_development_key,
        chosen=str(form.get("partner", "")) if form else "",
        typed=str(form.get("points", "")) if form else "",
        error=error,
    )
