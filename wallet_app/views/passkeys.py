"""More passkeys for a member: the first one enrols, each further one is approved with a key that there is."""

import secrets
from typing import Any

from fastapi import APIRouter
from starlette.datastructures import FormData
from starlette.responses import JSONResponse, Response

from wallet_app.errors import FormInvalidError, PasskeyRejectedError
from wallet_app.gateway import KEY_KIND_PASSKEY
from wallet_app.presentation.activity import short_member
from wallet_app.store.challenges import Challenge, Purpose, read_challenge, store_challenge, take_challenge
from wallet_app.store.passkeys import PASSKEYS_PER_MEMBER_MAX, Passkey, add_passkey, passkeys_of
from wallet_app.store.personal_data import write_field
from wallet_app.views.approving import approved, ask_approval
from wallet_app.views.visits import MemberVisit, OwnForm, SignedInMember
from wallet_app.webauthn_checks import check_registration, registration_question

router = APIRouter()

LABEL_CHARS_MAX = 60
CHALLENGE_BYTES = 32


@router.post("/account/passkeys/ask")
async def ask_new_passkey(signed_in: SignedInMember, _form: OwnForm) -> Response:
    """The question that makes another passkey."""
    visit, wallet, member = signed_in.visit, signed_in.visit.wallet, signed_in.member
    challenge = secrets.token_bytes(CHALLENGE_BYTES)
    async with wallet.database.begin() as connection:
        known = await passkeys_of(connection, member)
        if len(known) >= PASSKEYS_PER_MEMBER_MAX:
            raise FormInvalidError(field="label", message_key="form.passkeys_too_many")
        challenge_id = await store_challenge(
            connection, Challenge(Purpose.REGISTER, member, challenge, {}), now_s=visit.now_s
        )
    label = f"{wallet.settings.program_name} {short_member(member)}"
    question = registration_question(wallet.settings, member, label=label, known=known, challenge=challenge)
    return JSONResponse({"challenge": challenge_id, "create": question})


@router.post("/account/passkeys")
async def register_passkey(signed_in: SignedInMember, form: OwnForm) -> Response:
    """Makes the new passkey a key of the member on the ledger, or asks for the approval that this needs."""
    visit, wallet, member = signed_in.visit, signed_in.visit.wallet, signed_in.member
    async with wallet.database.begin() as connection:
        asked = await take_challenge(
            connection,
            str(form.get("challenge", "")),
            purpose=Purpose.REGISTER,
            member=member,
            now_s=visit.now_s,
        )
        known = await passkeys_of(connection, member)
    if asked is None:
        raise PasskeyRejectedError("unknown question")
    passkey = check_registration(
        wallet.settings,
        str(form.get("answer", "")),
        member=member,
        challenge=asked.challenge,
        now_s=visit.now_s,
    )
    label = " ".join(str(form.get("label", "")).split())[:LABEL_CHARS_MAX] or visit.text("account.passkey")
    account = await wallet.gateway.account(member)
    if not account.is_enrolled:
        await wallet.gateway.enrol(member, key=passkey.ledger_key, kind=KEY_KIND_PASSKEY)
    elif wallet.keyring.has(member):
        _, authorisation = await approved(signed_in, Purpose.ADD_KEY, FormData(), {"key": passkey.ledger_key})
        await wallet.gateway.add_key(
            member, key=passkey.ledger_key, kind=KEY_KIND_PASSKEY, authorisation=authorisation
        )
    elif known:
        return await _ask_for_approval(signed_in, passkey, label)
    else:
        raise FormInvalidError(field="label", message_key="form.key_needed")
    await _keep(signed_in, passkey, label)
    return visit.redirect("/account")


@router.post("/account/passkeys/approve/ask")
async def ask_to_approve(signed_in: SignedInMember, form: OwnForm) -> Response:
    """The question for a passkey that the member has: to let the new one in."""
    visit = signed_in.visit
    async with visit.wallet.database.begin() as connection:
        waiting = await read_challenge(
            connection,
            str(form.get("waiting", "")),
            purpose=Purpose.NEW_KEY,
            member=signed_in.member,
            now_s=visit.now_s,
        )
    if waiting is None:
        raise PasskeyRejectedError("the new passkey waited too long")
    return await ask_approval(signed_in, Purpose.ADD_KEY, waiting.details)


@router.post("/account/passkeys/approve")
async def approve_passkey(signed_in: SignedInMember, form: OwnForm) -> Response:
    """Adds the new passkey that one of the member's own has approved."""
    if not form.get("answer"):
        raise PasskeyRejectedError("no passkey answered")
    details, authorisation = await approved(signed_in, Purpose.ADD_KEY, form, {})
    passkey = _passkey_from(signed_in, details)
    await signed_in.visit.wallet.gateway.add_key(
        signed_in.member, key=passkey.ledger_key, kind=KEY_KIND_PASSKEY, authorisation=authorisation
    )
    await _keep(signed_in, passkey, details["label"])
    return signed_in.visit.redirect("/account")


async def _ask_for_approval(signed_in: MemberVisit, passkey: Passkey, label: str) -> Response:
    visit = signed_in.visit
    details = {
        "key": passkey.ledger_key,
        "credential_id": passkey.credential_id.hex(),
        "public_key": passkey.public_key.hex(),
        "sign_count": passkey.sign_count,
        "label": label,
    }
    async with visit.wallet.database.begin() as connection:
        waiting = await store_challenge(
            connection, Challenge(Purpose.NEW_KEY, signed_in.member, b"", details), now_s=visit.now_s
        )
    return visit.page(
        "approve_passkey.html", waiting=waiting, label=label, has_passkey=True, has_development_key=False
    )


def _passkey_from(signed_in: MemberVisit, details: dict[str, Any]) -> Passkey:
    return Passkey(
        credential_id=bytes.fromhex(details["credential_id"]),
        member=signed_in.member,
        public_key=bytes.fromhex(details["public_key"]),
        ledger_key=details["key"],
        sign_count=details["sign_count"],
        created_at_s=signed_in.visit.now_s,
    )


async def _keep(signed_in: MemberVisit, passkey: Passkey, label: str) -> None:
    wallet = signed_in.visit.wallet
    async with wallet.database.begin() as connection:
        await add_passkey(connection, passkey)
        await write_field(
            connection,
            master_key=wallet.master_key,
            member=signed_in.member,
            field=f"passkey.{passkey.ledger_key}",
            value=label,
            now_s=signed_in.visit.now_s,
        )
