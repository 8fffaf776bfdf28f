"""Around every request: its id, its log line, its metrics, and a problem for whatever nobody foresaw."""

import re
import secrets
from http import HTTPStatus

import sqlalchemy as sa
import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from node_gateway.api.problems import problem_response
from node_gateway.domain.errors import GatewayError, InternalError, StorageUnavailableError
from node_gateway.service.clock import Clock
from node_gateway.service.metrics import Metrics

REQUEST_ID_HEADER = b"x-request-id"
_GIVEN_ID = re.compile(rb"[A-Za-z0-9._-]{1,64}")
_log = structlog.get_logger()


class RequestContext:
    """ASGI middleware. Logs name routes, not paths: a path may name a member."""

    def __init__(self, app: ASGIApp, *, metrics: Metrics, clock: Clock) -> None:
        self._app = app
        self._metrics = metrics
        self._clock = clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = _request_id(scope)
        scope.setdefault("state", {})["request_id"] = request_id
        started_s = self._clock.monotonic_s()
        status = 0

        async def send_with_id(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message["headers"], (REQUEST_ID_HEADER, request_id.encode())]
            await send(message)

        structlog.contextvars.bind_contextvars(request_id=request_id)
        try:
            await self._app(scope, receive, send_with_id)
        except Exception as error:  # noqa: BLE001 - the top of a request: logged, counted, answered
            answer = self._unforeseen(error)
            if status == 0:
                await problem_response(answer, request_id)(scope, receive, send_with_id)
        finally:
            self._note(scope, status, self._clock.monotonic_s() - started_s)
            structlog.contextvars.unbind_contextvars("request_id")

    def _unforeseen(self, error: Exception) -> GatewayError:
        if isinstance(error, sa.exc.OperationalError | sa.exc.InterfaceError | sa.exc.TimeoutError):
            _log.error("database_failed", error=type(error).__name__)
            return StorageUnavailableError()
        _log.exception("request_failed")
        return InternalError()

    def _note(self, scope: Scope, status: int, seconds: float) -> None:
        route = str(getattr(scope.get("route"), "path", "unknown"))
        metrics = self._metrics
        metrics.requests.labels(
            scope["method"] if len(scope["method"]) < 8 else "other", route, str(status)
        ).inc()
        metrics.request_seconds.labels(route).observe(seconds)
        log = _log.debug if status < HTTPStatus.BAD_REQUEST else _log.info
        log(
            "request",
            method=scope["method"],
            route=route,
            status=status,
            milliseconds=round(seconds * 1000, 1),
        )


def _request_id(scope: Scope) -> str:
    for name, value in scope["headers"]:
        if name == REQUEST_ID_HEADER and _GIVEN_ID.fullmatch(value):
            given: bytes = value
            return given.decode()
    return secrets.token_hex(8)
