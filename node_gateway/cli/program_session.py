"""The operator at work on a program: its chain, its deployment and its keys, for the length of one command."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from node_gateway.chain import node
from node_gateway.chain.account import Account
from node_gateway.chain.admin import Administration, domain_of, read_ledger
from node_gateway.chain.deployment import DEPLOYMENT_FILE, Deployment, load_deployment
from node_gateway.chain.rpc import HttpRpc, Rpc
from node_gateway.chain.transactions import Signer
from node_gateway.cli.errors import CommandError
from node_gateway.cli.exit_codes import ExitCode
from node_gateway.cli.local_chain import CHAIN_HOST, CHAIN_PORT, require_chain
from node_gateway.cli.state_directory import StateDirectory
from node_gateway.jobs.plain_transactions import DatabaseJournal
from node_gateway.service.clock import SystemClock
from node_gateway.store.database import create_database
from node_gateway.store.migrate import check_schema
from partner_sdk.protocol import Domain, SigningKey

OPERATOR_KEY = "operator"
"""Pays for and sends the operator's transactions; holds the roles."""
OPERATOR_POINTS_KEY = "operator-points"
"""Signs terms, campaigns and the operator's grants."""
RPC_URL_VARIABLE = "COALITION_RPC_URL"
DATABASE_URL_VARIABLE = "COALITION_DATABASE_URL"


@dataclass(frozen=True, slots=True)
class ProgramSession:
    """What the operator's acts need.

    Attributes:
        administration: the operator's acts; plain transactions, kept in the gateway's database before they are sent.
        points_key: co-signs terms and campaigns.
        domain: the program's EIP-712 domain.
    """

    state: StateDirectory
    deployment: Deployment
    administration: Administration
    points_key: SigningKey
    domain: Domain

    @property
    def rpc(self) -> Rpc:
        return self.administration.account.rpc

    async def transact(self, function: str, *arguments: object) -> str:
        """Calls the ledger as the operator; the transaction's hash once it is mined.

        Raises:
            TransactionFailedError: where the ledger refuses, with its error.
        """
        return (await self.administration.act(function, *arguments)).receipt.tx_hash

    async def read(self, function: str, *arguments: object) -> object:
        """Calls a view of the ledger."""
        answer: object = await read_ledger(self.rpc, self.deployment, function, *arguments)
        return answer

    async def head_number(self) -> int:
        """The number of the newest block."""
        return await node.head_number(self.rpc)

    async def today(self) -> int:
        """The program day of the newest block."""
        today = await self.read("today")
        assert isinstance(today, int)
        return today


def rpc_url() -> str:
    """The chain that the environment names; the local one by default."""
    return os.environ.get(RPC_URL_VARIABLE) or f"http://{CHAIN_HOST}:{CHAIN_PORT}"


def database_url(state: StateDirectory) -> str:
    """The gateway's database that the environment names; SQLite in the state directory by default."""
    return os.environ.get(DATABASE_URL_VARIABLE) or f"sqlite:///{state.root / 'gateway.db'}"


@asynccontextmanager
async def open_journal(url: str) -> AsyncIterator[DatabaseJournal]:
    """The gateway's database as the journal of what the operator sends.

    Raises:
        SchemaBehindError: where it has not the tables.
    """
    database = create_database(url)
    try:
        await check_schema(database)
        yield DatabaseJournal(database, SystemClock())
    finally:
        await database.close()


@asynccontextmanager
async def program_session(
    state: StateDirectory, url: str, *, database: str | None = None
) -> AsyncIterator[ProgramSession]:
    """Opens the program of a state directory on a chain.

    Args:
        state: with the deployment and the operator's keys.
        url: of the chain.
        database: URL of the gateway's database, which keeps what is sent; the one of the environment by default.

    Raises:
        DeploymentMissingError: where nothing was deployed.
        SchemaBehindError: where the database has not the tables.
        CommandError: where the chain is not there, is another one, or has lost the program.
    """
    deployment = load_deployment(state.root)
    rpc = HttpRpc(url)
    try:
        await require_chain(rpc, url, expected_chain_id=deployment.chain_id)
        await require_program(rpc, deployment)
        async with open_journal(database or database_url(state)) as journal:
            signer = Signer(state.key(OPERATOR_KEY))
            account = Account(rpc, signer, chain_id=deployment.chain_id, journal=journal)
            yield ProgramSession(
                state=state,
                deployment=deployment,
                administration=Administration(account, deployment),
                points_key=SigningKey(state.key(OPERATOR_POINTS_KEY)),
                domain=domain_of(deployment),
            )
    finally:
        await rpc.close()


async def require_program(rpc: Rpc, deployment: Deployment) -> None:
    """Checks that the chain is the one that the program was deployed on, and still has it.

    Raises:
        CommandError: where block 0 is another one, or the ledger is gone.
    """
    advice = (
        "the worker makes a development chain again that lost its blocks (coalition work, or coalition up): wait until it is done; "
        "else name the right chain with COALITION_RPC_URL, or start anew with --fresh"
    )
    genesis = await node.header_at(rpc, 0)
    if genesis is None or "0x" + genesis.block_hash.hex() != deployment.genesis_hash:
        raise CommandError(
            "this chain begins with another block than the one the program was deployed on",
            advice,
            ExitCode.CHAIN,
        )
    if not await node.code_at(rpc, deployment.ledger):
        raise CommandError(f"the chain has no ledger at {deployment.ledger}", advice, ExitCode.CHAIN)


def refuse_second_deployment(state: StateDirectory) -> None:
    """Raises CommandError where the state directory has a program already: its keys and tables belong to that one."""
    if (state.root / DEPLOYMENT_FILE).exists():
        raise CommandError(
            f"{state.root} has a deployed program already",
            "choose another directory with COALITION_STATE_DIR, or move this one away",
            ExitCode.USAGE,
        )
