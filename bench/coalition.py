"""A coalition to measure: chain, program, partners, database, and the gateway's processes, started and stopped one by one."""

import asyncio
import os
import shutil
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final

import httpx2
import sqlalchemy as sa

from bench.options import DatabaseKind
from node_gateway.chain import node
from node_gateway.chain.account import Account
from node_gateway.chain.admin import Administration, domain_of, read_ledger
from node_gateway.chain.deploy import ProgramParameters, deploy
from node_gateway.chain.deployment import Deployment
from node_gateway.chain.engines.anvil import AnvilOptions, start_anvil
from node_gateway.chain.engines.clock import ChainClock
from node_gateway.chain.engines.process import EngineProcess
from node_gateway.chain.rpc import HttpRpc
from node_gateway.chain.transactions import Signer
from node_gateway.cli.api_key_files import WALLET, ensure_api_keys, read_api_key
from node_gateway.cli.child_processes import ChildProcess, ChildProcesses, free_port
from node_gateway.cli.local_chain import fund
from node_gateway.cli.state_directory import StateDirectory
from node_gateway.store import schema
from node_gateway.store.database import Database, create_database
from node_gateway.store.migrate import upgrade
from partner_sdk.protocol import (
    CampaignId,
    CampaignTerms,
    Domain,
    Funder,
    PartnerId,
    PartnerTerms,
    SigningKey,
    Stage,
)
from tests.postgres_server import PostgresServer, start_postgres

PARTNERS: Final = (1, 2, 3, 4, 5, 6)
CAMPAIGN_PARTNERS: Final = (7, 8)
CAMPAIGN: Final = 1
ATTESTER_SLOT: Final = 1
EARN_POINTS_PER_100_MINOR: Final = 5
PRICE_MICRO: Final = 10_000
CAMPAIGN_DAYS: Final = 60
DAY_S: Final = 86_400
BLOCK_S: Final = 1
READY_WAIT_MAX_S: Final = 60.0
STOP_WAIT_MAX_S: Final = 30.0
RELAY_KEY: Final = "relay"
API: Final = "api"
SECOND_API: Final = "second-api"
WORKER: Final = "worker"
# So that the bench measures capacity, not the bounds that protect it; everything else is as it comes.
_ENVIRONMENT: Final = {
    "COALITION_BACKLOG_OPERATIONS_MAX": "5000000",
    "COALITION_RATE_REQUESTS": "100000/second",
}

Say = Callable[[str], None]


@dataclass(slots=True)
class Coalition:
    """Everything of one measurement, as far as it was started."""

    state: StateDirectory
    engine: EngineProcess
    rpc: HttpRpc
    deployment: Deployment
    partner_keys: dict[int, SigningKey]
    attester_key: SigningKey
    database_url: str
    database: Database
    postgres: PostgresServer | None
    children: ChildProcesses
    api_ports: dict[str, int]
    say: Say

    @property
    def domain(self) -> Domain:
        return domain_of(self.deployment)

    @property
    def environment(self) -> dict[str, str]:
        """The settings of the gateway's processes."""
        return {
            "COALITION_STATE_DIR": str(self.state.root),
            "COALITION_DATABASE_URL": self.database_url,
            "COALITION_RPC_URL": self.engine.url,
            "COALITION_API_PORT": str(self.api_ports[API]),
            **_ENVIRONMENT,
        }

    @property
    def process_ids(self) -> dict[str, int]:
        """What is measured: chain, database, the gateway's processes and this one."""
        found = {child.name: child.process.pid for child in self.children.children}
        found["chain"] = self.engine.process_id
        if self.postgres is not None:
            found["database"] = self.postgres.process.pid
        return found

    def api_key(self, partner: int) -> str:
        """The API key under which a partner's submissions go; of partner 0 the wallet's."""
        return read_api_key(self.state, str(partner) if partner else WALLET)

    async def start(self, *names: str) -> None:
        """Starts APIs or `worker` unless they run; the worker first, and APIs when everything is indexed: they keep keys for a second."""
        running = {child.name for child in self.children.children}
        if WORKER in names and WORKER not in running:
            await self._until(await self._start(WORKER), self._is_indexed)
        for name in (API, SECOND_API):
            if name in names and name not in running:
                await self._until(await self._start(name), partial(self._is_healthy, self.api_ports[name]))

    async def stop(self, *names: str) -> None:
        """Stops processes of the gateway where they run."""
        running = {child.name for child in self.children.children}
        for name in names:
            if name in running:
                await self.children.stop_one(name)

    async def command(self, *arguments: str, timeout_s: float) -> bytes:
        """Runs `coalition …` and returns what it printed.

        Raises:
            RuntimeError: where it fails.
            TimeoutError: where it takes too long.
        """
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "node_gateway.cli", *arguments, env={**os.environ, **self.environment},
            stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        try:
            output, errors = await asyncio.wait_for(process.communicate(), timeout_s)
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        if process.returncode:
            raise RuntimeError(f"coalition {arguments[0]} failed: {errors.decode()[-1000:]}")
        return output

    async def read(self, function: str, *arguments: Any) -> Any:
        """Calls a view of the ledger."""
        return await read_ledger(self.rpc, self.deployment, function, *arguments)

    @asynccontextmanager
    async def paced_blocks(self) -> AsyncIterator[None]:
        """A block each second, as on a chain of several parties; outside of it one for each transaction as it comes.

        anvil works out the root of its whole state in each block, so the number of blocks decides what a batch costs it. The pace is kept
        here: blocks that anvil itself owes after a slow one are queued with what the pool held when they fell due, and come out empty.
        """
        await self.rpc.call("evm_setAutomine", False)
        mining = asyncio.create_task(self._mine())
        try:
            yield
        finally:
            mining.cancel()
            await asyncio.wait([mining])
            await self.rpc.call("evm_setAutomine", True)
            # What arrived since the last one.
            await self.rpc.call("evm_mine")

    async def _mine(self) -> None:
        while True:
            started_s = time.monotonic()
            await self.rpc.call("evm_mine")
            await asyncio.sleep(max(0.0, BLOCK_S - (time.monotonic() - started_s)))

    async def _start(self, name: str) -> ChildProcess:
        is_api = name in self.api_ports
        port = {"COALITION_API_PORT": str(self.api_ports[name])} if is_api else {}
        return await self.children.start(
            name,
            [sys.executable, "-m", "node_gateway.cli", "serve" if is_api else "work"],
            environment=self.environment | port,
            stop_wait_max_s=STOP_WAIT_MAX_S,
        )

    async def _until(self, child: ChildProcess, is_so: Callable[[], Awaitable[bool]]) -> None:
        await self.children.until_ready(child, is_so, wait_max_s=READY_WAIT_MAX_S)

    async def _is_healthy(self, port: int) -> bool:
        async with httpx2.AsyncClient(trust_env=False, timeout=5) as client:
            try:
                return (await client.get(f"http://127.0.0.1:{port}/health")).is_success
            except httpx2.HTTPError:
                return False

    async def _is_indexed(self) -> bool:
        """The read model has reached the newest block."""
        head = await node.head_number(self.rpc)
        async with self.database.reading() as connection:
            next_block = await connection.scalar(sa.select(schema.cursor.c.next_block))
        return next_block is not None and next_block > head


@asynccontextmanager
async def coalition(kind: DatabaseKind, *, say: Say) -> AsyncIterator[Coalition]:
    """A coalition with eight partners and an open campaign; no gateway process runs yet. Everything is stopped and removed at the end."""
    async with AsyncExitStack() as stack:
        directory = Path(tempfile.mkdtemp(prefix="coalition-bench-"))
        stack.callback(shutil.rmtree, directory, ignore_errors=True)
        state = StateDirectory(directory / "state")
        state.create()
        say("starting the chain")
        engine = await start_anvil(AnvilOptions(port=free_port()), log_path=state.logs / "chain.log")
        stack.push_async_callback(engine.stop)
        rpc = HttpRpc(engine.url)
        stack.push_async_callback(rpc.close)
        say("deploying the contracts, admitting partners")
        deployment, partner_keys, attester_key = await _found(rpc, state)
        say(f"starting the database ({kind.value})")
        postgres = None
        if kind is DatabaseKind.POSTGRESQL:
            postgres = await asyncio.to_thread(start_postgres, is_durable=True)
            stack.callback(postgres.stop)
        url = postgres.create("gateway") if postgres else f"sqlite:///{state.root / 'gateway.db'}"
        await asyncio.to_thread(upgrade, url)
        parties = [str(partner) for partner in partner_keys]
        await ensure_api_keys(state, url, [*parties, WALLET])
        database = create_database(url)
        stack.push_async_callback(database.close)
        children = ChildProcesses(state.logs)
        stack.push_async_callback(children.stop)
        yield Coalition(
            state, engine, rpc, deployment, partner_keys, attester_key, url, database, postgres, children,
            {API: free_port(), SECOND_API: free_port()}, say,
        )  # fmt: skip


async def _found(rpc: HttpRpc, state: StateDirectory) -> tuple[Deployment, dict[int, SigningKey], SigningKey]:
    """Deploy, appoint, admit; then the campaign, and the day on which it opens."""
    operator = Signer(state.key("operator"))
    points_key, attester_key = SigningKey(state.key("operator-points")), SigningKey(state.key("attester"))
    partners = (*PARTNERS, *CAMPAIGN_PARTNERS)
    partner_keys = {partner: SigningKey(state.key(f"partner-{partner}")) for partner in partners}
    await fund(rpc, [operator.address_text, Signer(state.key(RELAY_KEY)).address_text])
    account = Account(rpc, operator, chain_id=await node.chain_id(rpc))
    deployment = await deploy(
        account, ProgramParameters(name="Bench points", symbol="PTS", operator_key=bytes(points_key.address))
    )
    deployment.save(state.root)
    administration = Administration(account, deployment)
    await administration.appoint_attester(attester_key.address, slot=ATTESTER_SLOT)
    today = await read_ledger(rpc, deployment, "today")
    for partner, key in partner_keys.items():
        await administration.admit_partner(partner, f"Partner {partner}", key.address)
        terms = _terms(partner, today)
        digest = terms.digest(domain_of(deployment))
        await administration.record_terms(terms, [key.sign(digest), points_key.sign(digest)])
    campaign = _campaign(today + 1)
    digest = campaign.digest(domain_of(deployment))
    await administration.open_campaign(
        campaign, [partner_keys[partner].sign(digest) for partner in CAMPAIGN_PARTNERS]
    )
    await ChainClock(rpc, "anvil").advance_to(int(time.time()) + DAY_S)
    return deployment, partner_keys, attester_key


def _terms(partner: int, today: int) -> PartnerTerms:
    return PartnerTerms(
        partner=PartnerId(partner),
        version=1,
        issue_price_micro=PRICE_MICRO,
        redeem_price_micro=PRICE_MICRO,
        earn_points_per_100_minor=EARN_POINTS_PER_100_MINOR,
        effective_day=today,
    )


def _campaign(opens_day: int) -> CampaignTerms:
    return CampaignTerms(
        campaign=CampaignId(CAMPAIGN),
        name="Two shops, three visits",
        partners=tuple(PartnerId(partner) for partner in CAMPAIGN_PARTNERS),
        opens_day=opens_day,
        closes_day=opens_day + CAMPAIGN_DAYS,
        budget_points=10**12,
        price_micro=PRICE_MICRO,
        stages=(Stage(bonus_points=100, partners_required=2, min_visits=3),),
        funders=tuple(Funder(partner=PartnerId(partner), share_bps=5_000) for partner in CAMPAIGN_PARTNERS),
    )
