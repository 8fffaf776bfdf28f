"""scripts/year in its short form: a few days of the data through contracts, model and audit. The whole year is scripts/year itself."""

from __future__ import annotations

import asyncio
import importlib.util
import json
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from node_gateway.simulation.scenario_format import read_scenario
from replay.progress import PlainProgress

pytestmark = pytest.mark.integration

ROOT = Path(__file__).resolve().parents[3]
SCRIPT = ROOT / "scripts" / "lib" / "year.py"
RUN_MAX_S = 300


def year(*arguments: str) -> subprocess.Popen[str]:
    command = [sys.executable, str(SCRIPT), *arguments]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT)


def year_module() -> ModuleType:
    spec = importlib.util.spec_from_file_location("scripts_lib_year", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.path.insert(0, str(SCRIPT.parent))
    try:
        spec.loader.exec_module(module)
    finally:
        sys.path.remove(str(SCRIPT.parent))
    return module


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a short year leaves, once it was equal."""
    folder = tmp_path_factory.mktemp("year")
    process = year("--days", "10", "--households", "40", "--seed", "1", "--keep", str(folder))
    output, errors = process.communicate(timeout=RUN_MAX_S)
    assert process.returncode == 0, output + errors
    assert output.splitlines()[0] == "seed 1"
    assert output.splitlines()[-1] == "equal"
    return folder


def test_contracts_and_model_report_the_same_year_in_which_everything_happens(kept: Path) -> None:
    report = json.loads((kept / "contracts.json").read_text())
    kinds = {event.type for event in read_scenario(kept / "scenario.json").events}
    assert report == json.loads((kept / "model.json").read_text())
    assert kinds == {
        "purchase", "return", "redeem", "refund", "hold", "capture", "void", "transfer", "grant",
        "reprice", "suspend", "reinstate", "close_cycle",
    }  # fmt: skip
    assert len({one["reason"] for one in report["rejected"]}) >= 8
    assert sum(campaign["awarded_points"] > 0 for campaign in report["campaigns"].values()) >= 5
    assert any(campaign["refused"] for campaign in report["campaigns"].values())
    assert all(report["points"].values())
    assert len(report["cycles"]) == 2


def test_tells_each_figure_in_which_the_model_differs(kept: Path, tmp_path: Path) -> None:
    expected: dict[str, Any] = json.loads((kept / "model.json").read_text())
    expected["clearing"]["Grocery"]["base"] += 1
    expected["rejected"][0]["reason"] = "another"
    (tmp_path / "model.json").write_text(json.dumps(expected))
    scenario = read_scenario(kept / "scenario.json")
    model = subprocess.Popen(["true"])

    differences = asyncio.run(year_module().Year(scenario, tmp_path, model, PlainProgress()).differences())

    assert [line.split(":")[0] for line in differences] == ["clearing.Grocery.base", "rejected[0].reason"]


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_ends_its_chain_and_its_model_when_it_is_stopped(number: int, status: int) -> None:
    process = year("--days", "20", "--households", "300", "--seed", "1")
    children = wait_for_children(process.pid, 2)
    process.send_signal(number)
    process.communicate(timeout=RUN_MAX_S)
    assert process.returncode == status
    assert [child for child in children if Path(f"/proc/{child}").exists()] == []


def wait_for_children(process_id: int, count: int) -> list[int]:
    path = Path(f"/proc/{process_id}/task/{process_id}/children")
    ends_at_s = time.monotonic() + RUN_MAX_S
    while time.monotonic() < ends_at_s:
        children = [int(child) for child in path.read_text().split()]
        if len(children) == count:
            return children
        time.sleep(0.05)
    raise AssertionError(f"it never had {count} children")


@pytest.mark.parametrize("arguments", [("--days", "2"), ("--days", "366"), ("--households", "0")])
def test_refuses_numbers_that_the_data_has_not(arguments: tuple[str, ...]) -> None:
    process = year(*arguments)
    output, errors = process.communicate(timeout=RUN_MAX_S)
    assert (process.returncode, output) == (2, "")
    assert f"{arguments[0]}: a number from" in errors
