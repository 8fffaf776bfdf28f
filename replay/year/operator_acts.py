"""What the operator does over the year: cycles closed with the months, terms that change, partners suspended for some days."""

from datetime import timedelta
from random import Random
from typing import Any, Final

from replay.journey import FIRST_DAY
from replay.year.terms import EARN_POINTS_PER_100_MINOR, PARTNER_IDS, Windows

Act = dict[str, Any]

SUSPENDED: Final = ((0.3, 7), (0.62, 5), (0.8, 1))
"""When, as a part of the days, and which partner. They come back after one day of a hundred."""


def cycle_days(days: int) -> list[int]:
    """Days on whose mornings a cycle is closed: the first of each month; the middle where there is none."""
    months = [day for day in range(1, days) if (FIRST_DAY + timedelta(days=day)).day == 1]
    return months or [days // 2]


def acts_by_day(windows: Windows, rng: Random) -> dict[int, list[Act]]:
    """All acts, without ids, in the order in which they come before the day's first operation."""
    acts: dict[int, list[Act]] = {day: [{"type": "close_cycle"}] for day in cycle_days(windows.days)}
    for partner, name in PARTNER_IDS.items():
        for turn in (0.2, 0.55, 0.85):
            day = windows.at(turn + partner / 100)
            acts.setdefault(day, []).append({"type": "reprice", "partner": name, **_new_terms(rng)})
    for turn, partner in SUSPENDED:
        first = windows.at(turn)
        last = first + max(windows.days // 100, 1)
        acts.setdefault(first, []).append({"type": "suspend", "partner": PARTNER_IDS[partner]})
        acts.setdefault(last, []).append({"type": "reinstate", "partner": PARTNER_IDS[partner]})
    return acts


def _new_terms(rng: Random) -> dict[str, int]:
    terms = {
        "issue_price": rng.randrange(8_000, 12_001, 37),
        "redeem_price": rng.randrange(7_000, 10_001, 53),
        "earn_points_per_100_minor": EARN_POINTS_PER_100_MINOR + rng.choice((-1, 0, 1, 3)),
    }
    kept = rng.sample(sorted(terms), rng.randint(1, 3))
    return {name: terms[name] for name in kept}
