"""Traces: named by submissions, bounded, and nothing at all when they are not asked for."""

import subprocess
import sys
import time

import pytest
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import StatusCode

from node_gateway import tracing
from node_gateway.tracing import LINKS_MAX, NAMES_MAX, TracingUnavailableError, open_traces

SUBMISSION = bytes(range(32))


def test_without_a_collector_nothing_is_imported() -> None:
    code = (
        "import sys\nfrom node_gateway.tracing import open_traces\nassert open_traces('', 'coalition-api') is None\n"
        "print([name for name in sys.modules if name.startswith('opentelemetry')])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.strip() == "[]"


def test_a_span_of_one_submission_is_in_its_trace_and_one_of_many_links_to_theirs() -> None:
    exporter = InMemorySpanExporter()
    traces = open_traces("", "coalition-api", make_exporter=lambda: exporter)
    assert traces is not None
    started_ns = time.time_ns()
    traces.record(
        "accept", started_ns=started_ns, submissions=[SUBMISSION], attributes={"coalition.refused": 0}
    )
    many = [number.to_bytes(2, "big") * 16 for number in range(1, LINKS_MAX + 50)]
    traces.record("batch", started_ns=started_ns, submissions=many, attributes={})
    traces.record("send", started_ns=started_ns, error="underpriced", attributes={"coalition.try": 2})
    traces.close()
    one, batch, sent = exporter.get_finished_spans()

    assert one.context is not None
    assert one.parent is not None
    assert one.context.trace_id.to_bytes(16, "big") == SUBMISSION[:16]
    assert one.parent.span_id.to_bytes(8, "big") == SUBMISSION[16:24]
    assert one.attributes == {"coalition.submissions": ("0x" + SUBMISSION.hex(),), "coalition.refused": 0}
    assert one.start_time == started_ns <= (one.end_time or 0)
    assert one.resource.attributes["service.name"] == "coalition-api"
    assert batch.parent is None
    assert len(batch.links) == LINKS_MAX
    assert batch.attributes is not None
    assert len(batch.attributes["coalition.submissions"]) == NAMES_MAX  # type: ignore[arg-type]  # a tuple of names
    assert (sent.status.status_code, sent.status.description) == (StatusCode.ERROR, "underpriced")


def test_says_what_to_install_where_the_packages_are_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "opentelemetry.sdk.trace", None)
    with pytest.raises(TracingUnavailableError, match=r"points-coalition\[tracing\]"):
        open_traces("http://127.0.0.1:9/v1/traces", "coalition-api")
    assert tracing.open_traces("", "coalition-api") is None
