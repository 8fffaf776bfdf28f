"""A member's authorisation: what is signed, one EIP-712 type per kind, and the wire form that travels in an operation."""

from dataclasses import dataclass
from enum import IntEnum
from typing import ClassVar, Final, Self

from partner_sdk.protocol.eip712 import Domain, address_word, uint_word
from partner_sdk.protocol.errors import FieldOutOfRangeError, MalformedOperationError
from partner_sdk.protocol.identities import KeyId, MemberId, PartnerId
from partner_sdk.protocol.keccak import keccak256
from partner_sdk.protocol.signatures import SIGNATURE_BYTES, SigningKey

HEADER_BYTES: Final = 14
PASSKEY_FIXED_BYTES: Final = 4 * 32 + 3 * 2
"""x, y, r, s and three lengths, before the authenticator data."""


class Scheme(IntEnum):
    """Who vouches for the member."""

    KEY = 1
    PASSKEY = 2
    ATTESTER = 3


class KeyKind(IntEnum):
    """What kind of key a member's key is."""

    SECP256K1 = 1
    PASSKEY = 2


@dataclass(frozen=True, slots=True)
class Authorisation:
    """An authorisation on the wire: `scheme uint8 | nonce uint24 | deadline uint48 | max_points uint32 | proof`.

    Attributes:
        scheme: 1 … 3.
        nonce: 1 … 2²²−1; 0 is never good.
        deadline_s: last Unix second at which it is good.
        max_points: most points that it allows; 0 for the kinds that move none.
        proof: 64-byte signature, or a packed passkey assertion.
    """

    scheme: int
    nonce: int
    deadline_s: int
    max_points: int
    proof: bytes

    def encode(self) -> bytes:
        """Returns the wire form.

        Raises:
            FieldOutOfRangeError: a number does not fit its field.
        """
        return (
            _field("scheme", self.scheme, 1)
            + _field("nonce", self.nonce, 3)
            + _field("deadline_s", self.deadline_s, 6)
            + _field("max_points", self.max_points, 4)
            + self.proof
        )

    @classmethod
    def decode(cls, encoded: bytes, *, sequence: int = 0, kind: int = 0) -> Self:
        """Reads the wire form.

        Args:
            encoded: the last field of an operation's body.
            sequence: of the operation, for the error.
            kind: of the operation, for the error.

        Raises:
            MalformedOperationError: the scheme is unknown, or the length is not one of its.
        """
        if not is_well_formed(encoded):
            raise MalformedOperationError(
                "the authorisation does not fit its scheme", sequence=sequence, kind=kind
            )
        return cls(
            scheme=encoded[0],
            nonce=int.from_bytes(encoded[1:4], "big"),
            deadline_s=int.from_bytes(encoded[4:10], "big"),
            max_points=int.from_bytes(encoded[10:14], "big"),
            proof=encoded[14:],
        )


def is_well_formed(encoded: bytes) -> bool:
    """Says whether the scheme is known and the length one of its, as the ledger asks."""
    if len(encoded) < HEADER_BYTES:
        return False
    proof_bytes = len(encoded) - HEADER_BYTES
    if encoded[0] != Scheme.PASSKEY:
        return encoded[0] in (Scheme.KEY, Scheme.ATTESTER) and proof_bytes == SIGNATURE_BYTES
    if proof_bytes < PASSKEY_FIXED_BYTES:
        return False
    authenticator_data_bytes = int.from_bytes(encoded[HEADER_BYTES + 132 : HEADER_BYTES + 134], "big")
    return proof_bytes >= PASSKEY_FIXED_BYTES + authenticator_data_bytes


def _field(name: str, value: int, size_bytes: int) -> bytes:
    try:
        return value.to_bytes(size_bytes, "big")
    except OverflowError:
        raise FieldOutOfRangeError(name, value, size_bytes=size_bytes) from None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Authorised:
    member: MemberId
    nonce: int
    deadline_s: int

    type_string: ClassVar[str]
    type_hash: ClassVar[bytes]

    def words(self) -> bytes:
        raise NotImplementedError

    def digest(self, domain: Domain) -> bytes:
        """Returns the 32-byte EIP-712 digest that the member's key, passkey or the attester signs."""
        return domain.digest(keccak256(self.type_hash + self.words()))

    def proven(self, scheme: Scheme, proof: bytes) -> Authorisation:
        """Returns the wire form with a proof that was made elsewhere (a passkey in a browser)."""
        return Authorisation(scheme, self.nonce, self.deadline_s, self.most_points, proof)

    def sign(self, domain: Domain, key: SigningKey, scheme: Scheme = Scheme.KEY) -> Authorisation:
        """Signs with the member's secp256k1 key, or with an attester's (`Scheme.ATTESTER`)."""
        return self.proven(scheme, key.sign(self.digest(domain)))

    @property
    def most_points(self) -> int:
        return 0

    def _tail(self) -> bytes:
        return uint_word(self.nonce) + uint_word(self.deadline_s)


@dataclass(frozen=True, slots=True, kw_only=True)
class RedeemAuthorisation(_Authorised):
    """The member lets `partner` take up to `max_points`, once."""

    partner: PartnerId
    max_points: int
    type_string: ClassVar[str] = (
        "Redeem(address member,uint16 partner,uint32 maxPoints,uint24 nonce,uint48 deadline)"
    )
    type_hash: ClassVar[bytes] = keccak256(type_string.encode())

    @property
    def most_points(self) -> int:
        return self.max_points

    def words(self) -> bytes:
        return address_word(self.member) + uint_word(self.partner) + uint_word(self.max_points) + self._tail()


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldAuthorisation(_Authorised):
    """The member lets `partner` reserve up to `max_points` through `expires_day`, once."""

    partner: PartnerId
    max_points: int
    expires_day: int
    type_string: ClassVar[str] = (
        "Hold(address member,uint16 partner,uint32 maxPoints,uint24 expiresDay,uint24 nonce,uint48 deadline)"
    )
    type_hash: ClassVar[bytes] = keccak256(type_string.encode())

    @property
    def most_points(self) -> int:
        return self.max_points

    def words(self) -> bytes:
        return (
            address_word(self.member)
            + uint_word(self.partner)
            + uint_word(self.max_points)
            + uint_word(self.expires_day)
            + self._tail()
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class TransferAuthorisation(_Authorised):
    """The member gives up to `max_points` to another member, once."""

    to: MemberId
    max_points: int
    type_string: ClassVar[str] = (
        "Transfer(address member,address to,uint32 maxPoints,uint24 nonce,uint48 deadline)"
    )
    type_hash: ClassVar[bytes] = keccak256(type_string.encode())

    @property
    def most_points(self) -> int:
        return self.max_points

    def words(self) -> bytes:
        return address_word(self.member) + address_word(self.to) + uint_word(self.max_points) + self._tail()


@dataclass(frozen=True, slots=True, kw_only=True)
class AddKeyAuthorisation(_Authorised):
    """The member accepts another key."""

    key: KeyId
    key_kind: KeyKind
    type_string: ClassVar[str] = "AddKey(address member,address key,uint8 kind,uint24 nonce,uint48 deadline)"
    type_hash: ClassVar[bytes] = keccak256(type_string.encode())

    def words(self) -> bytes:
        return address_word(self.member) + address_word(self.key) + uint_word(self.key_kind) + self._tail()


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoveKeyAuthorisation(_Authorised):
    """The member gives up one of the keys."""

    key: KeyId
    type_string: ClassVar[str] = "RemoveKey(address member,address key,uint24 nonce,uint48 deadline)"
    type_hash: ClassVar[bytes] = keccak256(type_string.encode())

    def words(self) -> bytes:
        return address_word(self.member) + address_word(self.key) + self._tail()


@dataclass(frozen=True, slots=True, kw_only=True)
class UnlockAuthorisation(_Authorised):
    """The member lets points be spent again."""

    type_string: ClassVar[str] = "Unlock(address member,uint24 nonce,uint48 deadline)"
    type_hash: ClassVar[bytes] = keccak256(type_string.encode())

    def words(self) -> bytes:
        return address_word(self.member) + self._tail()


@dataclass(frozen=True, slots=True, kw_only=True)
class SetAllowanceAuthorisation(_Authorised):
    """The member sets what the attester may sign for in a day."""

    points_per_day: int
    type_string: ClassVar[str] = (
        "SetAllowance(address member,uint32 pointsPerDay,uint24 nonce,uint48 deadline)"
    )
    type_hash: ClassVar[bytes] = keccak256(type_string.encode())

    def words(self) -> bytes:
        return address_word(self.member) + uint_word(self.points_per_day) + self._tail()


@dataclass(frozen=True, slots=True, kw_only=True)
class RefuseRecoveryAuthorisation(_Authorised):
    """The member's present key stops a recovery."""

    type_string: ClassVar[str] = "RefuseRecovery(address member,uint24 nonce,uint48 deadline)"
    type_hash: ClassVar[bytes] = keccak256(type_string.encode())

    def words(self) -> bytes:
        return address_word(self.member) + self._tail()
