"""Bounds and fixed words of the ledger rules ("Units", "Operations"), shared by every part of the model."""

from typing import Any

Scenario = dict[str, Any]
Event = dict[str, Any]
Report = dict[str, Any]

POINTS_MAX = 4 * 10**9
SPEND_MAX_MINOR = 10**12
PRICE_MAX_MICRO = 10**9
RATE_MAX = 10_000
CURRENCY_DECIMALS_MAX = 3
BASIS_POINTS = 10_000
NUMBER_MAX = 2**63 - 1
ID_LENGTH_MAX = 64

OPERATOR = "operator"
OPERATOR_ACTS = ("reprice", "suspend", "reinstate", "close_cycle")
PARTNER_TERMS = ("issue_price", "redeem_price", "earn_points_per_100_minor")

# The first of these that fails gives the reason.
CHECK_ORDER = (
    "partner_suspended",
    "invalid_amount",
    "posted_too_late",
    "unknown_operation",
    "unknown_hold",
    "not_your_operation",
    "return_too_late",
    "hold_captured",
    "hold_voided",
    "hold_expired",
    "return_exceeds_purchase",
    "refund_exceeds_redemption",
    "capture_exceeds_hold",
    "same_member",
    "insufficient_points",
)


def points_for_spend_floor(spend_minor: int, rate: int) -> int:
    return spend_minor * rate // 100


def purchase_day(event: Event) -> int:
    day: int = event["occurred_day"] if "occurred_day" in event else event["day"]
    return day
