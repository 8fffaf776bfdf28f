"""The operator's acts on a deployed program, and what others co-sign."""

from collections.abc import Sequence
from typing import Any

from node_gateway.chain.account import Account, Sent, read
from node_gateway.chain.artifacts import address_bytes, ledger_abi, load_artifact
from node_gateway.chain.deploy import ACCESS_MANAGER
from node_gateway.chain.deployment import Deployment
from node_gateway.chain.roles import Role
from node_gateway.chain.rpc import Rpc
from partner_sdk.protocol import CampaignTerms, Domain, LedgerAddress, PartnerTerms, SigningKey

ATTESTER_SLOT = 1
NEVER_S = (1 << 48) - 1


class Administration:
    """Acts of whoever holds the roles. Each waits for its block; errors as `Account.send`."""

    def __init__(self, account: Account, deployment: Deployment) -> None:
        self._account = account
        self._deployment = deployment
        self._ledger = address_bytes(deployment.ledger)

    async def act(self, function: str, *arguments: Any) -> Sent:
        """Call a governed function of the ledger by its name."""
        return await self._account.transact(ledger_abi(), self._ledger, function, *arguments)

    async def admit_partner(self, partner: int, name: str, key: bytes) -> None:
        """Admit a partner; numbers go up from 1 without gaps."""
        await self.act("admitPartner", partner, name, key)

    async def record_terms(
        self, terms: PartnerTerms, *, partner_key: SigningKey, operator_key: SigningKey
    ) -> None:
        """Record prices that both signed."""
        digest = terms.digest(domain_of(self._deployment))
        fields = (
            terms.partner, terms.version, terms.issue_price_micro, terms.redeem_price_micro,
            terms.earn_points_per_100_minor, terms.effective_day,
        )  # fmt: skip
        await self.act("recordTerms", fields, [partner_key.sign(digest), operator_key.sign(digest)])

    async def open_campaign(self, terms: CampaignTerms, funder_keys: Sequence[SigningKey]) -> None:
        """Open a campaign that every funder signed; keys in the order of `terms.funders`."""
        digest = terms.digest(domain_of(self._deployment))
        stages = [
            (
                s.bonus_points,
                s.partners_required,
                s.min_spend_each_minor,
                s.min_spend_total_minor,
                s.min_visits,
            )
            for s in terms.stages
        ]
        funders = [(funder.partner, funder.share_bps) for funder in terms.funders]
        fields = (
            terms.campaign, terms.name, list(terms.partners), terms.opens_day, terms.closes_day, terms.budget_points,
            terms.price_micro, stages, funders,
        )  # fmt: skip
        await self.act("openCampaign", fields, [key.sign(digest) for key in funder_keys])

    async def appoint_attester(
        self, key: bytes, *, slot: int = ATTESTER_SLOT, valid_until_s: int = NEVER_S
    ) -> None:
        """Let a key submit for members (a slot of partner 0) and sign within their allowances (the role)."""
        await self.act("setAttester", slot, key, valid_until_s)
        manager = address_bytes(self._deployment.access_manager)
        abi = load_artifact(ACCESS_MANAGER).abi
        await self._account.transact(abi, manager, "grantRole", int(Role.ATTESTER), key, 0)

    async def close_cycle(self, partners: Sequence[int]) -> None:
        """Close the clearing cycle and issue the statements of these partners."""
        await self.act("closeCycle")
        await self.act("issueStatements", list(partners))


def domain_of(deployment: Deployment) -> Domain:
    """The EIP-712 domain of a deployment."""
    return Domain(deployment.chain_id, LedgerAddress(address_bytes(deployment.ledger)))


async def read_ledger(
    rpc: Rpc, deployment: Deployment, function: str, *arguments: Any, block: str = "latest"
) -> Any:
    """Call a view of the ledger."""
    return await read(rpc, ledger_abi(), deployment.ledger, function, *arguments, block=block)
