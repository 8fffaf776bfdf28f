"""Passkeys: questions for the browser and checks of its answers (WebAuthn, through py_webauthn)."""

import json
from dataclasses import dataclass
from typing import Any

from webauthn import (
    generate_authentication_options,
    generate_registration_options,
    options_to_json,
    verify_authentication_response,
    verify_registration_response,
)
from webauthn.helpers import decode_credential_public_key, parse_authentication_credential_json
from webauthn.helpers.cose import COSEAlgorithmIdentifier
from webauthn.helpers.decode_credential_public_key import DecodedEC2PublicKey
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from partner_sdk.protocol import PasskeyProof, ProtocolError, passkey_key_id
from wallet_app.config import WalletSettings
from wallet_app.errors import PasskeyRejectedError
from wallet_app.gateway import MemberId
from wallet_app.store.passkeys import Passkey

ANSWER_CHARS_MAX = 16_384


@dataclass(frozen=True)
class CheckedAnswer:
    """A passkey's answer that fits: the proof for the ledger, and the authenticator's counter."""

    proof: bytes
    sign_count: int


def registration_question(
    settings: WalletSettings, member: MemberId, *, label: str, known: list[Passkey], challenge: bytes
) -> dict[str, Any]:
    """Options for `navigator.credentials.create`: a discoverable ES256 passkey with user verification."""
    options = generate_registration_options(
        rp_id=settings.relying_party_id,
        rp_name=settings.program_name,
        user_id=bytes.fromhex(member.removeprefix("0x")),
        user_name=label,
        user_display_name=label,
        challenge=challenge,
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.REQUIRED,
            user_verification=UserVerificationRequirement.REQUIRED,
        ),
        exclude_credentials=[PublicKeyCredentialDescriptor(id=passkey.credential_id) for passkey in known],
        supported_pub_key_algs=[COSEAlgorithmIdentifier.ECDSA_SHA_256],
    )
    return dict(json.loads(options_to_json(options)))


def approval_question(settings: WalletSettings, known: list[Passkey], *, challenge: bytes) -> dict[str, Any]:
    """Options for `navigator.credentials.get`; without `known`, any passkey of this wallet may answer."""
    options = generate_authentication_options(
        rp_id=settings.relying_party_id,
        challenge=challenge,
        allow_credentials=[PublicKeyCredentialDescriptor(id=passkey.credential_id) for passkey in known],
        user_verification=UserVerificationRequirement.REQUIRED,
    )
    return dict(json.loads(options_to_json(options)))


def check_registration(
    settings: WalletSettings, answer: str, *, member: MemberId, challenge: bytes, now_s: int
) -> Passkey:
    """The new passkey of an answer.

    Raises:
        PasskeyRejectedError: it does not fit the question, or is not a P-256 key.
    """
    try:
        verified = verify_registration_response(
            credential=answer[:ANSWER_CHARS_MAX],
            expected_challenge=challenge,
            expected_rp_id=settings.relying_party_id,
            expected_origin=settings.public_origin,
            require_user_verification=True,
            supported_pub_key_algs=[COSEAlgorithmIdentifier.ECDSA_SHA_256],
        )
    except (WebAuthnException, ValueError, KeyError) as error:
        raise PasskeyRejectedError(str(error)) from error
    x, y = _coordinates(verified.credential_public_key)
    return Passkey(
        credential_id=verified.credential_id,
        member=member,
        public_key=verified.credential_public_key,
        ledger_key=passkey_key_id(x, y).text,
        sign_count=verified.sign_count,
        created_at_s=now_s,
    )


def answering_credential(answer: str) -> bytes:
    """Id of the passkey that answered.

    Raises:
        PasskeyRejectedError: the answer cannot be read.
    """
    try:
        return parse_authentication_credential_json(answer[:ANSWER_CHARS_MAX]).raw_id
    except (WebAuthnException, ValueError, KeyError) as error:
        raise PasskeyRejectedError(str(error)) from error


def check_approval(
    settings: WalletSettings, answer: str, *, passkey: Passkey, challenge: bytes
) -> CheckedAnswer:
    """Checks an answer to `approval_question` and packs it for the ledger.

    Raises:
        PasskeyRejectedError: it does not fit the question or the passkey.
    """
    try:
        credential = parse_authentication_credential_json(answer[:ANSWER_CHARS_MAX])
        verified = verify_authentication_response(
            credential=credential,
            expected_challenge=challenge,
            expected_rp_id=settings.relying_party_id,
            expected_origin=settings.public_origin,
            credential_public_key=passkey.public_key,
            credential_current_sign_count=passkey.sign_count,
            require_user_verification=True,
        )
        x, y = _coordinates(passkey.public_key)
        proof = PasskeyProof.from_assertion(
            x=x,
            y=y,
            signature_der=credential.response.signature,
            authenticator_data=credential.response.authenticator_data,
            client_data_json=credential.response.client_data_json,
        )
        return CheckedAnswer(proof=proof.pack(), sign_count=verified.new_sign_count)
    except (WebAuthnException, ProtocolError, ValueError, KeyError) as error:
        raise PasskeyRejectedError(str(error)) from error


def _coordinates(public_key: bytes) -> tuple[bytes, bytes]:
    decoded = decode_credential_public_key(public_key)
    if not isinstance(decoded, DecodedEC2PublicKey):
        raise PasskeyRejectedError("the passkey is not a P-256 key")
    return decoded.x, decoded.y
