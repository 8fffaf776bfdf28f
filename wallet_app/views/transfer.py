"""Giving points to another member."""

from typing import Any

from fastapi import APIRouter
from starlette.datastructures import FormData
from starlette.responses import Response

from wallet_app.errors import FormInvalidError
from wallet_app.gateway import MemberId
from wallet_app.presentation.activity import short_member
from wallet_app.store.challenges import Purpose
from wallet_app.views.approving import approved, ask_approval, can_approve
from wallet_app.views.forms import read_member, read_points
from wallet_app.views.visits import MemberVisit, OwnForm, SignedInMember

router = APIRouter()


@router.get("/transfer")
async def show_transfer(signed_in: SignedInMember) -> Response:
    """To whom and how many."""
    return await _transfer_page(signed_in)


@router.post("/transfer/ask")
async def ask_transfer(signed_in: SignedInMember, form: OwnForm) -> Response:
    """The question for the member's passkey."""
    return await ask_approval(signed_in, Purpose.TRANSFER, await _read_details(signed_in, form))


@router.post("/transfer")
async def transfer(signed_in: SignedInMember, form: OwnForm) -> Response:
    """Sends the approved transfer and waits for its block."""
    visit, wallet = signed_in.visit, signed_in.visit.wallet
    try:
        details: dict[str, Any] = {} if form.get("answer") else await _read_details(signed_in, form)
    except FormInvalidError as error:
        return await _transfer_page(signed_in, form, error)
    details, authorisation = await approved(signed_in, Purpose.TRANSFER, form, details)
    to = MemberId(details["to"])
    settled = await wallet.gateway.transfer(
        signed_in.member, to=to, points=details["points"], authorisation=authorisation
    )
    formatter = visit.formatter(await wallet.reader.program())
    return visit.page(
        "done.html",
        title=visit.text("transfer.done_title"),
        sentence=visit.text(
            "transfer.done",
            count=settled.points,
            points=formatter.points(settled.points),
            to=short_member(to),
        ),
    )


async def _read_details(signed_in: MemberVisit, form: FormData) -> dict[str, Any]:
    to = read_member(form, own=signed_in.member)
    account = await signed_in.visit.wallet.gateway.account(signed_in.member)
    if account.is_locked:
        raise FormInvalidError(field="points", message_key="reason.member_locked")
    return {"to": to, "points": read_points(form, points_max=account.available)}


async def _transfer_page(
    signed_in: MemberVisit, form: FormData | None = None, error: FormInvalidError | None = None
) -> Response:
    visit, wallet = signed_in.visit, signed_in.visit.wallet
    account = await wallet.gateway.account(signed_in.member)
    formatter = visit.formatter(await wallet.reader.program())
    has_passkey, has_development_key = await can_approve(signed_in)
    return visit.page(
        "transfer.html",
        status=422 if error else 200,
        account=account,
        available=formatter.points(account.available),
        has_passkey=has_passkey,
        has_development_key=has_development_key,
        typed_to=str(form.get("to", "")) if form else "",
        typed=str(form.get("points", "")) if form else "",
        error=error,
    )
