"""A file that does not fit the format is refused whole, and the message names the place."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from node_gateway.simulation.problems import ScenarioFormatError
from node_gateway.simulation.scenario_format import parse_scenario, read_scenario
from tests.scenarios import Scenario, campaign, event, scenario_of, worked_example


def problems_of(scenario: Any) -> list[str]:
    try:
        parse_scenario(json.dumps(scenario))
    except ScenarioFormatError as error:
        return [str(problem) for problem in error.problems]
    return []


def places_in(scenario: Any) -> list[str]:
    return [problem.split(": ", 1)[0] for problem in problems_of(scenario)]


def changed(*path: str | int, to: Any) -> Scenario:
    scenario = worked_example()
    inner: Any = scenario
    for part in path[:-1]:
        inner = inner[part]
    inner[path[-1]] = to
    return scenario


def without(*path: str | int) -> Scenario:
    scenario = worked_example()
    inner: Any = scenario
    for part in path[:-1]:
        inner = inner[part]
    del inner[path[-1]]
    return scenario


def test_accepts_the_worked_example() -> None:
    assert problems_of(worked_example()) == []


@pytest.mark.parametrize("value", [True, 1.0, 1.5, "5", None, [], {}, -1, 2**63, 10**30])
def test_refuses_what_is_no_whole_number_in_range(value: object) -> None:
    assert places_in(changed("events", 0, "spend", to=value)) == ["events[0].spend"]


def test_accepts_the_greatest_number() -> None:
    assert problems_of(changed("events", 0, "spend", to=2**63 - 1)) == []


@pytest.mark.parametrize(
    ("path", "value", "place"),
    [
        (("program", "currency_decimals"), 4, "program.currency_decimals"),
        (("program", "lot_validity_days"), False, "program.lot_validity_days"),
        (("program", "return_window_days"), 31, "program.return_window_days"),
        (("program", "late_posting_days"), 31, "program.late_posting_days"),
        (("program", "name"), 5, "program.name"),
        (("partners", 0, "issue_price"), 10**9 + 1, "partners[0].issue_price"),
        (("partners", 0, "redeem_price"), 10**9 + 1, "partners[0].redeem_price"),
        (("partners", 0, "earn_points_per_100_minor"), 10_001, "partners[0].earn_points_per_100_minor"),
        (("partners", 1, "id"), "A", "partners[1].id"),
        (("partners", 1, "id"), "", "partners[1].id"),
        (("partners", 1, "id"), "x" * 65, "partners[1].id"),
        (("members",), ["M1", "M2", "M1"], "members[2]"),
        (("members",), ["M1", "M2", 3], "members[2]"),
        (("members",), "M1", "members"),
        (("campaigns", 0, "partners"), [], "campaigns[0].partners"),
        (("campaigns", 0, "partners"), ["A", "B", "C", "D"], "campaigns[0].partners[3]"),
        (("campaigns", 0, "partners"), ["A", "B", "C", "A"], "campaigns[0].partners[3]"),
        (("campaigns", 0, "closes_day"), 0, "campaigns[0].closes_day"),
        (("campaigns", 0, "stages"), [], "campaigns[0].stages"),
        (("campaigns", 0, "stages", 0, "bonus_points"), 0, "campaigns[0].stages[0].bonus_points"),
        (("campaigns", 0, "stages", 0, "bonus_points"), 4 * 10**9 + 1, "campaigns[0].stages[0].bonus_points"),
        (("campaigns", 0, "stages", 0, "min_visits"), "2", "campaigns[0].stages[0].min_visits"),
        (("campaigns", 0, "stages", 0, "colour"), 1, "campaigns[0].stages[0].colour"),
        (("campaigns", 0, "campaign_price"), 10**9 + 1, "campaigns[0].campaign_price"),
        (("campaigns", 0, "budget_points"), -1, "campaigns[0].budget_points"),
        (("campaigns", 0, "funding"), {"A": 5_000, "B": 4_999}, "campaigns[0].funding"),
        (("campaigns", 0, "funding"), {"A": 5_000, "Z": 5_000}, "campaigns[0].funding.Z"),
        (("campaigns", 0, "funding", "A"), True, "campaigns[0].funding.A"),
        (("events", 3, "day"), 2, "events[3].day"),
        (("events", 3, "type"), "gift", "events[3].type"),
        (("events", 3, "type"), None, "events[3].type"),
        (("events", 3, "partner"), "Z", "events[3].partner"),
        (("events", 3, "partner"), "operator", "events[3].partner"),
        (("events", 3, "member"), "M3", "events[3].member"),
        (("events", 3, "occurred_day"), 5, "events[3].occurred_day"),
        (("events", 3, "occurred_day"), None, "events[3].occurred_day"),
        (("events", 3, "colour"), "red", "events[3].colour"),
        (("events", 3, "id"), 4, "events[3].id"),
        (("events", 3), "E4", "events[3]"),
        (("events", 8, "of"), 3, "events[8].of"),
        (("events", 12, "id"), "E1", "events[12].id"),
        (("as_of_day",), 32, "as_of_day"),
        (("as_of_day",), "33", "as_of_day"),
    ],
)
def test_names_the_place_of_what_does_not_fit(path: tuple[str | int, ...], value: object, place: str) -> None:
    assert places_in(changed(*path, to=value))[0] == place


@pytest.mark.parametrize(
    ("path", "place"),
    [
        (("program",), "program"),
        (("campaigns",), "campaigns"),
        (("as_of_day",), "as_of_day"),
        (("program", "currency"), "program.currency"),
        (("partners", 2, "redeem_price"), "partners[2].redeem_price"),
        (("campaigns", 0, "funding"), "campaigns[0].funding"),
        (("campaigns", 0, "stages", 0, "bonus_points"), "campaigns[0].stages[0].bonus_points"),
        (("events", 0, "day"), "events[0].day"),
        (("events", 0, "id"), "events[0].id"),
        (("events", 0, "type"), "events[0].type"),
        (("events", 0, "spend"), "events[0].spend"),
        (("events", 12, "id"), "events[12].id"),
    ],
)
def test_names_the_field_that_is_missing(path: tuple[str | int, ...], place: str) -> None:
    assert places_in(without(*path)) == [place]


def test_refuses_a_partner_called_operator() -> None:
    scenario = scenario_of(partners=[scenario_of()["partners"][0] | {"id": "operator"}])
    assert places_in(scenario) == ["partners[0].id"]


def test_refuses_campaigns_that_share_an_id() -> None:
    assert places_in(scenario_of(campaigns=[campaign(), campaign()])) == ["campaigns[1].id"]


def test_accepts_missing_conditions_and_an_operators_share() -> None:
    bare = campaign(stages=[{"bonus_points": 1}], funding={"A": 0, "operator": 10_000})
    assert problems_of(scenario_of(campaigns=[bare])) == []


def test_accepts_an_operation_id_that_comes_again_but_not_an_acts() -> None:
    again = [event("purchase", "x", spend=5), event("redeem", "x", points=5)]
    assert problems_of(scenario_of(*again)) == []
    assert places_in(scenario_of(event("suspend", "x"), event("purchase", "x", spend=5))) == ["events[1].id"]
    assert places_in(scenario_of(event("suspend", "x"), event("reinstate", "x"))) == ["events[1].id"]


def test_accepts_the_operator_in_a_grant_only() -> None:
    assert problems_of(scenario_of(event("grant", "g", partner="operator", points=5))) == []
    assert places_in(scenario_of(event("redeem", "r", partner="operator", points=5))) == ["events[0].partner"]
    assert places_in(scenario_of(event("suspend", "s", partner="operator"))) == ["events[0].partner"]


def test_refuses_a_reprice_of_nothing_and_of_too_much() -> None:
    assert places_in(scenario_of(event("reprice", "r"))) == ["events[0]"]
    assert places_in(scenario_of(event("reprice", "r", issue_price=10**9 + 1))) == ["events[0].issue_price"]
    assert places_in(scenario_of(event("reprice", "r", issue_price=None))) == ["events[0].issue_price"]


def test_accepts_references_to_nothing() -> None:
    """What an operation refers to is for the ledger to judge."""
    assert problems_of(scenario_of(event("return", "r", of="never", spend=1))) == []


@pytest.mark.parametrize(
    ("change", "place"),
    [
        (lambda s: s["program"].update(lot_validity_days=500_001), "program.lot_validity_days"),
        (lambda s: s.update(as_of_day=2**20), "as_of_day"),
        (lambda s: s.update(campaigns=[campaign(stages=[{"bonus_points": 1}] * 17)]), "campaigns[0].stages"),
        (lambda s: s.update(campaigns=[campaign(id=f"c{n}") for n in range(33)]), "campaigns[32]"),
    ],
)
def test_refuses_what_the_contracts_cannot_hold(change: Callable[[Scenario], None], place: str) -> None:
    scenario = scenario_of()
    change(scenario)
    assert places_in(scenario) == [place]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "scenario:1:1: not JSON: Expecting value"),
        ("[]", "scenario: must be an object"),
        ("7", "scenario: must be an object"),
        ('{"as_of_day": NaN}', "scenario: not JSON that can be read: NaN is not a number"),
        ('{"events": [{"id": "a", "id": "b"}]}', "events[0].id: given twice"),
        ("[" * 100_000, "scenario: not JSON that can be read: nested too deeply"),
        ('{"as_of_day": ' + "9" * 5_000 + "}", "scenario: not JSON that can be read: Exceeds the limit"),
    ],
)
def test_refuses_what_is_not_json(text: str, message: str) -> None:
    with pytest.raises(ScenarioFormatError) as refused:
        parse_scenario(text)
    assert str(refused.value).startswith(message)


def test_brackets_in_names_are_no_nesting() -> None:
    bracketed = "[" * 60 + '"' + "\\"
    assert (
        problems_of(scenario_of(event("purchase", bracketed, member=bracketed, spend=1), members=[bracketed]))
        == []
    )


def test_refuses_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    missing, binary = tmp_path / "missing.json", tmp_path / "binary.json"
    binary.write_bytes(b"\xff\xfe")
    for path, message in (
        (missing, "no such file or directory"),
        (tmp_path, "is a directory"),
        (binary, "not UTF-8 at byte 0"),
    ):
        with pytest.raises(ScenarioFormatError, match=message):
            read_scenario(path)
