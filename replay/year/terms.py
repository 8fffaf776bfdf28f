"""The program of the year's scenario: partners, their prices, and windows that fit however many days are taken."""

from dataclasses import dataclass
from typing import Any, Final

from replay.departments import REPLAY_PARTNERS

EARN_POINTS_PER_100_MINOR: Final = 5
ISSUE_PRICE_MICRO: Final = 10_000
REDEEM_PRICE_MICRO: Final = 9_500
RETURN_WINDOW_DAYS_MAX: Final = 30
LATE_POSTING_DAYS_MAX: Final = 7

PARTNER_IDS: Final = {entry.partner: entry.name for entry in REPLAY_PARTNERS}


@dataclass(frozen=True, slots=True)
class Windows:
    """How long things live. A third of the days for a lot, so that lots expire within the scenario."""

    days: int
    lot_validity_days: int
    return_window_days: int
    late_posting_days: int

    @property
    def as_of_day(self) -> int:
        """The day of the report: some days after the last event, when more has expired."""
        return self.days - 1 + self.lot_validity_days // 4

    @property
    def liveliness(self) -> int:
        """How much more is made up for a purchase than in a whole year, so that a few days have something of everything."""
        return max(min(60 // self.days, 6), 1)

    def at(self, part: float) -> int:
        """The day at which so much of the scenario is over."""
        return min(int(self.days * part), self.days - 1)


def windows_of(days: int) -> Windows:
    """The windows of a scenario of so many days."""
    validity = max(days // 3, 3)
    window = max(min(RETURN_WINDOW_DAYS_MAX, validity // 2), 2)
    return Windows(days, validity, window, max(min(LATE_POSTING_DAYS_MAX, window // 3), 1))


def program_of(windows: Windows) -> dict[str, Any]:
    """The `program` of the scenario file."""
    return {
        "name": "A retailer's year",
        "currency": "USD",
        "currency_decimals": 2,
        "lot_validity_days": windows.lot_validity_days,
        "return_window_days": windows.return_window_days,
        "late_posting_days": windows.late_posting_days,
    }


def partners() -> list[dict[str, Any]]:
    """The `partners` of the scenario file: the eight of the replay, not all at the same prices."""
    return [
        {
            "id": entry.name,
            "earn_points_per_100_minor": EARN_POINTS_PER_100_MINOR,
            "issue_price": ISSUE_PRICE_MICRO + 137 * entry.partner,
            "redeem_price": REDEEM_PRICE_MICRO - 91 * entry.partner,
        }
        for entry in REPLAY_PARTNERS
    ]
