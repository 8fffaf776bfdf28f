"""One error class for each reason for which the ledger rejects an operation, in the order of the checks."""

from collections.abc import Mapping
from typing import Final

from partner_sdk._errors import OperationRejectedError
from partner_sdk.protocol.identities import OperationId
from partner_sdk.protocol.reasons import Reason


class MalformedOperationError(OperationRejectedError):
    """Its bytes are not those of an operation."""


class NotPermittedError(OperationRejectedError):
    """This submitter may not do this kind of operation."""


class OperationPausedError(OperationRejectedError):
    """The operator has paused this kind of operation."""


class PartnerSuspendedError(OperationRejectedError):
    """The partner is suspended."""


class InvalidAmountError(OperationRejectedError):
    """An amount is 0 or over its bound."""


class InvalidDayError(OperationRejectedError):
    """The purchase is dated in the future."""


class PostedTooLateError(OperationRejectedError):
    """The purchase is longer ago than the program allows."""


class UnknownOperationError(OperationRejectedError):
    """There is no purchase or redemption there (a wrong lot, nonce or tag)."""


class UnknownHoldError(OperationRejectedError):
    """There is no such hold."""


class NotYourOperationError(OperationRejectedError):
    """It is another partner's."""


class ReturnTooLateError(OperationRejectedError):
    """The return window is over."""


class HoldCapturedError(OperationRejectedError):
    """The hold was captured before."""


class HoldVoidedError(OperationRejectedError):
    """The hold was voided before."""


class HoldExpiredError(OperationRejectedError):
    """The hold is past its day."""


class ReturnExceedsPurchaseError(OperationRejectedError):
    """More would be returned than is left of the purchase."""


class RefundExceedsRedemptionError(OperationRejectedError):
    """More would be refunded than is left of the redemption."""


class CaptureExceedsHoldError(OperationRejectedError):
    """More would be captured than is held."""


class SameMemberError(OperationRejectedError):
    """Giver and receiver are the same member."""


class UnknownMemberError(OperationRejectedError):
    """The member is not enrolled, and so cannot spend."""


class AlreadyEnrolledError(OperationRejectedError):
    """The member has a key."""


class UnknownKeyError(OperationRejectedError):
    """The member has no such key."""


class LastKeyError(OperationRejectedError):
    """A member's last key cannot be removed."""


class NoRecoveryError(OperationRejectedError):
    """No recovery is under way."""


class RecoveryNotDueError(OperationRejectedError):
    """The recovery delay is not over."""


class UnknownPaymentError(OperationRejectedError):
    """There is no such payment to this partner."""


class MemberFrozenError(OperationRejectedError):
    """The operator has frozen the member."""


class MemberLockedError(OperationRejectedError):
    """The member has locked spending."""


class AuthorisationExpiredError(OperationRejectedError):
    """The member's authorisation is past its deadline."""


class NonceUsedError(OperationRejectedError):
    """The member's authorisation was used before."""


class NonceOutOfRangeError(OperationRejectedError):
    """The authorisation's nonce is too old, or skips too far ahead."""


class KeyNotActiveError(OperationRejectedError):
    """The member's key is not active yet."""


class BadAuthorisationError(OperationRejectedError):
    """The member's authorisation does not prove what it should."""


class AuthorisationExceededError(OperationRejectedError):
    """More points than the member authorised."""


class AllowanceExceededError(OperationRejectedError):
    """Over the member's daily allowance; the member's own key is needed."""


class OperationLimitExceededError(OperationRejectedError):
    """Over the partner's limit for one operation."""


class DelegateLimitExceededError(OperationRejectedError):
    """Over the delegate's limit."""


class MemberDayLimitExceededError(OperationRejectedError):
    """Over the partner's limit for one member and day."""


class PartnerDayLimitExceededError(OperationRejectedError):
    """Over the partner's limit for a day."""


class CreditLimitExceededError(OperationRejectedError):
    """The partner owes as much as it may."""


class AccountFullError(OperationRejectedError):
    """The member's account has as many lots, holds or debts as fit."""


class InsufficientPointsError(OperationRejectedError):
    """The member has fewer points available."""


REJECTION_ERRORS: Final[Mapping[Reason, type[OperationRejectedError]]] = {
    Reason.MALFORMED_OPERATION: MalformedOperationError,
    Reason.NOT_PERMITTED: NotPermittedError,
    Reason.OPERATION_PAUSED: OperationPausedError,
    Reason.PARTNER_SUSPENDED: PartnerSuspendedError,
    Reason.INVALID_AMOUNT: InvalidAmountError,
    Reason.INVALID_DAY: InvalidDayError,
    Reason.POSTED_TOO_LATE: PostedTooLateError,
    Reason.UNKNOWN_OPERATION: UnknownOperationError,
    Reason.UNKNOWN_HOLD: UnknownHoldError,
    Reason.NOT_YOUR_OPERATION: NotYourOperationError,
    Reason.RETURN_TOO_LATE: ReturnTooLateError,
    Reason.HOLD_CAPTURED: HoldCapturedError,
    Reason.HOLD_VOIDED: HoldVoidedError,
    Reason.HOLD_EXPIRED: HoldExpiredError,
    Reason.RETURN_EXCEEDS_PURCHASE: ReturnExceedsPurchaseError,
    Reason.REFUND_EXCEEDS_REDEMPTION: RefundExceedsRedemptionError,
    Reason.CAPTURE_EXCEEDS_HOLD: CaptureExceedsHoldError,
    Reason.SAME_MEMBER: SameMemberError,
    Reason.UNKNOWN_MEMBER: UnknownMemberError,
    Reason.ALREADY_ENROLLED: AlreadyEnrolledError,
    Reason.UNKNOWN_KEY: UnknownKeyError,
    Reason.LAST_KEY: LastKeyError,
    Reason.NO_RECOVERY: NoRecoveryError,
    Reason.RECOVERY_NOT_DUE: RecoveryNotDueError,
    Reason.UNKNOWN_PAYMENT: UnknownPaymentError,
    Reason.MEMBER_FROZEN: MemberFrozenError,
    Reason.MEMBER_LOCKED: MemberLockedError,
    Reason.AUTHORISATION_EXPIRED: AuthorisationExpiredError,
    Reason.NONCE_USED: NonceUsedError,
    Reason.NONCE_OUT_OF_RANGE: NonceOutOfRangeError,
    Reason.KEY_NOT_ACTIVE: KeyNotActiveError,
    Reason.BAD_AUTHORISATION: BadAuthorisationError,
    Reason.AUTHORISATION_EXCEEDED: AuthorisationExceededError,
    Reason.ALLOWANCE_EXCEEDED: AllowanceExceededError,
    Reason.OPERATION_LIMIT_EXCEEDED: OperationLimitExceededError,
    Reason.DELEGATE_LIMIT_EXCEEDED: DelegateLimitExceededError,
    Reason.MEMBER_DAY_LIMIT_EXCEEDED: MemberDayLimitExceededError,
    Reason.PARTNER_DAY_LIMIT_EXCEEDED: PartnerDayLimitExceededError,
    Reason.CREDIT_LIMIT_EXCEEDED: CreditLimitExceededError,
    Reason.ACCOUNT_FULL: AccountFullError,
    Reason.INSUFFICIENT_POINTS: InsufficientPointsError,
}


def rejection_error(reason: str, operation: OperationId) -> OperationRejectedError:
    """Returns the error for a rejected operation; a reason that this version does not know gives the plain class."""
    try:
        known = Reason(reason)
    except ValueError:
        return OperationRejectedError(reason, operation)
    return REJECTION_ERRORS.get(known, OperationRejectedError)(known, operation)
