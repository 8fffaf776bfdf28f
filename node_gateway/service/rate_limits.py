"""How often a party, or an unknown address, may ask."""

import math
import time

from limits import RateLimitItem, parse
from limits.storage import MemoryStorage
from limits.strategies import FixedWindowRateLimiter

from node_gateway.domain.errors import RateLimitedError


class RateLimits:
    """Counted in this process: with several API processes, each allows as much."""

    def __init__(self, *, requests: str, unauthenticated: str) -> None:
        """Takes limits as `number/second|minute|hour|day`."""
        self._limiter = FixedWindowRateLimiter(MemoryStorage())
        self._requests = parse(requests)
        self._unauthenticated = parse(unauthenticated)

    def hit_party(self, party: str) -> None:
        """Counts one request. Raises RateLimitedError."""
        self._hit(self._requests, party)

    def hit_unauthenticated(self, address: str) -> None:
        """Counts one request without a good key. Raises RateLimitedError."""
        self._hit(self._unauthenticated, address)

    def _hit(self, limit: RateLimitItem, who: str) -> None:
        if not self._limiter.hit(limit, who):
            reset_at_s = self._limiter.get_window_stats(limit, who).reset_time
            retry_after_s = max(1, math.ceil(reset_at_s - time.time()))
            raise RateLimitedError(limit=str(limit), retry_after_s=retry_after_s)
