"""The chains that the bench runs on, behind the few things in which they differ: how they start, make blocks, reach a time and go back."""

import asyncio
import shutil
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Final, Protocol

from bench.machine import directory_bytes
from bench.options import EngineKind
from node_gateway.chain import node
from node_gateway.chain.engines.anvil import AnvilOptions, start_anvil
from node_gateway.chain.engines.clock import ChainClock
from node_gateway.chain.engines.geth import geth_binary, start_geth
from node_gateway.chain.engines.process import EngineProcess, free_port
from node_gateway.chain.rpc import HttpRpc

BLOCK_S: Final = 1
# More than twice what a machine does in a second: while blocks are more than half full, the fee rises by an eighth with each.
BLOCK_GAS_LIMIT: Final = 2_000_000_000
# What the bench's own transactions offer for a gas: far above what any block of it asks.
FEE_MAX_WEI: Final = 10**9
BLOCK_WAIT_MAX_S: Final = 120.0
BLOCK_POLL_S: Final = 0.2
# geth's files, and the copy of them that a snapshot is.
DATA: Final = "data"
SNAPSHOT: Final = "snapshot"


class NotTakenBackError(Exception):
    """The engine did not go back to where it was."""


@dataclass(frozen=True, slots=True)
class MemberBytes:
    """About what a chain keeps for a member with one lot and its history."""

    memory: int
    disk: int


class Engine(Protocol):
    """A chain of the bench's own. Outside of `paced_blocks` and `prompt_blocks` it makes blocks as suits it."""

    member_bytes: ClassVar[MemberBytes]
    rpc: HttpRpc

    @property
    def url(self) -> str:
        """Its JSON-RPC address, the same as long as it lives."""

    @property
    def process_id(self) -> int:
        """Of the process that runs it now."""

    def paced_blocks(self) -> AbstractAsyncContextManager[None]:
        """A block each second, as on a chain of several parties."""

    def prompt_blocks(self) -> AbstractAsyncContextManager[None]:
        """A block for each transaction as it comes, and none without.

        The gateway's processes must not run when it begins and ends: the engine may start anew.
        """

    async def reach(self, timestamp_s: int) -> None:
        """Returns when the newest block is of this time or later.

        Raises:
            TimeoutError: where that takes longer than BLOCK_WAIT_MAX_S.
        """

    async def snapshot(self) -> str:
        """A point to which the chain can be taken back once. The gateway's processes must not run: the engine may start anew."""

    async def take_back(self, snapshot: str) -> None:
        """Forgets every block since a snapshot, and whatever waits. The gateway's processes must not run.

        Raises:
            NotTakenBackError: where the chain is somewhere else afterwards.
        """

    def disk_bytes(self) -> int:
        """What it keeps on the disk."""

    async def stop(self) -> None:
        """Stops it, if it runs."""


async def start_engine(kind: EngineKind, directory: Path, *, log_path: Path, funded: Sequence[str]) -> Engine:
    """Starts a new chain, for what is done in the first `prompt_blocks`.

    Args:
        kind: which.
        directory: for what it keeps on the disk.
        log_path: receives anvil's output; geth's is in `directory`.
        funded: accounts that are to have coin where coin cannot be made later.

    Raises:
        BinaryMissingError: where the engine is not on this machine.
        EngineBuildError, EngineDidNotStartError: where it cannot be started.
    """
    if kind is EngineKind.ANVIL:
        options = AnvilOptions(port=free_port(), block_gas_limit=BLOCK_GAS_LIMIT)
        return AnvilEngine(await start_anvil(options, log_path=log_path))
    engine = GethEngine(directory, funded)
    await engine.start()
    return engine


class AnvilEngine:
    """anvil: in memory, and its clock can be set."""

    member_bytes: ClassVar = MemberBytes(memory=5_000, disk=0)

    def __init__(self, process: EngineProcess) -> None:
        self.rpc = HttpRpc(process.url)
        self._process = process

    @property
    def url(self) -> str:
        return self._process.url

    @property
    def process_id(self) -> int:
        return self._process.process_id

    @asynccontextmanager
    async def paced_blocks(self) -> AsyncIterator[None]:
        """Outside of it a block for each transaction as it comes.

        anvil works out the root of its whole state in each block, so the number of blocks decides what a batch costs it. The pace is kept
        here: blocks that anvil itself owes after a slow one are queued with what the pool held when they fell due, and come out empty.
        """
        await self.rpc.call("evm_setAutomine", False)
        mining = asyncio.create_task(self._mine())
        try:
            yield
        finally:
            mining.cancel()
            await asyncio.wait([mining])
            await self.rpc.call("evm_setAutomine", True)
            # What arrived since the last one.
            await self.rpc.call("evm_mine")

    def prompt_blocks(self) -> AbstractAsyncContextManager[None]:
        return nullcontext()

    async def reach(self, timestamp_s: int) -> None:
        if (await _head(self.rpc)).timestamp_s < timestamp_s:
            await ChainClock(self.rpc, "anvil").advance_to(timestamp_s)

    async def snapshot(self) -> str:
        return str(await self.rpc.call("evm_snapshot"))

    async def take_back(self, snapshot: str) -> None:
        if not await self.rpc.call("evm_revert", snapshot):
            raise NotTakenBackError("anvil does not know the snapshot")

    def disk_bytes(self) -> int:
        return 0

    async def stop(self) -> None:
        await self.rpc.close()
        await self._process.stop()

    async def _mine(self) -> None:
        while True:
            started_s = time.monotonic()
            await self.rpc.call("evm_mine")
            await asyncio.sleep(max(0.0, BLOCK_S - (time.monotonic() - started_s)))


class GethEngine:
    """geth: on the disk, at the machine's time, a block a second of its own accord."""

    member_bytes: ClassVar = MemberBytes(memory=3_000, disk=10_000)

    def __init__(self, directory: Path, funded: Sequence[str]) -> None:
        self._binary = geth_binary()
        self._directory = directory
        self._funded = funded
        self._port = free_port()
        self._period_s = 0
        self._process: EngineProcess | None = None
        self.rpc = HttpRpc(self.url)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    @property
    def process_id(self) -> int:
        assert self._process is not None, "geth is not started"
        return self._process.process_id

    async def start(self) -> None:
        """Starts it on its chain."""
        self._process = await start_geth(
            self._binary, self._directory, port=self._port, funded=self._funded, period_s=self._period_s,
            block_gas_limit=BLOCK_GAS_LIMIT,
        )  # fmt: skip

    def paced_blocks(self) -> AbstractAsyncContextManager[None]:
        return nullcontext()

    @asynccontextmanager
    async def prompt_blocks(self) -> AsyncIterator[None]:
        await self._set_period(0)
        yield
        await self._set_period(BLOCK_S)

    async def reach(self, timestamp_s: int) -> None:
        deadline_s = time.monotonic() + BLOCK_WAIT_MAX_S
        while (head_s := (await _head(self.rpc)).timestamp_s) < timestamp_s:
            if time.monotonic() > deadline_s:
                raise TimeoutError(f"the newest block is of {head_s}, one of {timestamp_s} was to come")
            await asyncio.sleep(BLOCK_POLL_S)

    async def snapshot(self) -> str:
        await self._stop_process()
        await asyncio.to_thread(shutil.copytree, self._directory / DATA, self._directory / SNAPSHOT)
        await self.start()
        return SNAPSHOT

    async def take_back(self, snapshot: str) -> None:
        """By its files: taken back in place it would put what it forgot into its pool again."""
        await self._stop_process()
        await asyncio.to_thread(shutil.rmtree, self._directory / DATA)
        (self._directory / snapshot).rename(self._directory / DATA)
        await self.start()

    def disk_bytes(self) -> int:
        return directory_bytes(self._directory / DATA)

    async def stop(self) -> None:
        await self.rpc.close()
        await self._stop_process()

    async def _set_period(self, period_s: int) -> None:
        """Between blocks: an option of its start, so it starts anew."""
        if period_s != self._period_s:
            self._period_s = period_s
            await self._stop_process()
            await self.start()

    async def _stop_process(self) -> None:
        if self._process is not None:
            await self._process.stop()


async def _head(rpc: HttpRpc) -> node.Header:
    header = await node.header_at(rpc, "latest")
    assert header is not None, "a chain without a latest block"
    return header
