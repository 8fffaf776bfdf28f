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

from bench.engines import Engine, start_engine
from bench.options import DatabaseKind, EngineKind
from node_gateway.chain import node
from node_gateway.chain.account import Account
from node_gateway.chain.admin import Administration, domain_of, read_ledger
from node_gateway.chain.deploy import ProgramParameters, deploy
from node_gateway.chain.deployment import Deployment
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
# So long may founding take: a campaign opens on a day that has not begun.
FOUNDING_S: Final = 60
READY_WAIT_MAX_S: Final = 60.0
STOP_WAIT_MAX_S: Final = 30.0
OPERATOR_KEY: Final = "operator"
RELAY_KEY: Final = "relay"
PLAIN_KEY: Final = "plain-client"
LOADER_KEY: Final = "loader"
# They pay for transactions.
SENDERS: Final = (OPERATOR_KEY, RELAY_KEY, PLAIN_KEY, LOADER_KEY)
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
    engine: Engine
    deployment: Deployment
    partner_keys: dict[int, SigningKey]
    attester_key: SigningKey
    database_url: str
    database: Database
    postgres: PostgresServer | None
    children: ChildProcesses
    api_ports: dict[str, int]
    campaign_opens_s: int
    say: Say

    @property
    def rpc(self) -> HttpRpc:
        return self.engine.rpc

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
async def coalition(
    kind: DatabaseKind, *, engine_kind: EngineKind = EngineKind.ANVIL, say: Say
) -> AsyncIterator[Coalition]:
    """A coalition with eight partners and a campaign; no gateway process runs yet. Everything is stopped and removed at the end."""
    async with AsyncExitStack() as stack:
        directory = Path(tempfile.mkdtemp(prefix="coalition-bench-"))
        stack.callback(shutil.rmtree, directory, ignore_errors=True)
        state = StateDirectory(directory / "state")
        state.create()
        say(f"starting the chain ({engine_kind.value})")
        log_path = state.logs / "chain.log"
        engine = await start_engine(
            engine_kind, directory / "chain", log_path=log_path, funded=_senders(state)
        )
        stack.push_async_callback(engine.stop)
        say("deploying the contracts, admitting partners")
        opens_s = int(time.time()) + FOUNDING_S
        async with engine.prompt_blocks():
            deployment, partner_keys, attester_key = await _found(engine.rpc, state, opens_s=opens_s)
        say(f"starting the database ({kind.value})")
        postgres = None
        if kind is DatabaseKind.POSTGRESQL:
            # Not in a thread: Ctrl-C would leave behind what that starts.
            postgres = start_postgres(is_durable=True)
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
            state, engine, deployment, partner_keys, attester_key, url, database, postgres, children,
            {API: free_port(), SECOND_API: free_port()}, opens_s, say,
        )  # fmt: skip


async def _found(
    rpc: HttpRpc, state: StateDirectory, *, opens_s: int
) -> tuple[Deployment, dict[int, SigningKey], SigningKey]:
    """Deploy, appoint, admit; then the campaign, which opens on the next day: the program's days begin at the time of day of `opens_s`."""
    operator = Signer(state.key(OPERATOR_KEY))
    points_key, attester_key = SigningKey(state.key("operator-points")), SigningKey(state.key("attester"))
    partners = (*PARTNERS, *CAMPAIGN_PARTNERS)
    partner_keys = {partner: SigningKey(state.key(f"partner-{partner}")) for partner in partners}
    await fund(rpc, _senders(state))
    account = Account(rpc, operator, chain_id=await node.chain_id(rpc))
    parameters = ProgramParameters(
        name="Bench points", symbol="PTS", operator_key=bytes(points_key.address), day_offset_s=-(opens_s % DAY_S)
    )  # fmt: skip
    deployment = await deploy(account, parameters)
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
    return deployment, partner_keys, attester_key


def _senders(state: StateDirectory) -> list[str]:
    return [Signer(state.key(name)).address_text for name in SENDERS]


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
