"""`coalition up` as its user has it: everything comes up, stops on Ctrl-C, and comes back with what it had."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import httpx2
import pytest

from node_gateway.cli.child_processes import free_port
from tests.e2e.real_stack import STOP_MAX_S, wait_until_running

pytestmark = pytest.mark.integration


@contextmanager
def up(environment: Mapping[str, str], log: Path) -> Iterator["subprocess.Popen[bytes]"]:
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "node_gateway.cli", "up"], env=environment, stdout=output, stderr=output
        )
        try:
            wait_until_running(process, log)
            yield process
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGINT)
                process.wait(STOP_MAX_S)


def answers(port: str, path: str) -> bool:
    try:
        return httpx2.get(
            f"http://127.0.0.1:{port}{path}", timeout=5, trust_env=False, follow_redirects=True
        ).is_success
    except httpx2.HTTPError:
        return False


def test_comes_up_stops_on_ctrl_c_and_comes_back_with_the_same_program(tmp_path: Path) -> None:
    ports = {f"COALITION_{part}_PORT": str(free_port()) for part in ("CHAIN", "API", "WALLET")}
    environment = {**os.environ, "COALITION_STATE_DIR": str(tmp_path / "state"), **ports}
    ledgers = []
    for turn in ("first", "again"):
        with up(environment, tmp_path / f"{turn}.log") as process:
            assert answers(ports["COALITION_API_PORT"], "/ready")
            assert answers(ports["COALITION_WALLET_PORT"], "/")
            process.send_signal(signal.SIGINT)
            process.wait(STOP_MAX_S)
        assert process.returncode == 0, (tmp_path / f"{turn}.log").read_text()
        assert not any(answers(port, "/health") for port in ports.values())
        ledgers.append(json.loads((tmp_path / "state" / "deployment.json").read_text())["ledger"])
    assert ledgers[0] == ledgers[1]
