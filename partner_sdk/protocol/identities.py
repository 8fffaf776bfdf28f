"""Who and what: ids of partners, submitters, operations, members and keys (docs/protocol.md, Identities)."""

import secrets
from typing import Final, NewType, Self

from partner_sdk.protocol.errors import FieldOutOfRangeError, MalformedIdError

PartnerId = NewType("PartnerId", int)
"""1 … 65535; 0 is the operator's program itself."""

CampaignId = NewType("CampaignId", int)
"""1 … 65535."""

OPERATOR: Final = PartnerId(0)

_SLOT_BITS = 16
_SEQUENCE_BITS = 32


def _checked(field: str, value: int, *, size_bytes: int) -> int:
    if not 0 <= value < 1 << (8 * size_bytes):
        raise FieldOutOfRangeError(field, value, size_bytes=size_bytes)
    return value


def _decimal_parts(text: str, *, count: int, kind: str) -> list[int]:
    parts = text.split(".")
    if len(parts) != count or not all(_is_canonical_decimal(part) for part in parts):
        raise MalformedIdError(kind, text)
    return [int(part) for part in parts]


def _is_canonical_decimal(part: str) -> bool:
    return 1 <= len(part) <= 10 and part.isascii() and part.isdigit() and (part == "0" or part[0] != "0")


class Submitter(int):
    """A key that may submit: partner × 65536 + slot, text `partner.slot`. Slot 0 is the partner's own key."""

    __slots__ = ()

    @classmethod
    def of(cls, partner: int, slot: int = 0) -> Self:
        """Returns the submitter of `partner` (0 … 65535) in `slot` (0 … 65535)."""
        return cls(
            _checked("partner", partner, size_bytes=2) << _SLOT_BITS | _checked("slot", slot, size_bytes=2)
        )

    @classmethod
    def parse(cls, text: str) -> Self:
        """Reads `partner.slot`.

        Raises:
            MalformedIdError: it is not two canonical decimal numbers.
            FieldOutOfRangeError: one of them is over 65535.
        """
        return cls.of(*_decimal_parts(text, count=2, kind="submitter"))

    @property
    def partner(self) -> PartnerId:
        return PartnerId(self >> _SLOT_BITS)

    @property
    def slot(self) -> int:
        return self & 0xFFFF

    @property
    def text(self) -> str:
        return f"{self >> _SLOT_BITS}.{self & 0xFFFF}"

    def __repr__(self) -> str:
        return f"Submitter({self.text})"

    __str__ = int.__repr__  # databases and logs that print a number get the number


class OperationId(int):
    """An operation: submitter × 2³² + sequence, text `partner.slot.sequence`."""

    __slots__ = ()

    @classmethod
    def of(cls, submitter: Submitter, sequence: int) -> Self:
        """Returns the id of the operation that `submitter` gave the number `sequence` (uint32)."""
        return cls(
            _checked("submitter", submitter, size_bytes=4) << _SEQUENCE_BITS
            | _checked("sequence", sequence, size_bytes=4)
        )

    @classmethod
    def parse(cls, text: str) -> Self:
        """Reads `partner.slot.sequence`.

        Raises:
            MalformedIdError: it is not three canonical decimal numbers.
            FieldOutOfRangeError: one of them is too large.
        """
        partner, slot, sequence = _decimal_parts(text, count=3, kind="operation id")
        return cls.of(Submitter.of(partner, slot), sequence)

    @property
    def submitter(self) -> Submitter:
        return Submitter(self >> _SEQUENCE_BITS)

    @property
    def partner(self) -> PartnerId:
        return PartnerId(self >> (_SEQUENCE_BITS + _SLOT_BITS))

    @property
    def sequence(self) -> int:
        return self & 0xFFFFFFFF

    @property
    def text(self) -> str:
        return f"{self >> 48}.{(self >> 32) & 0xFFFF}.{self & 0xFFFFFFFF}"

    def __repr__(self) -> str:
        return f"OperationId({self.text})"

    __str__ = int.__repr__


class _TwentyBytes(bytes):
    __slots__ = ()

    def __new__(cls, value: bytes) -> Self:
        if len(value) != 20:
            raise MalformedIdError(cls.__name__, bytes(value))
        return super().__new__(cls, value)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Reads `0x` and 40 hexadecimal digits of either case.

        Raises:
            MalformedIdError: it is anything else.
        """
        if len(text) != 42 or text[:2] != "0x":
            raise MalformedIdError(cls.__name__, text)
        try:
            return cls(bytes.fromhex(text[2:]))
        except ValueError:
            raise MalformedIdError(cls.__name__, text) from None

    @property
    def text(self) -> str:
        """`0x` and 40 lower-case digits."""
        return "0x" + self.hex()

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.text})"


class MemberId(_TwentyBytes):
    """A member: 20 random bytes, never derived from anything personal. An address to ERC-20 tools."""

    __slots__ = ()

    @classmethod
    def random(cls) -> Self:
        """Returns a new id from the system's secure source."""
        return cls(secrets.token_bytes(20))


class KeyId(_TwentyBytes):
    """A key: an Ethereum address, or for a passkey the last 20 bytes of keccak256(x ‖ y)."""

    __slots__ = ()


class LedgerAddress(_TwentyBytes):
    """The ledger's contract address."""

    __slots__ = ()
