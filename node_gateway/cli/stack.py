"""Everything of a coalition on one machine: chain, program, gateway and wallet, started in order and stopped in reverse."""

import asyncio
import fcntl
import os
import shutil
import sys
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import httpx2

from node_gateway.chain import node
from node_gateway.chain.deploy import ProgramParameters
from node_gateway.chain.deployment import DEPLOYMENT_FILE, Deployment, load_deployment
from node_gateway.chain.rpc import HttpRpc
from node_gateway.chain.transactions import Signer
from node_gateway.cli.api_key_files import ensure_api_keys
from node_gateway.cli.child_processes import ChildProcess, ChildProcesses, child_died, require_free_port
from node_gateway.cli.errors import CommandError
from node_gateway.cli.local_chain import (
    ANVIL,
    CHAIN_HOST,
    first_block_of,
    fund,
    require_chain,
    require_clock_before,
    restore_clock,
    start_local_chain,
)
from node_gateway.cli.local_geth import GETH, start_local_geth
from node_gateway.cli.operator_acts import deploy_program
from node_gateway.cli.program_session import OPERATOR_KEY, open_journal, require_program
from node_gateway.cli.state_directory import StateDirectory
from node_gateway.worker import make_chain_again

Result = TypeVar("Result")
RELAY_KEY = "relay"
WALLET_API_KEY_FILE = "wallet_api_key"
WALLET_ATTESTER_KEY_FILE = "wallet_attester_key"
WALLET_ATTESTER_SLOT = 1
LOCK_FILE = "run.lock"
SERVER_STOP_WAIT_MAX_S = 15.0
# What `fresh` removes; anything else in the directory is not ours.
_OWN_FILES = (
    "gateway.db*",
    "wallet.db*",
    "wallet_*",
    DEPLOYMENT_FILE,
    "replay*.json",
    "member*.json",
    "*.part",
)
_OWN_DIRECTORIES = ("chain", "keys", "api-keys", "logs")


@dataclass(frozen=True, slots=True, kw_only=True)
class StackOptions:
    """How a stack is laid out.

    Attributes:
        chain: `anvil`, `geth`, or the URL of a chain that runs already.
        database_url: the gateway's; SQLite in the state directory when empty.
        genesis_timestamp_s: time of a new local chain's first block; the machine's clock by default.
    """

    chain: str = ANVIL
    database_url: str = ""
    chain_port: int = 8545
    api_host: str = "127.0.0.1"
    api_port: int = 8710
    wallet_host: str = "127.0.0.1"
    wallet_port: int = 8720
    genesis_timestamp_s: int | None = None

    @property
    def is_local_chain(self) -> bool:
        return self.chain in (ANVIL, GETH)

    @property
    def rpc_url(self) -> str:
        return f"http://{CHAIN_HOST}:{self.chain_port}" if self.is_local_chain else self.chain

    @property
    def api_url(self) -> str:
        return f"http://{self.api_host}:{self.api_port}"

    @property
    def wallet_url(self) -> str:
        # Passkeys need a host name.
        return f"http://localhost:{self.wallet_port}"


@dataclass(slots=True)
class Stack:
    """The parts as far as they were started."""

    state: StateDirectory
    options: StackOptions
    say: Callable[[str], None]
    children: ChildProcesses
    wallet_environment: dict[str, str] = field(default_factory=dict)

    @property
    def environment(self) -> dict[str, str]:
        """The settings that all processes of this stack share."""
        options = self.options
        return {
            "COALITION_STATE_DIR": str(self.state.root),
            "COALITION_DATABASE_URL": options.database_url,
            "COALITION_RPC_URL": options.rpc_url,
            "COALITION_API_HOST": options.api_host,
            "COALITION_API_PORT": str(options.api_port),
        }

    @property
    def process_environment(self) -> dict[str, str]:
        """The environment of a command that is run beside this stack's processes."""
        return {**os.environ, **self.environment}

    @property
    def database_url(self) -> str:
        return self.options.database_url or f"sqlite:///{self.state.root / 'gateway.db'}"

    def require_ports(self) -> None:
        """Refuses ports that are taken before anything is started."""
        options = self.options
        require_free_port(options.api_host, options.api_port, what="gateway", setting="COALITION_API_PORT")
        require_free_port(
            options.wallet_host, options.wallet_port, what="wallet", setting="COALITION_WALLET_PORT"
        )

    async def start_chain(self) -> None:
        """Starts the local chain, or checks that the other one is there; never sets its clock back.

        Raises:
            CommandError: where the chain is not there, is another one, or has lost the program.
        """
        options = self.options
        senders = [Signer(self.state.key(name)).address_text for name in (OPERATOR_KEY, RELAY_KEY)]
        first_block = None
        if options.is_local_chain:
            self.say("starting the local chain")
        if options.chain == ANVIL:
            first_block = first_block_of(self.state, options.genesis_timestamp_s)
            await start_local_chain(
                self.children, self.state, port=options.chain_port, timestamp_s=first_block.timestamp_s
            )
        elif options.chain == GETH:
            await start_local_geth(self.children, self.state, port=options.chain_port, funded=senders)
        deployment = self._deployment()
        rpc = HttpRpc(options.rpc_url)
        try:
            await require_chain(
                rpc, options.rpc_url, expected_chain_id=deployment.chain_id if deployment else None
            )
            if deployment:
                deployment = await self._make_chain_again(rpc, deployment)
            if deployment is None or options.is_local_chain:
                await fund(rpc, senders)
            if first_block is not None:
                await restore_clock(rpc, first_block)
            if deployment:
                await require_program(rpc, deployment)
        finally:
            await rpc.close()

    async def require_clock_before(self, timestamp_s: int) -> None:
        """See `local_chain.require_clock_before`."""
        rpc = HttpRpc(self.options.rpc_url)
        try:
            await require_clock_before(rpc, timestamp_s)
        finally:
            await rpc.close()

    async def ensure_program(self, parameters: Callable[[bytes], ProgramParameters]) -> bool:
        """Deploys the contracts unless this state directory has a program; whether it did."""
        if self._deployment() is not None:
            return False
        self._ensure_tables()
        rpc = HttpRpc(self.options.rpc_url)
        try:
            chain_id = await node.chain_id(rpc)
            async with open_journal(self.database_url) as journal:
                await deploy_program(
                    rpc, self.state, parameters, chain_id=chain_id, journal=journal, progress=self.say
                )
        finally:
            await rpc.close()
        return True

    async def ensure_database(self, parties: Iterable[str]) -> None:
        """Brings the tables to the newest schema and makes the API keys that are not there yet."""
        self._ensure_tables()
        await ensure_api_keys(self.state, self.database_url, parties)

    async def start_gateway(self) -> None:
        """Starts the jobs and the API, and waits until the API says that it is ready."""
        self.say("starting the gateway")
        await self._start("worker", "work")
        api = await self._start("api", "serve")
        await self._until_ready(api, f"{self.options.api_url}/ready")

    async def start_wallet(self) -> None:
        """Starts the wallet and waits until it answers."""
        self.say("starting the wallet")
        wallet = await self._start("wallet", "wallet")
        await self._until_ready(
            wallet, f"http://{self.options.wallet_host}:{self.options.wallet_port}/health"
        )

    async def while_running(self, work: Coroutine[Any, Any, Result]) -> Result:
        """Does something as long as all processes run.

        Raises:
            CommandError: where one of them ends by itself, naming it and its log.
        """
        task = asyncio.ensure_future(work)
        death = asyncio.ensure_future(self.children.first_death())
        try:
            await asyncio.wait((task, death), return_when=asyncio.FIRST_COMPLETED)
            if not task.done():
                raise child_died(death.result())
            return task.result()
        finally:
            for one in (task, death):
                one.cancel()
            await asyncio.gather(task, death, return_exceptions=True)

    async def _start(self, name: str, command: str) -> ChildProcess:
        options = self.options
        environment = {
            **self.environment,
            "COALITION_WALLET_HOST": options.wallet_host,
            "COALITION_WALLET_PORT": str(options.wallet_port),
            "COALITION_WALLET_PUBLIC_ORIGIN": options.wallet_url,
            "COALITION_WALLET_GATEWAY_URL": options.api_url,
            "COALITION_WALLET_ATTESTER_SLOT": str(WALLET_ATTESTER_SLOT),
            **self.wallet_environment,
        }
        return await self.children.start(
            name,
            [sys.executable, "-m", "node_gateway.cli", command],
            environment=environment,
            stop_wait_max_s=SERVER_STOP_WAIT_MAX_S,
        )

    async def _until_ready(self, child: ChildProcess, url: str) -> None:
        async with httpx2.AsyncClient(trust_env=False, timeout=5) as client:

            async def answers() -> bool:
                try:
                    return (await client.get(url)).is_success
                except httpx2.HTTPError:
                    return False

            await self.children.until_ready(child, answers)

    def _ensure_tables(self) -> None:
        from node_gateway.store.migrate import upgrade

        upgrade(self.database_url)

    async def _make_chain_again(self, rpc: HttpRpc, deployment: Deployment) -> Deployment:
        """A development chain that lost blocks gets them back from the tables, before anyone looks at it."""
        self._ensure_tables()
        made = await make_chain_again(rpc, self.state.root, self.database_url, deployment)
        if made is None:
            return deployment
        self.say("the chain had lost blocks: it is made again from the database")
        return made

    def _deployment(self) -> Deployment | None:
        return load_deployment(self.state.root) if (self.state.root / DEPLOYMENT_FILE).exists() else None


@asynccontextmanager
async def stack(
    state: StateDirectory, options: StackOptions, *, say: Callable[[str], None], is_fresh: bool = False
) -> AsyncIterator[Stack]:
    """A stack with nothing started yet; what is started in the block is stopped at its end.

    Args:
        state: where everything is kept; one stack at a time.
        options: see there.
        say: told what happens.
        is_fresh: forget all that this state directory holds, and the gateway's tables where `options` names another database.

    Raises:
        CommandError: where another stack runs in this state directory.
    """
    state.create()
    with _only_one(state.root / LOCK_FILE):
        if is_fresh:
            forget(state)
            state.create()
            forget_tables(options.database_url)
        children = ChildProcesses(state.logs)
        try:
            yield Stack(state, options, say, children)
        finally:
            if children.children:
                say("stopping " + ", ".join(child.name for child in reversed(children.children)))
            for name in await children.stop():
                say(f"{name} did not stop in time and was killed")


def forget(state: StateDirectory) -> None:
    """Removes what stacks keep in a state directory, and nothing else in it."""
    for directory in _OWN_DIRECTORIES:
        shutil.rmtree(state.root / directory, ignore_errors=True)
    for pattern in _OWN_FILES:
        for path in state.root.glob(pattern):
            path.unlink()


def forget_tables(database_url: str) -> None:
    """Removes the gateway's tables from a database outside of the state directory; nothing else in it."""
    if not database_url:
        return
    from node_gateway.store.migrate import drop_tables

    drop_tables(database_url)


@contextmanager
def _only_one(path: Path) -> Iterator[None]:
    """Holds a lock file; the kernel frees it when the process dies."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise CommandError(
                f"{path.parent} is in use by another run",
                "stop that one, or choose another directory with COALITION_STATE_DIR (and other ports)",
            ) from None
        yield
    finally:
        os.close(descriptor)
