"""Everything that a call can raise.

PointsError
├── GatewayError                    the gateway was asked
│   ├── GatewayConnectionError      it could not be reached, or the connection broke
│   ├── GatewayTimeoutError         it did not answer in time
│   ├── UnexpectedAnswerError       it answered something that is not of this protocol
│   └── GatewayAnswerError          it answered with a problem (`code`, `status`, `detail`, `data`)
│       ├── AuthenticationError     401
│       ├── PermissionDeniedError   403
│       ├── NotFoundError           404
│       ├── ConflictError           409
│       │   └── SequenceUsedError   the id is taken: the sequence store is not the one used before
│       ├── InvalidRequestError     400, 413, 415, 422
│       ├── BusyError               408, 429, 503 (`retry_after_s`)
│       └── ServerError             other 5xx
├── SubmissionRefusedError          no id was used up; nothing happened (`reason`)
├── OperationRejectedError          the ledger said no, and why; the id is used up
│   └── InsufficientPointsError …   one for each reason, see `partner_sdk._rejections`
├── OutcomeUnknownError             sent, or about to be: never repeat the call, use `resume()`
├── SettlementPendingError          accepted, and not settled within the time asked for
├── SequenceStoreError              the local record of sequence numbers cannot be used; nothing was sent
├── UnknownSubmitterKeyError        the key belongs to no submitter of this API key
├── WrongTillCodeError              the member's code is for something else, or not for this partner
├── WebhookVerificationError        the message is not from the gateway, or too old
└── protocol errors                 `partner_sdk.protocol.ProtocolError` (a ValueError): values that fit nowhere
"""

from collections.abc import Mapping, Sequence
from typing import Any

from partner_sdk.protocol.identities import OperationId, PartnerId
from partner_sdk.protocol.reasons import Reason


class PointsError(Exception):
    """Any operating error of this package."""


class GatewayError(PointsError):
    """The gateway was asked, and something came between.

    Attributes:
        may_have_arrived: the request, or an earlier try of it, may have taken effect.
    """

    may_have_arrived: bool = False


class GatewayConnectionError(GatewayError):
    """It could not be reached, or the connection broke."""


class GatewayTimeoutError(GatewayError):
    """It did not answer in time."""


class UnexpectedAnswerError(GatewayError):
    """It answered something that is not of this protocol; is the address right?"""


class GatewayAnswerError(GatewayError):
    """It answered with a problem (RFC 9457).

    Attributes:
        status: HTTP status.
        code: the error's one name.
        detail: one sentence.
        data: the problem's further fields.
        request_id: to be given to whoever runs the gateway; may be None.
    """

    def __init__(self, *, status: int, code: str, detail: str, data: Mapping[str, Any]) -> None:
        self.status = status
        self.code = code
        self.detail = detail
        self.data = dict(data)
        self.request_id: str | None = self.data.get("request_id")
        super().__init__(f"{status} {code}: {detail}")


class AuthenticationError(GatewayAnswerError):
    """The API key is missing, unknown or revoked."""


class PermissionDeniedError(GatewayAnswerError):
    """This API key may not do or see that."""


class NotFoundError(GatewayAnswerError):
    """Nothing there that this API key may see."""


class ConflictError(GatewayAnswerError):
    """It contradicts something that was accepted before."""


class SequenceUsedError(ConflictError):
    """An operation with this id was accepted before, in another submission.

    The sequence store is not the one that was used before (another machine, a restored copy). Nothing was doubled. Two machines
    must not share a submitter: ask the operator for a delegate key each.
    """


class InvalidRequestError(GatewayAnswerError):
    """The request is not well formed, or over a bound."""


class BusyError(GatewayAnswerError):
    """Not now; nothing was accepted. It was tried again already."""

    @property
    def retry_after_s(self) -> float | None:
        """When to come back, if the gateway said so."""
        value = self.data.get("retry_after_s")
        return float(value) if value is not None else None


class ServerError(GatewayAnswerError):
    """The gateway failed."""


class SubmissionRefusedError(PointsError):
    """A submission that was not taken, or was ended: no id was used up, nothing happened.

    Attributes:
        reason: `bad_signature`, `unknown_submitter`, `submitter_expired`, `deadline_passed` …, or a code of the gateway's own.
        operations: ids that are still free.
    """

    def __init__(self, reason: str, operations: Sequence[OperationId], detail: str = "") -> None:
        self.reason = reason
        self.operations = tuple(operations)
        super().__init__(f"{reason}: {detail}" if detail else reason)


class OperationRejectedError(PointsError):
    """The ledger rejected the operation: its id is used up, and nothing else changed.

    Attributes:
        reason: why, the first check that failed.
        operation: its id.
    """

    def __init__(self, reason: Reason | str, operation: OperationId) -> None:
        self.reason = reason
        self.operation = operation
        super().__init__(f"{operation.text}: {reason}")


class OutcomeUnknownError(PointsError):
    """The connection failed when the submission may have arrived. It is stored here, and settles once at most.

    Do not repeat the call, which would make a second operation: call `resume()` (also after a restart), or ask for the operations.
    """

    def __init__(self, operations: Sequence[OperationId], cause: str) -> None:
        self.operations = tuple(operations)
        named = ", ".join(operation.text for operation in self.operations[:3])
        super().__init__(f"{cause}; {named} may have been accepted: call resume(), do not repeat the call")


class SettlementPendingError(PointsError):
    """Accepted, and not settled within the time asked for; it goes on without you.

    Do not repeat the call; ask with `operation(id)`, or wait for its event.
    """

    def __init__(self, operations: Sequence[OperationId], waited_s: float) -> None:
        self.operations = tuple(operations)
        named = ", ".join(operation.text for operation in self.operations[:3])
        super().__init__(f"{named} accepted, not settled within {waited_s:.0f} s")


class SequenceStoreError(PointsError):
    """The local record of sequence numbers cannot be used; nothing was sent."""


class UnknownSubmitterKeyError(PointsError):
    """The key belongs to no submitter of this API key: not yet on the chain, or of another partner."""


class WrongTillCodeError(PointsError):
    """The member's code is for something else, or for another partner.

    Attributes:
        partner: whom it is for; None when it is for another act.
    """

    def __init__(self, detail: str, partner: PartnerId | None = None) -> None:
        self.partner = partner
        super().__init__(detail)


class WebhookVerificationError(PointsError):
    """The message was not signed with this secret, or is too old."""


_ERRORS_BY_STATUS: Mapping[int, type[GatewayAnswerError]] = {
    400: InvalidRequestError,
    401: AuthenticationError,
    403: PermissionDeniedError,
    404: NotFoundError,
    408: BusyError,
    409: ConflictError,
    413: InvalidRequestError,
    415: InvalidRequestError,
    422: InvalidRequestError,
    429: BusyError,
    503: BusyError,
}


def answer_error(*, status: int, problem: Mapping[str, Any]) -> GatewayAnswerError:
    """Returns the error for a problem answer; `problem` may lack any field."""
    code = str(problem.get("code") or f"http_{status}")
    detail = str(problem.get("detail") or problem.get("title") or "no detail given")
    data = {
        name: value
        for name, value in problem.items()
        if name not in {"type", "title", "status", "code", "detail"}
    }
    error_type = SequenceUsedError if code == "operation_used" else _ERRORS_BY_STATUS.get(status)
    if error_type is None:
        error_type = ServerError if status >= 500 else InvalidRequestError
    return error_type(status=status, code=code, detail=detail, data=data)
