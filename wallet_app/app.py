"""Composition root of the wallet: builds every part, and runs it."""

import json
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import structlog
import uvicorn
from fastapi import FastAPI, Request
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.responses import JSONResponse, Response

from partner_sdk import PointsError
from wallet_app.approvals import MemberKeyring
from wallet_app.catalogues import load_catalogues
from wallet_app.clock import Clock, SystemClock
from wallet_app.config import WalletSettings
from wallet_app.errors import ConfigurationError, GatewayUnavailableError
from wallet_app.gateway import MemberGateway
from wallet_app.key_files import read_or_make_secret
from wallet_app.member_facts import MemberFactsReader
from wallet_app.rate_limit import RateLimit
from wallet_app.request_log import RequestLog
from wallet_app.security_headers import SecurityHeaders
from wallet_app.sign_in_links import link_key_path
from wallet_app.static_files import StaticFiles
from wallet_app.store.database import open_database
from wallet_app.views import account, activity, home, passkeys, pay, sign_in, till, transfer
from wallet_app.views.problems import add_problem_pages
from wallet_app.wallet import Limits, OpenStreams, Till, Wallet

DATABASE_FILE = "wallet.db"
MASTER_KEY_FILE = "wallet_master.key"
TEMPLATES = Path(__file__).parent / "templates"
TILL_CODES_PER_MINUTE = 60
ACTS_PER_MINUTE = 30
STOP_S = 5

log = structlog.get_logger("wallet_app")


def create_app(
    settings: WalletSettings,
    *,
    gateway: MemberGateway | None = None,
    tills: dict[str, Till] | None = None,
    clock: Clock | None = None,
) -> FastAPI:
    """The wallet as an ASGI app. Keys are read here; the database is opened when the app starts.

    Args:
        settings: where everything is.
        gateway: in place of the one through partner_sdk (tests).
        tills: in place of those of `settings.tills_file` (tests).
        clock: in place of the machine's (tests).

    Raises:
        ConfigurationError: a key or the file of tills is missing or wrong; `advice` says what to do.
    """
    gateway = gateway or _open_gateway(settings)
    tills = tills if tills is not None else _open_tills(settings)
    app = FastAPI(title="Wallet", openapi_url=None, docs_url=None, redoc_url=None, lifespan=_lifespan(
        settings, gateway=gateway, tills=tills, clock=clock or SystemClock()
    ))  # fmt: skip
    for page in (home, activity, pay, transfer, account, passkeys, sign_in, till):
        app.include_router(page.router)
    add_problem_pages(app)
    _add_service_routes(app)
    app.add_middleware(SecurityHeaders, is_secure_origin=settings.is_secure_origin)
    app.add_middleware(RequestLog)
    return app


def main(settings: WalletSettings) -> None:
    """Runs the wallet until it is told to stop; open event streams are closed within `STOP_S` seconds.

    Raises:
        SystemExit: with the advice, when a setting or a file is missing or wrong.
    """
    try:
        app = create_app(settings)
    except ConfigurationError as error:
        raise SystemExit(f"wallet: {error.advice}") from error
    uvicorn.run(
        app,
        host=settings.host,
        port=settings.port,
        access_log=False,
        log_level="warning",
        timeout_graceful_shutdown=STOP_S,
        server_header=False,
    )


def make_templates() -> Environment:
    """Jinja environment of the templates: escaping on, unknown names are errors."""
    return Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )


def _lifespan(
    settings: WalletSettings, *, gateway: MemberGateway, tills: dict[str, Till], clock: Clock
) -> Callable[[FastAPI], AbstractAsyncContextManager[None]]:
    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        database = await open_database(settings.state_dir / DATABASE_FILE)
        app.state.wallet = Wallet(
            settings=settings,
            clock=clock,
            database=database,
            gateway=gateway,
            reader=MemberFactsReader(gateway, clock),
            tills=tills,
            keyring=MemberKeyring(settings.development_keys_file),
            catalogues=load_catalogues(),
            static=StaticFiles(),
            templates=make_templates(),
            limits=Limits(
                sign_in=RateLimit(clock, attempts_max=settings.sign_in_attempts_per_minute),
                till_codes=RateLimit(clock, attempts_max=TILL_CODES_PER_MINUTE),
                acts=RateLimit(clock, attempts_max=ACTS_PER_MINUTE),
            ),
            streams=OpenStreams(),
            master_key=read_or_make_secret(settings.state_dir / MASTER_KEY_FILE),
            link_key=read_or_make_secret(link_key_path(settings)),
        )
        log.info("started", tills=len(tills), development_sign_in=settings.development_sign_in)
        try:
            yield
        finally:
            await gateway.close()
            for till_ in tills.values():
                await till_.gateway.close()
            await database.close()

    return lifespan


def _open_gateway(settings: WalletSettings) -> MemberGateway:
    from wallet_app.sdk_gateway import open_member_gateway

    return open_member_gateway(settings)


def _open_tills(settings: WalletSettings) -> dict[str, Till]:
    from wallet_app.sdk_gateway import open_tills

    path = settings.tills_file or settings.state_dir / "wallet_tills.json"
    if not path.exists():
        return {}
    try:
        return open_tills(settings, json.loads(path.read_text()))
    except (OSError, ValueError, KeyError, TypeError, PointsError) as error:
        raise ConfigurationError(f"{path} is not a list of tills (docs/wallet.md): {error!r}") from error


def _add_service_routes(app: FastAPI) -> None:
    @app.get("/static/{name:path}", include_in_schema=False)
    async def static_file(request: Request, name: str) -> Response:
        wallet: Wallet = request.app.state.wallet
        return wallet.static.respond(request, name)

    @app.get("/health")
    async def health() -> Response:
        return JSONResponse({"status": "ok"})

    @app.get("/ready")
    async def ready(request: Request) -> Response:
        wallet: Wallet = request.app.state.wallet
        try:
            program = await wallet.gateway.program()
        except GatewayUnavailableError as error:
            return JSONResponse(
                {"status": "not_ready", "reasons": [f"gateway: {error.detail}"]}, status_code=503
            )
        return JSONResponse({"status": "ready", "as_of_block": program.as_of_block})
