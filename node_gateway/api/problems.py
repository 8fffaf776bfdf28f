"""The one table from errors to answers (RFC 9457 problem+json). A test fails when an error is missing from it."""

from http import HTTPStatus
from typing import Any

import orjson
from starlette.responses import Response

from node_gateway.domain import certain_rejection_errors, errors
from partner_sdk.protocol import errors as protocol_errors

MEDIA_TYPE = "application/problem+json"
TYPE_PREFIX = "urn:coalition:problem:"

STATUS_OF: dict[type[Exception], HTTPStatus] = {
    errors.DeadlinePassedError: HTTPStatus.UNPROCESSABLE_ENTITY,
    errors.DeadlineTooFarError: HTTPStatus.UNPROCESSABLE_ENTITY,
    errors.UnknownSubmitterError: HTTPStatus.UNPROCESSABLE_ENTITY,
    errors.SubmitterExpiredError: HTTPStatus.UNPROCESSABLE_ENTITY,
    errors.BadSignatureError: HTTPStatus.UNPROCESSABLE_ENTITY,
    errors.LateAuthorisationError: HTTPStatus.UNPROCESSABLE_ENTITY,
    certain_rejection_errors.NotPermittedError: HTTPStatus.UNPROCESSABLE_ENTITY,
    certain_rejection_errors.OperationPausedError: HTTPStatus.UNPROCESSABLE_ENTITY,
    certain_rejection_errors.PartnerSuspendedError: HTTPStatus.UNPROCESSABLE_ENTITY,
    certain_rejection_errors.InvalidAmountError: HTTPStatus.UNPROCESSABLE_ENTITY,
    certain_rejection_errors.PostedTooLateError: HTTPStatus.UNPROCESSABLE_ENTITY,
    certain_rejection_errors.HoldExpiredError: HTTPStatus.UNPROCESSABLE_ENTITY,
    certain_rejection_errors.SameMemberError: HTTPStatus.UNPROCESSABLE_ENTITY,
    certain_rejection_errors.AuthorisationExceededError: HTTPStatus.UNPROCESSABLE_ENTITY,
    certain_rejection_errors.NonceUsedError: HTTPStatus.UNPROCESSABLE_ENTITY,
    certain_rejection_errors.OperationLimitExceededError: HTTPStatus.UNPROCESSABLE_ENTITY,
    certain_rejection_errors.DelegateLimitExceededError: HTTPStatus.UNPROCESSABLE_ENTITY,
    certain_rejection_errors.MemberDayLimitExceededError: HTTPStatus.UNPROCESSABLE_ENTITY,
    certain_rejection_errors.PartnerDayLimitExceededError: HTTPStatus.UNPROCESSABLE_ENTITY,
    errors.NotYourSubmitterError: HTTPStatus.FORBIDDEN,
    errors.OperationUsedError: HTTPStatus.CONFLICT,
    errors.MissingApiKeyError: HTTPStatus.UNAUTHORIZED,
    errors.UnknownApiKeyError: HTTPStatus.UNAUTHORIZED,
    errors.ForbiddenError: HTTPStatus.FORBIDDEN,
    errors.InvalidParameterError: HTTPStatus.UNPROCESSABLE_ENTITY,
    errors.MalformedJsonError: HTTPStatus.BAD_REQUEST,
    errors.BodyTooLargeError: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    errors.BodyTooSlowError: HTTPStatus.REQUEST_TIMEOUT,
    errors.UnsupportedMediaTypeError: HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    errors.TooManySubmissionsError: HTTPStatus.UNPROCESSABLE_ENTITY,
    errors.WebhookUrlRefusedError: HTTPStatus.UNPROCESSABLE_ENTITY,
    errors.TooManyWebhooksError: HTTPStatus.UNPROCESSABLE_ENTITY,
    errors.IdempotencyConflictError: HTTPStatus.UNPROCESSABLE_ENTITY,
    errors.IdempotencyInFlightError: HTTPStatus.CONFLICT,
    errors.RouteNotFoundError: HTTPStatus.NOT_FOUND,
    errors.MethodNotAllowedError: HTTPStatus.METHOD_NOT_ALLOWED,
    errors.UnknownSubmissionError: HTTPStatus.NOT_FOUND,
    errors.OperationNotFoundError: HTTPStatus.NOT_FOUND,
    errors.MemberNotFoundError: HTTPStatus.NOT_FOUND,
    errors.CampaignNotFoundError: HTTPStatus.NOT_FOUND,
    errors.WebhookNotFoundError: HTTPStatus.NOT_FOUND,
    errors.DeliveryNotFoundError: HTTPStatus.NOT_FOUND,
    errors.BacklogFullError: HTTPStatus.SERVICE_UNAVAILABLE,
    errors.RateLimitedError: HTTPStatus.TOO_MANY_REQUESTS,
    errors.TooManyStreamsError: HTTPStatus.SERVICE_UNAVAILABLE,
    errors.NotIndexedError: HTTPStatus.SERVICE_UNAVAILABLE,
    errors.StorageUnavailableError: HTTPStatus.SERVICE_UNAVAILABLE,
    errors.ShuttingDownError: HTTPStatus.SERVICE_UNAVAILABLE,
    errors.InternalError: HTTPStatus.INTERNAL_SERVER_ERROR,
    protocol_errors.MalformedSubmissionError: HTTPStatus.UNPROCESSABLE_ENTITY,
    protocol_errors.MalformedOperationError: HTTPStatus.UNPROCESSABLE_ENTITY,
    protocol_errors.MalformedIdError: HTTPStatus.UNPROCESSABLE_ENTITY,
    protocol_errors.FieldOutOfRangeError: HTTPStatus.UNPROCESSABLE_ENTITY,
}
# Errors of the protocol package carry no code of the API.
_PROTOCOL_CODE_OF: dict[type[Exception], str] = {
    protocol_errors.MalformedSubmissionError: "malformed_submission",
    protocol_errors.MalformedOperationError: "malformed_operation",
    protocol_errors.MalformedIdError: "malformed_id",
    protocol_errors.FieldOutOfRangeError: "malformed_id",
}


def code_of(error_type: type[Exception]) -> str:
    """The error's one name in the API."""
    if issubclass(error_type, errors.GatewayError):
        return error_type.code
    return _PROTOCOL_CODE_OF[error_type]


def problem_of(error: Exception) -> dict[str, Any]:
    """The problem's fields: type, title, status, code, detail, and the data of the error."""
    status = STATUS_OF[type(error)]
    code = code_of(type(error))
    problem = {
        "type": TYPE_PREFIX + code,
        "title": code.replace("_", " ").capitalize(),
        "status": status.value,
        "code": code,
    }
    if isinstance(error, errors.GatewayError):
        return {**problem, "detail": error.detail, **error.data}
    return {**problem, "detail": str(error)}


def problem_response(error: Exception, request_id: str | None = None) -> Response:
    """The answer for an error of the table; `Retry-After` and `WWW-Authenticate` where they belong."""
    problem = problem_of(error)
    headers = {}
    if "retry_after_s" in problem:
        headers["Retry-After"] = str(problem["retry_after_s"])
    if problem["status"] == HTTPStatus.UNAUTHORIZED:
        headers["WWW-Authenticate"] = "Bearer"
    if isinstance(error, errors.MethodNotAllowedError):
        headers["Allow"] = str(problem["allowed"])
    if request_id is not None:
        problem["request_id"] = request_id
    return Response(orjson.dumps(problem), problem["status"], headers, MEDIA_TYPE)
