"""Figures of the worker for Prometheus."""

from collections.abc import Mapping

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, start_http_server

from node_gateway.domain.states import DeliveryStatus
from node_gateway.jobs.indexer import IndexStep
from node_gateway.jobs.relay import RelayStep
from node_gateway.jobs.running import JobHealth

OPERATIONS_BUCKETS = (1, 3, 10, 30, 100, 200, 300, 400, 500, 700, 1_000)
GAS_BUCKETS = (
    100_000,
    300_000,
    1_000_000,
    3_000_000,
    6_000_000,
    9_000_000,
    12_000_000,
    14_000_000,
    16_800_000,
)


class WorkerMetrics:
    """All metrics of one worker, in a registry of their own."""

    def __init__(self) -> None:
        self.registry = registry = CollectorRegistry()
        self._waiting = Gauge(
            "coalition_relay_waiting_submissions", "Accepted, in no batch yet.", registry=registry
        )
        self._oldest = Gauge(
            "coalition_relay_oldest_waiting_seconds", "Age of the oldest of them.", registry=registry
        )
        self._in_flight = Gauge(
            "coalition_relay_batches_in_flight", "Batches without a block.", registry=registry
        )
        self._gas_ratio = Gauge(
            "coalition_relay_gas_ratio", "Gas charged against gas guessed.", registry=registry
        )
        self._sent = Counter("coalition_relay_batches_sent", "Batches handed to the node.", registry=registry)
        self._expired = Counter(
            "coalition_relay_expired_submissions", "Ended past their deadline.", registry=registry
        )
        self._batch_size = Histogram(
            "coalition_batch_operations",
            "Operations in a mined batch.",
            buckets=OPERATIONS_BUCKETS,
            registry=registry,
        )
        self._batch_gas = Histogram(
            "coalition_batch_gas", "Gas used by a mined batch.", buckets=GAS_BUCKETS, registry=registry
        )
        self._head = Gauge("coalition_chain_head_block", "The node's newest block.", registry=registry)
        self._lag = Gauge("coalition_index_lag_blocks", "Blocks that are not indexed yet.", registry=registry)
        self._blocks = Counter("coalition_indexed_blocks", "Blocks indexed.", registry=registry)
        self._events = Counter("coalition_indexed_events", "Events folded.", registry=registry)
        self._unwound = Counter(
            "coalition_unwindings", "Times that blocks were taken back.", registry=registry
        )
        self._webhook_attempts = Counter(
            "coalition_webhook_attempts",
            "Webhook messages sent, by what became of them: delivered, pending (to be tried again), dead.",
            ["status"],
            registry=registry,
        )
        self._told: dict[DeliveryStatus, int] = {}
        self._failing = Gauge(
            "coalition_job_failing", "1 while a job's last step failed.", ["job"], registry=registry
        )

    def relayed(self, step: RelayStep, gas_ratio: float) -> None:
        """Take in a relay step."""
        self._waiting.set(step.waiting)
        self._oldest.set((step.oldest_waiting_ms or 0) / 1000)
        self._in_flight.set(step.in_flight)
        self._gas_ratio.set(gas_ratio)
        self._sent.inc(step.sent)
        self._expired.inc(step.expired)

    def indexed(self, step: IndexStep) -> None:
        """Take in an index step."""
        self._head.set(step.head)
        self._lag.set(max(0, step.head + 1 - step.next_block))
        self._blocks.inc(step.blocks)
        self._events.inc(step.events)
        if step.unwound_from is not None:
            self._unwound.inc()
        for batch in step.batches:
            self._batch_size.observe(batch.operation_count)
            self._batch_gas.observe(batch.gas_used)

    def pushed(self, outcomes: Mapping[DeliveryStatus, int]) -> None:
        """Take in how many attempts had which outcome so far."""
        for status, count in outcomes.items():
            self._webhook_attempts.labels(status=status.value).inc(count - self._told.get(status, 0))
            self._told[status] = count

    def health(self, jobs: list[JobHealth]) -> None:
        """Take in how the jobs are."""
        for job in jobs:
            self._failing.labels(job=job.name).set(int(job.problem is not None))

    def serve(self, port: int) -> None:
        """Answer Prometheus on a port of the loopback address."""
        start_http_server(port, addr="127.0.0.1", registry=self.registry)
