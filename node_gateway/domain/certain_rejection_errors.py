"""Refusals of what the ledger is certain to reject, by its own names."""

from typing import ClassVar

from node_gateway.domain.errors import SubmissionRefusedError
from partner_sdk.protocol.identities import OperationId


class CertainRejectionError(SubmissionRefusedError):
    """The ledger would reject every operation of the submission; told of the first. `sentence` says why."""

    sentence: ClassVar[str]

    def __init__(self, operation: int) -> None:
        super().__init__(
            f"{self.sentence} Nothing was accepted, and no id is used up.",
            operation=OperationId(operation).text,
        )


class NotPermittedError(CertainRejectionError):
    code = "not_permitted"
    sentence = "This submitter may not do this kind of operation."


class OperationPausedError(CertainRejectionError):
    code = "operation_paused"
    sentence = "The operator has paused this kind of operation."


class PartnerSuspendedError(CertainRejectionError):
    code = "partner_suspended"
    sentence = "The partner is suspended."


class InvalidAmountError(CertainRejectionError):
    code = "invalid_amount"
    sentence = "An amount is 0 or over its bound."


class PostedTooLateError(CertainRejectionError):
    code = "posted_too_late"
    sentence = "The purchase is longer ago than the program allows."


class HoldExpiredError(CertainRejectionError):
    code = "hold_expired"
    sentence = "The hold's last day is past."


class SameMemberError(CertainRejectionError):
    code = "same_member"
    sentence = "Giver and receiver are the same member."


class AuthorisationExceededError(CertainRejectionError):
    code = "authorisation_exceeded"
    sentence = "More points than the member's authorisation allows."


class NonceUsedError(CertainRejectionError):
    code = "nonce_used"
    sentence = (
        "The member's authorisation was used before, or newer ones have made it void: ask for a new one."
    )


class OperationLimitExceededError(CertainRejectionError):
    code = "operation_limit_exceeded"
    sentence = "More points than the operator allows this partner in one operation."


class DelegateLimitExceededError(CertainRejectionError):
    code = "delegate_limit_exceeded"
    sentence = "More points than the partner allows this delegate in one operation, or in a day."


class MemberDayLimitExceededError(CertainRejectionError):
    code = "member_day_limit_exceeded"
    sentence = "More points at once than the operator allows this partner to give one member in a day."


class PartnerDayLimitExceededError(CertainRejectionError):
    code = "partner_day_limit_exceeded"
    sentence = "More points at once than the operator allows this partner to give in a day."
