"""One line a request: route, status, time. Never an address with a token, a member's number, or anything personal."""

import time
import uuid

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

log = structlog.get_logger("wallet_app")

NS_A_MS = 1_000_000


class RequestLog:
    """Gives each request an id, answers with it, and logs the request's route once it has begun to be answered."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = uuid.uuid4().hex
        started_ns = time.perf_counter_ns()

        async def send_and_log(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], (b"x-request-id", request_id.encode())]
                route = scope.get("route")
                log.info(
                    "request",
                    request_id=request_id,
                    method=scope["method"],
                    route=getattr(route, "path", "unknown"),
                    status=message["status"],
                    duration_ms=(time.perf_counter_ns() - started_ns) // NS_A_MS,
                )
            await send(message)

        await self._app(scope, receive, send_and_log)
