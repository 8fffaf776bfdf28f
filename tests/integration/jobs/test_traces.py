"""What the worker's spans say of a submission on its way."""

import time
from pathlib import Path

import pytest
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from node_gateway.chain import node
from node_gateway.config import Settings
from node_gateway.service.clock import SystemClock
from node_gateway.store import schema
from node_gateway.store.database import Database
from node_gateway.tracing import open_traces
from node_gateway.worker import build_worker
from tests.chain_fixtures import DeployedLedger
from tests.integration.jobs.gateway_harness import Gateway
from tests.integration.jobs.shopping import Shopping

pytestmark = pytest.mark.integration
WAIT_S_MAX = 60.0


async def test_a_submission_can_be_followed_from_batch_to_block(
    deployed_ledger: DeployedLedger, sqlite_database: Database, tmp_path: Path
) -> None:
    ledger, exporter = deployed_ledger, InMemorySpanExporter()
    traces = open_traces("", "coalition-worker", make_exporter=lambda: exporter)
    assert traces is not None
    ledger.deployment.save(tmp_path)
    genesis = await node.header_at(ledger.rpc, 0)
    assert genesis is not None
    capabilities = await node.capabilities(ledger.rpc, genesis)
    worker = build_worker(
        Settings(state_dir=tmp_path, relay_batch_age_ms=0), sqlite_database, ledger.rpc, ledger.deployment,
        ledger.lanes[:1], capabilities, SystemClock(), traces=traces,
    )  # fmt: skip
    gateway = Gateway(ledger, sqlite_database)
    shopping = Shopping(gateway, seed=1)
    submission_id = await gateway.accept(1, [shopping.purchase(1, shopping.shoppers[0], 1_000)])
    deadline_s = time.monotonic() + WAIT_S_MAX
    while await gateway.count_open():
        assert time.monotonic() < deadline_s, "the submission does not end"
        await worker._index_step()
        await worker._relay_step()
    await worker._push_step()
    await worker.push.finish()
    traces.close()
    spans = {span.name: span for span in exporter.get_finished_spans()}

    assert set(spans) == {"batch", "send", "index"}
    batch, send, index = (spans[name].attributes or {} for name in ("batch", "send", "index"))
    assert spans["batch"].context is not None
    assert spans["batch"].context.trace_id.to_bytes(16, "big") == submission_id[:16]
    assert batch["coalition.submissions"] == ("0x" + submission_id.hex(),)
    assert batch["coalition.batch"] == send["coalition.batch"]
    assert index["coalition.batches"] == (str(batch["coalition.batch"]),)
    (stored,) = await gateway.rows(schema.batches, "id")
    assert send["coalition.tx_hash"] == "0x" + stored["tx_hash"].hex()
    member = bytes(shopping.shoppers[0].member).hex()
    assert member not in "".join(span.to_json() for span in exporter.get_finished_spans())
