"""Campaigns that span the partners, staggered over the year; budgets grow with the households, and some run out."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from replay.journey import DAYS_MAX
from replay.year.terms import PARTNER_IDS, Windows

OPERATOR: Final = 0
GROWS_WITH_DAYS: Final = frozenset({"min_spend_each", "min_spend_total", "min_visits"})


@dataclass(frozen=True, slots=True)
class CampaignPlan:
    """A campaign before it is known how many days and households there are.

    Attributes:
        opens: part of the days that is over when it opens.
        closes: part of the days that is over when it closes.
        partners: numbers.
        stages: as in a scenario file.
        budget_points: for each household.
        price_micro: of a bonus point.
        funding_bps: by partner's number, `OPERATOR` for the operator.
    """

    id: str
    opens: float
    closes: float
    partners: tuple[int, ...]
    stages: tuple[dict[str, int], ...]
    budget_points: int
    price_micro: int
    funding_bps: Mapping[int, int]


ALL_PARTNERS: Final = tuple(PARTNER_IDS)

PLANS: Final = (
    CampaignPlan(
        "all-eight-in-a-year", 0.0, 1.0, ALL_PARTNERS,
        ({"bonus_points": 400, "partners_required": 8, "min_spend_each": 500},
         {"bonus_points": 2_000, "partners_required": 8, "min_spend_total": 150_000}),
        5_000, 9_000, {OPERATOR: 10_000},
    ),
    CampaignPlan(
        "three-of-five", 0.0, 0.14, (1, 2, 3, 4, 5),
        ({"bonus_points": 150, "partners_required": 3, "min_spend_each": 700},
         {"bonus_points": 250, "partners_required": 5, "min_spend_each": 700}),
        400, 9_000, {1: 2_000, 2: 2_000, 3: 2_000, 4: 2_000, 5: 2_000},
    ),
    CampaignPlan(
        "produce-meat-and-fuel", 0.08, 0.25, (3, 4, 7),
        ({"bonus_points": 100, "min_visits": 6}, {"bonus_points": 333, "partners_required": 3}),
        120, 9_999, {3: 3_333, 4: 3_333, 7: 3_334},
    ),
    CampaignPlan(
        "large-baskets", 0.2, 0.42, ALL_PARTNERS,
        ({"bonus_points": 200, "min_spend_total": 20_000}, {"bonus_points": 501, "min_spend_total": 60_000}),
        150, 8_750, {OPERATOR: 5_000, 1: 3_000, 8: 2_000},
    ),
    CampaignPlan(
        "deli-and-bakery", 0.3, 0.46, (5, 6),
        ({"bonus_points": 75, "partners_required": 2, "min_spend_each": 400},),
        25, 10_000, {5: 5_000, 6: 5_000},
    ),
    CampaignPlan(
        "summer", 0.44, 0.62, (1, 3, 5, 7),
        ({"bonus_points": 121, "partners_required": 2, "min_visits": 3},
         {"bonus_points": 77, "min_visits": 8, "min_spend_total": 9_000},
         {"bonus_points": 505, "partners_required": 4}),
        300, 9_500, {OPERATOR: 400, 1: 4_600, 3: 4_200, 7: 800},
    ),
    CampaignPlan(
        "one-week", 0.5, 0.52, (2, 5, 6, 8),
        ({"bonus_points": 60, "partners_required": 2},),
        12, 12_000, {2: 9_999, 5: 1},
    ),
    CampaignPlan(
        "back-to-school", 0.58, 0.74, (2, 6, 8),
        ({"bonus_points": 90, "partners_required": 2, "min_spend_each": 300},
         {"bonus_points": 210, "partners_required": 3, "min_spend_total": 6_000}),
        90, 9_250, {2: 4_100, 6: 4_100, 8: 900, OPERATOR: 900},
    ),
    CampaignPlan(
        "visits", 0.65, 0.82, ALL_PARTNERS,
        ({"bonus_points": 80, "min_visits": 20}, {"bonus_points": 160, "min_visits": 50}),
        200, 7_500, dict.fromkeys(ALL_PARTNERS, 1_250),
    ),
    CampaignPlan(
        "harvest", 0.76, 0.9, (1, 3, 4),
        ({"bonus_points": 111, "partners_required": 3, "min_spend_each": 1_500},),
        70, 9_001, {1: 3_333, 3: 3_333, 4: 3_334},
    ),
    CampaignPlan(
        "holidays", 0.85, 1.0, (1, 2, 4, 5, 6),
        ({"bonus_points": 250, "partners_required": 4, "min_spend_total": 12_000},
         {"bonus_points": 750, "partners_required": 5, "min_spend_total": 40_000}),
        180, 9_500, {1: 4_700, 2: 4_700, 6: 600},
    ),
)  # fmt: skip


def campaigns(windows: Windows, *, households: int) -> list[dict[str, Any]]:
    """The `campaigns` of the scenario file."""
    return [
        {
            "id": plan.id,
            "partners": [PARTNER_IDS[partner] for partner in plan.partners],
            "opens_day": windows.at(plan.opens),
            "closes_day": windows.at(plan.closes),
            "stages": [_fitted(stage, windows) for stage in plan.stages],
            "budget_points": plan.budget_points * households,
            "campaign_price": plan.price_micro,
            "funding": {
                PARTNER_IDS.get(funder, "operator"): share for funder, share in plan.funding_bps.items()
            },
        }
        for plan in PLANS
    ]


def _fitted(stage: Mapping[str, int], windows: Windows) -> dict[str, int]:
    """A stage of a whole year's campaign, made as easy to reach within fewer days."""
    return {
        name: max(number * windows.days // DAYS_MAX, 1) if name in GROWS_WITH_DAYS else number
        for name, number in stage.items()
    }
