"""Reading and decoding blocks in a process of its own, beside the one that folds and writes them.

Frames go both ways over the child's standard input and output: four bytes of length, then the message as `marshal` has it; both ends are this
code. Answers come in the order of the requests, and the next run is read while one is folded. The child ends where its input does, so that it never
outlives a worker that was killed.
"""

import asyncio
import contextlib
import gc
import marshal
import os
import signal
import struct
import sys
from collections import deque
from typing import Any, Final

import uvloop

from node_gateway.chain.abi import Event
from node_gateway.chain.artifacts import ledger_events
from node_gateway.chain.node import Header, Receipt
from node_gateway.chain.rpc import HttpRpc
from node_gateway.chain.rpc_errors import RpcError, RpcReason
from node_gateway.jobs.run_reading import (
    IndexedBlock,
    InProcessSource,
    ReadingAhead,
    Run,
    RunSource,
    WantedRun,
)

_LENGTH: Final = struct.Struct(">I")
_END_WAIT_S: Final = 5.0
_BUFFER_BYTES: Final = 1 << 24


class ReadingProcessError(Exception):
    """The process that reads blocks ended, as its log says; the next read starts another one."""


class _Child:
    """One process, and who waits for its answers, in their order."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process
        self._waiting: deque[asyncio.Future[Any]] = deque()
        self._taking = asyncio.create_task(self._take_answers())

    async def ask(self, wanted: WantedRun) -> Any:
        assert self.process.stdin is not None
        answer = asyncio.get_running_loop().create_future()
        # No wait in between: the order of who waits is that of the requests.
        self._waiting.append(answer)
        self.process.stdin.write(_framed(tuple(wanted)))
        return await answer

    @property
    def has_ended(self) -> bool:
        return self._taking.done()

    async def _take_answers(self) -> None:
        assert self.process.stdout is not None
        try:
            while True:
                answer = await _unframed(self.process.stdout)
                # Whoever asked may have lost interest.
                if not (waiting := self._waiting.popleft()).done():
                    waiting.set_result(answer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            for waiting in self._waiting:
                if not waiting.done():
                    waiting.set_exception(ReadingProcessError("the process that reads blocks ended"))

    async def end(self) -> None:
        self._taking.cancel()
        await asyncio.wait([self._taking])
        if self.process.returncode is None:
            self.process.kill()
            await asyncio.wait_for(self.process.wait(), _END_WAIT_S)


class ReadingProcess:
    """A child process with connections of its own to the node, started with the first read."""

    def __init__(self, rpc_url: str) -> None:
        self._rpc_url = rpc_url
        self._child: _Child | None = None
        self._starting = asyncio.Lock()

    async def read(self, wanted: WantedRun) -> Run:
        """As `RunSource.read`.

        Raises:
            RpcError: as `node.blocks`.
            ReadingProcessError: the child ended.
        """
        has_run, answer = await (await self._running()).ask(wanted)
        if not has_run:
            reason, *rest = answer
            raise RpcError(RpcReason(reason), *rest)
        return _run_of(answer)

    async def start(self) -> None:
        """Start it before it is needed."""
        await self._running()

    @property
    def process_id(self) -> int | None:
        """Of the child; None before the first read."""
        return None if self._child is None else self._child.process.pid

    async def close(self) -> None:
        """End the child."""
        child, self._child = self._child, None
        if child is not None:
            await child.end()

    async def _running(self) -> _Child:
        async with self._starting:
            if self._child is not None and self._child.has_ended:
                await self.close()
            if self._child is None:
                self._child = _Child(
                    await asyncio.create_subprocess_exec(
                        sys.executable, "-m", __name__, self._rpc_url,
                        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, limit=_BUFFER_BYTES,
                    )
                )  # fmt: skip
            return self._child


def _framed(message: Any) -> bytes:
    # Of all forms the quickest for many small values, of Python's own types alone. The same interpreter reads it.
    body = marshal.dumps(message)
    return _LENGTH.pack(len(body)) + body


async def _unframed(stream: asyncio.StreamReader) -> Any:
    (length,) = _LENGTH.unpack(await stream.readexactly(_LENGTH.size))
    return marshal.loads(await stream.readexactly(length))


def _plain(run: Run) -> list[tuple[Any, ...]]:
    return [
        (
            tuple(block.header),
            None if block.receipts is None else [tuple(receipt) for receipt in block.receipts],
            [tuple(event) for event in block.events],
            block.event_values,
            block.operation_values,
        )
        for block in run
    ]


def _run_of(plain: list[tuple[Any, ...]]) -> Run:
    return [
        IndexedBlock(
            Header(*header),
            None if receipts is None else [Receipt(*receipt) for receipt in receipts],
            [Event(*event) for event in events],
            event_values,
            operation_values,
        )
        for header, receipts, events, event_values, operation_values in plain
    ]


async def _serve(rpc_url: str, answers_fd: int) -> None:
    """The child: answers requests until there are no more."""
    loop = asyncio.get_running_loop()
    requests = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(requests), sys.stdin)
    transport, protocol = await loop.connect_write_pipe(
        asyncio.streams.FlowControlMixin, os.fdopen(answers_fd, "wb")
    )
    answers = asyncio.StreamWriter(transport, protocol, None, loop)
    source = ReadingAhead(InProcessSource(rpc := HttpRpc(rpc_url), ledger_events()))
    reading: asyncio.Queue[asyncio.Task[bytes]] = asyncio.Queue()
    # What fails for another reason than the node ends the process, with its trace in the log.
    async with asyncio.TaskGroup() as group:
        writing = group.create_task(_write(reading, answers))
        with contextlib.suppress(asyncio.IncompleteReadError):
            while True:
                wanted = WantedRun(*await _unframed(requests))
                reading.put_nowait(group.create_task(_answer(source, wanted)))
        writing.cancel()
    await rpc.close()


async def _answer(source: RunSource, wanted: WantedRun) -> bytes:
    try:
        return _framed((True, _plain(await source.read(wanted))))
    except RpcError as error:
        return _framed((False, (error.reason.value, error.message, error.method, error.code, error.data)))


async def _write(reading: asyncio.Queue[asyncio.Task[bytes]], answers: asyncio.StreamWriter) -> None:
    # Nobody reads any more: there will be no more requests either.
    with contextlib.suppress(ConnectionError):
        while True:
            answers.write(await (await reading.get()))
            await answers.drain()
            # Instead of now and then in the middle: nearly nothing is left here.
            gc.collect()


def main() -> None:
    """Serve on standard input and output."""
    # Whoever stops the worker and all that it started means the worker: it ends this process when it is done with it.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    # What it makes is many, in no cycle, and gone after each answer.
    gc.disable()
    gc.freeze()
    answers_fd = os.dup(sys.stdout.fileno())
    # A stray word must not get between the frames.
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    uvloop.run(_serve(sys.argv[1], answers_fd))


if __name__ == "__main__":
    main()
