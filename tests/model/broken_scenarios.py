"""Files that must be refused before anything runs: a complete good one, broken in one way at a time."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from .small_scenarios import PARTNERS, campaign, on, scenario
from .terms import NUMBER_MAX, Scenario


class BrokenScenario(NamedTuple):
    name: str
    path: str  # of the place that must be named, or the start of it
    scenario: Scenario


def complete_scenario() -> Scenario:
    """One event of each kind, all applied."""
    return scenario(
        on(0, "purchase", partner="A", member="M", spend=100, occurred_day=0),
        on(1, "return", of="e1", partner="A", spend=10),
        on(1, "redeem", partner="A", member="M", points=10),
        on(1, "refund", of="e3", partner="A", points=5),
        on(1, "hold", partner="A", member="M", points=10, expires_day=5),
        on(2, "capture", hold="e5", partner="A", points=5),
        on(2, "hold", partner="A", member="M", points=10, expires_day=5),
        on(2, "void", hold="e7", partner="A"),
        on(3, "transfer", member="M", to="N", points=5),
        on(3, "grant", partner="operator", member="M", points=5),
        on(3, "reprice", partner="A", issue_price=1, redeem_price=2, earn_points_per_100_minor=3),
        on(3, "suspend", partner="A"),
        on(3, "reinstate", partner="A"),
        on(4, "close_cycle"),
        as_of_day=4,
        campaigns=[
            campaign(
                {
                    "bonus_points": 5,
                    "partners_required": 1,
                    "min_spend_each": 1,
                    "min_spend_total": 1,
                    "min_visits": 1,
                },
                funding={"A": 6000, "operator": 4000},
            )
        ],
    )


def broken_scenarios() -> Iterator[BrokenScenario]:
    yield from without_each_field()
    yield from with_each_number_wrong()
    yield from with_each_change()


def places(value: Any, path: str = "") -> Iterator[tuple[str, Any, Any]]:
    """Every place in a scenario: its path, what holds it, and its key there."""
    keys: list[Any] = list(value) if isinstance(value, dict) else list(range(len(value)))
    for key in keys:
        place = f"{path}[{key}]" if isinstance(key, int) else f"{path}.{key}".lstrip(".")
        yield place, value, key
        if isinstance(value[key], dict | list):
            yield from places(value[key], place)


OPTIONAL = ("partners_required", "min_spend_each", "min_spend_total", "min_visits", "occurred_day")
REPRICED = ("issue_price", "redeem_price", "earn_points_per_100_minor")


def without_each_field() -> Iterator[BrokenScenario]:
    for path, holder, key in places(complete_scenario()):
        is_repriced_term = path.startswith("events") and key in REPRICED
        if (
            isinstance(holder, dict)
            and key not in OPTIONAL
            and not is_repriced_term
            and "funding." not in path
        ):
            broken = complete_scenario()
            del holder_at(broken, path)[key]
            yield BrokenScenario(f"without {path}", path, broken)


def with_each_number_wrong() -> Iterator[BrokenScenario]:
    for path, holder, key in places(complete_scenario()):
        if isinstance(holder[key], int):
            for wrong in (-1, 1.5, "1", None, True, NUMBER_MAX + 1, 10**30):
                broken = complete_scenario()
                holder_at(broken, path)[key] = wrong
                yield BrokenScenario(f"{path} = {wrong!r}", path, broken)


def holder_at(whole: Scenario, wanted: str) -> Any:
    return next(holder for path, holder, _ in places(whole) if path == wanted)


LONG_ID = "x" * 65
# A place, what is put there, and the place that must be named where it is another one.
CHANGES: list[tuple[str, Any] | tuple[str, Any, str]] = [
    # fields and kinds
    ("extra", []),
    ("program", []),
    ("events", {}),
    ("events[0]", 3),
    ("events[0].colour", 1),
    ("events[2].occurred_day", 0),
    ("events[0].type", "gift"),
    ("events[10]", {"day": 3, "id": "e11", "type": "reprice", "partner": "A"}),
    # who is not listed
    *((f"events[{number}].partner", "nobody") for number in (0, 1, 2, 3, 4, 5, 7, 9, 10, 11, 12)),
    *((f"events[{number}].member", "nobody") for number in (0, 2, 4, 8, 9)),
    ("events[8].to", "nobody"),
    ("events[0].partner", "operator"),
    ("events[11].partner", "operator"),
    # days
    ("events[0].occurred_day", 1),
    ("events[1].day", 2, "events[2].day"),
    ("as_of_day", 3),
    # ids
    ("events[0].id", ""),
    ("events[0].id", LONG_ID),
    ("events[0].id", 7),
    ("events[1].of", LONG_ID),
    ("members[0]", LONG_ID),
    ("members[3]", "M"),
    ("partners[3]", PARTNERS[0], "partners[3].id"),
    ("partners[2].id", "operator"),
    ("events[13].id", "e1"),
    ("events[12].id", "e12"),
    ("events[0].id", "e12", "events[11].id"),
    # terms
    ("events[10].issue_price", 10**9 + 1),
    ("events[10].earn_points_per_100_minor", 10_001),
    ("partners[0].redeem_price", 10**9 + 1),
    ("partners[0].earn_points_per_100_minor", 10_001),
    ("program.currency_decimals", 4),
    ("program.late_posting_days", 11),
    ("program.return_window_days", 11),
    # campaigns
    ("campaigns[1]", complete_scenario()["campaigns"][0], "campaigns[1].id"),
    ("campaigns[0].partners", []),
    ("campaigns[0].partners[2]", "Z"),
    ("campaigns[0].partners[2]", "A"),
    ("campaigns[0].opens_day", 21, "campaigns[0].closes_day"),
    ("campaigns[0].stages", []),
    ("campaigns[0].stages[0].bonus_points", 0),
    ("campaigns[0].stages[0].bonus_points", 4 * 10**9 + 1),
    ("campaigns[0].campaign_price", 10**9 + 1),
    ("campaigns[0].funding.A", 5999, "campaigns[0].funding"),
    ("campaigns[0].funding.A", 6001, "campaigns[0].funding"),
    ("campaigns[0].funding", {}),
    ("campaigns[0].funding", {"C": 10_000}),
    ("campaigns[0].funding", {"Z": 10_000}),
]


def with_each_change() -> Iterator[BrokenScenario]:
    for path, value, *named in CHANGES:
        broken = complete_scenario()
        put(broken, path, value)
        yield BrokenScenario(f"{path} = {value!r}", named[0] if named else path, broken)


def put(whole: Any, path: str, value: Any) -> None:
    """Puts a value at a place like `events[0].day`; the place after a list's end makes it longer."""
    *keys, last = [int(key) if key.isdigit() else key for key in re.findall(r"\w+", path)]
    for key in keys:
        whole = whole[key]
    if isinstance(whole, list) and last == len(whole):
        whole.append(value)
    else:
        whole[last] = value


# What only the text of a file can have wrong.
AS_OF = '"as_of_day": 4'
BROKEN_TEXTS = {
    "not JSON": "{",
    "not an object": "[]",
    "not a number": json.dumps(complete_scenario()).replace(AS_OF, '"as_of_day": NaN'),
    "a fraction that is whole": json.dumps(complete_scenario()).replace(AS_OF, '"as_of_day": 4.0'),
    "a field given twice": json.dumps(complete_scenario()).replace(AS_OF, f"{AS_OF}, {AS_OF}"),
}
