"""Bodies of operations: which fields, in which order and size (docs/protocol.md, Submission)."""

from enum import IntEnum
from typing import Final, NamedTuple

from partner_sdk.protocol.authorisations import Authorisation, is_well_formed
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


FIELDS_OF_KIND: Final[dict[OperationKind, tuple[str, ...]]] = {
    OperationKind.PURCHASE: (
        "member",
        "spend_minor",
        "occurred_day",
    ),
    OperationKind.RETURN: (
        "member",
        "lot",
        "tag",
        "spend_minor",
    ),
    OperationKind.REDEEM: (
        "member",
        "points",
        "authorisation",
    ),
    OperationKind.REFUND: (
        "member",
        "nonce",
        "tag",
        "points",
    ),
    OperationKind.HOLD: (
        "member",
        "points",
        "expires_day",
        "authorisation",
    ),
    OperationKind.CAPTURE: (
        "member",
        "nonce",
        "tag",
        "points",
    ),
    OperationKind.VOID: (
        "member",
        "nonce",
        "tag",
    ),
    OperationKind.TRANSFER: (
        "member",
        "to",
        "points",
        "authorisation",
    ),
    OperationKind.GRANT: (
        "member",
        "points",
    ),
    OperationKind.ENROL: (
        "member",
        "key",
        "key_kind",
    ),
    OperationKind.ADD_KEY: (
        "member",
        "key",
        "key_kind",
        "authorisation",
    ),
    OperationKind.REMOVE_KEY: (
        "member",
        "key",
        "authorisation",
    ),
    OperationKind.LOCK: ("member",),
    OperationKind.UNLOCK: (
        "member",
        "authorisation",
    ),
    OperationKind.SET_ALLOWANCE: (
        "member",
        "points_per_day",
        "authorisation",
    ),
    OperationKind.START_RECOVERY: (
        "member",
        "key",
        "key_kind",
    ),
    OperationKind.REFUSE_RECOVERY: (
        "member",
        "authorisation",
    ),
    OperationKind.FINISH_RECOVERY: ("member",),
    OperationKind.RECORD_PAYMENT: (
        "amount_minor",
        "reference",
    ),
    OperationKind.CONFIRM_PAYMENT: ("payment",),
}
"""Names of the fields, in the order of the bytes; an authorisation is whatever is left."""

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


def encode_body(kind: OperationKind, operation: object) -> bytes:
    """Returns the body of an operation that has the fields of its kind.

    Raises:
        FieldOutOfRangeError: a value does not fit its bytes.
    """
    return b"".join([_encode_field(name, getattr(operation, name)) for name in FIELDS_OF_KIND[kind]])


def decode_body(kind: OperationKind, sequence: int, body: bytes) -> list[object]:
    """Returns the values of a body, in the order of the fields.

    Raises:
        MalformedOperationError: the body does not fit its kind.
    """
    check_body(kind, sequence, body)
    layout = _LAYOUT_OF_KIND[kind]
    values: list[object] = [
        int.from_bytes(body[start:end], "big") if id_type is None else bytes.__new__(id_type, body[start:end])
        for start, end, id_type in layout.slices
    ]
    if layout.ends_in_authorisation:
        values.append(Authorisation.decode(body[layout.fixed_bytes :], sequence=sequence, kind=kind))
    return values


def check_body(kind: int, sequence: int, body: bytes) -> None:
    """Checks that a body fits its kind, as the ledger does, without reading it.

    Raises:
        MalformedOperationError: the kind is unknown, or the body's length or authorisation does not fit it.
    """
    layout = _LAYOUT_OF_KIND.get(kind)  # type: ignore[call-overload]  # an IntEnum hashes as its int
    if layout is None:
        raise MalformedOperationError("unknown type", sequence=sequence, kind=kind)
    if layout.ends_in_authorisation:
        if not is_well_formed(body[layout.fixed_bytes :]):
            raise MalformedOperationError(
                "the authorisation does not fit its scheme", sequence=sequence, kind=kind
            )
    elif len(body) != layout.fixed_bytes:
        why = f"the body has {len(body)} bytes, not {layout.fixed_bytes}"
        raise MalformedOperationError(why, sequence=sequence, kind=kind)


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


class _Layout(NamedTuple):
    """Where the fields of a body lie, worked out once for each kind; without a type of ids it is a number."""

    slices: tuple[tuple[int, int, type[bytes] | None], ...]
    fixed_bytes: int
    ends_in_authorisation: bool


def _layout_of(names: tuple[str, ...]) -> _Layout:
    slices: list[tuple[int, int, type[bytes] | None]] = []
    offset = 0
    for name in names:
        if name == "authorisation":
            continue
        id_type = None if name in _UINT_BYTES else _ID_TYPES.get(name, bytes)
        slices.append((offset, offset + _size_of(name), id_type))
        offset += _size_of(name)
    return _Layout(tuple(slices), offset, names[-1] == "authorisation")


_LAYOUT_OF_KIND: Final = {kind: _layout_of(names) for kind, names in FIELDS_OF_KIND.items()}
