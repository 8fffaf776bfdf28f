"""What is refused before anything runs."""

import pytest

from .broken_scenarios import BROKEN_TEXTS, BrokenScenario, broken_scenarios, complete_scenario
from .ledger_model import simulate
from .scenario_format import problems, problems_in_text

BROKEN = list(broken_scenarios())


def test_complete_scenario_is_fine_and_all_of_it_applies() -> None:
    assert problems(complete_scenario()) == []
    assert simulate(complete_scenario())["rejected"] == []


@pytest.mark.parametrize("broken", BROKEN, ids=[broken.name for broken in BROKEN])
def test_refuses_and_names_the_place(broken: BrokenScenario) -> None:
    paths = [problem.path.removeprefix("$.") for problem in problems(broken.scenario)]
    assert any(path.startswith(broken.path) for path in paths), paths


@pytest.mark.parametrize("text", BROKEN_TEXTS.values(), ids=BROKEN_TEXTS)
def test_refuses_text(text: str) -> None:
    assert problems_in_text(text)


def test_allows_what_only_looks_wrong() -> None:
    """What the ledger itself rejects or ignores, and names that only differ by what they are of.

    A partner, a member and a campaign of one name; a member called operator; an id used by two operations;
    amounts that are rejected; a stage that nobody can meet; a budget of 0; nothing at all.
    """
    scenario = complete_scenario()
    scenario["members"] += ["A", "operator"]
    scenario["campaigns"][0]["id"] = "A"
    scenario["campaigns"][0]["budget_points"] = 0
    scenario["campaigns"][0]["stages"][0]["partners_required"] = 9
    scenario["events"][1]["id"] = "e1"
    scenario["events"][0]["spend"] = 2**63 - 1
    scenario["events"][2]["points"] = 0
    assert problems(scenario) == []
    nothing = {**scenario, "partners": [], "members": [], "campaigns": [], "events": [], "as_of_day": 0}
    assert problems(nothing) == []
