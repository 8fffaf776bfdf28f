"""Why something was not done, in the order in which the checks come (docs/protocol.md, Reasons)."""

from enum import StrEnum
from typing import Final


class Reason(StrEnum):
    """One word per cause, the same on chain (bytes32 text), in the API and here."""

    # of a submission: no id is used up
    MALFORMED_SUBMISSION = "malformed_submission"
    DEADLINE_PASSED = "deadline_passed"
    UNKNOWN_SUBMITTER = "unknown_submitter"
    SUBMITTER_EXPIRED = "submitter_expired"
    BAD_SIGNATURE = "bad_signature"
    OUT_OF_GAS = "out_of_gas"
    EXECUTION_FAILED = "execution_failed"
    # of an operation: its id is used up
    MALFORMED_OPERATION = "malformed_operation"
    NOT_PERMITTED = "not_permitted"
    OPERATION_PAUSED = "operation_paused"
    PARTNER_SUSPENDED = "partner_suspended"
    INVALID_AMOUNT = "invalid_amount"
    INVALID_DAY = "invalid_day"
    POSTED_TOO_LATE = "posted_too_late"
    UNKNOWN_OPERATION = "unknown_operation"
    UNKNOWN_HOLD = "unknown_hold"
    NOT_YOUR_OPERATION = "not_your_operation"
    RETURN_TOO_LATE = "return_too_late"
    HOLD_CAPTURED = "hold_captured"
    HOLD_VOIDED = "hold_voided"
    HOLD_EXPIRED = "hold_expired"
    RETURN_EXCEEDS_PURCHASE = "return_exceeds_purchase"
    REFUND_EXCEEDS_REDEMPTION = "refund_exceeds_redemption"
    CAPTURE_EXCEEDS_HOLD = "capture_exceeds_hold"
    SAME_MEMBER = "same_member"
    UNKNOWN_MEMBER = "unknown_member"
    ALREADY_ENROLLED = "already_enrolled"
    UNKNOWN_KEY = "unknown_key"
    LAST_KEY = "last_key"
    NO_RECOVERY = "no_recovery"
    RECOVERY_NOT_DUE = "recovery_not_due"
    UNKNOWN_PAYMENT = "unknown_payment"
    MEMBER_FROZEN = "member_frozen"
    MEMBER_LOCKED = "member_locked"
    AUTHORISATION_EXPIRED = "authorisation_expired"
    NONCE_USED = "nonce_used"
    NONCE_OUT_OF_RANGE = "nonce_out_of_range"
    KEY_NOT_ACTIVE = "key_not_active"
    BAD_AUTHORISATION = "bad_authorisation"
    AUTHORISATION_EXCEEDED = "authorisation_exceeded"
    ALLOWANCE_EXCEEDED = "allowance_exceeded"
    OPERATION_LIMIT_EXCEEDED = "operation_limit_exceeded"
    DELEGATE_LIMIT_EXCEEDED = "delegate_limit_exceeded"
    MEMBER_DAY_LIMIT_EXCEEDED = "member_day_limit_exceeded"
    PARTNER_DAY_LIMIT_EXCEEDED = "partner_day_limit_exceeded"
    CREDIT_LIMIT_EXCEEDED = "credit_limit_exceeded"
    ACCOUNT_FULL = "account_full"
    INSUFFICIENT_POINTS = "insufficient_points"
    # of the gateway, for a submission that it ends
    SUPERSEDED = "superseded"

    @property
    def bytes32(self) -> bytes:
        """The reason as the chain's events carry it: ASCII, padded with zeros on the right."""
        return self.value.encode("ascii").ljust(32, b"\0")

    @classmethod
    def from_bytes32(cls, word: bytes) -> "Reason":
        """Reads a reason from an event.

        Raises:
            ValueError: the word is no reason of this list (a newer contract).
        """
        return cls(word.rstrip(b"\0").decode("ascii"))


_ALL = tuple(Reason)
_FIRST_OF_OPERATION = _ALL.index(Reason.MALFORMED_OPERATION)

SUBMISSION_REASONS: Final = _ALL[:_FIRST_OF_OPERATION]
"""Reasons to skip a submission, in the order of the checks."""
OPERATION_REASONS: Final = _ALL[_FIRST_OF_OPERATION:-1]
"""Reasons to reject an operation, in the order of the checks."""
GATEWAY_REASONS: Final = (Reason.DEADLINE_PASSED, Reason.SUPERSEDED)
"""Reasons for which a gateway ends a submission that it had accepted."""
