"""The operator's acts on a deployed program, and what others co-sign: plain transactions, each waited for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from node_gateway.chain.account import Account, Sent, read
from node_gateway.chain.artifacts import address_bytes, ledger_abi, load_artifact
from node_gateway.chain.deploy import ACCESS_MANAGER
from node_gateway.chain.deployment import Deployment
from node_gateway.chain.roles import Role
from node_gateway.chain.rpc import Rpc
from partner_sdk.protocol import CampaignTerms, Domain, LedgerAddress, PartnerTerms, Submitter, keccak256
from partner_sdk.protocol.eip712 import address_word, uint_word

ATTESTER_SLOT = 1
NEVER_S = 2**48 - 1
NO_LIMIT_32 = 2**32 - 1
NO_LIMIT_48 = 2**48 - 1
_DELEGATE_TYPE = (
    b"Delegate(uint32 submitter,address key,uint48 validUntil,uint32 kindsAllowed,uint32 operationPointsMax,"
    b"uint48 dayPointsMax,uint32 version)"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Delegation:
    """What a partner lets a key of its slot do, without end and without limits of points.

    Attributes:
        kinds_allowed: a bit for each operation kind.
        version: one more than the last delegation of this slot.
    """

    submitter: Submitter
    key: bytes
    kinds_allowed: int
    version: int

    @property
    def fields(self) -> tuple[Any, ...]:
        """The Solidity struct `DelegateTerms`."""
        return (self.key, NEVER_S, self.kinds_allowed, NO_LIMIT_32, NO_LIMIT_48)

    def digest(self, domain: Domain) -> bytes:
        """What the partner's key signs."""
        words = [uint_word(int(self.submitter)), address_word(self.key)]
        words += [uint_word(value) for value in (*self.fields[1:], self.version)]
        return domain.digest(keccak256(keccak256(_DELEGATE_TYPE) + b"".join(words)))


class Administration:
    """Acts of whoever holds the roles. Errors as `Account.send`; acts of one transaction return what was sent."""

    def __init__(self, account: Account, deployment: Deployment) -> None:
        self.account = account
        self.deployment = deployment
        self._ledger = address_bytes(deployment.ledger)

    async def act(self, function: str, *arguments: Any) -> Sent:
        """Call a governed function of the ledger by its name."""
        return await self.account.transact(ledger_abi(), self._ledger, function, *arguments)

    async def admit_partner(self, partner: int, name: str, key: bytes) -> Sent:
        """Admit a partner with the key that it signs with; numbers go up from 1 without gaps. It has no terms yet."""
        return await self.act("admitPartner", partner, name, key)

    async def record_terms(self, terms: PartnerTerms, signatures: Sequence[bytes]) -> Sent:
        """Record prices with the signatures of the partner and the operator, in this order."""
        struct = {
            "partner": terms.partner,
            "version": terms.version,
            "issuePriceMicro": terms.issue_price_micro,
            "redeemPriceMicro": terms.redeem_price_micro,
            "earnRate": terms.earn_points_per_100_minor,
            "effectiveDay": terms.effective_day,
        }
        return await self.act("recordTerms", struct, list(signatures))

    async def open_campaign(self, terms: CampaignTerms, signatures: Sequence[bytes]) -> Sent:
        """Open a campaign with the signature of every funder, in the order of `terms.funders`."""
        return await self.act("openCampaign", _campaign_struct(terms), list(signatures))

    async def appoint_attester(
        self, key: bytes, *, slot: int = ATTESTER_SLOT, valid_until_s: int = NEVER_S
    ) -> Sent:
        """Let a key sign within members' allowances (the role) and submit for members (a slot of partner 0)."""
        manager = address_bytes(self.deployment.access_manager)
        abi = load_artifact(ACCESS_MANAGER).abi
        await self.account.transact(abi, manager, "grantRole", int(Role.ATTESTER), key, 0)
        return await self.act("setAttester", slot, key, valid_until_s)

    async def set_delegate(self, delegation: Delegation, signature: bytes) -> Sent:
        """Let a key submit for a partner, as the partner signed."""
        return await self.act("setDelegate", int(delegation.submitter), delegation.fields, signature)

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


def _campaign_struct(terms: CampaignTerms) -> Mapping[str, Any]:
    return {
        "campaign": terms.campaign,
        "name": terms.name,
        "partners": list(terms.partners),
        "opensDay": terms.opens_day,
        "closesDay": terms.closes_day,
        "budgetPoints": terms.budget_points,
        "priceMicro": terms.price_micro,
        "stages": [
            {
                "bonusPoints": stage.bonus_points,
                "partnersRequired": stage.partners_required,
                "minSpendEach": stage.min_spend_each_minor,
                "minSpendTotal": stage.min_spend_total_minor,
                "minVisits": stage.min_visits,
            }
            for stage in terms.stages
        ],
        "funders": [{"partner": funder.partner, "shareBps": funder.share_bps} for funder in terms.funders],
    }
