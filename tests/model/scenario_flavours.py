"""What random scenarios differ in: each flavour leans on some of the rules, none leaves any out."""

from __future__ import annotations

from dataclasses import dataclass, field

from .terms import POINTS_MAX, PRICE_MAX_MICRO, RATE_MAX, SPEND_MAX_MINOR

USUAL_WEIGHTS = {
    "purchase": 45,
    "return": 13,
    "redeem": 9,
    "refund": 7,
    "hold": 9,
    "capture": 9,
    "void": 6,
    "transfer": 8,
    "grant": 5,
    "reprice": 3,
    "suspend": 4,
    "reinstate": 3,
    "close_cycle": 3,
}
USUAL_PRICES = (5000, 7500, 8000, 9000, 9999, 10000, 11000, 15000)

# In basis points: shares that leave points over, or tie.
TELLING_SHARES = (
    (5000, 5000),
    (2500, 2500, 2500, 2500),
    (3333, 3333, 3334),
    (5000, 3000, 2000),
    (1, 9999),
    (4500, 4500, 1000),
)
# Of q + 1 points, the last of these often gets one fewer than of q.
WAVERING_SHARES = ((4700, 4700, 600), (4600, 4600, 800), (4100, 4100, 900, 900), (3200, 3200, 3200, 400))


@dataclass(frozen=True)
class Flavour:
    """Pairs are (least, most); tuples of more are choices. Days are program days."""

    name: str
    partners: tuple[int, int] = (2, 5)
    members: tuple[int, int] = (3, 8)
    lot_validity_days: tuple[int, ...] = (5, 30, 60)
    day_steps: tuple[int, ...] = (1, 1, 1, 2, 3, 7)
    same_day: float = 0.6
    rates: tuple[int, ...] = (1, 1, 2, 3, 5, 33)
    prices_micro: tuple[int, ...] = USUAL_PRICES
    currency_decimals: tuple[int, ...] = (0, 1, 2, 2, 3)
    spend_most_minor: int = 300_000
    campaigns: tuple[int, int] = (2, 6)
    campaign_days: tuple[int, ...] = (3, 20, 80, 400)
    bonus_most_points: int = 3000
    awards_in_budget: tuple[int, ...] = (1, 2, 3, 5, 50)
    shares: tuple[tuple[int, ...], ...] = TELLING_SHARES
    telling: float = 0.6  # how often a campaign is funded in one of these
    hostile: float = 0.2  # how often an operation is drawn to be wrong in some way
    extreme: float = 0.001  # how often an amount is the most there may be
    stories: float = 0.03  # how often one starts, see event_stories
    story_pace: float = 0.6  # how often a story under way goes on
    all_points: float = 0.2  # how often a member spends all that is available
    has_odd_ids: bool = False
    more: dict[str, int] = field(default_factory=dict)

    @property
    def weights(self) -> dict[str, int]:
        return {**USUAL_WEIGHTS, **self.more}


FLAVOURS = (
    Flavour("mixed"),
    Flavour(
        "campaigns",
        stories=0.08,
        lot_validity_days=(4, 8, 30),
        campaigns=(5, 9),
        awards_in_budget=(1, 1, 2, 2, 3),
        day_steps=(1, 1, 2),
        campaign_days=(10, 40, 100),
        more={"purchase": 60, "return": 35},
    ),
    Flavour(
        "holds",
        members=(2, 3),
        lot_validity_days=(3, 6, 12),
        day_steps=(1, 1, 2),
        same_day=0.5,
        more={"hold": 30, "capture": 12, "void": 12, "transfer": 12, "return": 18, "close_cycle": 6},
    ),
    Flavour(
        "transfers",
        stories=0.05,
        members=(2, 4),
        lot_validity_days=(30, 60, 90),
        spend_most_minor=9000,
        more={"purchase": 50, "transfer": 30, "return": 20, "redeem": 3},
    ),
    Flavour(
        "maximal",
        rates=(0, 0, 0, 1, 1, 3, RATE_MAX),
        prices_micro=(0, 1, 999_999_937, PRICE_MAX_MICRO),
        spend_most_minor=SPEND_MAX_MINOR,
        bonus_most_points=POINTS_MAX,
        extreme=0.06,
    ),
    Flavour(
        "clearing",
        prices_micro=(0, 1, 3, 500, 5000, 500_000, 250_000, 125, 1_234_567),
        currency_decimals=(0, 1, 2, 3),
        rates=(1, 1, 2, 7),
        spend_most_minor=4000,
        bonus_most_points=30,
        more={"close_cycle": 20, "refund": 14, "reprice": 9},
    ),
    Flavour(
        "wide",
        partners=(32, 36),
        members=(1, 3),
        campaigns=(4, 7),
        campaign_days=(40, 400),
        rates=(0, 1, 2, 5),
        more={"purchase": 70, "return": 25},
    ),
    Flavour(
        "far apart",
        lot_validity_days=(60, 365, 700),
        day_steps=(1, 5, 30, 100, 200),
        campaign_days=(30, 365, 2000),
    ),
    Flavour(
        "debts",
        stories=0.08,
        partners=(2, 4),
        members=(1, 3),
        lot_validity_days=(40, 90),
        same_day=0.8,
        day_steps=(1, 1, 2),
        rates=(1, 1, 2, 3),
        spend_most_minor=1500,
        campaigns=(4, 7),
        campaign_days=(40, 100, 400),
        bonus_most_points=60,
        awards_in_budget=(1, 1, 2, 3),
        shares=WAVERING_SHARES,
        all_points=0.7,
        more={"return": 32, "redeem": 22, "hold": 14, "refund": 10, "grant": 8, "close_cycle": 8},
    ),
    Flavour(
        "small steps",
        stories=0.2,
        story_pace=0.85,
        partners=(4, 5),
        members=(2, 5),
        lot_validity_days=(60, 90),
        same_day=0.8,
        day_steps=(1,),
        rates=(1,),
        currency_decimals=(2, 3),
        spend_most_minor=500,
        campaigns=(2, 4),
        campaign_days=(60, 200, 400),
        bonus_most_points=40,
        awards_in_budget=(5, 50, 50),
        shares=WAVERING_SHARES,
        telling=1,
        all_points=0.9,
        more={"return": 30, "redeem": 30, "close_cycle": 10, "hold": 2, "refund": 2, "grant": 1},
    ),
    Flavour(
        "held debts",
        stories=0.08,
        partners=(2, 4),
        members=(1, 3),
        lot_validity_days=(30, 60),
        same_day=0.7,
        day_steps=(1, 1, 2),
        spend_most_minor=4000,
        campaigns=(4, 7),
        campaign_days=(10, 40, 400),
        bonus_most_points=100,
        all_points=0.7,
        more={"return": 32, "redeem": 8, "hold": 30, "capture": 14, "void": 14, "close_cycle": 8},
    ),
    Flavour(
        "one day", lot_validity_days=(1, 3, 30), same_day=0.97, day_steps=(1, 1, 2), campaign_days=(0, 1, 3)
    ),
    Flavour("odd ids", has_odd_ids=True),
    Flavour(
        "hostile",
        hostile=0.6,
        more={"purchase": 30, "suspend": 6, "hold": 24, "capture": 28, "void": 18, "redeem": 14, "grant": 12},
    ),
    # Long runs of one partner's operations on one day: what goes to the chain in one submission.
    Flavour(
        "one till",
        stories=0.01,
        partners=(1, 2),
        lot_validity_days=(8, 30, 60),
        same_day=0.9,
        shares=((5000, 5000), (1, 9999), (4700, 5300)),
        more={
            "purchase": 60,
            "return": 25,
            "redeem": 20,
            "transfer": 2,
            "reprice": 1,
            "suspend": 1,
            "close_cycle": 1,
        },
    ),
)
