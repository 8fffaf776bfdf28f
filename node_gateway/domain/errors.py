"""What the gateway can refuse, typed and with data. Nothing here knows HTTP: `api.problems` maps each to an answer.

GatewayError
├── SubmissionRefusedError     nothing was stored; the same ids can be signed and sent again
├── AccessError                who is asking
├── RequestError               what was asked is not well formed
├── NotFoundError              what was asked for is not there, or is not the caller's to see
└── BusyError                  ask again after `retry_after_s`
"""

from typing import ClassVar

from partner_sdk.protocol.identities import OperationId, Submitter


class GatewayError(Exception):
    """Any operating error. `code` is its one name in the API; `data` are the fields that say more, JSON values."""

    code: ClassVar[str]

    def __init__(self, detail: str, **data: str | int) -> None:
        super().__init__(detail)
        self.detail = detail
        self.data = data


class SubmissionRefusedError(GatewayError):
    """A submission that was not accepted."""


class DeadlinePassedError(SubmissionRefusedError):
    code = "deadline_passed"

    def __init__(self, *, deadline_s: int, chain_time_s: int) -> None:
        super().__init__(
            "The submission's deadline is past by the chain's clock; sign it again with a later one.",
            deadline_s=deadline_s,
            chain_time_s=chain_time_s,
        )


class DeadlineTooFarError(SubmissionRefusedError):
    code = "deadline_too_far"

    def __init__(self, *, deadline_s: int, latest_s: int) -> None:
        super().__init__(
            "The submission's deadline is further ahead than this gateway keeps submissions.",
            deadline_s=deadline_s,
            latest_s=latest_s,
        )


class UnknownSubmitterError(SubmissionRefusedError):
    code = "unknown_submitter"

    def __init__(self, submitter: Submitter) -> None:
        super().__init__(
            "No key of this submitter is on the chain as far as it is indexed; a key set a moment ago takes a block.",
            submitter=submitter.text,
        )


class SubmitterExpiredError(SubmissionRefusedError):
    code = "submitter_expired"

    def __init__(self, submitter: Submitter, *, valid_until_s: int) -> None:
        super().__init__(
            "The delegation of this submitter has ended.",
            submitter=submitter.text,
            valid_until_s=valid_until_s,
        )


class BadSignatureError(SubmissionRefusedError):
    code = "bad_signature"

    def __init__(self, submitter: Submitter) -> None:
        super().__init__(
            "The signature is not one by the submitter's key over this submission, chain and ledger.",
            submitter=submitter.text,
        )


class NotYourSubmitterError(SubmissionRefusedError):
    code = "not_your_submitter"

    def __init__(self, submitter: Submitter) -> None:
        super().__init__("This API key does not submit for this submitter.", submitter=submitter.text)


class OperationUsedError(SubmissionRefusedError):
    code = "operation_used"

    def __init__(self, operation: OperationId, *, status: str) -> None:
        super().__init__(
            "Another submission already carries an operation with this id; ask for the operation to see what became of it.",
            operation=operation.text,
            operation_status=status,
        )


class LateAuthorisationError(SubmissionRefusedError):
    """A member's authorisation that can no longer be used."""

    code = "authorisation_expired"

    def __init__(self, operation: OperationId, *, deadline_s: int) -> None:
        super().__init__(
            "The member's authorisation is past its deadline.",
            operation=operation.text,
            deadline_s=deadline_s,
        )


class AccessError(GatewayError):
    """The caller is not known, or may not do this."""


class MissingApiKeyError(AccessError):
    code = "missing_api_key"

    def __init__(self) -> None:
        super().__init__("Send `Authorization: Bearer <api key>`.")


class UnknownApiKeyError(AccessError):
    code = "unknown_api_key"

    def __init__(self) -> None:
        super().__init__("This API key is not known, or was revoked.")


class ForbiddenError(AccessError):
    code = "forbidden"

    def __init__(self, *, party: str) -> None:
        super().__init__("This kind of API key may not do this.", party=party)


class RequestError(GatewayError):
    """A request that cannot be understood, or is over a bound."""


class InvalidParameterError(RequestError):
    code = "invalid_parameter"

    def __init__(self, name: str, why: str) -> None:
        super().__init__(f"{name}: {why}.", parameter=name)


class MalformedJsonError(RequestError):
    code = "malformed_json"

    def __init__(self, why: str) -> None:
        super().__init__(f"The body is not the JSON that was expected: {why}.")


class BodyTooLargeError(RequestError):
    code = "body_too_large"

    def __init__(self, *, bytes_max: int) -> None:
        super().__init__("The body is larger than allowed here.", bytes_max=bytes_max)


class BodyTooSlowError(RequestError):
    code = "body_too_slow"

    def __init__(self, *, body_s_max: int) -> None:
        super().__init__("The body took too long to arrive.", body_s_max=body_s_max)


class UnsupportedMediaTypeError(RequestError):
    code = "unsupported_media_type"

    def __init__(self, *, expected: str) -> None:
        super().__init__(
            "The body has a content type (or an encoding) that is not taken here.", expected=expected
        )


class TooManySubmissionsError(RequestError):
    code = "too_many_submissions"

    def __init__(self, *, submissions_max: int) -> None:
        super().__init__(
            "A bulk request carries 1 submission at least, and not more than this.",
            submissions_max=submissions_max,
        )


class WebhookUrlRefusedError(RequestError):
    code = "webhook_url_refused"

    def __init__(self, why: str) -> None:
        super().__init__(f"Messages cannot be sent to this address: {why}.")


class TooManyWebhooksError(RequestError):
    code = "too_many_webhooks"

    def __init__(self, *, webhooks_max: int) -> None:
        super().__init__(
            "No more webhooks than this; delete one that is not used.", webhooks_max=webhooks_max
        )


class MethodNotAllowedError(RequestError):
    code = "method_not_allowed"

    def __init__(self, *, allowed: str) -> None:
        super().__init__("This path does not take this method.", allowed=allowed)


class IdempotencyConflictError(RequestError):
    code = "idempotency_conflict"

    def __init__(self) -> None:
        super().__init__("This Idempotency-Key was used with another body.")


class IdempotencyInFlightError(RequestError):
    code = "idempotency_in_flight"

    def __init__(self) -> None:
        super().__init__(
            "A request with this Idempotency-Key is being worked on; repeat it in a moment.", retry_after_s=1
        )


class NotFoundError(GatewayError):
    """Nothing there that this caller may see."""


class RouteNotFoundError(NotFoundError):
    code = "not_found"

    def __init__(self) -> None:
        super().__init__("Nothing is served at this path; see /docs.")


class UnknownSubmissionError(NotFoundError):
    code = "submission_not_found"

    def __init__(self, submission: str) -> None:
        super().__init__("No such submission of yours came through this gateway.", submission=submission)


class OperationNotFoundError(NotFoundError):
    code = "operation_not_found"

    def __init__(self, operation: str) -> None:
        super().__init__("No such operation of yours is known here.", operation=operation)


class MemberNotFoundError(NotFoundError):
    code = "member_not_found"

    def __init__(self, member: str) -> None:
        super().__init__("Nothing on the chain names this member yet.", member=member)


class CampaignNotFoundError(NotFoundError):
    code = "campaign_not_found"

    def __init__(self, campaign: int) -> None:
        super().__init__("No such campaign was opened.", campaign=campaign)


class WebhookNotFoundError(NotFoundError):
    code = "webhook_not_found"

    def __init__(self, webhook: str) -> None:
        super().__init__("No such webhook of yours is registered.", webhook=webhook)


class DeliveryNotFoundError(NotFoundError):
    code = "delivery_not_found"

    def __init__(self, delivery: int) -> None:
        super().__init__(
            "No such message of this webhook is kept; replay from its block instead.", delivery=str(delivery)
        )


class BusyError(GatewayError):
    """Not now. `retry_after_s` is in `data`."""


class BacklogFullError(BusyError):
    code = "backlog_full"

    def __init__(self, *, backlog_operations: int, backlog_operations_max: int) -> None:
        super().__init__(
            "More operations wait for the chain than this gateway takes on; nothing of this request was accepted.",
            backlog_operations=backlog_operations,
            backlog_operations_max=backlog_operations_max,
            retry_after_s=2,
        )


class RateLimitedError(BusyError):
    code = "rate_limited"

    def __init__(self, *, limit: str, retry_after_s: int) -> None:
        super().__init__("Too many requests.", limit=limit, retry_after_s=retry_after_s)


class TooManyStreamsError(BusyError):
    code = "too_many_streams"

    def __init__(self, *, streams_max: int) -> None:
        super().__init__("Too many event streams are open.", streams_max=streams_max, retry_after_s=5)


class NotIndexedError(BusyError):
    code = "not_indexed"

    def __init__(self) -> None:
        super().__init__("No block of the chain is indexed yet; is the worker running?", retry_after_s=2)


class StorageUnavailableError(BusyError):
    code = "storage_unavailable"

    def __init__(self) -> None:
        super().__init__(
            "The database cannot be used now. Repeat the same request: what was accepted is not accepted twice.",
            retry_after_s=2,
        )


class ShuttingDownError(BusyError):
    code = "shutting_down"

    def __init__(self) -> None:
        super().__init__("This process is stopping; nothing of this request was accepted.", retry_after_s=1)


class InternalError(GatewayError):
    """A mistake of ours; the log has it under the request's id."""

    code = "internal_error"

    def __init__(self) -> None:
        super().__init__(
            "Something is wrong in the gateway; nothing is known to be lost. Name the request_id when you ask."
        )
