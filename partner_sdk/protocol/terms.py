"""Terms and campaigns: what partners and the operator co-sign (docs/protocol.md, Terms and campaigns)."""

from dataclasses import dataclass

from partner_sdk.protocol.eip712 import Domain, uint_word
from partner_sdk.protocol.identities import CampaignId, PartnerId
from partner_sdk.protocol.keccak import keccak256

_TERMS_TYPE = (
    b"Terms(uint16 partner,uint32 version,uint32 issuePriceMicro,uint32 redeemPriceMicro,uint16 earnRate,"
    b"uint24 effectiveDay)"
)
_STAGE_TYPE = b"Stage(uint32 bonusPoints,uint16 partnersRequired,uint64 minSpendEach,uint64 minSpendTotal,uint32 minVisits)"
_FUNDER_TYPE = b"Funder(uint16 partner,uint16 shareBps)"
_CAMPAIGN_TYPE = (
    b"Campaign(uint16 campaign,string name,uint16[] partners,uint24 opensDay,uint24 closesDay,uint64 budgetPoints,"
    b"uint32 priceMicro,Stage[] stages,Funder[] funders)"
)
_TERMS_TYPE_HASH = keccak256(_TERMS_TYPE)
_STAGE_TYPE_HASH = keccak256(_STAGE_TYPE)
_FUNDER_TYPE_HASH = keccak256(_FUNDER_TYPE)
_CAMPAIGN_TYPE_HASH = keccak256(_CAMPAIGN_TYPE + _FUNDER_TYPE + _STAGE_TYPE)


@dataclass(frozen=True, slots=True, kw_only=True)
class PartnerTerms:
    """A partner's prices, signed by the partner and by the operator's points key.

    Attributes:
        version: one more than the terms before.
        issue_price_micro: what the partner pays for a point, 0 … 10^9.
        redeem_price_micro: what the partner gets for a point, 0 … 10^9.
        earn_points_per_100_minor: 0 … 10,000.
        effective_day: program day from which they are in force.
    """

    partner: PartnerId
    version: int
    issue_price_micro: int
    redeem_price_micro: int
    earn_points_per_100_minor: int
    effective_day: int

    def struct_hash(self) -> bytes:
        """Returns the EIP-712 struct hash of `Terms`."""
        return keccak256(
            _TERMS_TYPE_HASH
            + uint_word(self.partner)
            + uint_word(self.version)
            + uint_word(self.issue_price_micro)
            + uint_word(self.redeem_price_micro)
            + uint_word(self.earn_points_per_100_minor)
            + uint_word(self.effective_day)
        )

    def digest(self, domain: Domain) -> bytes:
        """Returns the 32-byte digest that is signed."""
        return domain.digest(self.struct_hash())


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """What a member must do for a bonus; a condition of 0 is no condition."""

    bonus_points: int
    partners_required: int = 0
    min_spend_each_minor: int = 0
    min_spend_total_minor: int = 0
    min_visits: int = 0

    def struct_hash(self) -> bytes:
        """Returns the EIP-712 struct hash of `Stage`."""
        return keccak256(
            _STAGE_TYPE_HASH
            + uint_word(self.bonus_points)
            + uint_word(self.partners_required)
            + uint_word(self.min_spend_each_minor)
            + uint_word(self.min_spend_total_minor)
            + uint_word(self.min_visits)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Funder:
    """Who pays for a share of the bonus, in basis points; partner 0 is the operator."""

    partner: PartnerId
    share_bps: int

    def struct_hash(self) -> bytes:
        """Returns the EIP-712 struct hash of `Funder`."""
        return keccak256(_FUNDER_TYPE_HASH + uint_word(self.partner) + uint_word(self.share_bps))


@dataclass(frozen=True, slots=True, kw_only=True)
class CampaignTerms:
    """A campaign, signed by every funder.

    Attributes:
        opens_day: first program day.
        closes_day: last program day.
        budget_points: most bonus points in total.
        price_micro: of one bonus point.
        funders: shares sum to 10,000.
    """

    campaign: CampaignId
    name: str
    partners: tuple[PartnerId, ...]
    opens_day: int
    closes_day: int
    budget_points: int
    price_micro: int
    stages: tuple[Stage, ...]
    funders: tuple[Funder, ...]

    def struct_hash(self) -> bytes:
        """Returns the EIP-712 struct hash of `Campaign`, the ledger's `termsHash`."""
        return keccak256(
            _CAMPAIGN_TYPE_HASH
            + uint_word(self.campaign)
            + keccak256(self.name.encode())
            + keccak256(b"".join(uint_word(partner) for partner in self.partners))
            + uint_word(self.opens_day)
            + uint_word(self.closes_day)
            + uint_word(self.budget_points)
            + uint_word(self.price_micro)
            + keccak256(b"".join(stage.struct_hash() for stage in self.stages))
            + keccak256(b"".join(funder.struct_hash() for funder in self.funders))
        )

    def digest(self, domain: Domain) -> bytes:
        """Returns the 32-byte digest that each funder signs."""
        return domain.digest(self.struct_hash())
