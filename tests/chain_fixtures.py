"""A deployed ledger for tests: anvil on a free port, the contracts, partners admitted, an attester, keys. A pytest plugin module."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from eth_account import Account as EthAccount

from node_gateway.chain import node
from node_gateway.chain.account import Account
from node_gateway.chain.admin import Administration, domain_of, read_ledger
from node_gateway.chain.deploy import ProgramParameters, deploy
from node_gateway.chain.deployment import Deployment
from node_gateway.chain.engines.anvil import MNEMONIC, AnvilOptions, start_anvil
from node_gateway.chain.engines.clock import ChainClock
from node_gateway.chain.engines.process import EngineProcess, free_port
from node_gateway.chain.rpc import HttpRpc, Rpc
from node_gateway.chain.transactions import Signer
from partner_sdk.protocol import Domain, PartnerId, PartnerTerms, SigningKey, Submitter

START_S = 1_700_000_000
PARTNERS = (1, 2, 3)
LANE_ACCOUNTS = (1, 2, 3)
ISSUE_PRICE_MICRO = 10_000
REDEEM_PRICE_MICRO = 8_000
EARN_POINTS_PER_100_MINOR = 100


def development_key(index: int) -> bytes:
    """Secret of a funded account of a development chain."""
    EthAccount.enable_unaudited_hdwallet_features()
    return bytes(EthAccount.from_mnemonic(MNEMONIC, account_path=f"m/44'/60'/0'/0/{index}").key)


def fixed_key(number: int) -> SigningKey:
    """A key that is the same in every run."""
    return SigningKey(number.to_bytes(32, "big"))


@dataclass
class DeployedLedger:
    """A program on a chain with everyone's keys.

    Attributes:
        partner_keys: by partner.
        operator_key: signs grants and co-signs terms.
        attester_key: slot 1 of partner 0, with the attester's role.
        lanes: funded signers for relays.
        lane_secrets: their secrets, for processes.
    """

    rpc: Rpc
    deployment: Deployment
    administration: Administration
    partner_keys: dict[int, SigningKey]
    operator_key: SigningKey
    attester_key: SigningKey
    lanes: list[Signer]
    lane_secrets: list[bytes] = field(default_factory=list)
    engine: EngineProcess | None = None
    clock: ChainClock | None = None
    sequences: dict[int, int] = field(default_factory=dict)

    @property
    def domain(self) -> Domain:
        return domain_of(self.deployment)

    @property
    def url(self) -> str:
        assert self.engine is not None
        return self.engine.url

    def submitter(self, partner: int) -> Submitter:
        """The partner's own slot; the attester's for partner 0."""
        return Submitter.of(partner, 0 if partner else 1)

    def key(self, partner: int) -> SigningKey:
        """Whose key signs for `submitter(partner)`."""
        return self.partner_keys[partner] if partner else self.attester_key

    def sequence(self, partner: int) -> int:
        """The next sequence number of a submitter."""
        self.sequences[partner] = self.sequences.get(partner, 0) + 1
        return self.sequences[partner]

    async def read(self, function: str, *arguments: Any, block: str = "latest") -> Any:
        """Call a view."""
        return await read_ledger(self.rpc, self.deployment, function, *arguments, block=block)


def program_parameters(operator_key: SigningKey) -> ProgramParameters:
    """Terms of the tests' program."""
    return ProgramParameters(name="Test points", symbol="TST", operator_key=operator_key.address)


async def deploy_ledger(
    rpc: Rpc, *, deployer: Signer, lanes: list[Signer], partners: tuple[int, ...] = PARTNERS
) -> DeployedLedger:
    """Deploy, admit partners with terms in force, appoint an attester."""
    operator_key, attester_key = fixed_key(1_000), fixed_key(1_001)
    partner_keys = {partner: fixed_key(2_000 + partner) for partner in partners}
    account = Account(rpc, deployer, chain_id=await node.chain_id(rpc))
    deployment = await deploy(account, program_parameters(operator_key))
    administration = Administration(account, deployment)
    await administration.appoint_attester(attester_key.address)
    today = await read_ledger(rpc, deployment, "today")
    for partner, key in partner_keys.items():
        await administration.admit_partner(partner, f"Partner {partner}", key.address)
        terms = PartnerTerms(
            partner=PartnerId(partner),
            version=1,
            issue_price_micro=ISSUE_PRICE_MICRO,
            redeem_price_micro=REDEEM_PRICE_MICRO,
            earn_points_per_100_minor=EARN_POINTS_PER_100_MINOR,
            effective_day=today,
        )
        digest = terms.digest(domain_of(deployment))
        await administration.record_terms(terms, [key.sign(digest), operator_key.sign(digest)])
    return DeployedLedger(rpc, deployment, administration, partner_keys, operator_key, attester_key, lanes)


async def start_ledger(directory: Path, **options: Any) -> DeployedLedger:
    """Start anvil in a directory and deploy on it. Close with `stop_ledger`."""
    anvil = AnvilOptions(port=free_port(), timestamp_s=START_S, **options)
    engine = await start_anvil(anvil, log_path=directory / "anvil.log")
    rpc = HttpRpc(engine.url)
    try:
        deployer = Signer(development_key(0))
        ledger = await deploy_ledger(
            rpc, deployer=deployer, lanes=[Signer(development_key(i)) for i in LANE_ACCOUNTS]
        )
        ledger.engine = engine
        ledger.lane_secrets = [development_key(i) for i in LANE_ACCOUNTS]
        ledger.clock = ChainClock(rpc, "anvil")
        return ledger
    except BaseException:
        await rpc.close()
        await engine.stop()
        raise


async def stop_ledger(ledger: DeployedLedger) -> None:
    """Stop the chain."""
    await ledger.rpc.close()
    if ledger.engine is not None:
        await ledger.engine.stop()


@pytest.fixture
async def deployed_ledger(tmp_path: Path) -> AsyncIterator[DeployedLedger]:
    """A fresh chain that mines each transaction as it comes, with a deployed program."""
    ledger = await start_ledger(tmp_path)
    yield ledger
    await stop_ledger(ledger)


async def take_snapshot(ledger: DeployedLedger) -> str:
    """A point to which the chain can be taken back."""
    return str(await ledger.rpc.call("evm_snapshot"))


async def revert_chain(ledger: DeployedLedger, snapshot: str) -> None:
    """Take the chain back to a snapshot, as if its tail were lost."""
    assert await ledger.rpc.call("evm_revert", snapshot)


async def set_mining(ledger: DeployedLedger, *, automatic: bool) -> None:
    """Whether each transaction makes a block."""
    await ledger.rpc.call("evm_setAutomine", automatic)
