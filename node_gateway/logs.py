"""Structured logs on standard error: one JSON object a line, with the request's id, without personal data."""

import logging
import sys

import structlog


def configure_logs(level: str) -> None:
    """Called by each process once, at its start. What libraries log by Python's `logging` (warnings and worse) becomes such lines too.

    Args:
        level: `debug`, `info`, `warning` or `error`.
    """
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    rendered: list[structlog.typing.Processor] = [
        structlog.processors.format_exc_info,
        structlog.processors.JSONRenderer(),
    ]
    structlog.configure(
        processors=[*shared, *rendered],
        wrapper_class=structlog.make_filtering_bound_logger(getattr(logging, level.upper())),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )
    handler = _LibraryHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*shared, structlog.stdlib.add_logger_name],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *rendered],
        )
    )
    handler.setLevel(logging.WARNING)
    root = logging.getLogger()
    for earlier in [one for one in root.handlers if isinstance(one, _LibraryHandler)]:
        root.removeHandler(earlier)
    root.addHandler(handler)


class _LibraryHandler(logging.StreamHandler):  # type: ignore[type-arg]  # generic in stubs alone
    """Ours among the root logger's handlers."""
