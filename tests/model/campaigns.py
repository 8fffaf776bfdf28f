"""Campaigns: progress of members, stages, budget and funding shares."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field

from .account import Lot
from .terms import BASIS_POINTS, Scenario


@dataclass(frozen=True)
class Stage:
    bonus_points: int
    partners_required: int = 0
    min_spend_each: int = 0
    min_spend_total: int = 0
    min_visits: int = 0


@dataclass(eq=False)
class Progress:
    spend_by_partner_minor: Counter[str] = field(default_factory=Counter)
    visits: int = 0
    bonus_lots: dict[int, Lot] = field(default_factory=dict)  # by stage, of awards that stand

    def meets(self, stage: Stage) -> bool:
        spend_each = max(stage.min_spend_each, 1)
        partners = [partner for partner, spend in self.spend_by_partner_minor.items() if spend >= spend_each]
        return (
            len(partners) >= stage.partners_required
            and sum(self.spend_by_partner_minor.values()) >= stage.min_spend_total
            and self.visits >= stage.min_visits
        )


@dataclass(eq=False)
class Campaign:
    id: str
    partner_ids: list[str]
    opens_day: int
    closes_day: int
    stages: list[Stage]
    budget_points: int
    price_micro: int
    funding_basis_points: dict[str, int]  # in the order in which the funders are listed
    spent_points: int = 0
    refused: int = 0
    progress_by_member: defaultdict[str, Progress] = field(default_factory=lambda: defaultdict(Progress))

    @property
    def issuer(self) -> str:
        return f"campaign:{self.id}"

    @property
    def budget_left_points(self) -> int:
        return self.budget_points - self.spent_points

    def counts(self, partner_id: str, day: int) -> bool:
        return partner_id in self.partner_ids and self.opens_day <= day <= self.closes_day

    def shares(self, points: int) -> dict[str, int]:
        return funding_shares(points, self.funding_basis_points)


def campaign_on(terms: Scenario) -> Campaign:
    return Campaign(
        terms["id"],
        terms["partners"],
        terms["opens_day"],
        terms["closes_day"],
        [Stage(**stage) for stage in terms["stages"]],
        terms["budget_points"],
        terms["campaign_price"],
        terms["funding"],
    )


def funding_shares(points: int, basis_points: dict[str, int]) -> dict[str, int]:
    """Each share rounded down; the points left over to the largest remainders, ties as listed."""
    shares = {funder: points * part // BASIS_POINTS for funder, part in basis_points.items()}
    remainders = {funder: points * part % BASIS_POINTS for funder, part in basis_points.items()}
    left_over = points - sum(shares.values())
    for funder in sorted(basis_points, key=lambda funder: -remainders[funder])[:left_over]:
        shares[funder] += 1
    return shares
