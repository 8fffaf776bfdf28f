"""One seed: a few gateways on one chain, traffic, faults for a while, then quiet, then every check."""

import asyncio
import gc
import random
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Final

from node_gateway.chain.transactions import Signer
from tests.faults import end_checks
from tests.faults.chain import Chain
from tests.faults.clients import Clients
from tests.faults.databases import SqliteStorage, Storage, open_database
from tests.faults.fault_kinds import Fault, Faults
from tests.faults.gateway import GatewayUnderTest
from tests.faults.node import Network
from tests.faults.process import Process
from tests.faults.receivers import Receivers
from tests.faults.schedule import STUCK_S_MAX, Schedule
from tests.faults.stream_readers import StreamReader
from tests.faults.table_checks import TableWatch
from tests.faults.virtual_time import SimulatedClock, run_virtually

WEBHOOKS_S_MAX: Final = 7_200.0
WARM_UP_S: Final = 3.0
LOOK_S: Final = 1.0
PROBLEMS_MAX: Final = 12


@dataclass
class Outcome:
    """What became of a seed.

    Attributes:
        problems: empty where all is well.
        struck: how often each fault struck.
        quiet_after_s: simulated seconds from the end of the faults until nothing was open.
        operations: signed by all clients; `settled`: used on the chain.
    """

    seed: int
    database: str
    problems: list[str] = field(default_factory=list)
    struck: Counter[Fault] = field(default_factory=Counter)
    quiet_after_s: float = 0.0
    simulated_s: float = 0.0
    operations: int = 0
    settled: int = 0
    expired: int = 0
    blocks_compared: int = 0
    reorganised_lanes: bool = False


def run_seed(seed: int, storage: Storage, *, keep: bool = False) -> Outcome:
    """Run one seed on fresh databases; they stay where `keep` is set and something was wrong."""
    outcome = Outcome(seed, storage.kind)
    urls: list[str] = []
    # The gateway's own dice, for the pauses between its tries.
    random.seed(seed)
    # Nothing of a seed is worth collecting before its end.
    gc.disable()
    try:
        with TemporaryDirectory(prefix="coalition-faults-") as directory:
            run_virtually(lambda: _Seed(seed, storage, outcome, urls, Path(directory)).run())
    except Exception as error:
        outcome.problems.append(f"the seed failed: {type(error).__name__}: {error}")
        if not _is_of_simulation(error):
            raise
    gc.enable()
    if not (keep and outcome.problems):
        for url in urls:
            storage.drop(url)
    del outcome.problems[PROBLEMS_MAX:]
    return outcome


def _is_of_simulation(error: Exception) -> bool:
    return type(error).__name__ in ("SeedTooLongError", "NothingScheduledError", "AssertionError")


class _Seed:
    def __init__(
        self, seed: int, storage: Storage, outcome: Outcome, urls: list[str], directory: Path
    ) -> None:
        self.directory = directory
        self.dice = Random(seed)
        self.storage = storage
        self.outcome = outcome
        self.urls = urls
        self.watch = TableWatch()
        self.readers: list[tuple[GatewayUnderTest, StreamReader, int | None]] = []

    async def run(self) -> None:
        asyncio.get_running_loop().set_exception_handler(lambda loop, context: None)
        outcome, dice = self.outcome, self.dice
        network = self._network()
        gateways = [self._gateway(network, number) for number in range(self._gateway_count(network))]
        clients = Clients(gateways, network, Random(dice.random()), self._faults())
        schedule = Schedule(network, gateways, Random(dice.random()))
        background = [asyncio.create_task(network.run())]
        for gateway in gateways:
            gateway.start()
            background += self._read_streams(gateway)
        await asyncio.sleep(WARM_UP_S)
        await clients.enrol()
        shopping = asyncio.create_task(clients.shop(schedule.rate_s))
        await schedule.run()
        schedule.heal()
        healed_at_s = asyncio.get_running_loop().time()
        await self._come_to_rest(gateways, clients, shopping, healed_at_s)
        await self._check(gateways, clients, schedule)
        for task in background:
            task.cancel()
        for gateway in gateways:
            await gateway.stop()
        outcome.simulated_s = asyncio.get_running_loop().time()

    def _faults(self) -> Faults:
        return Faults(self.outcome.struck)

    def _network(self) -> Network:
        dice = self.dice
        is_development = dice.random() < 0.25
        network = Network(Chain(Random(dice.random())), Random(dice.random()), self._faults())
        network.is_development = is_development
        network.dialect = "anvil" if is_development else dice.choice(["geth", "besu", "erigon"])
        # The one engine that is made again has them.
        network.has_block_receipts = dice.random() < 0.75 or is_development
        network.block_s = dice.choice([0.5, 1.5, 3.0])
        if dice.random() < 0.12:
            network.batch_calls_max = dice.randint(1, 12)
        return network

    def _gateway(self, network: Network, number: int) -> GatewayUnderTest:
        dice = self.dice
        is_sqlite = self.storage.kind == "sqlite"
        url = self.storage.create(f"seed-{self.outcome.seed}-{number}")
        self.urls.append(url)
        lanes = [Signer((3_000 + 10 * number + i).to_bytes(32)) for i in range(dice.randint(1, 3))]
        return GatewayUnderTest(
            f"gateway-{number}", url, self.directory / str(number), network, Receivers(Random(dice.random()), self._faults()), Random(dice.random()),
            lanes=lanes, api_count=1 if is_sqlite else dice.randint(1, 2), worker_count=1 if is_sqlite or network.is_development else dice.randint(1, 2),
            new_faults=self._faults, on_commit=self.watch.look,
        )  # fmt: skip

    def _gateway_count(self, network: Network) -> int:
        # A development chain is made again by its one gateway, from its tables.
        return 1 if network.is_development or self.dice.random() < 0.6 else 2

    def _read_streams(self, gateway: GatewayUnderTest) -> list["asyncio.Task[None]"]:
        reader = StreamReader(gateway, Random(self.dice.random()), party="partner:1", query="partner=me")
        self.readers.append((gateway, reader, 1))
        return [asyncio.create_task(reader.run())]

    async def _come_to_rest(
        self,
        gateways: list[GatewayUnderTest],
        clients: Clients,
        shopping: "asyncio.Task[None]",
        healed_at_s: float,
    ) -> None:
        loop = asyncio.get_running_loop()
        for gateway in gateways:
            self.outcome.expired += clients.sign_again(_expired(gateway))
        clients.is_open = False
        await shopping
        try:
            await asyncio.wait_for(clients.finish(), STUCK_S_MAX)
        except TimeoutError:
            self.outcome.problems.append("requests are not answered 60 s after faults stopped")
        accepted_by_s = max(healed_at_s, loop.time())
        while loop.time() < accepted_by_s + STUCK_S_MAX:
            if not any(end_checks.open_work(gateway) for gateway in gateways):
                break
            await asyncio.sleep(LOOK_S)
        self.outcome.quiet_after_s = loop.time() - healed_at_s
        for gateway in gateways:
            for left in end_checks.open_work(gateway):
                jobs = [
                    f"{job.name}: {job.problem}"
                    for slot in gateway.workers
                    if slot.worker
                    for job in slot.worker.jobs
                    if job.problem
                ]
                self.outcome.problems.append(
                    f"{gateway.name}, 60 s after faults stopped: {left} {jobs or ''}"
                )

    async def _check(self, gateways: list[GatewayUnderTest], clients: Clients, schedule: Schedule) -> None:
        problems = self.outcome.problems
        problems += clients.complaints
        self.outcome.operations = sum(len(sent.operations) for sent in clients.sent)
        self.outcome.settled = len(gateways[0].network.chain.head.state.used)
        if problems:
            problems += self.watch.problems
            return
        await self._until_told(gateways)
        gateways[0].network.is_frozen = True
        await asyncio.sleep(10 * LOOK_S)
        self.outcome.blocks_compared = self.watch.blocks_seen
        problems += self.watch.problems
        problems += end_checks.foreign_problems(gateways, clients)
        for gateway in gateways:
            problems += end_checks.operation_problems(gateway, clients)
            problems += end_checks.state_problems(gateway)
            problems += end_checks.webhook_problems(gateway)
            problems += await end_checks.visible_problems(gateway)
            if schedule.keeps_order:
                problems += end_checks.ordered(gateway, clients)
        for gateway, reader, partner in self.readers:
            problems += end_checks.stream_problems(gateway, reader, partner, None)
        problems += await self._reindex(gateways[0])

    async def _until_told(self, gateways: list[GatewayUnderTest]) -> None:
        """Webhooks back off for minutes: give them the time, and streams a quiet moment."""
        for _, reader, _ in self.readers:
            reader.is_chaotic = False
        waited_s = 0.0
        while waited_s < WEBHOOKS_S_MAX:
            if not any(
                gateway.reader.rows("SELECT 1 FROM deliveries WHERE status = 'pending' LIMIT 1")
                for gateway in gateways
            ):
                break
            await asyncio.sleep(5 * LOOK_S)
            waited_s += 5 * LOOK_S

    async def _reindex(self, gateway: GatewayUnderTest) -> list[str]:
        url = self.storage.create(f"seed-{self.outcome.seed}-again")
        self.urls.append(url)
        process = Process("checker", Random(0), self._faults(), SimulatedClock(0))
        kept = open_database(gateway.url, process, lambda: None)
        fresh = open_database(url, process, lambda: None)
        try:
            return await end_checks.reindex_problems(gateway, kept, fresh)
        finally:
            await kept.close()
            await fresh.close()
            for close in process.on_close:
                close()


def _expired(gateway: GatewayUnderTest) -> set[int]:
    return {row[0] for row in gateway.reader.rows("SELECT id FROM operations WHERE status = 'expired'")}


__all__ = ["Outcome", "SqliteStorage", "run_seed"]
