"""A gateway over a seeded database, spoken to by HTTP."""

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import pytest
import uvicorn
from fastapi import FastAPI
from sqlalchemy.ext.asyncio import AsyncConnection

from node_gateway.api.gateway import Gateway
from node_gateway.app import create_app
from node_gateway.config import Settings
from node_gateway.domain.parties import Party
from node_gateway.domain.states import PartyKind
from node_gateway.service.api_keys import create_api_key
from node_gateway.service.clock import SystemClock
from node_gateway.store.database import Database, create_database
from partner_sdk.protocol import PartnerId
from tests.integration.api.ledger_rows import ANNA, BAKER, GROCER, seed_lot, seed_member, seed_program

PARTIES = {
    "baker": Party(PartyKind.PARTNER, PartnerId(BAKER)),
    "grocer": Party(PartyKind.PARTNER, PartnerId(GROCER)),
    "wallet": Party(PartyKind.WALLET),
    "operator": Party(PartyKind.OPERATOR),
}
START_TRIES_MAX = 200
START_POLL_S = 0.02
WAIT_TRIES_MAX = 500
WAIT_POLL_S = 0.01


class SteppedClock(SystemClock):
    """The machine's clock, put forward by hand."""

    def __init__(self) -> None:
        self.ahead_s = 0.0

    def now_ms(self) -> int:
        return super().now_ms() + int(self.ahead_s * 1000)

    def monotonic_s(self) -> float:
        return super().monotonic_s() + self.ahead_s


async def until(is_so: Callable[[], bool]) -> None:
    """Polls, bounded, until something is so."""
    for _ in range(WAIT_TRIES_MAX):
        if is_so():
            return
        await asyncio.sleep(WAIT_POLL_S)
    raise TimeoutError


@dataclass
class Api:
    """One API process, its database, and a key for each party."""

    app: FastAPI
    database: Database
    keys: dict[str, str]
    http: httpx2.AsyncClient
    clock: SteppedClock

    @property
    def gateway(self) -> Gateway:
        gateway: Gateway = self.app.state.gateway
        return gateway

    def as_(self, party: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.keys[party]}"}

    async def get(self, path: str, *, party: str = "baker", **headers: str) -> httpx2.Response:
        return await self.http.get(path, headers={**self.as_(party), **headers})

    async def post(
        self, path: str, body: bytes, *, party: str = "baker", media_type: str, **headers: str
    ) -> httpx2.Response:
        sent = {**self.as_(party), "Content-Type": media_type, **headers}
        return await self.http.post(path, content=body, headers=sent)

    async def submit(
        self, wire: bytes, *, party: str = "baker", query: str = "", key: str | None = None
    ) -> httpx2.Response:
        headers = {} if key is None else {"Idempotency-Key": key}
        return await self.post(
            f"/v1/submissions{query}", wire, party=party, media_type="application/octet-stream", **headers
        )

    async def change(self, write: Callable[[AsyncConnection], Awaitable[None]]) -> None:
        """Writes as the worker would, and lets the API notice."""
        async with self.database.writing() as connection:
            await write(connection)
        await self.gateway.watch.turn()


def settings_for(database_url: str, state_dir: Path, **overrides: Any) -> Settings:
    return Settings(
        state_dir=state_dir, database_url=database_url, poll_ms=20, log_level="error", **overrides
    )


@asynccontextmanager
async def running_api(settings: Settings) -> AsyncIterator[Api]:
    database = create_database(settings.resolved_database_url)
    async with AsyncExitStack() as stack:
        stack.push_async_callback(database.close)
        async with database.writing() as connection:
            await seed_program(connection)
            await seed_member(connection, ANNA, balance=1_500, is_enrolled=True, next_nonce=5)
            await seed_lot(connection, ANNA, 0, 1_500)
        keys = {
            name: await create_api_key(database, SystemClock(), party=party, label=name)
            for name, party in PARTIES.items()
        }
        clock = SteppedClock()
        app = create_app(settings, clock=clock)
        await stack.enter_async_context(app.router.lifespan_context(app))
        transport = httpx2.ASGITransport(app=app)
        http = await stack.enter_async_context(
            httpx2.AsyncClient(transport=transport, base_url="http://gateway")
        )
        yield Api(app, database, keys, http, clock)


@pytest.fixture
async def api(database_url: str, tmp_path: Path) -> AsyncIterator[Api]:
    """On each kind of database."""
    async with running_api(settings_for(database_url, tmp_path)) as running:
        yield running


@pytest.fixture
async def sqlite_api(sqlite_url: str, tmp_path: Path) -> AsyncIterator[Api]:
    """For what does not depend on the database."""
    async with running_api(settings_for(sqlite_url, tmp_path)) as running:
        yield running


@asynccontextmanager
async def served(api: Api) -> AsyncIterator[str]:
    """The same application behind a real socket, for streams. Yields its address."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{listening.getsockname()[1]}"
        # `lifespan="off"`: `running_api` has started it already.
        server = uvicorn.Server(uvicorn.Config(api.app, lifespan="off", log_config=None, ws="none"))
        serving = asyncio.create_task(server.serve(sockets=[listening]))
        for _ in range(START_TRIES_MAX):
            if server.started:
                break
            await asyncio.sleep(START_POLL_S)
        try:
            yield address
        finally:
            server.should_exit = True
            await serving
