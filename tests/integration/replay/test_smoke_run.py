"""scripts/run's job as a whole: real processes, a real chain, real baskets. Stopped in the middle it goes on where it was."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from node_gateway.cli.child_processes import free_port
from replay.journey import read_journey
from replay.plan import plan_days

pytestmark = pytest.mark.integration

RUN_WAIT_MAX_S = 300.0


@contextmanager
def run(state_dir: Path, *arguments: str) -> Iterator["subprocess.Popen[str]"]:
    environment = {
        **os.environ,
        "COALITION_STATE_DIR": str(state_dir),
        "COALITION_CHAIN_PORT": str(free_port()),
        "COALITION_API_PORT": str(free_port()),
        "COALITION_WALLET_PORT": str(free_port()),
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "replay", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
        process.communicate(timeout=RUN_WAIT_MAX_S)


def answer_of(process: "subprocess.Popen[str]") -> dict[str, Any]:
    assert process.stdout is not None
    found: dict[str, Any] = json.loads(process.stdout.readline())
    return found


def wait_for(path: Path, text: str) -> None:
    ends_at_s = time.monotonic() + RUN_WAIT_MAX_S
    while time.monotonic() < ends_at_s:
        if path.exists() and text in path.read_text():
            return
        time.sleep(0.05)
    raise AssertionError(f"{path} never told {text}")


def test_a_smoke_run_agrees_and_its_last_line_has_the_figures(tmp_path: Path) -> None:
    with run(tmp_path, "--smoke", "--days", "1", "--members", "40") as process:
        output, errors = process.communicate(timeout=RUN_WAIT_MAX_S)

    report = json.loads(output.splitlines()[-1])
    assert process.returncode == 0, errors
    assert report["is_agreed"] is True
    assert report["audit"] == "agrees"
    assert all(report["checks"].values()), report["checks"]
    assert report["operations"] == sum(report["totals"]["settled"].values()) + sum(report["refused"].values())
    assert report["gas"]["purchase"] is not None
    assert report["latency_ms"]["page_p50"] is not None


def test_goes_on_where_it_was_stopped_and_ends_when_told(tmp_path: Path) -> None:
    with run(tmp_path, "--days", "2", "--members", "40") as first:
        wait_for(tmp_path / "replay.json", '"last_day": "2017-01-01"')
        first.send_signal(signal.SIGTERM)
        first.communicate(timeout=RUN_WAIT_MAX_S)

    with run(tmp_path, "--days", "2", "--members", "40", "--json") as second:
        report = answer_of(second)
        second.send_signal(signal.SIGINT)
        second.communicate(timeout=RUN_WAIT_MAX_S)

    assert second.returncode == 0
    assert report["audit"] == "agrees"
    assert report["totals"]["last_day"] == "2017-01-02"
    counted = sum(report["totals"]["settled"].values()) + sum(report["totals"]["refused"].values())
    assert counted == sum(len(day.operations) for day in plan_days(read_journey(days=2), members_max=40))
    assert report["operations"] < counted
