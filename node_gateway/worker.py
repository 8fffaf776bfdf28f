"""The composition root of the worker process: relay, indexer and webhooks on one database and one chain."""

import asyncio
import contextlib
import gc
import os
import signal
import socket
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import structlog

from node_gateway.chain import node
from node_gateway.chain.artifacts import ledger_events
from node_gateway.chain.deployment import Deployment, load_deployment
from node_gateway.chain.engines.clock import ChainClock
from node_gateway.chain.engines.stepping import STEPPED_DIALECT
from node_gateway.chain.node import Capabilities
from node_gateway.chain.rpc import HttpRpc, Rpc
from node_gateway.chain.rpc_errors import RpcError
from node_gateway.chain.transactions import Signer
from node_gateway.config import Settings
from node_gateway.jobs.fold.accounts import FoldMismatchError
from node_gateway.jobs.indexer import Indexer, IndexStep
from node_gateway.jobs.push import Push
from node_gateway.jobs.reading_process import ReadingProcess
from node_gateway.jobs.rebuilding import ChainRebuild
from node_gateway.jobs.relay import Relay
from node_gateway.jobs.relay_limits import RelayLimits
from node_gateway.jobs.run_reading import RunSource
from node_gateway.jobs.running import JobHealth, Stop, run_job
from node_gateway.jobs.worker_metrics import WorkerMetrics
from node_gateway.logs import configure_logs
from node_gateway.service.clock import Clock, SystemClock
from node_gateway.store.database import Database, create_database
from node_gateway.store.migrate import check_schema
from node_gateway.store.process_lock import process_lock
from node_gateway.tracing import Traces, open_traces

RELAY_KEYS: Final = "relay*"
CHAIN_WAIT_S: Final = 1.0
PUSH_POLL_S: Final = 0.25
GARBAGE_THRESHOLDS: Final = (100_000, 10, 10)


class RelayKeyMissingError(Exception):
    """There is no key to send batches with."""

    def __init__(self, directory: Path) -> None:
        super().__init__(f"no relay key in {directory}; `coalition deploy` makes one")
        self.directory = directory


@dataclass
class Worker:
    """Relay, indexer and webhooks, built and ready to run.

    Attributes:
        jobs: how each job is.
    """

    relay: Relay
    indexer: Indexer
    push: Push
    metrics: WorkerMetrics
    poll_s: float
    push_poll_s: float = PUSH_POLL_S
    traces: Traces | None = None
    stop: Stop = field(default_factory=Stop)
    jobs: list[JobHealth] = field(default_factory=list)

    async def run(self) -> None:
        """Work until `stop.request()`; ends between two steps, and gives the leases back."""
        relay_health, index_health, push_health = JobHealth("relay"), JobHealth("indexer"), JobHealth("push")
        self.jobs = [relay_health, index_health, push_health]
        async with asyncio.TaskGroup() as group:
            group.create_task(
                run_job(
                    relay_health, self._relay_step, self.stop, idle_s=self.poll_s, recover=self._recover_relay
                )
            )
            group.create_task(
                run_job(
                    index_health,
                    self._index_step,
                    self.stop,
                    idle_s=self.poll_s,
                    recover=self._recover_indexer,
                )
            )
            group.create_task(run_job(push_health, self._push_step, self.stop, idle_s=self.push_poll_s))
        await self.push.finish()
        with contextlib.suppress(Exception):
            await self.relay.release()

    async def _relay_step(self) -> bool:
        if not self.indexer.is_chain_known:
            # What is sent to another chain may be mined there, and its nonces are gone.
            return False
        step = await self.relay.step()
        self.metrics.relayed(step, self.relay.gas.ratio)
        self.metrics.health(self.jobs)
        return not step.is_idle

    async def _index_step(self) -> bool:
        started_ns = time.time_ns()
        step = await self.indexer.step()
        self.metrics.indexed(step)
        if self.traces is not None and not step.is_idle:
            self._trace_index(self.traces, step, started_ns)
        self.relay.learn(step.batches)
        return not step.is_idle

    @staticmethod
    def _trace_index(traces: Traces, step: IndexStep, started_ns: int) -> None:
        traces.record(
            "index",
            started_ns=started_ns,
            attributes={
                "coalition.blocks": step.blocks,
                "coalition.events": step.events,
                "coalition.next_block": step.next_block,
                "coalition.batches": [str(batch.batch_id) for batch in step.batches],
            },
        )

    async def _push_step(self) -> bool:
        made = await self.push.step()
        self.metrics.pushed(self.push.outcomes)
        return made > 0

    async def _recover_relay(self, error: Exception) -> None:
        # A node that is away leaves what is in memory right; anything else may not have.
        if not isinstance(error, RpcError):
            self.relay.reset()

    async def _recover_indexer(self, error: Exception) -> None:
        if isinstance(error, FoldMismatchError):
            structlog.get_logger().error(
                "read model contradicts the chain; rebuilding it", problem=str(error)
            )
            await self.indexer.rebuild()


async def run(settings: Settings) -> None:
    """Run the jobs until SIGTERM or SIGINT.

    Raises:
        DeploymentMissingError: nothing is deployed.
        RelayKeyMissingError: no key to send with.
        DatabaseInUseError: another worker uses this SQLite file.
        SchemaBehindError: the database must be migrated first.
    """
    configure_logs(settings.log_level)
    async with running_worker(settings) as worker:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, worker.stop.request)
        if settings.worker_metrics_port:
            worker.metrics.serve(settings.worker_metrics_port)
        await worker.run()


@contextlib.asynccontextmanager
async def running_worker(settings: Settings, *, clock: Clock | None = None) -> AsyncIterator[Worker]:
    """A worker with everything open; errors as `run`."""
    # The rows that blocks bring are many and in no cycle: looking through all of them again and again finds nothing.
    gc.set_threshold(*GARBAGE_THRESHOLDS)
    deployment = load_deployment(settings.state_dir)
    signers = relay_signers(settings.state_dir)
    async with contextlib.AsyncExitStack() as stack:
        database = create_database(settings.resolved_database_url)
        stack.push_async_callback(database.close)
        if (lock := process_lock(database, "worker")) is not None:
            stack.enter_context(lock)
        await check_schema(database)
        # Reading and decoding blocks takes as long as folding and writing them: each gets a core.
        reading = ReadingProcess(settings.rpc_url)
        stack.push_async_callback(reading.close)
        await reading.start()
        rpc = HttpRpc(settings.rpc_url)
        stack.push_async_callback(rpc.close)
        capabilities = await _capabilities(rpc)
        traces = open_traces(settings.traces_endpoint, "coalition-worker")
        if traces is not None:
            stack.push_async_callback(asyncio.to_thread, traces.close)
        yield build_worker(
            settings, database, rpc, deployment, signers, capabilities, clock or SystemClock(),
            traces=traces, source=reading,
        )  # fmt: skip


def build_worker(
    settings: Settings,
    database: Database,
    rpc: Rpc,
    deployment: Deployment,
    signers: list[Signer],
    capabilities: Capabilities,
    clock: Clock,
    *,
    owner: str | None = None,
    traces: Traces | None = None,
    source: RunSource | None = None,
) -> Worker:
    """Put the jobs together. `owner` holds the leases; this process by default. `source`: as of `Indexer`."""
    owner = owner or worker_owner()
    limits = RelayLimits(
        in_flight_max=settings.relay_in_flight_max,
        batch_age_ms=settings.relay_batch_age_ms,
        resend_after_ms=settings.relay_resend_after_ms,
        priority_wei=settings.relay_priority_wei,
        max_fee_wei=settings.relay_max_fee_wei,
    )
    chain_clock = ChainClock(rpc, capabilities.clock) if capabilities.clock else None
    relay = Relay(
        rpc, database, deployment, signers, clock,
        owner=owner, limits=limits, chain_clock=chain_clock, traces=traces,
    )  # fmt: skip
    indexer = Indexer(
        rpc, database, deployment, ledger_events(), clock,
        has_block_receipts=capabilities.has_block_receipts,
        chain_rebuild=chain_rebuild_for(
            settings.state_dir, database, rpc, deployment, capabilities, clock, owner=owner
        ),
        source=source,
    )  # fmt: skip
    push = Push(
        database, clock, are_private_allowed=settings.webhook_private_addresses, owner=owner, traces=traces
    )
    return Worker(relay, indexer, push, WorkerMetrics(), settings.worker_poll_ms / 1000, traces=traces)


def chain_rebuild_for(
    state_dir: Path,
    database: Database,
    rpc: Rpc,
    deployment: Deployment,
    capabilities: Capabilities,
    clock: Clock,
    *,
    owner: str,
) -> ChainRebuild | None:
    """What makes a development chain again; None on an engine that keeps its blocks itself."""
    if capabilities.clock != STEPPED_DIALECT:
        return None
    return ChainRebuild(
        rpc, database, deployment, ledger_events(), clock,
        owner=owner, save=lambda made: made.save(state_dir),
    )  # fmt: skip


async def make_chain_again(
    rpc: Rpc, state_dir: Path, database_url: str, deployment: Deployment
) -> Deployment | None:
    """What a worker does first, for a command that needs the chain before there is one.

    Returns:
        The deployment as it is now; None where nothing was missing, or the engine keeps its blocks itself.

    Raises:
        DatabaseInUseError: a worker runs, and does it.
        ChainRebuildError: it cannot be made again.
    """
    clock = SystemClock()
    async with contextlib.AsyncExitStack() as stack:
        database = create_database(database_url)
        stack.push_async_callback(database.close)
        if (lock := process_lock(database, "worker")) is not None:
            stack.enter_context(lock)
        rebuild = chain_rebuild_for(
            state_dir, database, rpc, deployment, await _capabilities(rpc), clock, owner=worker_owner()
        )
        return None if rebuild is None else await rebuild.run()


def worker_owner() -> str:
    """This process, as leases name it."""
    return f"{socket.gethostname()[:40]}:{os.getpid()}"


def relay_signers(state_dir: Path) -> list[Signer]:
    """The relay's keys, one lane each: the files `keys/relay*` of the state directory.

    Raises:
        RelayKeyMissingError: where there is none.
    """
    paths = sorted((state_dir / "keys").glob(RELAY_KEYS))
    if not paths:
        raise RelayKeyMissingError(state_dir / "keys")
    return [Signer(bytes.fromhex(path.read_text().strip())) for path in paths]


async def _capabilities(rpc: Rpc) -> Capabilities:
    """Wait for the chain: without it there is nothing to do, and it may start after the worker."""
    log = structlog.get_logger()
    waits = 0
    while True:
        try:
            genesis = await node.header_at(rpc, 0)
            assert genesis is not None, "a chain without a first block"
            return await node.capabilities(rpc, genesis)
        except RpcError as error:
            if waits & (waits - 1) == 0:
                log.warning("waiting for the chain", problem=str(error))
            waits += 1
            await asyncio.sleep(CHAIN_WAIT_S)
