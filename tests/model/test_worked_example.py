"""The model against the worked example that comes with the rules."""

import json
from pathlib import Path

import pytest

from .ledger_model import ExtraTouches, simulate
from .scenario_format import problems_in_text

HERE = Path(__file__).parent
SCENARIO = HERE / "three-partners.json"
EXPECTED = HERE / "three-partners.expected.json"


@pytest.mark.parametrize("extra_touches", list(ExtraTouches))
def test_worked_example_gives_its_expected_report(extra_touches: ExtraTouches) -> None:
    scenario = json.loads(SCENARIO.read_text())
    assert simulate(scenario, extra_touches) == json.loads(EXPECTED.read_text())


def test_worked_example_fits_the_format() -> None:
    assert problems_in_text(SCENARIO.read_text()) == []
