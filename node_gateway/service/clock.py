"""The one clock of the gateway's own time. Chain time is `block_timestamp_s`, never this."""

import time
from typing import Protocol


class Clock(Protocol):
    """Injected wherever the time is asked for."""

    def now_ms(self) -> int:
        """Unix time in milliseconds."""
        ...

    def monotonic_s(self) -> float:
        """Seconds that only go up, for durations."""
        ...


class SystemClock:
    """The machine's clock."""

    def now_ms(self) -> int:
        return time.time_ns() // 1_000_000

    def monotonic_s(self) -> float:
        return time.monotonic()
