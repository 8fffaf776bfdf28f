"""Receipts: what the ledger did, one class for each kind of operation (arguments of its event)."""

from typing import Final, TypeVar

from pydantic import AliasChoices, Field

from partner_sdk.models import Answer, Balance, Key, Member, Operation, OperationRecord


class Receipt(Answer):
    """Common to all receipts: which operation, in which block, and its place there as a proof for an auditor.

    `balance` is the member's after the block; None where it came with no answer, as for a receipt of earlier.
    """

    operation: Operation
    member: Member | None = None
    block_number: int
    log_index: int | None = None
    tx_hash: str | None = None
    balance: Balance | None = None


class PurchaseReceipt(Receipt):
    """`points` were issued into lot `lot`, good through the end of `expires_day`. A return names the lot."""

    member: Member
    spend_minor: int = Field(validation_alias=AliasChoices("spend", "spend_minor"))
    points: int
    lot: int
    expires_day: int


class ReturnReceipt(Receipt):
    """`points` taken back, of which `recovered` at once; the rest became debt."""

    member: Member
    lot: int
    spend_minor: int = Field(validation_alias=AliasChoices("spend", "spend_minor"))
    points: int
    recovered: int


class RedeemReceipt(Receipt):
    """`points` were burned. A refund names the nonce."""

    member: Member
    points: int
    nonce: int


class RefundReceipt(Receipt):
    """`points` went back to the member, into lot `lot`."""

    member: Member
    points: int
    nonce: int
    lot: int
    expires_day: int


class HoldReceipt(Receipt):
    """`points` are reserved through the end of `expires_day`. Capture and void name the nonce."""

    member: Member
    points: int
    nonce: int
    expires_day: int


class CaptureReceipt(Receipt):
    """`points` of the hold were burned, `released` are free again. A refund names the nonce."""

    member: Member
    points: int
    nonce: int
    released: int


class VoidReceipt(Receipt):
    """The hold is gone, `released` are free again."""

    member: Member
    nonce: int
    released: int


class GrantReceipt(Receipt):
    """`points` were given, into lot `lot`."""

    member: Member
    points: int
    lot: int
    expires_day: int


class TransferReceipt(Receipt):
    """`points` went from `member` to `to`."""

    member: Member
    to: Member
    points: int
    nonce: int


class MemberReceipt(Receipt):
    """A change of a member's keys, lock, allowance or recovery; `key` where one is concerned."""

    member: Member
    key: Key | None = None
    active_from: int | None = None
    due_at: int | None = None
    points_per_day: int | None = None


class PaymentReceipt(Receipt):
    """A payment between partner and operator."""

    payment: int
    amount_minor: int | None = None


RECEIPT_TYPES: Final[dict[str, type[Receipt]]] = {
    "purchase": PurchaseReceipt,
    "return": ReturnReceipt,
    "redeem": RedeemReceipt,
    "refund": RefundReceipt,
    "hold": HoldReceipt,
    "capture": CaptureReceipt,
    "void": VoidReceipt,
    "grant": GrantReceipt,
    "transfer": TransferReceipt,
    "record_payment": PaymentReceipt,
    "confirm_payment": PaymentReceipt,
}

ReceiptT = TypeVar("ReceiptT", bound=Receipt)


def receipt_type_of(kind: str) -> type[Receipt]:
    """Returns the class of an operation's receipt by its type's name; those about members share one."""
    return RECEIPT_TYPES.get(kind, MemberReceipt)


def receipt_of(record: OperationRecord, receipt_type: type[ReceiptT]) -> ReceiptT:
    """Returns the typed receipt of a settled operation.

    Raises:
        pydantic.ValidationError: the receipt is not of this type.
    """
    assert record.status == "settled", record
    fields = {
        "member": record.member,
        **(record.receipt or {}),
        "operation": record.id,
        "block_number": record.block_number,
        "log_index": record.log_index,
        "tx_hash": record.tx_hash,
        "balance": record.balance,
    }
    return receipt_type.model_validate(fields)
