"""The one clock of the wallet; tests inject their own."""

import time
from typing import Protocol


class Clock(Protocol):
    """Tells the time in whole Unix seconds, UTC."""

    def now_s(self) -> int: ...


class SystemClock:
    """The machine's clock."""

    def now_s(self) -> int:
        return int(time.time())
