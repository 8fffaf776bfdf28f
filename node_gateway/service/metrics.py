"""Figures of one API process, and of the tables, for Prometheus."""

import sqlalchemy as sa
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from sqlalchemy.ext.asyncio import AsyncConnection

from node_gateway.domain.states import BatchStatus, DeliveryStatus
from node_gateway.service.backlog import Backlog
from node_gateway.service.clock import Clock
from node_gateway.service.event_feed import EventFeed
from node_gateway.store import intake, schema
from node_gateway.store.chain_head import read_head
from node_gateway.store.database import Database

SECONDS_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
GROUP_BUCKETS = (1, 3, 10, 30, 100, 300, 1_000, 3_000, 10_000)


class Metrics:
    """All metrics, in a registry of their own: two gateways in one process do not mix."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        registry = self.registry
        self.requests = Counter(
            "coalition_requests", "Answered requests.", ["method", "route", "status"], registry=registry
        )
        self.request_seconds = Histogram(
            "coalition_request_seconds",
            "Time to answer.",
            ["route"],
            buckets=SECONDS_BUCKETS,
            registry=registry,
        )
        self.accepted_operations = Counter(
            "coalition_accepted_operations", "Operations made durable.", registry=registry
        )
        self.group_operations = Histogram(
            "coalition_accept_group_operations",
            "Operations in one commit.",
            buckets=GROUP_BUCKETS,
            registry=registry,
        )
        self.refused = Counter(
            "coalition_refused_submissions", "Submissions refused.", ["code"], registry=registry
        )
        self.streams_cut_off = Counter(
            "coalition_streams_cut_off", "Streams ended for being slow.", registry=registry
        )
        self._streams = Gauge("coalition_streams", "Open event streams.", registry=registry)
        self._backlog = Gauge(
            "coalition_backlog_operations", "Accepted operations without a block.", registry=registry
        )
        self._oldest = Gauge(
            "coalition_oldest_waiting_seconds",
            "Age of the oldest submission without a block.",
            registry=registry,
        )
        self._block = Gauge("coalition_indexed_block", "Last indexed block.", registry=registry)
        self._lag = Gauge(
            "coalition_index_lag_blocks", "Blocks that the read model is behind the node.", registry=registry
        )
        self._silence = Gauge(
            "coalition_index_silence_seconds",
            "Time since the indexer last heard from its node.",
            registry=registry,
        )
        self._block_age = Gauge(
            "coalition_block_age_seconds",
            "Age of the last indexed block, by its own time.",
            registry=registry,
        )
        self._batches = Gauge("coalition_batches", "Batches by status.", ["status"], registry=registry)
        self._batch_operations = Gauge(
            "coalition_last_batch_operations", "Operations of the newest batch.", registry=registry
        )
        self._batch_gas = Gauge(
            "coalition_last_batch_gas_used", "Gas of the newest mined batch.", registry=registry
        )
        self._deliveries = Gauge(
            "coalition_webhook_deliveries", "Webhook messages by status.", ["status"], registry=registry
        )
        self._delivery_age = Gauge(
            "coalition_webhook_oldest_seconds", "Age of the oldest undelivered message.", registry=registry
        )

    def note_accepted(self, operations: int) -> None:
        """One commit of the accept path."""
        self.accepted_operations.inc(operations)
        self.group_operations.observe(operations)

    async def render(self, database: Database, clock: Clock, *, backlog: Backlog, feed: EventFeed) -> bytes:
        """Prometheus' text format. Figures of the tables are read now."""
        self._streams.set(feed.stream_count)
        self._backlog.set(backlog.operations)
        async with database.reading() as connection:
            await self._read_tables(connection, clock.now_ms())
        return generate_latest(self.registry)

    async def _read_tables(self, connection: AsyncConnection, now_ms: int) -> None:
        head = await read_head(connection)
        if head is not None:
            self._block.set(head.block_number)
            self._lag.set(head.lag_blocks)
            self._silence.set(_age_s(head.seen_at_ms, now_ms))
            self._block_age.set(_age_s(head.block_timestamp_s * 1000, now_ms))
        self._oldest.set(_age_s(await intake.oldest_waiting_accepted_at_ms(connection), now_ms))
        batches, deliveries = schema.batches.c, schema.deliveries.c
        for status in BatchStatus:
            if status is not BatchStatus.MINED:  # all of history: too many to count at each scrape
                count = sa.select(sa.func.count()).where(batches.status == status)
                self._batches.labels(status.value).set(await connection.scalar(count) or 0)
        newest = sa.select(batches.operation_count).order_by(batches.id.desc()).limit(1)
        self._batch_operations.set(await connection.scalar(newest) or 0)
        mined = (
            sa.select(batches.gas_used)
            .where(batches.status == BatchStatus.MINED)
            .order_by(batches.id.desc())
            .limit(1)
        )
        self._batch_gas.set(await connection.scalar(mined) or 0)
        for delivery_status in (DeliveryStatus.PENDING, DeliveryStatus.DEAD):
            count = sa.select(sa.func.count()).where(deliveries.status == delivery_status)
            self._deliveries.labels(delivery_status.value).set(await connection.scalar(count) or 0)
        oldest = sa.select(sa.func.min(deliveries.created_at_ms)).where(
            deliveries.status == DeliveryStatus.PENDING
        )
        self._delivery_age.set(_age_s(await connection.scalar(oldest), now_ms))


def _age_s(since_ms: int | None, now_ms: int) -> float:
    return 0.0 if since_ms is None else max(0, now_ms - since_ms) / 1000
