"""What the ledger keeps of parties and of applied operations that a later operation may name."""

from __future__ import annotations

from dataclasses import dataclass

from .account import Lot
from .campaigns import Campaign
from .terms import Scenario


@dataclass(frozen=True)
class Program:
    lot_validity_days: int
    return_window_days: int
    late_posting_days: int


@dataclass(eq=False)
class Partner:
    id: str
    earn_rate: int
    issue_price_micro: int
    redeem_price_micro: int
    is_suspended: bool = False


def partner_on(terms: Scenario) -> Partner:
    return Partner(
        terms["id"], terms["earn_points_per_100_minor"], terms["issue_price"], terms["redeem_price"]
    )


@dataclass(eq=False)
class Purchase:
    partner_id: str
    member_id: str
    day: int  # on which it occurred, not on which it was posted
    rate: int
    spend_minor: int
    kept_minor: int
    lot: Lot
    counted_in: list[Campaign]


@dataclass(eq=False)
class Redemption:
    """A redeem or a capture."""

    partner_id: str
    member_id: str
    day: int
    price_micro: int
    points: int
    refunded_points: int = 0
