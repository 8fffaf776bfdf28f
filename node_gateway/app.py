"""The composition root of the API process: everything is built here, and nothing at import."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from node_gateway.api import events, operating, reads, submissions, webhooks
from node_gateway.api.accept_lane import AcceptLane
from node_gateway.api.gateway import Gateway
from node_gateway.api.openapi import openapi_document
from node_gateway.api.problems import problem_response
from node_gateway.api.request_context import RequestContext
from node_gateway.config import Settings
from node_gateway.console.pages import console_router
from node_gateway.domain.errors import (
    GatewayError,
    InvalidParameterError,
    MethodNotAllowedError,
    RouteNotFoundError,
)
from node_gateway.logs import configure_logs
from node_gateway.service.accept_writer import AcceptWriter
from node_gateway.service.accepting import AcceptDesk
from node_gateway.service.api_keys import Authenticator
from node_gateway.service.backlog import Backlog
from node_gateway.service.chain_watch import ChainWatch
from node_gateway.service.clock import Clock, SystemClock
from node_gateway.service.event_feed import EventFeed
from node_gateway.service.forgetting import forget_old_answers
from node_gateway.service.keyring_cache import KeyringCache
from node_gateway.service.metrics import Metrics
from node_gateway.service.rate_limits import RateLimits
from node_gateway.service.waiting import SettlementWaiters
from node_gateway.store.database import Database, create_database
from node_gateway.store.migrate import check_schema
from node_gateway.store.process_lock import process_lock
from node_gateway.tracing import Traces, open_traces
from partner_sdk.protocol.errors import ProtocolError

WRITER_STOP_S_MAX = 10.0


def create_app(
    settings: Settings,
    *,
    clock: Clock | None = None,
    on_accepted: Callable[[], None] | None = None,
    on_started: Callable[[Gateway], None] | None = None,
) -> FastAPI:
    """Builds the API. Nothing is opened before it starts.

    Args:
        settings: from the environment, or from a test.
        clock: the gateway's own time; the machine's when None.
        on_accepted: called after each commit of the accept path, for a relay in the same process.
        on_started: called with the parts once they run; a worker in the same process takes `watch.wake` from here.

    Raises (at start-up):
        DatabaseInUseError: another API process uses this SQLite file.
        SchemaBehindError: the database must be migrated first.
    """
    configure_logs(settings.log_level)
    used_clock = clock or SystemClock()
    metrics = Metrics()

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with running_gateway(settings, used_clock, metrics, on_accepted) as gateway:
            app.state.gateway = gateway
            if on_started is not None:
                on_started(gateway)
            yield

    app = FastAPI(title="Points coalition gateway", version="1", lifespan=lifespan, redoc_url=None)
    app.add_middleware(AcceptLane, handlers=submissions.LANE)
    app.add_middleware(RequestContext, metrics=metrics, clock=used_clock)
    for router in (
        submissions.router,
        reads.router,
        events.router,
        webhooks.router,
        operating.router,
        console_router(),
    ):
        app.include_router(router)
    app.add_exception_handler(GatewayError, _answer_error)
    app.add_exception_handler(ProtocolError, _answer_error)
    app.add_exception_handler(RequestValidationError, _answer_invalid)
    app.add_exception_handler(HTTPException, _answer_http)
    app.openapi = lambda: openapi_document(app)  # type: ignore[method-assign]  # FastAPI's own way to replace it
    return app


@asynccontextmanager
async def running_gateway(
    settings: Settings, clock: Clock, metrics: Metrics, on_accepted: Callable[[], None] | None
) -> AsyncIterator[Gateway]:
    """Opens the database, takes the process lock, runs the background tasks; ends them in order."""
    database = create_database(settings.resolved_database_url)
    async with AsyncExitStack() as stack:
        stack.push_async_callback(database.close)
        lock = process_lock(database, "api")
        if lock is not None:
            stack.enter_context(lock)
        await check_schema(database)
        traces = open_traces(settings.traces_endpoint, "coalition-api")
        if traces is not None:
            stack.push_async_callback(asyncio.to_thread, traces.close)
        gateway, writer = build_gateway(settings, clock, metrics, database, on_accepted, traces=traces)
        stack.callback(gateway.desk.close)
        await gateway.watch.turn()
        writing = asyncio.create_task(writer.run(), name="accept-writer")
        watching = asyncio.create_task(gateway.watch.run(), name="chain-watch")
        forgetting = asyncio.create_task(
            forget_old_answers(database, clock, days=settings.idempotency_days), name="forget-answers"
        )
        try:
            yield gateway
        finally:
            gateway.feed.close()
            writer.close()
            with suppress(TimeoutError):
                await asyncio.wait_for(writing, WRITER_STOP_S_MAX)
            for task in (watching, forgetting):
                task.cancel()
            await asyncio.gather(watching, forgetting, return_exceptions=True)


def build_gateway(
    settings: Settings,
    clock: Clock,
    metrics: Metrics,
    database: Database,
    on_accepted: Callable[[], None] | None,
    *,
    traces: Traces | None = None,
) -> tuple[Gateway, AcceptWriter]:
    """Put the parts of an API process together; the writer and `watch` are for the caller to run."""
    keyring = KeyringCache(database, clock)
    backlog = Backlog(clock, operations_max=settings.backlog_operations_max)
    waiters = SettlementWaiters(clock)
    feed = EventFeed(streams_max=settings.streams_max, messages_max=settings.stream_queue_events_max)
    watch = ChainWatch(database, poll_s=settings.poll_ms / 1000, listeners=(keyring, backlog, waiters, feed))

    def note_accepted(operations: int) -> None:
        metrics.note_accepted(operations)
        if on_accepted is not None:
            on_accepted()

    writer = AcceptWriter(
        database, clock, group_operations_max=settings.group_operations_max, on_accepted=note_accepted
    )
    desk = AcceptDesk(
        database,
        clock,
        watch=watch,
        keyring=keyring,
        backlog=backlog,
        writer=writer,
        deadline_ahead_s_max=settings.deadline_ahead_s_max,
    )
    gateway = Gateway(
        settings=settings,
        clock=clock,
        database=database,
        authenticator=Authenticator(database, clock),
        rate_limits=RateLimits(
            clock, requests=settings.rate_requests, unauthenticated=settings.rate_unauthenticated
        ),
        desk=desk,
        watch=watch,
        waiters=waiters,
        feed=feed,
        backlog=backlog,
        metrics=metrics,
        traces=traces,
    )
    return gateway, writer


def _request_id(request: Request) -> str | None:
    return getattr(request.state, "request_id", None)


async def _answer_error(request: Request, error: Exception) -> Response:
    return problem_response(error, _request_id(request))


async def _answer_invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    first = error.errors()[0]
    name = str(first["loc"][-1])
    return problem_response(InvalidParameterError(name, str(first["msg"])), _request_id(request))


async def _answer_http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if error.status_code == 405:
        allowed = (error.headers or {}).get("Allow", "")
        return problem_response(MethodNotAllowedError(allowed=allowed), _request_id(request))
    return problem_response(RouteNotFoundError(), _request_id(request))
