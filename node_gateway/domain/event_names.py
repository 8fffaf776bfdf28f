"""Names of the chain's events, as `contracts/src/interfaces/IPointsLedger.sol` has them. A test compares them with the contracts' ABI."""

from typing import Final

# `Transfer` is left out: it repeats for ERC-20 tools what another event says.
EVENT_NAMES: Final = frozenset({
    "AllowanceSet", "BonusAwarded", "BonusClawedBack", "BonusRefused", "CampaignClosedEarly", "CampaignOpened", "CampaignPaused",
    "CampaignResumed", "CycleClosed", "DebtRepaid", "DelegateSet", "GrantSettled", "HoldCaptured", "HoldExpired", "HoldPlaced",
    "HoldVoided", "KeyAdded", "KeyRemoved", "LimitsSet", "LotReceived", "MemberEnrolled", "MemberFrozen", "MemberLocked",
    "MemberUnfrozen", "MemberUnlocked", "OperationKindPaused", "OperationRejected", "OperatorKeyChanged", "OperatorKeyProposed",
    "PartnerAdmitted", "PartnerKeyRotated", "PartnerReinstated", "PartnerSuspended", "PartnerTermsInForce", "PartnerTermsRecorded",
    "PaymentConfirmed", "PaymentRecorded", "PointsExpired", "PositionChanged", "ProgramSet", "PurchaseSettled", "RecoveryFinished",
    "RecoveryRefused", "RecoveryStarted", "RedemptionSettled", "RefundSettled", "ReturnSettled", "StatementIssued",
    "SubmissionSkipped", "TransferSettled",
})  # fmt: skip
