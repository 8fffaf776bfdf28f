"""OpenTelemetry traces of what becomes of submissions, when COALITION_TRACES_ENDPOINT names a collector; else nothing of it is imported.

A submission's trace is named by its id, so that processes and restarts need hand nothing on: the trace id is the first 16 bytes, the parent of
its spans the next 8. A span of several submissions (a bulk, a batch, a block) is a trace of its own, with a link to each of theirs.

No span names a member: ids of submissions, operations, batches, blocks, requests and webhooks are all there is.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:
    from opentelemetry.context import Context
    from opentelemetry.sdk.trace.export import SpanExporter
    from opentelemetry.trace import SpanContext

LINKS_MAX: Final = 128
NAMES_MAX: Final = 32
"""Ids named in one attribute."""
STOP_S_MAX: Final = 5.0

Attribute = str | int | float | bool | Sequence[str]


class TracingUnavailableError(Exception):
    """Traces are asked for, and the packages for them are not installed."""

    def __init__(self) -> None:
        super().__init__(
            "COALITION_TRACES_ENDPOINT is set, and OpenTelemetry is not installed: pip install 'points-coalition[tracing]', or unset it"
        )


class Traces(Protocol):
    """Takes spans that are over. Where there are no traces this is None, and costs one comparison."""

    def record(
        self,
        name: str,
        *,
        started_ns: int,
        submissions: Sequence[bytes] = (),
        error: str | None = None,
        attributes: Mapping[str, Attribute],
    ) -> None:
        """Ends a span now.

        Args:
            name: `accept`, `batch`, `send`, `index` or `deliver`.
            started_ns: when it began, Unix time.
            submissions: ids of those that it is about; of one alone it is in the trace.
            error: what went wrong.
            attributes: named `coalition.…`; no member among them.
        """
        ...

    def close(self) -> None:
        """Hands on what is waiting; bounded in time."""
        ...


def open_traces(
    endpoint: str, service: str, *, make_exporter: "Callable[[], SpanExporter] | None" = None
) -> Traces | None:
    """Traces to a collector, or None where none is named.

    Args:
        endpoint: OTLP over HTTP, `http://host:4318/v1/traces`; empty: no traces.
        service: `coalition-api` or `coalition-worker`. The SDK's own OTEL_… variables (headers, sampler, resource) count besides.
        make_exporter: another one, for tests.

    Raises:
        TracingUnavailableError: the packages are not installed.
    """
    if not endpoint and make_exporter is None:
        return None
    try:
        return _OpenTelemetry(endpoint, service, make_exporter)
    except ImportError as error:
        raise TracingUnavailableError from error


class _OpenTelemetry:
    def __init__(
        self, endpoint: str, service: str, make_exporter: "Callable[[], SpanExporter] | None"
    ) -> None:
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor

        exporter = _otlp_exporter(endpoint) if make_exporter is None else make_exporter()
        self._provider = TracerProvider(resource=Resource.create({"service.name": service}))
        # A thread of its own hands spans on; what a slow collector does not take is dropped, and nothing waits for it.
        self._provider.add_span_processor(BatchSpanProcessor(exporter))
        self._tracer = self._provider.get_tracer("node_gateway")

    def record(
        self,
        name: str,
        *,
        started_ns: int,
        submissions: Sequence[bytes] = (),
        error: str | None = None,
        attributes: Mapping[str, Attribute],
    ) -> None:
        from opentelemetry.trace import Link, Status, StatusCode

        contexts = [_context_of(submission) for submission in submissions[:LINKS_MAX]]
        is_of_one = len(submissions) == 1
        named = (
            {"coalition.submissions": _named(["0x" + one.hex() for one in submissions])}
            if submissions
            else {}
        )
        span = self._tracer.start_span(
            name,
            context=_parent(contexts[0]) if is_of_one else _no_parent(),
            links=[] if is_of_one else [Link(context) for context in contexts],
            attributes={**named, **{key: _bounded(value) for key, value in attributes.items()}},
            start_time=started_ns,
        )
        if error is not None:
            span.set_status(Status(StatusCode.ERROR, error))
        span.end(max(started_ns, time.time_ns()))

    def close(self) -> None:
        self._provider.force_flush(int(STOP_S_MAX * 1000))
        self._provider.shutdown()


def _otlp_exporter(endpoint: str) -> "SpanExporter":
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

    return OTLPSpanExporter(endpoint=endpoint, timeout=STOP_S_MAX)


def _context_of(submission: bytes) -> "SpanContext":
    from opentelemetry.trace import SpanContext, TraceFlags

    return SpanContext(
        trace_id=int.from_bytes(submission[:16], "big"),
        span_id=int.from_bytes(submission[16:24], "big"),
        is_remote=True,
        trace_flags=TraceFlags(TraceFlags.SAMPLED),
    )


def _parent(context: "SpanContext") -> "Context":
    from opentelemetry.trace import NonRecordingSpan, set_span_in_context

    return set_span_in_context(NonRecordingSpan(context), _no_parent())


def _no_parent() -> "Context":
    from opentelemetry.context import Context

    return Context()


def _bounded(value: Attribute) -> Attribute:
    return value if isinstance(value, str | int | float | bool) else _named(value)


def _named(names: Sequence[str]) -> tuple[str, ...]:
    return tuple(names[:NAMES_MAX])
