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


class Since:
    """How long ago something was last done, in time that only goes on: a wall clock that is set back would make it wait."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._at_s = float("-inf")

    @property
    def ms(self) -> float:
        """Milliseconds; infinite where it was never done."""
        return (self._clock.monotonic_s() - self._at_s) * 1000

    def begin(self) -> None:
        """It is done now."""
        self._at_s = self._clock.monotonic_s()
