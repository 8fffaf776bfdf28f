"""Earn and burn points of a coalition from Python.

    from partner_sdk import Partner

    partner = Partner(key="0x…", gateway="https://…", api_key="…", sequences="sequences.db")
    receipt = partner.purchase(member, 1999)

Names are loaded when they are first used: `import partner_sdk` alone takes a few milliseconds. All of them are in docs/sdk.md.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from partner_sdk._async.partner import AsyncPartner as AsyncPartner
    from partner_sdk._async.wallet import AsyncWallet as AsyncWallet
    from partner_sdk._errors import AuthenticationError as AuthenticationError
    from partner_sdk._errors import BusyError as BusyError
    from partner_sdk._errors import ConflictError as ConflictError
    from partner_sdk._errors import GatewayAnswerError as GatewayAnswerError
    from partner_sdk._errors import GatewayConnectionError as GatewayConnectionError
    from partner_sdk._errors import GatewayError as GatewayError
    from partner_sdk._errors import GatewayTimeoutError as GatewayTimeoutError
    from partner_sdk._errors import InvalidRequestError as InvalidRequestError
    from partner_sdk._errors import NotFoundError as NotFoundError
    from partner_sdk._errors import OperationRejectedError as OperationRejectedError
    from partner_sdk._errors import OutcomeUnknownError as OutcomeUnknownError
    from partner_sdk._errors import PermissionDeniedError as PermissionDeniedError
    from partner_sdk._errors import PointsError as PointsError
    from partner_sdk._errors import SequenceStoreError as SequenceStoreError
    from partner_sdk._errors import SequenceUsedError as SequenceUsedError
    from partner_sdk._errors import ServerError as ServerError
    from partner_sdk._errors import SettlementPendingError as SettlementPendingError
    from partner_sdk._errors import SubmissionRefusedError as SubmissionRefusedError
    from partner_sdk._errors import UnexpectedAnswerError as UnexpectedAnswerError
    from partner_sdk._errors import UnknownSubmitterKeyError as UnknownSubmitterKeyError
    from partner_sdk._errors import WebhookVerificationError as WebhookVerificationError
    from partner_sdk._errors import WrongTillCodeError as WrongTillCodeError
    from partner_sdk._outcomes import Resumed as Resumed
    from partner_sdk._rejections import AccountFullError as AccountFullError
    from partner_sdk._rejections import AllowanceExceededError as AllowanceExceededError
    from partner_sdk._rejections import AlreadyEnrolledError as AlreadyEnrolledError
    from partner_sdk._rejections import AuthorisationExceededError as AuthorisationExceededError
    from partner_sdk._rejections import AuthorisationExpiredError as AuthorisationExpiredError
    from partner_sdk._rejections import BadAuthorisationError as BadAuthorisationError
    from partner_sdk._rejections import CaptureExceedsHoldError as CaptureExceedsHoldError
    from partner_sdk._rejections import CreditLimitExceededError as CreditLimitExceededError
    from partner_sdk._rejections import DelegateLimitExceededError as DelegateLimitExceededError
    from partner_sdk._rejections import HoldCapturedError as HoldCapturedError
    from partner_sdk._rejections import HoldExpiredError as HoldExpiredError
    from partner_sdk._rejections import HoldVoidedError as HoldVoidedError
    from partner_sdk._rejections import InsufficientPointsError as InsufficientPointsError
    from partner_sdk._rejections import InvalidAmountError as InvalidAmountError
    from partner_sdk._rejections import InvalidDayError as InvalidDayError
    from partner_sdk._rejections import KeyNotActiveError as KeyNotActiveError
    from partner_sdk._rejections import LastKeyError as LastKeyError
    from partner_sdk._rejections import MalformedOperationError as MalformedOperationError
    from partner_sdk._rejections import MemberDayLimitExceededError as MemberDayLimitExceededError
    from partner_sdk._rejections import MemberFrozenError as MemberFrozenError
    from partner_sdk._rejections import MemberLockedError as MemberLockedError
    from partner_sdk._rejections import NonceOutOfRangeError as NonceOutOfRangeError
    from partner_sdk._rejections import NonceUsedError as NonceUsedError
    from partner_sdk._rejections import NoRecoveryError as NoRecoveryError
    from partner_sdk._rejections import NotPermittedError as NotPermittedError
    from partner_sdk._rejections import NotYourOperationError as NotYourOperationError
    from partner_sdk._rejections import OperationLimitExceededError as OperationLimitExceededError
    from partner_sdk._rejections import OperationPausedError as OperationPausedError
    from partner_sdk._rejections import PartnerDayLimitExceededError as PartnerDayLimitExceededError
    from partner_sdk._rejections import PartnerSuspendedError as PartnerSuspendedError
    from partner_sdk._rejections import PostedTooLateError as PostedTooLateError
    from partner_sdk._rejections import RecoveryNotDueError as RecoveryNotDueError
    from partner_sdk._rejections import RefundExceedsRedemptionError as RefundExceedsRedemptionError
    from partner_sdk._rejections import ReturnExceedsPurchaseError as ReturnExceedsPurchaseError
    from partner_sdk._rejections import ReturnTooLateError as ReturnTooLateError
    from partner_sdk._rejections import SameMemberError as SameMemberError
    from partner_sdk._rejections import UnknownHoldError as UnknownHoldError
    from partner_sdk._rejections import UnknownKeyError as UnknownKeyError
    from partner_sdk._rejections import UnknownMemberError as UnknownMemberError
    from partner_sdk._rejections import UnknownOperationError as UnknownOperationError
    from partner_sdk._rejections import UnknownPaymentError as UnknownPaymentError
    from partner_sdk._sync.partner import Partner as Partner
    from partner_sdk._sync.wallet import Wallet as Wallet
    from partner_sdk._webhooks import verify_webhook as verify_webhook
    from partner_sdk.drafts import Draft as Draft
    from partner_sdk.keys import KeyFileError as KeyFileError
    from partner_sdk.keys import WrongPasswordError as WrongPasswordError
    from partner_sdk.keys import load_key as load_key
    from partner_sdk.keys import save_key as save_key
    from partner_sdk.member_keys import MemberKey as MemberKey
    from partner_sdk.models import Account as Account
    from partner_sdk.models import Balance as Balance
    from partner_sdk.models import BulkResult as BulkResult
    from partner_sdk.models import CampaignProgress as CampaignProgress
    from partner_sdk.models import CampaignRecord as CampaignRecord
    from partner_sdk.models import Event as Event
    from partner_sdk.models import Lot as Lot
    from partner_sdk.models import Me as Me
    from partner_sdk.models import OperationRecord as OperationRecord
    from partner_sdk.models import Page as Page
    from partner_sdk.models import PartnerName as PartnerName
    from partner_sdk.models import PendingHold as PendingHold
    from partner_sdk.models import Position as Position
    from partner_sdk.models import Program as Program
    from partner_sdk.models import StageProgress as StageProgress
    from partner_sdk.models import Statement as Statement
    from partner_sdk.models import SubmissionRecord as SubmissionRecord
    from partner_sdk.models import Webhook as Webhook
    from partner_sdk.models import WebhookDelivery as WebhookDelivery
    from partner_sdk.models import WebhookWithSecret as WebhookWithSecret
    from partner_sdk.protocol import KeyId as KeyId
    from partner_sdk.protocol import KeyKind as KeyKind
    from partner_sdk.protocol import MemberId as MemberId
    from partner_sdk.protocol import OperationId as OperationId
    from partner_sdk.protocol import PartnerId as PartnerId
    from partner_sdk.protocol import ProtocolError as ProtocolError
    from partner_sdk.protocol import Reason as Reason
    from partner_sdk.protocol import SigningKey as SigningKey
    from partner_sdk.protocol import Submitter as Submitter
    from partner_sdk.protocol import TillCode as TillCode
    from partner_sdk.receipts import CaptureReceipt as CaptureReceipt
    from partner_sdk.receipts import GrantReceipt as GrantReceipt
    from partner_sdk.receipts import HoldReceipt as HoldReceipt
    from partner_sdk.receipts import MemberReceipt as MemberReceipt
    from partner_sdk.receipts import PaymentReceipt as PaymentReceipt
    from partner_sdk.receipts import PurchaseReceipt as PurchaseReceipt
    from partner_sdk.receipts import Receipt as Receipt
    from partner_sdk.receipts import RedeemReceipt as RedeemReceipt
    from partner_sdk.receipts import RefundReceipt as RefundReceipt
    from partner_sdk.receipts import ReturnReceipt as ReturnReceipt
    from partner_sdk.receipts import TransferReceipt as TransferReceipt
    from partner_sdk.receipts import VoidReceipt as VoidReceipt
    from partner_sdk.sequences import MemorySequenceStore as MemorySequenceStore
    from partner_sdk.sequences import Numbered as Numbered
    from partner_sdk.sequences import SequenceStore as SequenceStore
    from partner_sdk.sequences import SqliteSequenceStore as SqliteSequenceStore
    from partner_sdk.sequences import Unfinished as Unfinished

_MODULE_OF_NAME = {
    "Account": "models",
    "AccountFullError": "_rejections",
    "AllowanceExceededError": "_rejections",
    "AlreadyEnrolledError": "_rejections",
    "AsyncPartner": "_async.partner",
    "AsyncWallet": "_async.wallet",
    "AuthenticationError": "_errors",
    "AuthorisationExceededError": "_rejections",
    "AuthorisationExpiredError": "_rejections",
    "BadAuthorisationError": "_rejections",
    "Balance": "models",
    "BulkResult": "models",
    "BusyError": "_errors",
    "CampaignProgress": "models",
    "CampaignRecord": "models",
    "CaptureExceedsHoldError": "_rejections",
    "CaptureReceipt": "receipts",
    "ConflictError": "_errors",
    "CreditLimitExceededError": "_rejections",
    "DelegateLimitExceededError": "_rejections",
    "Draft": "drafts",
    "Event": "models",
    "GatewayAnswerError": "_errors",
    "GatewayConnectionError": "_errors",
    "GatewayError": "_errors",
    "GatewayTimeoutError": "_errors",
    "GrantReceipt": "receipts",
    "HoldCapturedError": "_rejections",
    "HoldExpiredError": "_rejections",
    "HoldReceipt": "receipts",
    "HoldVoidedError": "_rejections",
    "InsufficientPointsError": "_rejections",
    "InvalidAmountError": "_rejections",
    "InvalidDayError": "_rejections",
    "InvalidRequestError": "_errors",
    "KeyFileError": "keys",
    "KeyId": "protocol",
    "KeyKind": "protocol",
    "KeyNotActiveError": "_rejections",
    "LastKeyError": "_rejections",
    "Lot": "models",
    "MalformedOperationError": "_rejections",
    "Me": "models",
    "MemberDayLimitExceededError": "_rejections",
    "MemberFrozenError": "_rejections",
    "MemberId": "protocol",
    "MemberKey": "member_keys",
    "MemberLockedError": "_rejections",
    "MemberReceipt": "receipts",
    "MemorySequenceStore": "sequences",
    "NoRecoveryError": "_rejections",
    "NonceOutOfRangeError": "_rejections",
    "NonceUsedError": "_rejections",
    "NotFoundError": "_errors",
    "NotPermittedError": "_rejections",
    "NotYourOperationError": "_rejections",
    "Numbered": "sequences",
    "OperationId": "protocol",
    "OperationLimitExceededError": "_rejections",
    "OperationPausedError": "_rejections",
    "OperationRecord": "models",
    "OperationRejectedError": "_errors",
    "OutcomeUnknownError": "_errors",
    "Page": "models",
    "Partner": "_sync.partner",
    "PartnerDayLimitExceededError": "_rejections",
    "PartnerId": "protocol",
    "PartnerName": "models",
    "PartnerSuspendedError": "_rejections",
    "PaymentReceipt": "receipts",
    "PendingHold": "models",
    "PermissionDeniedError": "_errors",
    "PointsError": "_errors",
    "Position": "models",
    "PostedTooLateError": "_rejections",
    "Program": "models",
    "ProtocolError": "protocol",
    "PurchaseReceipt": "receipts",
    "Reason": "protocol",
    "Receipt": "receipts",
    "RecoveryNotDueError": "_rejections",
    "RedeemReceipt": "receipts",
    "RefundExceedsRedemptionError": "_rejections",
    "RefundReceipt": "receipts",
    "Resumed": "_outcomes",
    "ReturnExceedsPurchaseError": "_rejections",
    "ReturnReceipt": "receipts",
    "ReturnTooLateError": "_rejections",
    "SameMemberError": "_rejections",
    "SequenceStore": "sequences",
    "SequenceStoreError": "_errors",
    "SequenceUsedError": "_errors",
    "ServerError": "_errors",
    "SettlementPendingError": "_errors",
    "SigningKey": "protocol",
    "SqliteSequenceStore": "sequences",
    "StageProgress": "models",
    "Statement": "models",
    "SubmissionRecord": "models",
    "SubmissionRefusedError": "_errors",
    "Submitter": "protocol",
    "TillCode": "protocol",
    "TransferReceipt": "receipts",
    "UnexpectedAnswerError": "_errors",
    "Unfinished": "sequences",
    "UnknownHoldError": "_rejections",
    "UnknownKeyError": "_rejections",
    "UnknownMemberError": "_rejections",
    "UnknownOperationError": "_rejections",
    "UnknownPaymentError": "_rejections",
    "UnknownSubmitterKeyError": "_errors",
    "VoidReceipt": "receipts",
    "Wallet": "_sync.wallet",
    "Webhook": "models",
    "WebhookDelivery": "models",
    "WebhookVerificationError": "_errors",
    "WebhookWithSecret": "models",
    "WrongPasswordError": "keys",
    "WrongTillCodeError": "_errors",
    "load_key": "keys",
    "save_key": "keys",
    "verify_webhook": "_webhooks",
}

__all__ = [
    "Account",
    "AccountFullError",
    "AllowanceExceededError",
    "AlreadyEnrolledError",
    "AsyncPartner",
    "AsyncWallet",
    "AuthenticationError",
    "AuthorisationExceededError",
    "AuthorisationExpiredError",
    "BadAuthorisationError",
    "Balance",
    "BulkResult",
    "BusyError",
    "CampaignProgress",
    "CampaignRecord",
    "CaptureExceedsHoldError",
    "CaptureReceipt",
    "ConflictError",
    "CreditLimitExceededError",
    "DelegateLimitExceededError",
    "Draft",
    "Event",
    "GatewayAnswerError",
    "GatewayConnectionError",
    "GatewayError",
    "GatewayTimeoutError",
    "GrantReceipt",
    "HoldCapturedError",
    "HoldExpiredError",
    "HoldReceipt",
    "HoldVoidedError",
    "InsufficientPointsError",
    "InvalidAmountError",
    "InvalidDayError",
    "InvalidRequestError",
    "KeyFileError",
    "KeyId",
    "KeyKind",
    "KeyNotActiveError",
    "LastKeyError",
    "Lot",
    "MalformedOperationError",
    "Me",
    "MemberDayLimitExceededError",
    "MemberFrozenError",
    "MemberId",
    "MemberKey",
    "MemberLockedError",
    "MemberReceipt",
    "MemorySequenceStore",
    "NoRecoveryError",
    "NonceOutOfRangeError",
    "NonceUsedError",
    "NotFoundError",
    "NotPermittedError",
    "NotYourOperationError",
    "Numbered",
    "OperationId",
    "OperationLimitExceededError",
    "OperationPausedError",
    "OperationRecord",
    "OperationRejectedError",
    "OutcomeUnknownError",
    "Page",
    "Partner",
    "PartnerDayLimitExceededError",
    "PartnerId",
    "PartnerName",
    "PartnerSuspendedError",
    "PaymentReceipt",
    "PendingHold",
    "PermissionDeniedError",
    "PointsError",
    "Position",
    "PostedTooLateError",
    "Program",
    "ProtocolError",
    "PurchaseReceipt",
    "Reason",
    "Receipt",
    "RecoveryNotDueError",
    "RedeemReceipt",
    "RefundExceedsRedemptionError",
    "RefundReceipt",
    "Resumed",
    "ReturnExceedsPurchaseError",
    "ReturnReceipt",
    "ReturnTooLateError",
    "SameMemberError",
    "SequenceStore",
    "SequenceStoreError",
    "SequenceUsedError",
    "ServerError",
    "SettlementPendingError",
    "SigningKey",
    "SqliteSequenceStore",
    "StageProgress",
    "Statement",
    "SubmissionRecord",
    "SubmissionRefusedError",
    "Submitter",
    "TillCode",
    "TransferReceipt",
    "UnexpectedAnswerError",
    "Unfinished",
    "UnknownHoldError",
    "UnknownKeyError",
    "UnknownMemberError",
    "UnknownOperationError",
    "UnknownPaymentError",
    "UnknownSubmitterKeyError",
    "VoidReceipt",
    "Wallet",
    "Webhook",
    "WebhookDelivery",
    "WebhookVerificationError",
    "WebhookWithSecret",
    "WrongPasswordError",
    "WrongTillCodeError",
    "load_key",
    "save_key",
    "verify_webhook",
]


def __getattr__(name: str) -> Any:
    module = _MODULE_OF_NAME.get(name)
    if module is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{module}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
