"""A node as a child process: started, waited for, stopped."""

import asyncio
import atexit
import contextlib
import os
import signal
import socket
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from node_gateway.chain import node
from node_gateway.chain.rpc import HttpRpc
from node_gateway.chain.rpc_errors import RpcError

START_POLL_S = 0.05
STOP_WAIT_MAX_S = 20.0
LOG_TAIL_BYTES = 2_000


@dataclass(eq=False)
class BinaryMissingError(Exception):
    """The engine's program is not on this machine."""

    binary: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.binary} is missing; {self.remedy}"


@dataclass(eq=False)
class PortInUseError(Exception):
    """Something else listens where the engine should."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"port {self.port} on {self.host} is in use; stop what listens there or choose another port"


@dataclass(eq=False)
class EngineDidNotStartError(Exception):
    """The process ended, or did not answer in time."""

    engine: str
    detail: str

    def __str__(self) -> str:
        return f"{self.engine} did not start: {self.detail}"


class EngineProcess:
    """A running node. Use as an async context manager, or call `stop`.

    Attributes:
        name: of the engine.
        url: its JSON-RPC address.
        process_id: of the child.
    """

    def __init__(self, name: str, url: str, process: "subprocess.Popen[bytes]", log_path: Path) -> None:
        self.name = name
        self.url = url
        self.log_path = log_path
        self._process = process
        # Ctrl-C goes to the whole foreground group, but an exception or a plain exit does not.
        atexit.register(self._kill)

    @property
    def process_id(self) -> int:
        return self._process.pid

    @property
    def is_running(self) -> bool:
        return self._process.poll() is None

    async def stop(self) -> None:
        """Ask it to end, so that it can save its state; kill it when it takes longer than 20 s."""
        if self.is_running:
            self._process.send_signal(signal.SIGINT)
            try:
                await asyncio.to_thread(self._process.wait, STOP_WAIT_MAX_S)
            except subprocess.TimeoutExpired:
                self._kill()
        atexit.unregister(self._kill)

    def kill(self) -> None:
        """End it at once, as a crash would."""
        self._kill()
        atexit.unregister(self._kill)

    async def __aenter__(self) -> "EngineProcess":
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    def _kill(self) -> None:
        if self.is_running:
            self._process.kill()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(STOP_WAIT_MAX_S)


async def start_process(
    name: str,
    command: Sequence[str],
    *,
    host: str,
    port: int,
    log_path: Path,
    start_wait_max_s: float = 60.0,
    environment: Mapping[str, str] | None = None,
) -> EngineProcess:
    """Start a node and wait until it answers.

    Args:
        name: of the engine, for messages.
        command: program and arguments.
        host: that it will listen on.
        port: that it will listen on.
        log_path: receives its output.
        start_wait_max_s: how long it may take to answer.
        environment: of the child; inherited where None.

    Raises:
        PortInUseError: where something listens there already.
        EngineDidNotStartError: where it ends or does not answer in time.
    """
    assert_port_free(host, port)
    log_path.parent.mkdir(parents=True, exist_ok=True)
    with log_path.open("wb") as log:
        # A session of its own: Ctrl-C must reach the gateway first, which then stops the node in order.
        process = subprocess.Popen(  # noqa: ASYNC220  # it outlives this function
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            env=environment,
            start_new_session=True,
        )
    engine = EngineProcess(name, f"http://{host}:{port}", process, log_path)
    try:
        await _wait_until_it_answers(engine, start_wait_max_s)
    except BaseException:
        engine.kill()
        raise
    return engine


async def _wait_until_it_answers(engine: EngineProcess, wait_max_s: float) -> None:
    rpc = HttpRpc(engine.url, timeout_s=2.0)
    deadline_s = time.monotonic() + wait_max_s
    try:
        while time.monotonic() < deadline_s:
            if not engine.is_running:
                raise EngineDidNotStartError(engine.name, _log_tail(engine.log_path))
            try:
                await node.chain_id(rpc)
                return
            except RpcError:
                await asyncio.sleep(START_POLL_S)
    finally:
        await rpc.close()
    raise EngineDidNotStartError(
        engine.name, f"no answer within {wait_max_s:.0f} s; its log is {engine.log_path}"
    )


def assert_port_free(host: str, port: int) -> None:
    """Refuse a port that something listens on.

    Raises:
        PortInUseError: where it is taken.
    """
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise PortInUseError(host, port) from error


def free_port(host: str = "127.0.0.1") -> int:
    """A port that nothing listens on right now."""
    with socket.socket() as probe:
        probe.bind((host, 0))
        return int(probe.getsockname()[1])


def is_process_running(process_id: int) -> bool:
    """Whether a process of that id exists."""
    try:
        os.kill(process_id, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _log_tail(path: Path) -> str:
    text = path.read_bytes()[-LOG_TAIL_BYTES:].decode(errors="replace").strip()
    return text.splitlines()[-1] if text else f"it ended without a word; its log is {path}"
