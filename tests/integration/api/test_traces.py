"""Traces as a collector gets them: over HTTP, with ids of requests and operations, without any member."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from partner_sdk.protocol import pack_bulk
from tests.integration.api.conftest import running_api, settings_for
from tests.integration.api.ledger_rows import ANNA, purchase, signed

BULK = "application/vnd.coalition.submissions"


class Collector:
    """Keeps the bodies it gets."""

    def __init__(self) -> None:
        bodies = self.bodies = list[bytes]()

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                bodies.append(self.rfile.read(int(self.headers["content-length"])))
                self.send_response(200)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/v1/traces"

    def spans(self) -> list[Any]:
        requests = [ExportTraceServiceRequest.FromString(body) for body in self.bodies]
        return [
            span for one in requests for part in one.resource_spans for scope in part.scope_spans for span in scope.spans
        ]  # fmt: skip


@pytest.fixture
def collector() -> Iterator[Collector]:
    made = Collector()
    serving = threading.Thread(target=made.server.serve_forever)
    serving.start()
    yield made
    made.server.shutdown()
    serving.join()
    made.server.server_close()


def attributes_of(span: Any) -> dict[str, Any]:
    found = {}
    for one in span.attributes:
        kind = one.value.WhichOneof("value")
        value = getattr(one.value, kind)
        found[one.key] = [item.string_value for item in value.values] if kind == "array_value" else value
    return found


async def test_a_collector_gets_a_span_for_each_accepting_request(
    sqlite_url: str, tmp_path: Path, collector: Collector
) -> None:
    settings = settings_for(sqlite_url, tmp_path, traces_endpoint=collector.url)
    async with running_api(settings) as api:
        headers = {"X-Request-Id": "till-7"}
        await api.post(
            "/v1/submissions", signed(purchase(1)), media_type="application/octet-stream", **headers
        )
        await api.post("/v1/submissions", b"\0", media_type="application/octet-stream")
        bulk = pack_bulk(
            [signed(purchase(2), purchase(3)), signed(purchase(4)), signed(purchase(1, spend_minor=7))]
        )
        await api.post("/v1/submissions/bulk", bulk, media_type=BULK)
        listed = (await api.get("/v1/operations/3.0.1")).json()
    one, malformed, many = collector.spans()

    assert {span.name for span in (one, malformed, many)} == {"accept"}
    assert one.trace_id == bytes.fromhex(listed["submission_id"][2:34])
    assert attributes_of(one) == {
        "coalition.submissions": [listed["submission_id"]],
        "coalition.request_id": "till-7",
        "coalition.operations": ["3.0.1"],
        "coalition.operation_count": 1,
        "coalition.refused": 0,
    }
    assert (malformed.status.code, malformed.status.message) == (2, "malformed_submission")
    assert len(many.links) == 2
    assert attributes_of(many)["coalition.operations"] == ["3.0.2", "3.0.3", "3.0.4"]
    assert attributes_of(many)["coalition.refused"] == 1
    sent = b"".join(collector.bodies)
    assert bytes(ANNA) not in sent
    assert bytes(ANNA).hex().encode() not in sent
