"""Every error of the wallet as a page that says what to do. One table; a test fails when an error is missing."""

from dataclasses import dataclass

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, RedirectResponse, Response

from wallet_app.errors import (
    CodeUnusableError,
    ConfigurationError,
    FormInvalidError,
    GatewayUnavailableError,
    LinkInvalidError,
    NotSignedInError,
    OperationRefusedError,
    PageNotFoundError,
    PasskeyRejectedError,
    RequestForgedError,
    StillSettlingError,
    TooManyAttemptsError,
    WalletError,
)
from wallet_app.presentation.activity import reason_text
from wallet_app.views.visits import open_visit

log = structlog.get_logger("wallet_app")


@dataclass(frozen=True)
class Problem:
    """`key` names `problem.KEY.title`, `.advice` and `.action` in the catalogues; `way_out` is where the action leads."""

    status: int
    key: str
    way_out: str = "/"


PROBLEMS: dict[type[WalletError], Problem] = {
    GatewayUnavailableError: Problem(503, "gateway_unavailable", way_out=""),
    NotSignedInError: Problem(401, "not_signed_in", way_out="/sign-in"),
    LinkInvalidError: Problem(403, "link_invalid", way_out="/sign-in"),
    TooManyAttemptsError: Problem(429, "too_many_attempts", way_out=""),
    RequestForgedError: Problem(403, "request_forged", way_out="/"),
    PasskeyRejectedError: Problem(403, "passkey_rejected", way_out=""),
    CodeUnusableError: Problem(409, "code_unusable", way_out="/till"),
    FormInvalidError: Problem(422, "form_invalid", way_out=""),
    OperationRefusedError: Problem(409, "operation_refused", way_out="/"),
    StillSettlingError: Problem(503, "still_settling", way_out="/activity"),
    PageNotFoundError: Problem(404, "not_found", way_out="/"),
    ConfigurationError: Problem(500, "unexpected", way_out="/"),
}
UNEXPECTED = Problem(500, "unexpected", way_out="/")


def add_problem_pages(app: FastAPI) -> None:
    """Registers the table with the app."""
    app.add_exception_handler(WalletError, _answer_wallet_error)
    app.add_exception_handler(HTTPException, _answer_http_error)
    app.add_exception_handler(RequestValidationError, _answer_http_error)
    app.add_exception_handler(Exception, _answer_unexpected)


async def _answer_wallet_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, WalletError)
    # A stream or a fragment is told plainly: it would follow the redirect and take the door for its content.
    is_page = request.method == "GET" and "hx-request" not in request.headers
    if isinstance(error, NotSignedInError) and is_page and not error.is_till:
        return RedirectResponse("/sign-in", status_code=303, headers={"Cache-Control": "no-store"})
    problem = PROBLEMS[type(error)]
    log.info("problem", problem=problem.key, status=problem.status)
    return await _answer(request, problem, error)


async def _answer_http_error(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 422
    if status in {404, 405}:
        return await _answer(request, Problem(status, "not_found"), None)
    return await _answer(request, Problem(status, "form_invalid", way_out=""), None)


async def _answer_unexpected(request: Request, error: Exception) -> Response:
    log.error("unexpected", error=type(error).__name__, exc_info=error)
    return await _answer(request, UNEXPECTED, None)


async def _answer(request: Request, problem: Problem, error: WalletError | None) -> Response:
    visit = getattr(request.state, "visit", None) or await open_visit(request)
    advice = visit.text(f"problem.{problem.key}.advice")
    if isinstance(error, OperationRefusedError):
        advice = reason_text(error.reason, visit.catalogue)
    if isinstance(error, FormInvalidError):
        advice = visit.text(error.message_key)
    title = visit.text(f"problem.{problem.key}.title")
    headers = {"Retry-After": str(error.retry_after_s)} if isinstance(error, TooManyAttemptsError) else {}
    if "application/json" in request.headers.get("accept", ""):
        body = {
            "type": f"urn:coalition:wallet:{problem.key}",
            "status": problem.status,
            "title": title,
            "detail": advice,
        }
        return JSONResponse(
            body, status_code=problem.status, headers=headers, media_type="application/problem+json"
        )
    response = visit.page(
        "problem.html",
        status=problem.status,
        title=title,
        advice=advice,
        action=visit.text(f"problem.{problem.key}.action"),
        way_out=problem.way_out or (request.url.path if request.method == "GET" else "/"),
    )
    response.headers.update(headers)
    return response
