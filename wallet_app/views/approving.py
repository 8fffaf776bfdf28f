"""Asking a member to approve with a passkey, and taking the answer. The same two steps for everything that needs a key."""

from collections.abc import Mapping
from typing import Any

from starlette.datastructures import FormData
from starlette.responses import JSONResponse, Response

from partner_sdk.protocol import Scheme
from wallet_app.approvals import build_authorisation, domain_of, next_free_nonce
from wallet_app.errors import FormInvalidError, PasskeyRejectedError
from wallet_app.gateway import MemberId, Program
from wallet_app.store.challenges import Challenge, Purpose, store_challenge, take_challenge
from wallet_app.store.passkeys import find_passkey, passkeys_of, record_use
from wallet_app.store.redeem_codes import highest_reserved_nonce
from wallet_app.views.visits import MemberVisit
from wallet_app.webauthn_checks import answering_credential, approval_question, check_approval

SETTLING_S = 120


def deadline_after(program: Program, *, now_s: int, validity_s: int) -> int:
    """A deadline `validity_s` from now by the clock that is ahead, ours or the ledger's (a simulation's may be)."""
    return max(now_s, program.block_timestamp_s or 0) + validity_s + SETTLING_S


async def ask_approval(signed_in: MemberVisit, purpose: Purpose, details: Mapping[str, Any]) -> Response:
    """The question for the member's passkeys: its challenge is the digest that the ledger checks."""
    visit, wallet, member = signed_in.visit, signed_in.visit.wallet, signed_in.member
    wallet.limits.acts.count(member)
    async with wallet.database.begin() as connection:
        known = await passkeys_of(connection, member)
    if not known:
        raise FormInvalidError(field="answer", message_key="form.no_passkey")
    program = await wallet.reader.program()
    complete = await _with_nonce(signed_in, program, details)
    digest = build_authorisation(purpose, member, complete).digest(domain_of(program))
    async with wallet.database.begin() as connection:
        challenge_id = await store_challenge(
            connection, Challenge(purpose, member, digest, complete), now_s=visit.now_s
        )
    question = approval_question(wallet.settings, known, challenge=digest)
    return JSONResponse({"challenge": challenge_id, "get": question})


async def approved(
    signed_in: MemberVisit, purpose: Purpose, form: FormData, details: Mapping[str, Any]
) -> tuple[dict[str, Any], bytes]:
    """What was approved, with its nonce and deadline, and the authorisation's wire form.

    With a passkey's answer in the form, `details` are ignored: what counts is what the passkey was asked. Without one,
    the development key of the member signs, where there is one.

    Raises:
        PasskeyRejectedError: the answer does not fit, or there is neither passkey nor development key.
    """
    wallet, member = signed_in.visit.wallet, signed_in.member
    if form.get("answer"):
        return await _approved_by_passkey(signed_in, purpose, form)
    if not wallet.keyring.has(member):
        raise PasskeyRejectedError("no passkey answered")
    wallet.limits.acts.count(member)
    program = await wallet.reader.program()
    complete = await _with_nonce(signed_in, program, details)
    authorisation = build_authorisation(purpose, member, complete)
    return complete, wallet.keyring.sign(authorisation, member=member, domain=domain_of(program))


async def can_approve(signed_in: MemberVisit) -> tuple[bool, bool]:
    """Whether the member has a passkey here, and whether a development key."""
    wallet = signed_in.visit.wallet
    async with wallet.database.begin() as connection:
        known = await passkeys_of(connection, signed_in.member)
    return bool(known), wallet.keyring.has(signed_in.member)


async def _approved_by_passkey(
    signed_in: MemberVisit, purpose: Purpose, form: FormData
) -> tuple[dict[str, Any], bytes]:
    visit, wallet, member = signed_in.visit, signed_in.visit.wallet, signed_in.member
    answer = str(form["answer"])
    async with wallet.database.begin() as connection:
        asked = await take_challenge(
            connection, str(form.get("challenge", "")), purpose=purpose, member=member, now_s=visit.now_s
        )
        passkey = await find_passkey(connection, answering_credential(answer))
        if asked is None or passkey is None or passkey.member != member:
            raise PasskeyRejectedError("unknown question or passkey")
        checked = check_approval(wallet.settings, answer, passkey=passkey, challenge=asked.challenge)
        await record_use(connection, passkey.credential_id, sign_count=checked.sign_count)
    authorisation = build_authorisation(purpose, member, asked.details).proven(Scheme.PASSKEY, checked.proof)
    return asked.details, authorisation.encode()


async def _with_nonce(signed_in: MemberVisit, program: Program, details: Mapping[str, Any]) -> dict[str, Any]:
    visit, wallet = signed_in.visit, signed_in.visit.wallet
    account = await wallet.gateway.account(signed_in.member)
    async with wallet.database.begin() as connection:
        reserved = await highest_reserved_nonce(connection, MemberId(signed_in.member), now_s=visit.now_s)
    validity_s = wallet.settings.code_validity_s
    return {
        **details,
        "nonce": next_free_nonce(account.next_nonce, reserved),
        "deadline_s": deadline_after(program, now_s=visit.now_s, validity_s=validity_s),
    }
