"""Operations: one frozen dataclass per kind."""

from dataclasses import dataclass
from typing import ClassVar, Final, Self

from partner_sdk.protocol.authorisations import Authorisation
from partner_sdk.protocol.bounds import OCCURRED_ON_SETTLEMENT, OPERATIONS_BYTES_MAX
from partner_sdk.protocol.errors import FieldOutOfRangeError
from partner_sdk.protocol.identities import KeyId, MemberId
from partner_sdk.protocol.operation_bodies import OperationKind as OperationKind
from partner_sdk.protocol.operation_bodies import decode_body, encode_body

FRAME_HEADER_BYTES: Final = 7
"""`length uint16 | type uint8 | sequence uint32`."""


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
        body = encode_body(self.kind, self)
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
            MalformedOperationError: the body does not fit.
        """
        return cls(sequence, *decode_body(cls.kind, sequence, body))


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
