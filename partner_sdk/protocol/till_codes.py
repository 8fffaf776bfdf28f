"""Till codes: what a member shows at a till, as a QR code or typed (docs/protocol.md, Till code)."""

from base64 import b32decode, b32encode
from binascii import Error as Base32Error
from dataclasses import dataclass
from typing import Final, Self

from partner_sdk.protocol.authorisations import Authorisation
from partner_sdk.protocol.errors import MalformedTillCodeError, ProtocolError
from partner_sdk.protocol.identities import MemberId, PartnerId
from partner_sdk.protocol.keccak import keccak256
from partner_sdk.protocol.operation_bodies import OperationKind

PREFIX: Final = "PC1"
TEXT_CHARACTERS_MAX: Final = 4_296
"""What the largest QR code holds in alphanumeric mode."""

_CHECKSUM_BYTES = 3
_FIXED_BYTES = 1 + 2 + 20 + 3
_KINDS = (OperationKind.REDEEM, OperationKind.HOLD)


@dataclass(frozen=True, slots=True)
class TillCode:
    """A member's authorisation of a redemption or a hold, with what a till needs to use it.

    Attributes:
        kind: REDEEM or HOLD.
        partner: for whom it was signed; 0: not told.
        member: whose points.
        authorisation: nonce, deadline, most points, proof.
        expires_day: of a hold; 0 for a redemption.
    """

    kind: OperationKind
    partner: PartnerId
    member: MemberId
    authorisation: Authorisation
    expires_day: int = 0

    @property
    def text(self) -> str:
        """The code: upper-case letters and digits only."""
        payload = b"".join(
            (
                bytes((self.kind,)),
                self.partner.to_bytes(2, "big"),
                self.member,
                self.expires_day.to_bytes(3, "big"),
                self.authorisation.encode(),
            )
        )
        return PREFIX + b32encode(payload + keccak256(payload)[:_CHECKSUM_BYTES]).decode("ascii").rstrip("=")

    @classmethod
    def parse(cls, text: str) -> Self:
        """Reads a code as scanned or typed; case, spaces and hyphens do not matter.

        Raises:
            MalformedTillCodeError: it is none, or was misread.
        """
        if len(text) > TEXT_CHARACTERS_MAX:
            raise MalformedTillCodeError("too long for a till code")
        compact = "".join(text.split()).replace("-", "").upper()
        if not compact.startswith(PREFIX):
            raise MalformedTillCodeError(f"a till code begins with {PREFIX}")
        digits = compact[len(PREFIX) :]
        try:
            data = b32decode(digits + "=" * (-len(digits) % 8))
        except (Base32Error, ValueError):
            raise MalformedTillCodeError("the till code has characters that do not belong there") from None
        payload, checksum = data[:-_CHECKSUM_BYTES], data[-_CHECKSUM_BYTES:]
        if len(payload) < _FIXED_BYTES or keccak256(payload)[:_CHECKSUM_BYTES] != checksum:
            raise MalformedTillCodeError("the till code was misread: its checksum does not fit")
        return cls._from_payload(payload)

    @classmethod
    def _from_payload(cls, payload: bytes) -> Self:
        if payload[0] not in _KINDS:
            raise MalformedTillCodeError("the till code is for something that this version does not know")
        try:
            authorisation = Authorisation.decode(payload[_FIXED_BYTES:], kind=payload[0])
        except ProtocolError as error:
            raise MalformedTillCodeError(str(error)) from None
        return cls(
            kind=OperationKind(payload[0]),
            partner=PartnerId(int.from_bytes(payload[1:3], "big")),
            member=MemberId(payload[3:23]),
            authorisation=authorisation,
            expires_day=int.from_bytes(payload[23:26], "big"),
        )
