"""Signing in: by passkey, by a new wallet, or (in development) by a signed link; and signing out."""

import secrets

from fastapi import APIRouter
from starlette.responses import JSONResponse, Response

from wallet_app.catalogues import LANGUAGES
from wallet_app.errors import LinkInvalidError, PasskeyRejectedError
from wallet_app.gateway import KEY_KIND_PASSKEY, MemberId
from wallet_app.presentation.activity import short_member
from wallet_app.sign_in_links import read_link
from wallet_app.store.challenges import Challenge, Purpose, store_challenge, take_challenge
from wallet_app.store.passkeys import add_passkey, find_passkey, record_use
from wallet_app.store.personal_data import write_field
from wallet_app.store.sessions import Session, SessionKind, close_session, open_session
from wallet_app.views.visits import LANGUAGE_COOKIE, SESSION_COOKIE, YEAR_S, AnyVisit, OwnForm, Visit
from wallet_app.webauthn_checks import (
    answering_credential,
    approval_question,
    check_approval,
    check_registration,
    registration_question,
)

router = APIRouter()

CHALLENGE_BYTES = 32
MEMBER_BYTES = 20


@router.get("/sign-in")
async def show_sign_in(visit: AnyVisit) -> Response:
    """The door."""
    if visit.session is not None:
        return visit.redirect("/till" if visit.session.kind is SessionKind.TILL else "/")
    return visit.page("sign_in.html", has_links=visit.wallet.settings.development_sign_in)


@router.get("/open/{token}")
async def show_link(visit: AnyVisit, token: str) -> Response:
    """What a signed link opens; opening takes a tap, so that a preview of the link does nothing."""
    session = _session_of_link(visit, token)
    name = short_member(MemberId(session.subject)) if session.kind is SessionKind.MEMBER else session.subject
    return visit.page("open_link.html", name=name, token=token, is_till=session.kind is SessionKind.TILL)


@router.post("/open/{token}")
async def open_link(visit: AnyVisit, token: str, _form: OwnForm) -> Response:
    """Signs in by a signed link."""
    visit.wallet.limits.sign_in.count(visit.client_address)
    return await _sign_in(visit, _session_of_link(visit, token))


@router.post("/sign-in/ask")
async def ask_passkey(visit: AnyVisit, _form: OwnForm) -> Response:
    """The question for any passkey of this wallet."""
    visit.wallet.limits.sign_in.count(visit.client_address)
    challenge = secrets.token_bytes(CHALLENGE_BYTES)
    async with visit.wallet.database.begin() as connection:
        challenge_id = await store_challenge(
            connection, Challenge(Purpose.SIGN_IN, None, challenge, {}), now_s=visit.now_s
        )
    question = approval_question(visit.wallet.settings, [], challenge=challenge)
    return JSONResponse({"challenge": challenge_id, "get": question})


@router.post("/sign-in")
async def answer_passkey(visit: AnyVisit, form: OwnForm) -> Response:
    """Signs in with a passkey's answer."""
    wallet = visit.wallet
    wallet.limits.sign_in.count(visit.client_address)
    answer = str(form.get("answer", ""))
    async with wallet.database.begin() as connection:
        asked = await take_challenge(
            connection,
            str(form.get("challenge", "")),
            purpose=Purpose.SIGN_IN,
            member=None,
            now_s=visit.now_s,
        )
        passkey = await find_passkey(connection, answering_credential(answer))
        if asked is None or passkey is None:
            raise PasskeyRejectedError("unknown question or passkey")
        checked = check_approval(wallet.settings, answer, passkey=passkey, challenge=asked.challenge)
        await record_use(connection, passkey.credential_id, sign_count=checked.sign_count)
    return await _sign_in(visit, Session(SessionKind.MEMBER, passkey.member))


@router.post("/join/ask")
async def ask_new_passkey(visit: AnyVisit, _form: OwnForm) -> Response:
    """The question that makes the first passkey of a new member, whose id is random."""
    visit.wallet.limits.sign_in.count(visit.client_address)
    member = MemberId("0x" + secrets.token_hex(MEMBER_BYTES))
    challenge = secrets.token_bytes(CHALLENGE_BYTES)
    async with visit.wallet.database.begin() as connection:
        challenge_id = await store_challenge(
            connection, Challenge(Purpose.JOIN, None, challenge, {"member": member}), now_s=visit.now_s
        )
    label = f"{visit.wallet.settings.program_name} {short_member(member)}"
    question = registration_question(
        visit.wallet.settings, member, label=label, known=[], challenge=challenge
    )
    return JSONResponse({"challenge": challenge_id, "create": question})


@router.post("/join")
async def answer_new_passkey(visit: AnyVisit, form: OwnForm) -> Response:
    """Enrols a new member with the passkey just made, and signs in."""
    wallet = visit.wallet
    wallet.limits.sign_in.count(visit.client_address)
    async with wallet.database.begin() as connection:
        asked = await take_challenge(
            connection, str(form.get("challenge", "")), purpose=Purpose.JOIN, member=None, now_s=visit.now_s
        )
    if asked is None:
        raise PasskeyRejectedError("unknown question")
    member = MemberId(asked.details["member"])
    passkey = check_registration(
        wallet.settings,
        str(form.get("answer", "")),
        member=member,
        challenge=asked.challenge,
        now_s=visit.now_s,
    )
    async with wallet.database.begin() as connection:
        await add_passkey(connection, passkey)
        await write_field(
            connection,
            master_key=wallet.master_key,
            member=member,
            field=f"passkey.{passkey.ledger_key}",
            value=visit.text("account.first_passkey"),
            now_s=visit.now_s,
        )
    await wallet.gateway.enrol(member, key=passkey.ledger_key, kind=KEY_KIND_PASSKEY)
    return await _sign_in(visit, Session(SessionKind.MEMBER, member))


@router.post("/sign-out")
async def sign_out(visit: AnyVisit, _form: OwnForm) -> Response:
    """Ends this browser's session."""
    async with visit.wallet.database.begin() as connection:
        await close_session(connection, visit.request.cookies.get(SESSION_COOKIE, ""))
    response = visit.redirect("/sign-in")
    response.delete_cookie(SESSION_COOKIE)
    return response


@router.post("/language")
async def choose_language(visit: AnyVisit, form: OwnForm) -> Response:
    """Remembers the language in this browser."""
    language = str(form.get("language", ""))
    back = str(form.get("back", "/"))
    response = visit.redirect(back if back.startswith("/") and not back.startswith(("//", "/\\")) else "/")
    if language in LANGUAGES:
        visit.set_cookie(response, LANGUAGE_COOKIE, language, max_age_s=YEAR_S)
    return response


def _session_of_link(visit: Visit, token: str) -> Session:
    if not visit.wallet.settings.development_sign_in:
        raise LinkInvalidError
    return read_link(visit.wallet.link_key, token, now_s=visit.now_s)


async def _sign_in(visit: Visit, session: Session) -> Response:
    validity_s = visit.wallet.settings.session_validity_s
    async with visit.wallet.database.begin() as connection:
        token = await open_session(connection, session, now_s=visit.now_s, validity_s=validity_s)
    response = visit.redirect("/till" if session.kind is SessionKind.TILL else "/")
    visit.set_cookie(response, SESSION_COOKIE, token, max_age_s=validity_s)
    return response
