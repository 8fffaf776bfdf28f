"""Deploying a program: libraries, extension, core, AccessManager, proxy, roles."""

import asyncio
import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from eth_hash.auto import keccak

from node_gateway.chain import node
from node_gateway.chain.abi import Abi, encode_call, encode_values
from node_gateway.chain.account import Account
from node_gateway.chain.artifacts import Artifact, ledger_abi, load_artifact
from node_gateway.chain.deployment import Deployment
from node_gateway.chain.hexadecimal import text_of
from node_gateway.chain.roles import UPGRADE_DELAY_S, Role, selectors_by_role
from node_gateway.chain.transactions import contract_address

CORE = "PointsLedger"
EXTENSION = "PointsLedgerExtension"
ACCESS_MANAGER = "AccessManager"
PROXY = "ERC1967Proxy"

Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgramParameters:
    """The program terms, fixed at deployment; bounds as in the ledger rules.

    Attributes:
        currency: ISO 4217 code, three letters.
        currency_decimals: 0 … 3.
        day_offset_s: added to the block time before it is counted in days.
        first_key_delay_s: after which a key set by the attester may spend.
        recovery_delay_s: during which a member's old key can refuse a recovery.
        relying_party_id: the wallet's host name, to which passkeys are bound.
        operator_key: the operator's points key, 20 bytes: grants, terms and campaigns are signed with it.
    """

    name: str
    symbol: str
    operator_key: bytes
    currency: str = "USD"
    currency_decimals: int = 2
    lot_validity_days: int = 365
    return_window_days: int = 30
    late_posting_days: int = 7
    day_offset_s: int = 0
    first_key_delay_s: int = 0
    recovery_delay_s: int = 3 * 86_400
    relying_party_id: str = "localhost"

    def as_tuple(self) -> tuple[Any, ...]:
        """The Solidity struct `ProgramTerms`."""
        import hashlib

        relying_party_id_hash = hashlib.sha256(self.relying_party_id.encode()).digest()
        return (
            self.name, self.symbol, self.currency.encode(), self.currency_decimals, self.lot_validity_days,
            self.return_window_days, self.late_posting_days, self.day_offset_s, self.first_key_delay_s,
            self.recovery_delay_s, relying_party_id_hash, self.operator_key,
        )  # fmt: skip


@dataclass(slots=True)
class _Deployer:
    account: Account
    progress: Progress
    libraries: dict[str, bytes] = field(default_factory=dict)

    async def create(self, artifact: Artifact, arguments: bytes = b"") -> bytes:
        """Create a contract, its libraries first."""
        for library in artifact.libraries:
            if library not in self.libraries:
                self.libraries[library] = await self.create(load_artifact(library))
        self.progress(f"deploying {artifact.name}")
        signer = self.account.signer
        nonce = await node.transaction_count(self.account.rpc, signer.address_text, "pending")
        await self._send(artifact.name, None, artifact.creation_code(self.libraries, arguments), artifact.abi)
        return contract_address(signer.address, nonce)

    async def transact(self, abi: Abi, contract: bytes, function: str, *arguments: Any) -> None:
        await self._send(function, contract, encode_call(abi, function, arguments), abi)

    async def _send(self, what: str, to: bytes | None, data: bytes, abi: Abi) -> None:
        await self.account.send(what, to, data, abi=abi)


async def deploy(
    account: Account, program: ProgramParameters, *, progress: Progress = lambda _: None
) -> Deployment:
    """Deploy a program; the account becomes AccessManager administrator and gets every role but the attester's.

    Args:
        account: pays, and administers the roles until it hands them on.
        program: the program terms.
        progress: told what is being deployed.

    Raises:
        ContractMissingError: where the contracts were not generated.
        TransactionFailedError: where the terms are out of bounds.
        RpcError: where the chain does not answer.
    """
    deployer = _Deployer(account, progress)
    rpc = account.rpc
    first_block = await node.head_number(rpc) + 1
    authority_artifact, proxy_artifact = load_artifact(ACCESS_MANAGER), load_artifact(PROXY)
    core_artifact, extension_artifact = load_artifact(CORE), load_artifact(EXTENSION)

    authority = await deployer.create(
        authority_artifact, encode_values(["address"], [account.signer.address])
    )
    extension = await deployer.create(extension_artifact)
    implementation = await deployer.create(core_artifact, encode_values(["address"], [extension]))
    initialize = encode_call(core_artifact.abi, "initialize", [authority, program.as_tuple()])
    ledger = await deployer.create(
        proxy_artifact, encode_values(["address", "bytes"], [implementation, initialize])
    )
    await _assign_roles(deployer, authority_artifact.abi, authority, ledger)

    genesis, deployed = await asyncio.gather(node.header_at(rpc, 0), node.header_at(rpc, first_block))
    assert genesis is not None, "a chain without a first block"
    assert deployed is not None, "the block that held the deployment is gone"
    return Deployment(
        chain_id=account.chain_id,
        genesis_hash=text_of(genesis.block_hash),
        ledger=text_of(ledger),
        implementation=text_of(implementation),
        extension=text_of(extension),
        access_manager=text_of(authority),
        libraries={name: text_of(address) for name, address in deployer.libraries.items()},
        code_hash=text_of(keccak(await node.code_at(rpc, text_of(ledger)))),
        deployed_block=deployed.number,
        deployed_block_hash=text_of(deployed.block_hash),
        program=_program_record(program),
    )


async def _assign_roles(deployer: _Deployer, abi: Abi, authority: bytes, ledger: bytes) -> None:
    deployer.progress("assigning roles")
    holder = deployer.account.signer.address
    for role, selectors in selectors_by_role([*ledger_abi(), *load_artifact(CORE).abi]).items():
        if selectors:
            await deployer.transact(abi, authority, "setTargetFunctionRole", ledger, selectors, int(role))
        await deployer.transact(abi, authority, "labelRole", int(role), role.name.lower())
        if role is Role.ATTESTER:
            continue
        delay_s = UPGRADE_DELAY_S if role is Role.UPGRADER else 0
        await deployer.transact(abi, authority, "grantRole", int(role), holder, delay_s)


def _program_record(program: ProgramParameters) -> dict[str, Any]:
    record: Mapping[str, Any] = dataclasses.asdict(program)
    return {name: text_of(value) if isinstance(value, bytes) else value for name, value in record.items()}
