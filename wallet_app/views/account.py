"""The member's own matters: number, name, lock, files, erasing."""

from fastapi import APIRouter
from starlette.responses import Response

from wallet_app.store.challenges import Purpose, erase_challenges
from wallet_app.store.passkeys import erase_passkeys, passkeys_of
from wallet_app.store.personal_data import erase_fields, read_fields, write_field
from wallet_app.store.redeem_codes import erase_codes
from wallet_app.store.sessions import close_all_sessions
from wallet_app.views.approving import approved, ask_approval, can_approve
from wallet_app.views.pay import qr_svg
from wallet_app.views.visits import SESSION_COOKIE, OwnForm, SignedInMember

router = APIRouter()

NAME_CHARS_MAX = 60


@router.get("/account")
async def show_account(signed_in: SignedInMember) -> Response:
    """Everything about the member that is not points."""
    visit, wallet = signed_in.visit, signed_in.visit.wallet
    account = await wallet.gateway.account(signed_in.member)
    formatter = visit.formatter(await wallet.reader.program())
    async with wallet.database.begin() as connection:
        passkeys = await passkeys_of(connection, signed_in.member)
        fields = await read_fields(connection, master_key=wallet.master_key, member=signed_in.member)
    return visit.page(
        "account.html",
        account=account,
        number_qr=qr_svg(signed_in.member.upper()),
        name=fields.get("name", ""),
        passkeys=[
            (
                fields.get(f"passkey.{passkey.ledger_key}", visit.text("account.passkey")),
                formatter.day(formatter.program_day_of(passkey.created_at_s)),
            )
            for passkey in passkeys
        ],
        has_passkey=bool(passkeys),
        has_development_key=wallet.keyring.has(signed_in.member),
    )


@router.post("/account/name")
async def set_name(signed_in: SignedInMember, form: OwnForm) -> Response:
    """Keeps the member's name, sealed."""
    visit, wallet = signed_in.visit, signed_in.visit.wallet
    name = " ".join(str(form.get("name", "")).split())[:NAME_CHARS_MAX]
    async with wallet.database.begin() as connection:
        await write_field(
            connection,
            master_key=wallet.master_key,
            member=signed_in.member,
            field="name",
            value=name,
            now_s=visit.now_s,
        )
    return visit.redirect("/account")


@router.post("/lock")
async def lock(signed_in: SignedInMember, _form: OwnForm) -> Response:
    """Stops all spending, at once."""
    signed_in.visit.wallet.limits.acts.count(signed_in.member)
    await signed_in.visit.wallet.gateway.lock(signed_in.member)
    return signed_in.visit.redirect("/")


@router.post("/unlock/ask")
async def ask_unlock(signed_in: SignedInMember, _form: OwnForm) -> Response:
    """The question for the member's passkey."""
    return await ask_approval(signed_in, Purpose.UNLOCK, {})


@router.get("/unlock")
async def show_unlock(signed_in: SignedInMember) -> Response:
    """What unlocking needs."""
    has_passkey, has_development_key = await can_approve(signed_in)
    return signed_in.visit.page(
        "unlock.html", has_passkey=has_passkey, has_development_key=has_development_key
    )


@router.post("/unlock")
async def unlock(signed_in: SignedInMember, form: OwnForm) -> Response:
    """Lets points be spent again; needs the member's own key."""
    _, authorisation = await approved(signed_in, Purpose.UNLOCK, form, {})
    await signed_in.visit.wallet.gateway.unlock(signed_in.member, authorisation=authorisation)
    return signed_in.visit.redirect("/")


@router.get("/account/erase")
async def show_erase(signed_in: SignedInMember) -> Response:
    """What erasing means, before it is done."""
    return signed_in.visit.page("erase.html", is_confirmed=True)


@router.post("/account/erase")
async def erase(signed_in: SignedInMember, form: OwnForm) -> Response:
    """Destroys the member's data key and all that the wallet keeps. The ledger keeps a random number and points."""
    visit, wallet, member = signed_in.visit, signed_in.visit.wallet, signed_in.member
    if form.get("confirm") != "yes":
        return visit.page("erase.html", status=422, is_confirmed=False)
    async with wallet.database.begin() as connection:
        await erase_fields(connection, member)
        await erase_passkeys(connection, member)
        await erase_challenges(connection, member)
        await erase_codes(connection, member)
        await close_all_sessions(connection, member)
    wallet.reader.forget(member)
    response = visit.page("erased.html")
    response.delete_cookie(SESSION_COOKIE)
    return response
