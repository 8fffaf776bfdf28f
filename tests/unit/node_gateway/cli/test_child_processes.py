"""Starting, watching and stopping processes."""

import os
import signal
import socket
import sys
from pathlib import Path

import pytest

from node_gateway.cli.child_processes import ChildProcesses, child_died, require_free_port
from node_gateway.cli.errors import CommandError
from node_gateway.cli.exit_codes import ExitCode

SLEEPER = [sys.executable, "-c", "import time; time.sleep(60)"]
STUBBORN = [
    sys.executable,
    "-c",
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); time.sleep(60)",
]


async def never() -> bool:
    return False


async def test_stops_the_last_started_first_and_leaves_nothing(tmp_path: Path) -> None:
    children = ChildProcesses(tmp_path)
    first, second = await children.start("first", SLEEPER), await children.start("second", SLEEPER)

    killed = await children.stop()

    assert killed == []
    assert (first.process.returncode, second.process.returncode) == (-signal.SIGTERM, -signal.SIGTERM)
    assert children.children == []


async def test_stops_one_and_leaves_the_others(tmp_path: Path) -> None:
    children = ChildProcesses(tmp_path)
    first, second = await children.start("first", SLEEPER), await children.start("second", SLEEPER)

    await children.stop_one("first")

    assert first.process.returncode == -signal.SIGTERM
    assert (second.process.returncode, children.children) == (None, [second])
    await children.stop()


async def test_kills_what_does_not_stop(tmp_path: Path) -> None:
    children = ChildProcesses(tmp_path)
    child = await children.start("stubborn", STUBBORN, stop_wait_max_s=0.2)

    async def is_deaf() -> bool:
        return "deaf" in child.log.read_text()

    await children.until_ready(child, is_deaf)

    assert await children.stop() == ["stubborn"]
    assert child.process.returncode == -signal.SIGKILL


async def test_names_the_one_that_died_with_its_last_words_and_its_log(tmp_path: Path) -> None:
    children = ChildProcesses(tmp_path)
    await children.start("sleeper", SLEEPER)
    await children.start("broken", [sys.executable, "-c", "raise SystemExit('no room left')"])

    error = child_died(await children.first_death())
    await children.stop()

    assert "broken ended with status 1" in error.message
    assert "no room left" in error.message
    assert error.advice == f"its log is {tmp_path / 'broken.log'}"
    assert error.exit_code is ExitCode.CHILD_DIED


async def test_gives_up_on_one_that_ends_before_it_is_ready(tmp_path: Path) -> None:
    children = ChildProcesses(tmp_path)
    child = await children.start("broken", [sys.executable, "-c", "raise SystemExit(3)"])

    with pytest.raises(CommandError, match="broken ended with status 3"):
        await children.until_ready(child, never)
    await children.stop()


async def test_gives_up_on_one_that_never_answers(tmp_path: Path) -> None:
    children = ChildProcesses(tmp_path)
    child = await children.start("silent", SLEEPER)

    with pytest.raises(CommandError, match="silent does not answer"):
        await children.until_ready(child, never, wait_max_s=0.1)
    await children.stop()


async def test_each_process_has_a_group_of_its_own(tmp_path: Path) -> None:
    children = ChildProcesses(tmp_path)
    child = await children.start("sleeper", SLEEPER)

    assert os.getpgid(child.process.pid) != os.getpgid(0)
    await children.stop()


async def test_says_what_to_install(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="no-such-program is not installed"):
        await ChildProcesses(tmp_path).start("missing", ["no-such-program"])


def test_refuses_a_port_that_is_taken_and_names_the_setting() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]

        with pytest.raises(CommandError, match=f"cannot listen on 127.0.0.1:{port}") as error:
            require_free_port("127.0.0.1", port, what="gateway", setting="COALITION_API_PORT")

    assert "COALITION_API_PORT" in error.value.advice
