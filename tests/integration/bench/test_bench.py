"""The bench measures what it says: every key is there, and what was refused is not counted. No timing is judged."""

import asyncio
import json
import os
import sys
from pathlib import Path

import pytest

from bench.accounting import NotSettledError, count_settled, mark
from bench.coalition import API, PARTNERS, WORKER, coalition
from bench.options import DatabaseKind, EngineKind
from bench.settling import settle
from bench.traffic import DEADLINE_S, Bulk, Mix, Traffic, operations_in
from node_gateway.chain import node
from node_gateway.chain.engines.geth import geth_binary
from node_gateway.chain.engines.process import BinaryMissingError, is_process_running
from partner_sdk.protocol import Purchase, pack_bulk

ROOT = Path(__file__).parents[3]
KEYS = {
    "settled_ops_s", "plain_ops_s", "plain_inflight_ops_s", "ratio", "engine_alone_ops_s", "accept_bulk_ops_s", "accept_single_ops_s",
    "latency_ms", "reindex_events_s", "machine",
}  # fmt: skip
WAIT_S_MAX = 600
OVER_THE_BOUND_MINOR = 10**12 + 1

pytestmark = pytest.mark.integration


async def test_a_quick_bench_gives_every_figure() -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bench", "--quick", "--json", "--database", "sqlite",
        cwd=ROOT, env=dict(os.environ), stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    output, progress = await asyncio.wait_for(process.communicate(), WAIT_S_MAX)

    assert process.returncode == 0, progress.decode()
    figures = json.loads(output)
    assert figures.keys() >= KEYS
    assert figures["latency_ms"].keys() >= {"p50", "p99"}
    assert figures["ratio"] == pytest.approx(figures["settled_ops_s"] / figures["plain_ops_s"], abs=0.1)
    assert all(figures[key] > 0 for key in KEYS - {"latency_ms", "machine"})
    assert figures["cpu_us_per_operation"].keys() >= {"api", "worker", "chain", "bench", "total"}


async def test_refused_operations_do_not_count_as_settled() -> None:
    said: list[str] = []
    async with coalition(DatabaseKind.SQLITE, say=said.append) as started:
        header = await node.header_at(started.rpc, "latest")
        assert header is not None
        traffic = Traffic(started, header.timestamp_s + DEADLINE_S)
        await settle(started, traffic.new_members(10))
        partner, since = PARTNERS[0], await mark(started)
        good = traffic.mix(Mix.KNOWN, 60)
        refused = Purchase(traffic.sequence(partner), traffic.members[0].id, OVER_THE_BOUND_MINOR)
        # Alone in a submission it would be refused before it is accepted.
        fine = Purchase(traffic.sequence(partner), traffic.members[0].id, 1_00)
        mixed = Bulk(partner, pack_bulk([traffic.sign(partner, [fine, refused])]), 2)

        run = await settle(started, [*good, mixed])

        assert run.settled == operations_in(good) + 1
        assert any("invalid_amount" in text for text in said)
        assert (await started.read("totals"))["issued"] > 0
        with pytest.raises(NotSettledError):
            await count_settled(started, since, sent=63)


@pytest.fixture
def _geth() -> None:
    try:
        geth_binary()
    except BinaryMissingError as error:
        pytest.skip(str(error))


@pytest.mark.usefixtures("_geth")
async def test_settles_on_geth_and_takes_it_back() -> None:
    async with coalition(DatabaseKind.SQLITE, engine_kind=EngineKind.GETH, say=lambda _: None) as started:
        header = await node.header_at(started.rpc, "latest")
        assert header is not None
        traffic = Traffic(started, header.timestamp_s + DEADLINE_S)
        await settle(started, traffic.new_members(10))
        await started.stop(API, WORKER)
        before, snapshot = await started.read("totals"), await started.engine.snapshot()

        run = await settle(started, traffic.mix(Mix.KNOWN, 60))
        await started.stop(API, WORKER)
        after = await started.read("totals")
        await started.engine.take_back(snapshot)
        taken_back, kept_bytes = await started.read("totals"), started.engine.disk_bytes()

        assert run.settled == 60
        assert after["issued"] > before["issued"] == taken_back["issued"]
        assert kept_bytes > 0
        process_id, directory = started.engine.process_id, started.state.root.parent
    assert not is_process_running(process_id)
    assert not directory.exists()
