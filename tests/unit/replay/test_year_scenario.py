"""Data and a seed → a scenario of the ledger rules."""

import json
from collections import Counter
from random import Random
from typing import Any

import pytest

from node_gateway.simulation.scenario_format import parse_scenario
from replay.journey import read_journey
from replay.plan import DayPlan, PlannedPurchase, plan_days
from replay.year.campaigns import PLANS
from replay.year.operator_acts import acts_by_day, cycle_days
from replay.year.scenario import year_scenario
from replay.year.scene import Purse, Scene
from replay.year.terms import windows_of

DAYS = 5


@pytest.fixture(scope="module")
def plans() -> list[DayPlan]:
    return list(plan_days(read_journey(days=DAYS), members_max=60))


def scenario(plans: list[DayPlan], *, seed: int = 1) -> dict[str, Any]:
    return year_scenario(plans, days=DAYS, seed=seed)


def test_the_same_seed_writes_the_same_scenario_and_another_one_another(plans: list[DayPlan]) -> None:
    assert scenario(plans) == scenario(plans)
    assert scenario(plans) != scenario(plans, seed=2)


@pytest.mark.parametrize("days", [3, 30, 365])
def test_fits_the_format_however_many_days_there_are(plans: list[DayPlan], days: int) -> None:
    written = year_scenario([plan for plan in plans if plan.day.day <= days], days=days, seed=1)
    parsed = parse_scenario(json.dumps(written))
    assert parsed.as_of_day >= days - 1
    assert parsed.program.lot_validity_days < days or days == 3


def test_every_purchase_of_the_data_is_in_it_but_those_posted_after_its_end(plans: list[DayPlan]) -> None:
    planned = Counter(
        (f"household-{one.household}", one.spend_minor)
        for plan in plans
        for one in plan.operations
        if isinstance(one, PlannedPurchase)
    )
    events = {event["id"]: event for event in scenario(plans)["events"] if event["type"] == "purchase"}
    written = Counter((event["member"], event["spend"]) for event in events.values())
    assert not written - planned
    assert (planned - written).total() <= planned.total() // 50


def test_every_household_is_welcomed_once_before_anything_else(plans: list[DayPlan]) -> None:
    written = scenario(plans)
    first: dict[str, str] = {}
    for event in written["events"]:
        if "member" in event:
            first.setdefault(event["member"], event["type"])
    assert set(first) == set(written["members"])
    assert set(first.values()) == {"grant"}


def test_only_a_till_that_sends_again_gives_an_id_twice(plans: list[DayPlan]) -> None:
    times = Counter(event["id"] for event in scenario(plans)["events"])
    assert {event_id.split("-")[0] for event_id, count in times.items() if count > 1} <= {"purchase"}


def test_campaigns_span_partners_and_share_their_cost() -> None:
    assert all(len(plan.partners) >= 2 for plan in PLANS)
    assert all(sum(plan.funding_bps.values()) == 10_000 for plan in PLANS)
    assert sum(len(plan.funding_bps) >= 2 for plan in PLANS) >= 8


def test_closes_a_cycle_with_each_month_and_brings_every_partner_back() -> None:
    kinds = Counter(act["type"] for acts in acts_by_day(windows_of(365), Random(1)).values() for act in acts)
    assert len(cycle_days(365)) == 11
    assert kinds["close_cycle"] == 11
    assert kinds["suspend"] == kinds["reinstate"] == 3


def test_a_purse_forgets_what_is_spent_and_what_is_expired() -> None:
    purse = Purse()
    purse.earn(10, expires_day=3)
    purse.earn(20, expires_day=5)
    purse.spend(4)
    assert (purse.left(3), purse.left(4), purse.left(6)) == (26, 20, 0)


def test_a_story_goes_on_when_its_day_has_come() -> None:
    told: list[int] = []
    scene = Scene(Random(1), windows_of(10), {})

    def story() -> Any:
        told.append(scene.today)
        yield 2
        told.append(scene.today)
        yield 100
        told.append(scene.today)

    scene.begin(story())
    for day in range(10):
        scene.begin_day(day)
    assert told == [0, 2]
