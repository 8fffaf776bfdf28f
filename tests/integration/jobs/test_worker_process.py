"""The worker as a process, killed at random and started again."""

import asyncio
import os
import random
import signal
import sys
import time
from asyncio.subprocess import Process
from pathlib import Path

import pytest

from node_gateway.store import schema
from node_gateway.store.database import Database
from tests.chain_fixtures import DeployedLedger
from tests.integration.jobs.gateway_harness import Gateway, assert_equals_chain
from tests.integration.jobs.shopping import Shopping

pytestmark = pytest.mark.integration

WORKER = (
    "import asyncio; from node_gateway.config import Settings; from node_gateway.worker import run; "
    "asyncio.run(run(Settings()))"
)
KILLS = 6
WAIT_S_MAX = 120.0


class WorkerProcess:
    """`coalition work` on a state directory."""

    def __init__(self, ledger: DeployedLedger, database: Database, state_dir: Path) -> None:
        ledger.deployment.save(state_dir)
        keys = state_dir / "keys"
        keys.mkdir(exist_ok=True)
        (keys / "relay").write_text(ledger.lane_secrets[0].hex())
        self._log = state_dir / "worker.log"
        self._environment = {
            **os.environ,
            "COALITION_STATE_DIR": str(state_dir),
            "COALITION_RPC_URL": ledger.url,
            "COALITION_DATABASE_URL": database.url.render_as_string(hide_password=False),
            "COALITION_RELAY_BATCH_AGE_MS": "20",
            "COALITION_RELAY_IN_FLIGHT_MAX": "4",
        }

    async def start(self) -> Process:
        log = os.open(self._log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        try:
            return await asyncio.create_subprocess_exec(
                sys.executable, "-c", WORKER, env=self._environment, stdout=log, stderr=log
            )
        finally:
            os.close(log)

    def log(self) -> str:
        return self._log.read_text()


async def _wait_until_batches(gateway: Gateway, more_than: int) -> int:
    """Wait until the worker has made some batches."""
    deadline_s = time.monotonic() + WAIT_S_MAX
    while time.monotonic() < deadline_s:
        count = len(await gateway.rows(schema.batches, "id"))
        if count > more_than or not await gateway.count_open():
            return count
        await asyncio.sleep(0.02)
    raise AssertionError("the worker makes no batches")


async def test_kill_9_at_random_loses_and_doubles_nothing(
    deployed_ledger: DeployedLedger, sqlite_database: Database, tmp_path: Path
) -> None:
    dice = random.Random(31)
    # This side only reads and accepts; the clock of its harness is not the worker's.
    gateway = Gateway(deployed_ledger, sqlite_database)
    shopping = Shopping(gateway, seed=31)
    await shopping.enrol_all()
    worker = WorkerProcess(deployed_ledger, sqlite_database, tmp_path)
    batches = 0
    for _ in range(KILLS):
        await shopping.accept_some(20, operations_max=3)
        process = await worker.start()
        batches = await _wait_until_batches(gateway, batches)
        await asyncio.sleep(dice.uniform(0, 0.15))
        process.send_signal(signal.SIGKILL)
        await process.wait()
    process = await worker.start()
    deadline_s = time.monotonic() + WAIT_S_MAX
    while await gateway.count_open() and time.monotonic() < deadline_s:  # noqa: ASYNC110  # another process
        await asyncio.sleep(0.1)
    process.send_signal(signal.SIGTERM)
    assert await asyncio.wait_for(process.wait(), 20) == 0, worker.log()
    assert not await gateway.count_open(), worker.log()
    await gateway.index()
    operations = await gateway.rows(schema.operations, "id")
    assert {row["status"] for row in operations} <= {"settled", "rejected"}
    await assert_equals_chain(gateway)
    # Doubling would have moved the chain's own totals: each purchase is in exactly one event.
    purchases = [row["operation"] for row in await gateway.rows(schema.events, "block_number", "log_index")
                 if row["name"] == "PurchaseSettled"]  # fmt: skip
    assert len(purchases) == len(set(purchases))


async def test_a_second_worker_on_a_sqlite_file_refuses_to_start(
    deployed_ledger: DeployedLedger, sqlite_database: Database, tmp_path: Path
) -> None:
    worker = WorkerProcess(deployed_ledger, sqlite_database, tmp_path)
    gateway = Gateway(deployed_ledger, sqlite_database)
    first = await worker.start()
    try:
        deadline_s = time.monotonic() + WAIT_S_MAX
        while not await gateway.rows(schema.blocks, "number") and time.monotonic() < deadline_s:  # noqa: ASYNC110
            await asyncio.sleep(0.05)
        second = await worker.start()
        assert await asyncio.wait_for(second.wait(), 30) != 0
        assert "already used by a running worker process" in worker.log()
    finally:
        first.send_signal(signal.SIGTERM)
        await asyncio.wait_for(first.wait(), 20)
