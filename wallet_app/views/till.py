"""The till of a partner: scan or type the member's code, enter the points, redeem, see the receipt."""

from fastapi import APIRouter, Query
from starlette.responses import Response

from partner_sdk import TillCode
from partner_sdk.protocol import OperationKind, ProtocolError
from wallet_app.errors import (
    CodeUnusableError,
    FormInvalidError,
    GatewayUnavailableError,
    OperationRefusedError,
    StillSettlingError,
)
from wallet_app.gateway import MemberId
from wallet_app.presentation.activity import reason_text, short_member
from wallet_app.store.redeem_codes import (
    CodeState,
    RedeemCode,
    add_code,
    change_code_state,
    find_code,
    find_code_by_nonce,
    new_code,
    normalised_code,
    record_redemption,
)
from wallet_app.views.forms import read_points
from wallet_app.views.visits import OwnForm, SignedInTill, TillVisit

router = APIRouter()

CODE_CHARS_TYPED_MAX = 40
TILL_CODE_PREFIX = "PC1"
USED_REASON = "nonce_used"


@router.get("/till")
async def show_till(signed_in: SignedInTill) -> Response:
    """Waits for a code."""
    return signed_in.visit.page("till.html", till=signed_in.till, error="")


@router.post("/till/code")
async def find_at_till(signed_in: SignedInTill, form: OwnForm) -> Response:
    """Shows what the member allowed this partner."""
    visit = signed_in.visit
    visit.wallet.limits.till_codes.count(signed_in.till.name)
    try:
        code = await _usable_code(signed_in, str(form.get("code", "")))
    except CodeUnusableError:
        return visit.page(
            "till.html", status=409, till=signed_in.till, error=visit.text("till.code_unusable")
        )
    return await _amount_page(signed_in, code, error="", typed="")


@router.post("/till/redeem")
async def redeem_at_till(signed_in: SignedInTill, form: OwnForm) -> Response:
    """Redeems through the partner's own key and waits for the block.

    The code is taken before and given back after a refusal, so that two taps cannot meet; should the answer of the gateway be
    lost, the member's nonce keeps a second try from counting twice.
    """
    visit, wallet, till = signed_in.visit, signed_in.visit.wallet, signed_in.till
    wallet.limits.till_codes.count(till.name)
    code = await _usable_code(signed_in, str(form.get("code", "")))
    try:
        points = read_points(form, points_max=code.max_points)
    except FormInvalidError as error:
        typed = str(form.get("points", ""))
        return await _amount_page(signed_in, code, error=visit.text(error.message_key), typed=typed)
    async with wallet.database.begin() as connection:
        if not await change_code_state(
            connection, code.code, expected=CodeState.OPEN, becomes=CodeState.TAKEN
        ):
            raise CodeUnusableError
    try:
        settled = await till.gateway.redeem(code.member, points=points, authorisation=code.authorisation)
    except OperationRefusedError as error:
        used = error.reason == USED_REASON
        await _move(signed_in, code, CodeState.USED if used else CodeState.OPEN)
        return await _amount_page(
            signed_in, code, error=reason_text(error.reason, visit.catalogue), typed=str(points)
        )
    except (GatewayUnavailableError, StillSettlingError):
        await _move(signed_in, code, CodeState.OPEN)
        return await _amount_page(signed_in, code, error=visit.text("till.unsure"), typed=str(points))
    async with wallet.database.begin() as connection:
        await record_redemption(connection, code.code, points=points, operation=settled.id)
    return visit.redirect(f"/till/receipt?code={code.code}")


@router.get("/till/receipt")
async def show_receipt(
    signed_in: SignedInTill, code: str = Query(max_length=CODE_CHARS_TYPED_MAX)
) -> Response:
    """What was redeemed, for the customer to see."""
    visit, wallet = signed_in.visit, signed_in.visit.wallet
    async with wallet.database.begin() as connection:
        found = await find_code(connection, normalised_code(code))
    if found is None or found.partner != signed_in.till.partner or found.points_used is None:
        raise CodeUnusableError
    formatter = visit.formatter(await wallet.reader.program())
    return visit.page(
        "till_receipt.html",
        till=signed_in.till,
        points=formatter.points(found.points_used),
        count=found.points_used,
        member=short_member(found.member),
        operation=found.operation,
    )


async def _usable_code(signed_in: TillVisit, typed: str) -> RedeemCode:
    visit = signed_in.visit
    if typed.strip().upper().startswith(TILL_CODE_PREFIX):
        code = await _scanned_code(signed_in, typed)
    else:
        async with visit.wallet.database.begin() as connection:
            code = await find_code(connection, normalised_code(typed[:CODE_CHARS_TYPED_MAX]))
    if code is None or code.partner != signed_in.till.partner:
        raise CodeUnusableError
    if code.state is not CodeState.OPEN or code.expires_at_s <= visit.now_s:
        raise CodeUnusableError
    return code


async def _scanned_code(signed_in: TillVisit, text: str) -> RedeemCode | None:
    """The code of a scanned till code; one that was made elsewhere is kept here from now on."""
    visit = signed_in.visit
    try:
        scanned = TillCode.parse(text)
    except ProtocolError:
        return None
    if scanned.kind is not OperationKind.REDEEM or scanned.partner not in {0, signed_in.till.partner}:
        return None
    authorisation = scanned.authorisation
    async with visit.wallet.database.begin() as connection:
        known = await find_code_by_nonce(connection, MemberId(scanned.member.text), authorisation.nonce)
        if known is not None and known.authorisation == authorisation.encode():
            return known
        code = RedeemCode(
            code=new_code(),
            member=MemberId(scanned.member.text),
            partner=signed_in.till.partner,
            max_points=authorisation.max_points,
            nonce=authorisation.nonce,
            authorisation=authorisation.encode(),
            expires_at_s=visit.now_s + visit.wallet.settings.code_validity_s,
        )
        await add_code(connection, code, now_s=visit.now_s)
    return code


async def _move(signed_in: TillVisit, code: RedeemCode, becomes: CodeState) -> None:
    async with signed_in.visit.wallet.database.begin() as connection:
        await change_code_state(connection, code.code, expected=CodeState.TAKEN, becomes=becomes)


async def _amount_page(signed_in: TillVisit, code: RedeemCode, *, error: str, typed: str) -> Response:
    visit = signed_in.visit
    formatter = visit.formatter(await visit.wallet.reader.program())
    return visit.page(
        "till_amount.html",
        status=422 if error else 200,
        till=signed_in.till,
        code=code,
        member=short_member(code.member),
        max_points=formatter.points(code.max_points),
        error=error,
        typed=typed,
    )
