"""What a member approves with a key: builds the EIP-712 digest that is signed, and the bytes that the ledger checks."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from partner_sdk.protocol import (
    AddKeyAuthorisation,
    Domain,
    KeyId,
    KeyKind,
    LedgerAddress,
    PartnerId,
    ProtocolError,
    RedeemAuthorisation,
    Scheme,
    SigningKey,
    TransferAuthorisation,
    UnlockAuthorisation,
)
from partner_sdk.protocol import MemberId as MemberBytes
from wallet_app.errors import ConfigurationError
from wallet_app.gateway import MemberId, Program
from wallet_app.store.challenges import Purpose

AnyAuthorisation = RedeemAuthorisation | TransferAuthorisation | UnlockAuthorisation | AddKeyAuthorisation

NONCE_AHEAD_MAX = 200


def domain_of(program: Program) -> Domain:
    """The EIP-712 domain of the program's ledger."""
    return Domain(chain_id=program.chain_id, ledger=LedgerAddress.parse(program.ledger))


def build_authorisation(purpose: Purpose, member: MemberId, details: Mapping[str, Any]) -> AnyAuthorisation:
    """The authorisation that `details` describe: `nonce`, `deadline_s`, and what the purpose needs."""
    who = MemberBytes.parse(member)
    nonce, deadline_s = int(details["nonce"]), int(details["deadline_s"])
    match purpose:
        case Purpose.REDEEM:
            return RedeemAuthorisation(
                member=who,
                nonce=nonce,
                deadline_s=deadline_s,
                partner=PartnerId(int(details["partner"])),
                max_points=int(details["points"]),
            )
        case Purpose.TRANSFER:
            return TransferAuthorisation(
                member=who,
                nonce=nonce,
                deadline_s=deadline_s,
                to=MemberBytes.parse(details["to"]),
                max_points=int(details["points"]),
            )
        case Purpose.UNLOCK:
            return UnlockAuthorisation(member=who, nonce=nonce, deadline_s=deadline_s)
        case Purpose.ADD_KEY:
            return AddKeyAuthorisation(
                member=who,
                nonce=nonce,
                deadline_s=deadline_s,
                key=KeyId.parse(details["key"]),
                key_kind=KeyKind.PASSKEY,
            )
        case _:
            raise AssertionError(f"{purpose} needs no authorisation of the ledger")


def next_free_nonce(ledger_next: int, highest_reserved: int | None) -> int:
    """The nonce for a new authorisation: above what the ledger has seen and what is still out, within its window."""
    if highest_reserved is None or highest_reserved < ledger_next:
        return ledger_next
    return min(highest_reserved + 1, ledger_next + NONCE_AHEAD_MAX)


class MemberKeyring:
    """Members' private keys for development: members of a replay have no phone to keep a passkey on."""

    def __init__(self, file: Path | None) -> None:
        self._file = file
        self._keys: dict[str, str] = {}
        self._read_at_ns = 0

    def has(self, member: MemberId) -> bool:
        """Whether this wallet can sign for the member."""
        return member.lower() in self._current()

    def sign(self, authorisation: AnyAuthorisation, *, member: MemberId, domain: Domain) -> bytes:
        """The wire form, signed with the member's own key."""
        key = SigningKey.parse(self._current()[member.lower()])
        return authorisation.sign(domain, key, Scheme.KEY).encode()

    def _current(self) -> dict[str, str]:
        if self._file is None or not self._file.exists():
            return {}
        changed_at_ns = self._file.stat().st_mtime_ns
        if changed_at_ns != self._read_at_ns:
            try:
                keys = json.loads(self._file.read_text())
                self._keys = {str(member).lower(): str(key) for member, key in keys.items()}
            except (OSError, ValueError, AttributeError, ProtocolError) as error:
                raise ConfigurationError(
                    f"{self._file} is not a JSON object of member to key: {error}"
                ) from error
            self._read_at_ns = changed_at_ns
        return self._keys
