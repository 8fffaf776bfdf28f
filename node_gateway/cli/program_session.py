"""The operator at work on a program: its chain, its deployment and its keys, for the length of one command."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from node_gateway.chain import node
from node_gateway.chain.account import Account, read
from node_gateway.chain.artifacts import address_bytes, ledger_abi
from node_gateway.chain.deployment import DEPLOYMENT_FILE, Deployment, load_deployment
from node_gateway.chain.rpc import HttpRpc, Rpc
from node_gateway.chain.transactions import Signer
from node_gateway.cli.errors import CommandError
from node_gateway.cli.exit_codes import ExitCode
from node_gateway.cli.local_chain import CHAIN_HOST, CHAIN_PORT, require_chain
from node_gateway.cli.state_directory import StateDirectory
from partner_sdk.protocol import Domain, LedgerAddress, SigningKey

OPERATOR_KEY = "operator"
"""Pays for and sends the operator's transactions; holds the roles."""
OPERATOR_POINTS_KEY = "operator-points"
"""Signs terms, campaigns and the operator's grants."""
RPC_URL_VARIABLE = "COALITION_RPC_URL"


@dataclass(frozen=True, slots=True)
class ProgramSession:
    """What the operator's acts need.

    Attributes:
        account: the operator's account; its calls are plain transactions.
        points_key: co-signs terms and campaigns.
        domain: the program's EIP-712 domain.
    """

    state: StateDirectory
    deployment: Deployment
    account: Account
    points_key: SigningKey
    domain: Domain

    @property
    def rpc(self) -> Rpc:
        return self.account.rpc

    async def transact(self, function: str, *arguments: object) -> str:
        """Calls the ledger as the operator; the transaction's hash once it is mined.

        Raises:
            TransactionFailedError: where the ledger refuses, with its error.
        """
        sent = await self.account.transact(
            ledger_abi(), address_bytes(self.deployment.ledger), function, *arguments
        )
        return sent.receipt.tx_hash

    async def read(self, function: str, *arguments: object) -> object:
        """Calls a view of the ledger."""
        return await read(self.rpc, ledger_abi(), self.deployment.ledger, function, *arguments)

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


@asynccontextmanager
async def program_session(state: StateDirectory, url: str) -> AsyncIterator[ProgramSession]:
    """Opens the program of a state directory on a chain.

    Raises:
        DeploymentMissingError: where nothing was deployed.
        CommandError: where the chain is not there, is another one, or has lost the program.
    """
    deployment = load_deployment(state.root)
    rpc = HttpRpc(url)
    try:
        await require_chain(rpc, url, expected_chain_id=deployment.chain_id)
        await require_program(rpc, deployment)
        yield ProgramSession(
            state=state,
            deployment=deployment,
            account=Account(rpc, Signer(state.key(OPERATOR_KEY)), chain_id=deployment.chain_id),
            points_key=SigningKey(state.key(OPERATOR_POINTS_KEY)),
            domain=Domain(deployment.chain_id, LedgerAddress(address_bytes(deployment.ledger))),
        )
    finally:
        await rpc.close()


async def require_program(rpc: Rpc, deployment: Deployment) -> None:
    """Checks that the chain is the one that the program was deployed on, and still has it.

    Raises:
        CommandError: where block 0 is another one, or the ledger is gone.
    """
    advice = "a local chain that lost its memory cannot be gone on with: start anew with --fresh"
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
