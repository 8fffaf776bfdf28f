"""Blocks read by a process of its own: the same as here, and another process where it was killed."""

import asyncio
import os
import signal
import sys
from pathlib import Path

import pytest

from node_gateway.chain import node
from node_gateway.chain.artifacts import ledger_events
from node_gateway.chain.engines.process import free_port
from node_gateway.chain.rpc_errors import RpcError, RpcReason
from node_gateway.jobs.reading_process import ReadingProcess, ReadingProcessError
from node_gateway.jobs.run_reading import InProcessSource, WantedRun
from node_gateway.store.database import Database
from tests.chain_fixtures import DeployedLedger
from tests.integration.jobs.gateway_harness import Gateway
from tests.integration.jobs.shopping import Shopping

pytestmark = pytest.mark.integration


async def test_a_process_reads_what_is_read_here_also_after_it_was_killed(
    deployed_ledger: DeployedLedger, sqlite_database: Database
) -> None:
    shopping = Shopping(gateway := Gateway(deployed_ledger, sqlite_database), seed=60)
    await shopping.enrol_all()
    await shopping.accept_some(6)
    await gateway.settle()
    head = await node.head_number(deployed_ledger.rpc)
    wanted = WantedRun(deployed_ledger.deployment.ledger.lower(), 1, head + 1, True, True)
    here = await InProcessSource(deployed_ledger.rpc, ledger_events()).read(wanted)
    reading = ReadingProcess(deployed_ledger.url)
    try:
        assert await reading.read(wanted) == here
        assert any(block.operation_values for block in here)
        assert reading.process_id is not None
        os.kill(reading.process_id, signal.SIGTERM)
        assert await reading.read(wanted) == here, "who stops the worker stops it, not what it started"
        os.kill(reading.process_id, signal.SIGKILL)
        with pytest.raises(ReadingProcessError):
            await reading.read(wanted)
        assert await asyncio.gather(*(reading.read(wanted) for _ in range(3))) == [here] * 3
        cut_off = asyncio.create_task(reading.read(wanted))
        await asyncio.sleep(0)
        cut_off.cancel()
        await asyncio.wait([cut_off])
        assert await reading.read(wanted) == here, "never the answer to another question"
    finally:
        await reading.close()


async def test_a_node_that_is_away_is_told_as_here() -> None:
    reading = ReadingProcess(f"http://127.0.0.1:{free_port()}")
    try:
        with pytest.raises(RpcError) as refused:
            await reading.read(WantedRun("0x" + "11" * 20, 1, 2, True, True))
    finally:
        await reading.close()
    assert refused.value.reason is RpcReason.UNREACHABLE


STARTS_AND_SLEEPS = """
import asyncio, sys
from node_gateway.jobs.reading_process import ReadingProcess
async def main():
    reading = ReadingProcess(sys.argv[1])
    await reading.start()
    print(reading.process_id, flush=True)
    await asyncio.sleep(60)
asyncio.run(main())
"""


async def test_it_does_not_outlive_a_worker_that_was_killed() -> None:
    worker = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        STARTS_AND_SLEEPS,
        f"http://127.0.0.1:{free_port()}",
        stdout=asyncio.subprocess.PIPE,
    )
    assert worker.stdout is not None
    process_id = int(await worker.stdout.readline())
    assert _runs(process_id)
    worker.kill()
    await worker.wait()
    async with asyncio.timeout(30):
        while _runs(process_id):  # noqa: ASYNC110  # another process
            await asyncio.sleep(0.05)


def _runs(process_id: int) -> bool:
    """Whether there is such a process, other than as a zombie that nobody has collected."""
    try:
        stat = Path(f"/proc/{process_id}/stat").read_text()
    except FileNotFoundError:
        return False
    return stat.rpartition(")")[2].split()[0] != "Z"
