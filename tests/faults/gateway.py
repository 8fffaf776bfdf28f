"""One gateway: its API and worker processes on one database, started, stopped dead and started again. All code in it is the real one."""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

import httpx2
import structlog
from fastapi import FastAPI

from node_gateway.api.gateway import Gateway
from node_gateway.app import build_gateway, create_app
from node_gateway.chain.deployment import load_deployment
from node_gateway.chain.node import Capabilities
from node_gateway.chain.rpc import HttpRpc
from node_gateway.chain.transactions import Signer
from node_gateway.config import Settings
from node_gateway.jobs.push import Push
from node_gateway.service.metrics import Metrics
from node_gateway.worker import Worker, build_worker
from tests.faults.chain import START_S
from tests.faults.databases import Reader, keep_deployment, open_database
from tests.faults.fault_kinds import Fault, Faults
from tests.faults.node import Network, NodeLink
from tests.faults.process import Process, ProcessDiedError
from tests.faults.receivers import Receivers
from tests.faults.virtual_time import SimulatedClock

RESTART_S = (0.1, 4.0)
# Longer than in earnest: simulated time is free, looking at the tables is not.
WORKER_POLL_MS = 1_100
PUSH_POLL_S = 3.0
API_POLL_MS = 1_100


@dataclass
class Slot:
    """Where a process runs, and runs again after it died.

    Attributes:
        ended_by_itself: what it ended with although nobody stopped it: a failure of the gateway.
    """

    name: str
    faults: Faults
    clock: SimulatedClock
    process: Process | None = None
    app: FastAPI | None = None
    gateway: Gateway | None = None
    worker: Worker | None = None
    starts: int = 0
    ended_by_itself: list[str] = field(default_factory=list)


class GatewayUnderTest:
    """Processes on one database.

    Attributes:
        slots: APIs first, then workers.
    """

    def __init__(
        self,
        name: str,
        url: str,
        state_dir: Path,
        network: Network,
        receivers: Receivers,
        dice: Random,
        *,
        lanes: Sequence[Signer],
        api_count: int,
        worker_count: int,
        new_faults: Callable[[], Faults],
        on_commit: Callable[["GatewayUnderTest"], None],
    ) -> None:
        self.name = name
        self.url = url
        self.state_dir = state_dir
        network.chain.deployment.save(state_dir)
        keep_deployment(url, network.chain)
        self.network = network
        self.receivers = receivers
        self.lanes = list(lanes)
        self.reader = Reader(url)
        self._dice = dice
        self._on_commit = on_commit
        self.apis = [self._slot(f"{name}-api-{i}", new_faults) for i in range(api_count)]
        self.workers = [self._slot(f"{name}-worker-{i}", new_faults) for i in range(worker_count)]
        self._keepers: list[asyncio.Task[None]] = []

    @property
    def slots(self) -> list[Slot]:
        return [*self.apis, *self.workers]

    def start(self) -> None:
        """Start every process, and again whenever one died."""
        for slot in self.apis:
            self._keepers.append(asyncio.create_task(self._keep(slot, self._run_api)))
        for slot in self.workers:
            self._keepers.append(asyncio.create_task(self._keep(slot, self._run_worker)))

    async def stop(self) -> None:
        """The end of the seed: everything is taken away."""
        for keeper in self._keepers:
            keeper.cancel()
        await asyncio.gather(*self._keepers, return_exceptions=True)
        for slot in self.slots:
            if slot.process is not None:
                await slot.process.bury()
        self.reader.close()

    def _slot(self, name: str, new_faults: Callable[[], Faults]) -> Slot:
        return Slot(name, new_faults(), SimulatedClock(START_S))

    async def _keep(self, slot: Slot, run: Callable[[Slot, Process], Coroutine[Any, Any, None]]) -> None:
        while True:
            slot.starts += 1
            process = Process(f"{slot.name}-{slot.starts}", self._dice, slot.faults, slot.clock)
            slot.process = process
            running = process.start(run(slot, process), "main")
            died = asyncio.create_task(process.died.wait())
            await asyncio.wait((running, died), return_when=asyncio.FIRST_COMPLETED)
            died.cancel()
            error = None if process.is_dead else running.exception()
            if error is not None and not _is_of_environment(error):
                slot.ended_by_itself.append(f"{type(error).__name__}: {error}")
            slot.app = slot.gateway = slot.worker = None
            await process.bury()
            await asyncio.sleep(self._dice.uniform(*RESTART_S))

    async def _run_api(self, slot: Slot, process: Process) -> None:
        database = open_database(self.url, process, lambda: self._on_commit(self))
        settings = self._settings()
        gateway, writer = build_gateway(settings, slot.clock, Metrics(), database, None)
        app = create_app(settings, clock=slot.clock)
        quiet_logs()
        app.state.gateway = gateway
        await gateway.watch.turn()
        tasks = [process.start(writer.run(), "writer"), process.start(gateway.watch.run(), "watch")]
        slot.app, slot.gateway = app, gateway
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()

    async def _run_worker(self, slot: Slot, process: Process) -> None:
        database = open_database(self.url, process, lambda: self._on_commit(self))
        network = self.network
        capabilities = Capabilities(
            has_block_receipts=network.has_block_receipts,
            has_proofs=False,
            clock="anvil" if network.is_development else None,
        )
        rpc = HttpRpc("http://node.example", transport=NodeLink(network, process))
        worker = build_worker(
            self._settings(),
            database,
            rpc,
            load_deployment(self.state_dir),
            self.lanes,
            capabilities,
            slot.clock,
            owner=process.name,
        )
        worker.push = Push(
            database,
            slot.clock,
            are_private_allowed=True,
            owner=process.name,
            resolve=_resolve,
            make_client=lambda: httpx2.AsyncClient(transport=self.receivers.link(process)),
        )
        worker.push_poll_s = PUSH_POLL_S
        slot.worker = worker
        await worker.run()

    def _settings(self) -> Settings:
        return Settings(
            state_dir=self.state_dir,
            database_url=self.url,
            log_level="error",
            poll_ms=API_POLL_MS,
            worker_poll_ms=WORKER_POLL_MS,
            stream_heartbeat_s=15,
        )


def quiet_logs() -> None:
    """Processes of a campaign tell nobody what they met."""
    structlog.configure(processors=[_drop], cache_logger_on_first_use=False)


def _drop(_logger: object, _name: str, _event: object) -> str:
    raise structlog.DropEvent


async def _resolve(host: str, port: int) -> list[str]:
    return ["192.0.2.1"]


def _is_of_environment(error: BaseException) -> bool:
    """A process may give up at its start while the database is away; systemd starts it again."""
    import sqlalchemy as sa

    if isinstance(error, BaseExceptionGroup):
        return all(_is_of_environment(inner) for inner in error.exceptions)
    return isinstance(error, sa.exc.SQLAlchemyError | OSError | ProcessDiedError)


STOP_KINDS = {
    "api": (Fault.STOP_AT_STATEMENT, Fault.STOP_BEFORE_COMMIT, Fault.STOP_AFTER_COMMIT, Fault.STOP_BEFORE_ANSWER),
    "worker": (
        Fault.STOP_AT_STATEMENT, Fault.STOP_BEFORE_COMMIT, Fault.STOP_AFTER_COMMIT, Fault.STOP_BEFORE_CALL,
        Fault.STOP_AFTER_CALL, Fault.STOP_BEFORE_SEND, Fault.STOP_AFTER_SEND, Fault.STOP_IN_WEBHOOK,
    ),
}  # fmt: skip
