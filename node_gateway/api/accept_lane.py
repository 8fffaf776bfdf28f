"""The accept path's short way in: past FastAPI's routing and dependencies, which cost more than accepting does.

The same handlers are registered as routes too, for the OpenAPI document and for other methods; these two paths' POSTs end here.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from node_gateway.api.problems import problem_response
from node_gateway.domain.errors import GatewayError
from partner_sdk.protocol.errors import ProtocolError

Handler = Callable[[Request], Awaitable[Response]]


@dataclass(frozen=True, slots=True)
class LaneRoute:
    """Names the route in logs and metrics, as FastAPI's routes do."""

    path: str


class AcceptLane:
    """ASGI middleware that answers POSTs to some exact paths."""

    def __init__(self, app: ASGIApp, *, handlers: Mapping[str, Handler]) -> None:
        self._app = app
        self._handlers = {path: (LaneRoute(path), handler) for path, handler in handlers.items()}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        found = self._handlers.get(scope["path"]) if scope["type"] == "http" else None
        if found is None or scope["method"] != "POST":
            await self._app(scope, receive, send)
            return
        scope["route"], handler = found
        try:
            response = await handler(Request(scope, receive))
        except (GatewayError, ProtocolError) as refusal:
            response = problem_response(refusal, scope["state"]["request_id"])
        await response(scope, receive, send)
