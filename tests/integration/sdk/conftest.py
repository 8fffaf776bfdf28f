"""A whole gateway on a real chain: API behind a socket, relay and indexer turning beside it, an API key for everyone."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import pytest_asyncio
import uvicorn

from node_gateway.app import create_app
from node_gateway.config import Settings
from node_gateway.domain.parties import Party
from node_gateway.domain.states import PartyKind
from node_gateway.service.api_keys import create_api_key
from node_gateway.service.clock import SystemClock
from node_gateway.store.database import create_database
from node_gateway.store.migrate import upgrade
from partner_sdk import AsyncPartner, AsyncWallet
from partner_sdk.protocol import PartnerId
from tests.chain_fixtures import DeployedLedger, start_ledger, stop_ledger
from tests.integration.jobs.gateway_harness import Gateway

START_TRIES_MAX = 500
POLL_S = 0.02


@dataclass
class Running:
    """A gateway that runs, and clients of it."""

    ledger: DeployedLedger
    address: str
    api_keys: dict[str, str]
    directory: Path
    is_settling: asyncio.Event = field(default_factory=asyncio.Event)

    def partner(self, partner: int = 1, **arguments: object) -> AsyncPartner:
        """A client of a partner."""
        return AsyncPartner(
            key=self.ledger.partner_keys[partner],
            gateway=self.address,
            api_key=self.api_keys[f"partner {partner}"],
            sequences=self.directory / f"sequences-{partner}.db",
            **arguments,  # type: ignore[arg-type]  # as the caller gives them
        )

    def wallet(self) -> AsyncWallet:
        """A client of the wallet."""
        return AsyncWallet(
            key=self.ledger.attester_key, gateway=self.address, api_key=self.api_keys["wallet"]
        )


async def _settle_on(jobs: Gateway, is_settling: asyncio.Event) -> None:
    while True:
        await is_settling.wait()
        jobs.clock.advance(jobs.limits.batch_age_ms + 1)
        await jobs.relay.step()
        await jobs.index()
        await asyncio.sleep(POLL_S)


@asynccontextmanager
async def _served(settings: Settings) -> AsyncIterator[str]:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        server = uvicorn.Server(uvicorn.Config(create_app(settings), log_config=None, ws="none"))
        serving = asyncio.create_task(server.serve(sockets=[listening]))
        for _ in range(START_TRIES_MAX):
            if server.started:
                break
            await asyncio.sleep(POLL_S)
        assert server.started, "the API does not start"
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            server.should_exit = True
            await serving


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def running(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Running]:
    directory = tmp_path_factory.mktemp("gateway")
    database_url = f"sqlite:///{directory / 'gateway.db'}"
    upgrade(database_url)
    async with AsyncExitStack() as stack:
        ledger = await start_ledger(directory)
        stack.push_async_callback(stop_ledger, ledger)
        database = create_database(database_url)
        stack.push_async_callback(database.close)
        jobs = Gateway(ledger, database)
        await jobs.index()
        parties = {f"partner {partner}": Party(PartyKind.PARTNER, PartnerId(partner)) for partner in (1, 2)}
        parties["wallet"] = Party(PartyKind.WALLET)
        api_keys = {
            name: await create_api_key(database, SystemClock(), party=party, label=name)
            for name, party in parties.items()
        }
        settings = Settings(state_dir=directory, database_url=database_url, poll_ms=20, log_level="error")
        address = await stack.enter_async_context(_served(settings))
        running = Running(ledger, address, api_keys, directory)
        running.is_settling.set()
        settling = asyncio.create_task(_settle_on(jobs, running.is_settling))
        stack.callback(settling.cancel)
        yield running
