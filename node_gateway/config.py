"""Settings of the gateway's processes, read from the environment (`COALITION_…`). docs/configuration.md lists them all."""

from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """Built once, by the composition root; passed on from there.

    Limits say their unit last. A limit is a bound for everyone, not a target.
    """

    model_config = SettingsConfigDict(env_prefix="COALITION_", extra="ignore", frozen=True)

    state_dir: Path = Field(
        default=Path(".coalition"), description="Databases, keys and the deployment record."
    )
    database_url: str = Field(
        default="",
        description="`sqlite:////path/gateway.db` or `postgresql://user@host/name`; empty: SQLite in the state directory.",
    )
    rpc_url: str = Field(default="http://127.0.0.1:8545", description="JSON-RPC of the chain.")
    api_host: str = Field(default="127.0.0.1", description="Address the API listens on.")
    api_port: int = Field(default=8710, ge=0, le=65_535, description="Port the API listens on.")
    log_level: str = Field(
        default="info", pattern="^(debug|info|warning|error)$", description="debug, info, warning or error."
    )

    traces_endpoint: str = Field(
        default="",
        description="Collector of OpenTelemetry traces, OTLP over HTTP: `http://host:4318/v1/traces`; empty: no traces.",
    )

    deadline_ahead_s_max: int = Field(
        default=30 * 86_400, gt=0, description="How far in the future a submission's deadline may be."
    )
    backlog_operations_max: int = Field(
        default=200_000,
        gt=0,
        description="Accepted operations that have no block yet; above it the API answers 503 with Retry-After.",
    )
    group_operations_max: int = Field(
        default=10_000, gt=0, description="Operations made durable in one database commit."
    )
    wait_s_max: float = Field(default=30.0, gt=0, description="Longest `?wait=settled`.")
    single_body_bytes_max: int = Field(
        default=160 * 1024, gt=0, description="Largest body of any request but bulk."
    )
    bulk_body_bytes_max: int = Field(
        default=16 * 1024 * 1024, gt=0, description="Largest body of a bulk request."
    )
    body_s_max: float = Field(
        default=20.0, gt=0, description="Longest time a request's body may take to arrive."
    )
    rate_requests: str = Field(
        default="5000/second", description="Requests of one API key, as `number/second|minute|hour`."
    )
    rate_unauthenticated: str = Field(
        default="60/second", description="Requests without a good API key from one address."
    )
    idempotency_days: int = Field(default=30, ge=30, description="How long an Idempotency-Key is remembered.")
    streams_max: int = Field(default=2_000, gt=0, description="Open event streams of one API process.")
    stream_queue_events_max: int = Field(
        default=1_000, gt=0, description="Events that wait for a slow stream before it is cut off."
    )
    stream_heartbeat_s: int = Field(
        default=15, gt=0, description="Seconds between two heartbeats of a stream."
    )
    poll_ms: int = Field(
        default=50, ge=10, description="How often a process looks for new blocks in the tables."
    )
    index_lag_blocks_max: int = Field(
        default=50, gt=0, description="Blocks the read model may be behind before /ready says no."
    )
    index_silence_s_max: float = Field(
        default=60.0, gt=0, description="Seconds without a word from the indexer before /ready says no."
    )

    relay_in_flight_max: int = Field(
        default=128, gt=0, description="Batches of one relay key that may be on their way at once."
    )
    relay_batch_age_ms: int = Field(
        default=50, ge=0, description="How long a submission may wait for others to share its batch."
    )
    relay_resend_after_ms: int = Field(
        default=3_000,
        gt=0,
        description="How long a batch may stay without a block before its bytes are sent again.",
    )
    relay_priority_wei: int = Field(default=1, ge=0, description="Tip for each gas, in wei.")
    relay_max_fee_wei: int = Field(default=10**12, gt=0, description="Most that a gas may cost, in wei.")
    worker_poll_ms: int = Field(default=50, ge=5, description="How often an idle job looks for work.")
    worker_metrics_port: int = Field(
        default=0, ge=0, le=65_535, description="Port of the worker's Prometheus metrics; 0: none."
    )
    webhook_private_addresses: bool = Field(
        default=False, description="Deliver webhooks to private and loopback addresses too."
    )

    @property
    def resolved_database_url(self) -> str:
        """`database_url`, or the SQLite file of the state directory."""
        return self.database_url or f"sqlite:///{self.state_dir.resolve() / 'gateway.db'}"
