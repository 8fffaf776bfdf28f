"""docs/operate.md says what the code does: metrics, reasons, spans."""

import re
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from node_gateway.jobs.worker_metrics import WorkerMetrics
from node_gateway.service.metrics import Metrics

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "operate.md").read_text()
# What issue and design ask for, by the words that the page must explain.
ASKED_FOR = (
    "accept rate", "accept latency", "backlog", "age of the oldest unsettled", "batch size", "gas", "block lag", "index lag", "webhook lag",
)  # fmt: skip


def names_of(registry: CollectorRegistry) -> set[str]:
    return {
        f"{metric.name}_total" if metric.type == "counter" else metric.name for metric in registry.collect()
    }


def documented(process: str) -> set[str]:
    rows = re.findall(r"^\| `(coalition_\w+)` \| (\w+) \|", PAGE, re.MULTILINE)
    return {name for name, of in rows if of in (process, "both")}


def test_every_metric_is_documented_with_its_process() -> None:
    assert documented("API") == names_of(Metrics().registry)
    assert documented("worker") == names_of(WorkerMetrics().registry)


@pytest.mark.parametrize("figure", ASKED_FOR)
def test_what_was_asked_for_can_be_found(figure: str) -> None:
    assert re.search(rf"^\| `coalition_.*\*\*{figure}\*\*", PAGE, re.MULTILINE | re.IGNORECASE)


def test_every_reason_for_not_being_ready_has_an_advice() -> None:
    code = (ROOT / "node_gateway" / "service" / "readiness.py").read_text()
    reasons = set(re.findall(r"Unready\(\s*\"(\w+)\"", code))

    assert len(reasons) >= 5
    assert set(re.findall(r"^\| `(\w+)` \| [^|]*\|$", PAGE.split("### Metrics")[0], re.MULTILINE)) >= reasons


def test_every_span_is_documented() -> None:
    recorded: set[str] = set()
    for path in (ROOT / "node_gateway").rglob("*.py"):
        recorded |= set(re.findall(r"races\.record\(\s*\"(\w+)\"", path.read_text()))
    table = PAGE.split("### Traces")[1].split("## ")[0]

    assert recorded == set(re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE))
