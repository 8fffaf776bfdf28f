"""Reading and decoding blocks in a process of its own, beside the one that folds and writes them.

Frames go both ways over the child's standard input and output: four bytes of length, then a pickle; both ends are this code. The child ends where
its input does, so that it never outlives a worker that was killed.
"""

import asyncio
import contextlib
import gc
import os
import pickle
import signal
import struct
import sys
from typing import Any, BinaryIO, Final

from node_gateway.chain.artifacts import ledger_events
from node_gateway.chain.rpc import HttpRpc
from node_gateway.chain.rpc_errors import RpcError
from node_gateway.jobs.run_reading import InProcessSource, Run, WantedRun

_LENGTH: Final = struct.Struct(">I")
_END_WAIT_S: Final = 5.0
_BUFFER_BYTES: Final = 1 << 24


class ReadingProcessError(Exception):
    """The process that reads blocks ended, as its log says; the next read starts another one."""


class ReadingProcess:
    """A child process with a connection of its own to the node. One read at a time; started with the first one."""

    def __init__(self, rpc_url: str) -> None:
        self._rpc_url = rpc_url
        self._child: asyncio.subprocess.Process | None = None
        self._lock = asyncio.Lock()

    async def read(self, wanted: WantedRun) -> Run:
        """As `RunSource.read`.

        Raises:
            RpcError: as `node.blocks`.
            ReadingProcessError: the child ended.
        """
        async with self._lock:
            child = await self._started()
            try:
                answer = await _asked(child, wanted)
            except BaseException as error:
                # Cut off, or broken: an answer that is on its way would be taken for the next one.
                self._child = None
                await _end(child)
                if isinstance(error, asyncio.IncompleteReadError | ConnectionError):
                    raise ReadingProcessError("the process that reads blocks ended") from error
                raise
        if isinstance(answer, tuple):
            raise RpcError(*answer)
        run: Run = answer
        return run

    async def start(self) -> None:
        """Start it before it is needed."""
        async with self._lock:
            await self._started()

    async def close(self) -> None:
        """End the child."""
        child, self._child = self._child, None
        if child is not None:
            await _end(child)

    async def _started(self) -> asyncio.subprocess.Process:
        if self._child is None or self._child.returncode is not None:
            self._child = await asyncio.create_subprocess_exec(
                sys.executable, "-m", __name__, self._rpc_url,
                stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, limit=_BUFFER_BYTES,
            )  # fmt: skip
        return self._child


async def _asked(child: asyncio.subprocess.Process, wanted: WantedRun) -> Any:
    assert child.stdin is not None
    assert child.stdout is not None
    child.stdin.write(_framed(wanted))
    await child.stdin.drain()
    (length,) = _LENGTH.unpack(await child.stdout.readexactly(_LENGTH.size))
    return pickle.loads(await child.stdout.readexactly(length))  # what this very code wrote


async def _end(child: asyncio.subprocess.Process) -> None:
    if child.returncode is not None:
        return
    child.kill()
    await asyncio.wait_for(child.wait(), _END_WAIT_S)


def _framed(message: Any) -> bytes:
    body = pickle.dumps(message, protocol=pickle.HIGHEST_PROTOCOL)
    return _LENGTH.pack(len(body)) + body


def serve(rpc_url: str, requests: BinaryIO, answers: BinaryIO) -> None:
    """The child: answers requests until there are no more."""
    # What it makes is in no cycle, and gone after each answer.
    gc.disable()
    with asyncio.Runner() as runner:
        rpc = HttpRpc(rpc_url)
        source = InProcessSource(rpc, ledger_events())
        while head := requests.read(_LENGTH.size):
            wanted = pickle.loads(requests.read(_LENGTH.unpack(head)[0]))  # what this very code wrote
            answer: Any
            try:
                answer = runner.run(source.read(wanted))
            except RpcError as error:
                answer = (error.reason, error.message, error.method, error.code, error.data)
            answers.write(_framed(answer))
            answers.flush()
        runner.run(rpc.close())


def main() -> None:
    """Serve on standard input and output."""
    # Whoever stops the worker and all that it started means the worker: it ends this process when it is done with it.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    # A stray word must not get between the frames.
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    with contextlib.suppress(BrokenPipeError):
        serve(sys.argv[1], sys.stdin.buffer, answers)


if __name__ == "__main__":
    main()
