"""Headers of every answer, and a bound on every body. Plain ASGI, so that event streams pass through untouched."""

from starlette.datastructures import MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

BODY_BYTES_MAX = 65_536
SCANNER_PATHS = ("/till",)

_SOURCES = (
    "default-src 'none'; script-src 'self'{wasm}; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; manifest-src 'self'; media-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
_POWERS = "camera={camera}, microphone=(), geolocation=(), publickey-credentials-get=(self), publickey-credentials-create=(self)"


class SecurityHeaders:
    """Adds the security headers; refuses bodies over `BODY_BYTES_MAX` or of unknown length."""

    def __init__(self, app: ASGIApp, *, is_secure_origin: bool) -> None:
        self._app = app
        self._is_secure_origin = is_secure_origin

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        is_scanner = scope["path"].startswith(SCANNER_PATHS)

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                # Reading a QR code may need WebAssembly, on the till's pages alone.
                headers["Content-Security-Policy"] = _SOURCES.format(
                    wasm=" 'wasm-unsafe-eval'" if is_scanner else ""
                )
                headers["Permissions-Policy"] = _POWERS.format(camera="(self)" if is_scanner else "()")
                headers.update(_HEADERS)
                if self._is_secure_origin:
                    headers["Strict-Transport-Security"] = "max-age=31536000"
            await send(message)

        refused = _refusal(scope)
        await (refused or self._app)(scope, receive, send_with_headers)


def _refusal(scope: Scope) -> PlainTextResponse | None:
    if scope["method"] in {"GET", "HEAD"}:
        return None
    length = dict(scope["headers"]).get(b"content-length")
    if length is None or not length.isdigit():
        return PlainTextResponse("Length required.", status_code=411)
    if int(length) > BODY_BYTES_MAX:
        return PlainTextResponse("Too large.", status_code=413)
    return None
