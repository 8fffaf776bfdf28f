"""Random scenarios: they fit the format, reach every rule, and do not depend on when accounts are touched."""

import json

import pytest

from .ledger_model import ExtraTouches, simulate
from .reached_rules import RULES
from .rule_coverage import rule_coverage
from .scenario_flavours import FLAVOURS
from .scenario_format import problems_in_text
from .scenario_generator import EVENTS_LEAST, EVENTS_MOST, flavour_of, generate

SEEDS = range(2 * len(FLAVOURS))
COVERAGE_SEEDS = range(60)


@pytest.mark.parametrize("seed", SEEDS)
def test_same_seed_gives_the_same_scenario_and_it_fits_the_format(seed: int) -> None:
    scenario = generate(seed)
    assert scenario == generate(seed)
    assert EVENTS_LEAST <= len(scenario["events"]) <= EVENTS_MOST
    assert problems_in_text(json.dumps(scenario)) == []


@pytest.mark.parametrize("seed", SEEDS)
def test_touching_everyone_every_day_changes_nothing(seed: int) -> None:
    scenario = generate(seed, events=250)
    assert simulate(scenario, ExtraTouches.UNCOUNTED) == simulate(scenario), flavour_of(seed).name


@pytest.mark.parametrize("seed", SEEDS)
def test_sweeping_everyone_every_day_changes_no_balance_total_or_position(seed: int) -> None:
    """With budgets that never run out: what a sweep recovers counts sooner, in an earlier cycle at most."""
    scenario = generate(seed, events=250)
    for campaign in scenario["campaigns"]:
        campaign["budget_points"] = 2**62
    swept = simulate(scenario, ExtraTouches.COUNTED)
    assert {**swept, "cycles": []} == {**simulate(scenario), "cycles": []}, flavour_of(seed).name


def test_every_rule_and_every_reason_is_reached() -> None:
    times, _ = rule_coverage(COVERAGE_SEEDS)
    assert [rule for rule in RULES if not times[rule]] == []
