"""Events go out in order: in steps of one day, cut where a receipt is needed first."""

from __future__ import annotations

import json

from node_gateway.simulation.scenario_format import parse_scenario
from node_gateway.simulation.steps import AUTHORISATIONS_MAX, STEP_EVENTS_MAX, steps
from tests.scenarios import Event, event, scenario_of


def ids_of_steps(*events: Event) -> list[list[str]]:
    scenario = parse_scenario(json.dumps(scenario_of(*events)))
    return [[one.id for one in step] for step in steps(scenario.events)]


def test_puts_operations_of_one_day_together() -> None:
    events = [event("purchase", f"p{n}", day=n // 2, spend=1) for n in range(4)]
    assert ids_of_steps(*events) == [["p0", "p1"], ["p2", "p3"]]


def test_cuts_before_an_operation_that_names_one_of_the_group() -> None:
    assert ids_of_steps(
        event("purchase", "p", spend=5),
        event("return", "r", of="p", spend=5),
        event("return", "r2", of="p", spend=5),
        event("hold", "h", points=1, expires_day=1),
        event("void", "v", hold="h"),
    ) == [["p"], ["r", "r2", "h"], ["v"]]


def test_does_not_cut_before_a_reference_to_an_earlier_step_or_to_nothing() -> None:
    assert ids_of_steps(
        event("purchase", "p", spend=5),
        event("purchase", "q", day=1, spend=5),
        event("return", "r", day=1, of="p", spend=5),
        event("return", "s", day=1, of="nothing", spend=5),
    ) == [["p"], ["q", "r", "s"]]


def test_puts_acts_of_the_operator_among_the_operations_of_their_day() -> None:
    assert ids_of_steps(
        event("purchase", "p", spend=5),
        event("suspend", "s"),
        event("purchase", "q", spend=5),
        event("close_cycle", "c"),
        event("reinstate", "r", day=1),
    ) == [["p", "s", "q", "c"], ["r"]]


def test_keeps_steps_within_what_is_waited_for_at_once() -> None:
    events = [event("purchase", f"p{n}", spend=1) for n in range(2 * STEP_EVENTS_MAX + 1)]
    assert [len(step) for step in ids_of_steps(*events)] == [STEP_EVENTS_MAX, STEP_EVENTS_MAX, 1]


def test_keeps_steps_within_what_a_members_nonces_may_skip() -> None:
    redemptions = [
        event("redeem", f"r{n}", points=1, member=f"M{n % 2 + 1}") for n in range(2 * AUTHORISATIONS_MAX + 2)
    ]
    assert [len(step) for step in ids_of_steps(*redemptions)] == [2 * AUTHORISATIONS_MAX, 2]


def test_has_no_step_without_events() -> None:
    assert ids_of_steps() == []
