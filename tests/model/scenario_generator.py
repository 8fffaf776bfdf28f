"""Random scenarios: the same seed gives the same scenario, and every scenario fits the file format."""

from __future__ import annotations

from random import Random

from .event_drawing import TAIL_EVENTS, EventDrawer
from .ledger_model import LedgerModel
from .scenario_flavours import FLAVOURS, Flavour
from .scenario_terms import draw_terms
from .terms import ID_LENGTH_MAX, OPERATOR_ACTS, Event, Scenario

EVENTS_LEAST, EVENTS_MOST = 300, 1000
REPEATED_IDS = 0.04


def flavour_of(seed: int) -> Flavour:
    return FLAVOURS[seed % len(FLAVOURS)]


def generate(seed: int, events: int | None = None) -> Scenario:
    """A scenario of `events` events, by default of 300 to 1,000."""
    rng = Random(seed)
    flavour = flavour_of(seed)
    if events is None:
        events = rng.randint(EVENTS_LEAST, EVENTS_MOST)
    scenario = {**draw_terms(rng, flavour, events), "events": [], "as_of_day": 0}
    ledger = LedgerModel(scenario)
    drawer = EventDrawer(rng, flavour, ledger)
    day = rng.choice((0, 0, 1, rng.randint(0, 40)))
    for number in range(1, events + 1):
        if rng.random() >= flavour.same_day:
            day += rng.choice(flavour.day_steps) if events - number > TAIL_EVENTS else 1
        event = {"id": draw_id(rng, flavour, number), **drawer.draw(day, events - number + 1)}
        day = event["day"]
        event = perhaps_with_repeated_id(rng, event, scenario["events"])
        scenario["events"].append(event)
        ledger.operate(event)
    scenario["as_of_day"] = draw_as_of_day(rng, ledger, day)
    return scenario


def draw_as_of_day(rng: Random, ledger: LedgerModel, day: int) -> int:
    """Often the day on which a hold of a member in debt is over."""
    holds = [hold for account in ledger.accounts.values() if account.debts for hold in account.holds]
    ends = [hold.expires_day + 1 for hold in holds if day <= hold.expires_day <= day + 60]
    later = rng.randint(0, 2 * ledger.program.lot_validity_days)
    return rng.choice((day, day, day, day + 1, day + 3, day + later, *ends, *ends, *ends))


def draw_id(rng: Random, flavour: Flavour, number: int) -> str:
    name = f"e{number}"
    if flavour.has_odd_ids and rng.random() < 0.3:
        filling = rng.choice((" ", "é", "\\", "🎟", "_"))
        name = (name + filling * ID_LENGTH_MAX)[: rng.randint(len(name), ID_LENGTH_MAX)]
    return name


def perhaps_with_repeated_id(rng: Random, event: Event, earlier: list[Event]) -> Event:
    """Now and then an operation comes with an id already used, or wholly as it came before."""
    operations = [other for other in earlier if other["type"] not in OPERATOR_ACTS]
    if event["type"] in OPERATOR_ACTS or not operations or rng.random() >= REPEATED_IDS:
        return event
    other = rng.choice((operations[-1], rng.choice(operations)))
    if rng.random() < 0.4:
        return {**other, "day": event["day"]}
    return {**event, "id": other["id"]}
