"""Drafts: operations that have no sequence number yet. For submissions of several, `partner.submit([purchase(…), …])`.

A purchase is named by its receipt, or by (member, lot, operation); so are redemptions, holds and captures by theirs.
"""

from collections.abc import Callable
from typing import NamedTuple, Protocol

from partner_sdk._errors import WrongTillCodeError
from partner_sdk.protocol import operations as ops
from partner_sdk.protocol.authorisations import Authorisation, KeyKind
from partner_sdk.protocol.bounds import OCCURRED_ON_SETTLEMENT
from partner_sdk.protocol.identities import KeyId, MemberId, OperationId
from partner_sdk.protocol.tags import burn_tag, purchase_tag
from partner_sdk.protocol.till_codes import TillCode


class Draft(NamedTuple):
    """An operation to be: `build` makes it when its sequence number is known."""

    kind: ops.OperationKind
    build: Callable[[int], ops.Operation]


class PurchaseRef(Protocol):
    """What names a purchase: its receipt does."""

    @property
    def operation(self) -> OperationId: ...
    @property
    def member(self) -> MemberId: ...
    @property
    def lot(self) -> int: ...


class BurnRef(Protocol):
    """What names a redemption, a hold or a capture: its receipt does."""

    @property
    def operation(self) -> OperationId: ...
    @property
    def member(self) -> MemberId: ...
    @property
    def nonce(self) -> int: ...


def as_member(member: MemberId | str) -> MemberId:
    """Reads a member id given as bytes or as `0x…`.

    Raises:
        MalformedIdError: it is none.
    """
    return MemberId.parse(member) if isinstance(member, str) else member


def as_till_code(code: TillCode | str, kind: ops.OperationKind) -> TillCode:
    """Reads a till code and checks what it is for.

    Raises:
        MalformedTillCodeError: it is none.
        WrongTillCodeError: it is for something else.
    """
    parsed = TillCode.parse(code) if isinstance(code, str) else code
    if parsed.kind is not kind:
        raise WrongTillCodeError(f"the code is for a {parsed.kind.text}, not for a {kind.text}")
    return parsed


def purchase(member: MemberId | str, spend_minor: int, *, occurred_day: int | None = None) -> Draft:
    """The member bought for `spend_minor`; `occurred_day` for purchases posted late."""
    who, day = as_member(member), OCCURRED_ON_SETTLEMENT if occurred_day is None else occurred_day
    return Draft(ops.OperationKind.PURCHASE, lambda sequence: ops.Purchase(sequence, who, spend_minor, day))


def return_(of: PurchaseRef, spend_minor: int) -> Draft:
    """`spend_minor` of a purchase came back."""
    tag = purchase_tag(of.operation.sequence)
    return Draft(
        ops.OperationKind.RETURN, lambda sequence: ops.Return(sequence, of.member, of.lot, tag, spend_minor)
    )


def redeem(code: TillCode | str, points: int) -> Draft:
    """The member pays with `points`, at most what the code allows."""
    till_code = as_till_code(code, ops.OperationKind.REDEEM)
    return Draft(
        ops.OperationKind.REDEEM,
        lambda sequence: ops.Redeem(sequence, till_code.member, points, till_code.authorisation),
    )


def refund(of: BurnRef, points: int) -> Draft:
    """`points` of a redemption or of a capture go back."""
    tag = burn_tag(of.operation.sequence)
    return Draft(
        ops.OperationKind.REFUND, lambda sequence: ops.Refund(sequence, of.member, of.nonce, tag, points)
    )


def hold(code: TillCode | str, points: int) -> Draft:
    """`points` are reserved through the day that the code says."""
    till_code = as_till_code(code, ops.OperationKind.HOLD)
    return Draft(
        ops.OperationKind.HOLD,
        lambda sequence: ops.Hold(
            sequence, till_code.member, points, till_code.expires_day, till_code.authorisation
        ),
    )


def capture(of: BurnRef, points: int) -> Draft:
    """`points` of a hold are taken; final, the rest is free."""
    tag = burn_tag(of.operation.sequence)
    return Draft(
        ops.OperationKind.CAPTURE, lambda sequence: ops.Capture(sequence, of.member, of.nonce, tag, points)
    )


def void(of: BurnRef) -> Draft:
    """A hold is let go."""
    tag = burn_tag(of.operation.sequence)
    return Draft(ops.OperationKind.VOID, lambda sequence: ops.Void(sequence, of.member, of.nonce, tag))


def grant(member: MemberId | str, points: int) -> Draft:
    """Goodwill, billed as issued points."""
    who = as_member(member)
    return Draft(ops.OperationKind.GRANT, lambda sequence: ops.Grant(sequence, who, points))


def record_payment(amount_minor: int, reference: str) -> Draft:
    """The partner paid `amount_minor` to the operator; `reference` is at most 32 bytes of UTF-8."""
    padded = reference.encode().ljust(32, b"\0")
    return Draft(
        ops.OperationKind.RECORD_PAYMENT, lambda sequence: ops.RecordPayment(sequence, amount_minor, padded)
    )


def confirm_payment(payment: int) -> Draft:
    """The partner got the operator's payment."""
    return Draft(ops.OperationKind.CONFIRM_PAYMENT, lambda sequence: ops.ConfirmPayment(sequence, payment))


def transfer(member: MemberId | str, to: MemberId | str, points: int, authorisation: Authorisation) -> Draft:
    """The member gives `points` to another one."""
    giver, receiver = as_member(member), as_member(to)
    return Draft(
        ops.OperationKind.TRANSFER,
        lambda sequence: ops.Transfer(sequence, giver, receiver, points, authorisation),
    )


def enrol(member: MemberId | str, key: KeyId, kind: KeyKind) -> Draft:
    """The member's first key."""
    who = as_member(member)
    return Draft(ops.OperationKind.ENROL, lambda sequence: ops.Enrol(sequence, who, key, kind))


def add_key(member: MemberId | str, key: KeyId, kind: KeyKind, authorisation: Authorisation) -> Draft:
    """Another key of the member."""
    who = as_member(member)
    return Draft(
        ops.OperationKind.ADD_KEY, lambda sequence: ops.AddKey(sequence, who, key, kind, authorisation)
    )


def remove_key(member: MemberId | str, key: KeyId, authorisation: Authorisation) -> Draft:
    """One key less."""
    who = as_member(member)
    return Draft(
        ops.OperationKind.REMOVE_KEY, lambda sequence: ops.RemoveKey(sequence, who, key, authorisation)
    )


def lock(member: MemberId | str) -> Draft:
    """Nothing can be spent from now on."""
    who = as_member(member)
    return Draft(ops.OperationKind.LOCK, lambda sequence: ops.Lock(sequence, who))


def unlock(member: MemberId | str, authorisation: Authorisation) -> Draft:
    """Points can be spent again."""
    who = as_member(member)
    return Draft(ops.OperationKind.UNLOCK, lambda sequence: ops.Unlock(sequence, who, authorisation))


def set_allowance(member: MemberId | str, points_per_day: int, authorisation: Authorisation) -> Draft:
    """What the wallet may sign for in a day."""
    who = as_member(member)
    return Draft(
        ops.OperationKind.SET_ALLOWANCE,
        lambda sequence: ops.SetAllowance(sequence, who, points_per_day, authorisation),
    )


def start_recovery(member: MemberId | str, key: KeyId, kind: KeyKind) -> Draft:
    """A new key for a member who lost the old ones."""
    who = as_member(member)
    return Draft(
        ops.OperationKind.START_RECOVERY, lambda sequence: ops.StartRecovery(sequence, who, key, kind)
    )


def refuse_recovery(member: MemberId | str, authorisation: Authorisation) -> Draft:
    """An old key stops the recovery."""
    who = as_member(member)
    return Draft(
        ops.OperationKind.REFUSE_RECOVERY, lambda sequence: ops.RefuseRecovery(sequence, who, authorisation)
    )


def finish_recovery(member: MemberId | str) -> Draft:
    """The recovery's key takes over."""
    who = as_member(member)
    return Draft(ops.OperationKind.FINISH_RECOVERY, lambda sequence: ops.FinishRecovery(sequence, who))
