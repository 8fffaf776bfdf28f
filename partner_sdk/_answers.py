"""Reading a gateway's answers: typed models, typed errors, and when to try again. Shared by both clients."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final, TypeVar

import httpx2
from pydantic import BaseModel, ValidationError

from partner_sdk._errors import (
    BusyError,
    ConflictError,
    GatewayConnectionError,
    GatewayTimeoutError,
    ServerError,
    UnexpectedAnswerError,
    answer_error,
)
from partner_sdk.models import Event

RETRY_AFTER_S_MAX: Final = 30.0
NOTHING_ACCEPTED_CODES: Final = frozenset(
    {"backlog_full", "rate_limited", "http_429", "not_indexed", "shutting_down", "body_too_slow"}
)
"""Busy answers that surely come before anything was stored; a proxy's bare 503, or a database lost at COMMIT, may come after."""

ModelT = TypeVar("ModelT", bound=BaseModel)


def wait_before_retry_s(error: Exception) -> bool | float:
    """Says whether to try again (True: with the usual backoff), or in how many seconds."""
    if isinstance(error, ConflictError) and error.code != "idempotency_in_flight":
        return False
    if isinstance(error, BusyError | ConflictError):
        retry_after_s = error.data.get("retry_after_s")
        return True if retry_after_s is None else min(float(retry_after_s), RETRY_AFTER_S_MAX)
    return isinstance(error, GatewayConnectionError | GatewayTimeoutError | ServerError)


def raise_for_problem(response: httpx2.Response) -> None:
    """Raises the error of an answer that is none of success.

    Raises:
        GatewayAnswerError: a subclass by status and code.
    """
    if response.is_success:
        return
    try:
        problem = response.json()
    except ValueError:
        problem = None
    if not isinstance(problem, dict):
        problem = {"detail": f"no problem document: {response.text[:200]!r}"}
    retry_after = response.headers.get("retry-after", "")
    if retry_after.isdigit():
        problem.setdefault("retry_after_s", int(retry_after))
    error = answer_error(status=response.status_code, problem=problem)
    is_proxys_or_unsure = isinstance(error, BusyError) and error.code not in NOTHING_ACCEPTED_CODES
    error.may_have_arrived = isinstance(error, ServerError) or is_proxys_or_unsure
    raise error


def read(response: httpx2.Response, model: type[ModelT]) -> ModelT:
    """Returns the answer as `model`.

    Raises:
        UnexpectedAnswerError: it is not that.
    """
    try:
        return model.model_validate_json(response.content)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(str(part) for part in first["loc"]) or "the answer"
        unexpected = UnexpectedAnswerError(
            f"{response.request.method} {response.request.url} answered no {model.__name__}: {place}: {first['msg']}"
        )
        unexpected.may_have_arrived = True
        raise unexpected from None


def event_of(sent: httpx2.ServerSentEvent) -> Event:
    """Returns an event of a stream. `BalanceChanged` and `StreamReset` are no events of the chain: all of theirs is `data`.

    Raises:
        UnexpectedAnswerError: it is none.
    """
    try:
        fields = json.loads(sent.data)
        if "data" not in fields:
            fields = {"data": fields, "member": fields.get("member")}
        return Event.model_validate(fields | {"id": sent.id, "name": sent.event})
    except (ValueError, TypeError) as error:
        raise UnexpectedAnswerError(f"the stream brought no event: {error}") from None


@contextmanager
def typed_transport_errors() -> Iterator[None]:
    """Turns the transport's errors into this package's."""
    try:
        yield
    except httpx2.TimeoutException as error:
        timed_out = GatewayTimeoutError(f"the gateway did not answer in time ({type(error).__name__})")
        timed_out.may_have_arrived = not isinstance(error, httpx2.ConnectTimeout | httpx2.PoolTimeout)
        raise timed_out from error
    except (httpx2.UnsupportedProtocol, httpx2.InvalidURL) as error:
        raise UnexpectedAnswerError(f"the gateway's address is none: {error}") from error
    except httpx2.TransportError as error:
        broken = GatewayConnectionError(f"cannot reach the gateway: {str(error) or type(error).__name__}")
        broken.may_have_arrived = not isinstance(error, httpx2.ConnectError)
        raise broken from error
