"""Processes that a command starts, watches and stops."""

import asyncio
import ctypes
import os
import signal
import socket
import sys
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from node_gateway.cli.errors import CommandError
from node_gateway.cli.exit_codes import ExitCode

READY_POLL_S = 0.05
READY_WAIT_MAX_S = 60.0
STOP_WAIT_MAX_S = 20.0
LOG_TAIL_LINES = 6
START_MARK = "--- "
_PR_SET_PDEATHSIG = 1


@dataclass(frozen=True, slots=True)
class ChildProcess:
    """One process, in a process group of its own, so that Ctrl-C reaches it only through its parent.

    Attributes:
        name: as told to people.
        log: where its output goes.
        stop_wait_max_s: how long it may take to stop before it is killed.
    """

    name: str
    log: Path
    process: asyncio.subprocess.Process
    stop_wait_max_s: float = STOP_WAIT_MAX_S


@dataclass(slots=True)
class ChildProcesses:
    """The processes of one command, in the order in which they were started."""

    logs: Path
    children: list[ChildProcess] = field(default_factory=list)

    async def start(
        self,
        name: str,
        command: Sequence[str],
        *,
        environment: Mapping[str, str] | None = None,
        stop_wait_max_s: float = STOP_WAIT_MAX_S,
    ) -> ChildProcess:
        """Starts a process whose output goes to `logs/NAME.log`; it is told to stop when this process dies.

        Raises:
            CommandError: where the program is not there.
            OSError: where its log cannot be written.
        """
        log = self.logs / f"{name}.log"
        with log.open("ab") as output:
            output.write(
                f"{START_MARK}{time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime())} start of {name}\n".encode()
            )
            output.flush()
            try:
                process = await asyncio.create_subprocess_exec(
                    *command,
                    stdin=asyncio.subprocess.DEVNULL,
                    stdout=output,
                    stderr=output,
                    env={**os.environ, **(environment or {})},
                    start_new_session=True,
                    preexec_fn=_stop_with_parent if sys.platform == "linux" else None,
                )
            except FileNotFoundError as error:
                raise CommandError(f"{command[0]} is not installed", "run scripts/setup") from error
        child = ChildProcess(name, log, process, stop_wait_max_s)
        self.children.append(child)
        return child

    async def until_ready(
        self,
        child: ChildProcess,
        is_ready: Callable[[], Awaitable[bool]],
        *,
        wait_max_s: float = READY_WAIT_MAX_S,
    ) -> None:
        """Polls until the process answers.

        Raises:
            CommandError: where it ended, or does not answer in time.
        """
        deadline_s = time.monotonic() + wait_max_s
        while not await is_ready():
            if child.process.returncode is not None:
                raise child_died(child)
            if time.monotonic() > deadline_s:
                raise CommandError(
                    f"{child.name} does not answer after {wait_max_s:.0f} s{_tail(child)}",
                    f"its log is {child.log}",
                    ExitCode.CHILD_DIED,
                )
            await asyncio.sleep(READY_POLL_S)

    async def first_death(self) -> ChildProcess:
        """Waits until one of the processes ends; which one."""
        waits = {asyncio.create_task(child.process.wait()): child for child in self.children}
        try:
            done, _ = await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
            return waits[done.pop()]
        finally:
            for task in waits:
                task.cancel()

    async def stop_one(self, name: str) -> None:
        """Stops one process in order."""
        (child,) = (child for child in self.children if child.name == name)
        self.children.remove(child)
        await _stop(child)

    async def stop(self) -> list[str]:
        """Stops all, the last started first; names of those that had to be killed."""
        killed = []
        while self.children:
            child = self.children.pop()
            if not await _stop(child):
                killed.append(child.name)
        return killed


def child_died(child: ChildProcess) -> CommandError:
    """The error for a process that ended by itself."""
    code = child.process.returncode
    how = f"was killed by signal {-code}" if code is not None and code < 0 else f"ended with status {code}"
    return CommandError(f"{child.name} {how}{_tail(child)}", f"its log is {child.log}", ExitCode.CHILD_DIED)


def require_free_port(host: str, port: int, *, what: str, setting: str) -> None:
    """Refuses a port that someone listens on.

    Raises:
        CommandError: naming the port and the setting that chooses another.
    """
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise CommandError(
                f"the {what} cannot listen on {host}:{port}: {(error.strerror or str(error)).lower()}",
                f"stop what uses it (ss -ltnp 'sport = :{port}' names it), or choose another port with {setting}",
            ) from error


def free_port(host: str = "127.0.0.1") -> int:
    """A port that nothing listens on at this moment."""
    with socket.socket() as probe:
        probe.bind((host, 0))
        return int(probe.getsockname()[1])


async def _stop(child: ChildProcess) -> bool:
    process = child.process
    for sign, wait_max_s in ((signal.SIGTERM, child.stop_wait_max_s), (signal.SIGKILL, 5.0)):
        if process.returncode is not None:
            return True
        try:
            os.killpg(process.pid, sign)
        except ProcessLookupError:
            return True
        try:
            await asyncio.wait_for(process.wait(), wait_max_s)
        except TimeoutError:
            continue
        return sign is signal.SIGTERM
    return False


def _stop_with_parent() -> None:
    # Without this a parent that is killed would leave a chain and servers behind that hold the ports.
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


def _tail(child: ChildProcess) -> str:
    try:
        lines = child.log.read_text(errors="replace").splitlines()
    except OSError:
        return ""
    start = max((index for index, line in enumerate(lines) if line.startswith(START_MARK)), default=-1)
    last = [line for line in lines[start + 1 :] if line.strip()][-LOG_TAIL_LINES:]
    return "".join(f"\n    {line}" for line in last)
