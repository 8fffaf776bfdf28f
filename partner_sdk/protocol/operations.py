"""Operations: one frozen dataclass per kind. The order of the fields is the order of the bytes (docs/protocol.md, Submission)."""

from collections.abc import Callable
from dataclasses import dataclass, fields
from enum import IntEnum
from typing import ClassVar, Final, NamedTuple, Self

from partner_sdk.protocol.authorisations import Authorisation
from partner_sdk.protocol.bounds import OCCURRED_ON_SETTLEMENT, OPERATIONS_BYTES_MAX
from partner_sdk.protocol.errors import FieldOutOfRangeError, MalformedOperationError
from partner_sdk.protocol.identities import KeyId, MemberId


class OperationKind(IntEnum):
    """The type byte of an operation."""

    PURCHASE = 0x01
    RETURN = 0x02
    REDEEM = 0x03
    REFUND = 0x04
    HOLD = 0x05
    CAPTURE = 0x06
    VOID = 0x07
    TRANSFER = 0x08
    GRANT = 0x09
    ENROL = 0x10
    ADD_KEY = 0x11
    REMOVE_KEY = 0x12
    LOCK = 0x13
    UNLOCK = 0x14
    SET_ALLOWANCE = 0x15
    START_RECOVERY = 0x16
    REFUSE_RECOVERY = 0x17
    FINISH_RECOVERY = 0x18
    RECORD_PAYMENT = 0x20
    CONFIRM_PAYMENT = 0x21

    @property
    def text(self) -> str:
        """The kind's name in the API and in events: lower case, `set_allowance`."""
        return self.name.lower()


FRAME_HEADER_BYTES: Final = 7
"""`length uint16 | type uint8 | sequence uint32`."""

_UINT_BYTES: Final = {
    "spend_minor": 5,
    "occurred_day": 3,
    "lot": 3,
    "tag": 2,
    "points": 4,
    "nonce": 3,
    "expires_day": 3,
    "key_kind": 1,
    "points_per_day": 4,
    "amount_minor": 8,
    "payment": 4,
}
_ID_TYPES: Final[dict[str, type[MemberId] | type[KeyId]]] = {"member": MemberId, "to": MemberId, "key": KeyId}
_REFERENCE_BYTES: Final = 32


@dataclass(frozen=True, slots=True)
class Operation:
    """What every operation has: a kind and a sequence number (uint32) that its submitter chose and stored."""

    kind: ClassVar[OperationKind]
    sequence: int

    def encode(self) -> bytes:
        """Returns the framed operation.

        Raises:
            FieldOutOfRangeError: a value does not fit its bytes. Amounts that the ledger would refuse as `invalid_amount`
                are encoded all the same when they fit.
        """
        body = b"".join([_encode_field(name, getattr(self, name)) for name in _FIELDS_OF_KIND[self.kind]])
        length = 5 + len(body)
        if length > OPERATIONS_BYTES_MAX - 2:
            raise FieldOutOfRangeError("authorisation", length, size_bytes=2)
        try:
            sequence = self.sequence.to_bytes(4, "big")
        except OverflowError:
            raise FieldOutOfRangeError("sequence", self.sequence, size_bytes=4) from None
        return length.to_bytes(2, "big") + bytes((self.kind,)) + sequence + body

    @classmethod
    def decode_body(cls, sequence: int, body: bytes) -> Self:
        """Reads the body of an operation of this kind.

        Raises:
            MalformedOperationError: the body's length does not fit.
        """
        layout = _LAYOUT_OF_KIND[cls.kind]
        if len(body) < layout.fixed_bytes or (
            len(body) > layout.fixed_bytes and not layout.ends_in_authorisation
        ):
            raise MalformedOperationError(
                f"the body has {len(body)} bytes, not {layout.fixed_bytes}", sequence=sequence, kind=cls.kind
            )
        values = [read(body[start:end]) for start, end, read in layout.slices]
        if layout.ends_in_authorisation:
            values.append(Authorisation.decode(body[layout.fixed_bytes :], sequence=sequence, kind=cls.kind))
        return cls(sequence, *values)


def _size_of(name: str) -> int:
    return _UINT_BYTES.get(name) or (_REFERENCE_BYTES if name == "reference" else 20)


def _encode_field(name: str, value: int | bytes | Authorisation) -> bytes:
    size_bytes = _UINT_BYTES.get(name)
    if size_bytes is not None:
        try:
            return value.to_bytes(size_bytes, "big")  # type: ignore[union-attr]  # the table says that it is an int
        except OverflowError:
            raise FieldOutOfRangeError(name, value, size_bytes=size_bytes) from None
    if isinstance(value, Authorisation):
        return value.encode()
    assert isinstance(value, bytes), f"{name} must be bytes"
    if len(value) != _size_of(name):
        raise FieldOutOfRangeError(name, value, size_bytes=_size_of(name))
    return value


def _uint(chunk: bytes) -> int:
    return int.from_bytes(chunk, "big")


class _Layout(NamedTuple):
    """Where the fields of a body lie; worked out once for each kind."""

    slices: tuple[tuple[int, int, Callable[[bytes], object]], ...]
    fixed_bytes: int
    ends_in_authorisation: bool


def _layout_of(names: tuple[str, ...]) -> _Layout:
    slices: list[tuple[int, int, Callable[[bytes], object]]] = []
    offset = 0
    for name in names:
        if name == "authorisation":
            continue
        read = _uint if name in _UINT_BYTES else _ID_TYPES.get(name, bytes)
        slices.append((offset, offset + _size_of(name), read))
        offset += _size_of(name)
    return _Layout(tuple(slices), offset, names[-1] == "authorisation")


@dataclass(frozen=True, slots=True)
class Purchase(Operation):
    """The member bought for `spend_minor`, on program day `occurred_day` (default: the day on which it settles)."""

    kind: ClassVar[OperationKind] = OperationKind.PURCHASE
    member: MemberId
    spend_minor: int
    occurred_day: int = OCCURRED_ON_SETTLEMENT


@dataclass(frozen=True, slots=True)
class Return(Operation):
    """`spend_minor` of a purchase came back; named by its lot and by `purchase_tag` of its sequence."""

    kind: ClassVar[OperationKind] = OperationKind.RETURN
    member: MemberId
    lot: int
    tag: int
    spend_minor: int


@dataclass(frozen=True, slots=True)
class Redeem(Operation):
    """The member pays with `points`."""

    kind: ClassVar[OperationKind] = OperationKind.REDEEM
    member: MemberId
    points: int
    authorisation: Authorisation


@dataclass(frozen=True, slots=True)
class Refund(Operation):
    """`points` of a redemption (its nonce, its tag) or of a capture (its hold's nonce, the capture's tag) go back."""

    kind: ClassVar[OperationKind] = OperationKind.REFUND
    member: MemberId
    nonce: int
    tag: int
    points: int


@dataclass(frozen=True, slots=True)
class Hold(Operation):
    """`points` are reserved through `expires_day`."""

    kind: ClassVar[OperationKind] = OperationKind.HOLD
    member: MemberId
    points: int
    expires_day: int
    authorisation: Authorisation


@dataclass(frozen=True, slots=True)
class Capture(Operation):
    """`points` of a hold (its nonce, its tag) are taken; final."""

    kind: ClassVar[OperationKind] = OperationKind.CAPTURE
    member: MemberId
    nonce: int
    tag: int
    points: int


@dataclass(frozen=True, slots=True)
class Void(Operation):
    """A hold (its nonce, its tag) is let go; final."""

    kind: ClassVar[OperationKind] = OperationKind.VOID
    member: MemberId
    nonce: int
    tag: int


@dataclass(frozen=True, slots=True)
class Transfer(Operation):
    """The member gives `points` to another member. Sent by an attester."""

    kind: ClassVar[OperationKind] = OperationKind.TRANSFER
    member: MemberId
    to: MemberId
    points: int
    authorisation: Authorisation


@dataclass(frozen=True, slots=True)
class Grant(Operation):
    """Goodwill of a partner, or (submitter 0.0) of the operator."""

    kind: ClassVar[OperationKind] = OperationKind.GRANT
    member: MemberId
    points: int


@dataclass(frozen=True, slots=True)
class Enrol(Operation):
    """The member's first key."""

    kind: ClassVar[OperationKind] = OperationKind.ENROL
    member: MemberId
    key: KeyId
    key_kind: int


@dataclass(frozen=True, slots=True)
class AddKey(Operation):
    """Another key of the member."""

    kind: ClassVar[OperationKind] = OperationKind.ADD_KEY
    member: MemberId
    key: KeyId
    key_kind: int
    authorisation: Authorisation


@dataclass(frozen=True, slots=True)
class RemoveKey(Operation):
    """The key is the member's no longer."""

    kind: ClassVar[OperationKind] = OperationKind.REMOVE_KEY
    member: MemberId
    key: KeyId
    authorisation: Authorisation


@dataclass(frozen=True, slots=True)
class Lock(Operation):
    """Nothing can be spent from now on, on the attester's own word."""

    kind: ClassVar[OperationKind] = OperationKind.LOCK
    member: MemberId


@dataclass(frozen=True, slots=True)
class Unlock(Operation):
    """Points can be spent again."""

    kind: ClassVar[OperationKind] = OperationKind.UNLOCK
    member: MemberId
    authorisation: Authorisation


@dataclass(frozen=True, slots=True)
class SetAllowance(Operation):
    """What the attester may sign for in a day; 0: nothing."""

    kind: ClassVar[OperationKind] = OperationKind.SET_ALLOWANCE
    member: MemberId
    points_per_day: int
    authorisation: Authorisation


@dataclass(frozen=True, slots=True)
class StartRecovery(Operation):
    """A new key for a member who lost the old ones; waits for the recovery delay."""

    kind: ClassVar[OperationKind] = OperationKind.START_RECOVERY
    member: MemberId
    key: KeyId
    key_kind: int


@dataclass(frozen=True, slots=True)
class RefuseRecovery(Operation):
    """An old key stops the recovery."""

    kind: ClassVar[OperationKind] = OperationKind.REFUSE_RECOVERY
    member: MemberId
    authorisation: Authorisation


@dataclass(frozen=True, slots=True)
class FinishRecovery(Operation):
    """The recovery's key takes over."""

    kind: ClassVar[OperationKind] = OperationKind.FINISH_RECOVERY
    member: MemberId


@dataclass(frozen=True, slots=True)
class RecordPayment(Operation):
    """What the partner paid to the operator, with a 32-byte reference."""

    kind: ClassVar[OperationKind] = OperationKind.RECORD_PAYMENT
    amount_minor: int
    reference: bytes


@dataclass(frozen=True, slots=True)
class ConfirmPayment(Operation):
    """The partner got a payment that the operator recorded."""

    kind: ClassVar[OperationKind] = OperationKind.CONFIRM_PAYMENT
    payment: int


OPERATION_TYPES: Final[dict[OperationKind, type[Operation]]] = {
    operation_type.kind: operation_type for operation_type in Operation.__subclasses__()
}
_FIELDS_OF_KIND: Final = {
    kind: tuple(field.name for field in fields(operation_type))[1:]
    for kind, operation_type in OPERATION_TYPES.items()
}
_LAYOUT_OF_KIND: Final = {kind: _layout_of(names) for kind, names in _FIELDS_OF_KIND.items()}
