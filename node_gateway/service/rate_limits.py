"""How often a party, or an unknown address, may ask."""

import math

from limits import RateLimitItem, parse

from node_gateway.domain.errors import RateLimitedError
from node_gateway.service.clock import Clock

WHO_MAX = 100_000
"""Callers that are counted at once; beyond it a window begins anew for all."""


class RateLimits:
    """Fixed windows, counted in this process: with several API processes, each allows as much.

    `limits` only reads the notation: its memory storage starts a thread every 10 ms.
    """

    def __init__(self, clock: Clock, *, requests: str, unauthenticated: str) -> None:
        """Takes limits as `number/second|minute|hour|day`."""
        self._requests = _Window(clock, parse(requests))
        self._unauthenticated = _Window(clock, parse(unauthenticated))

    def hit_party(self, party: str) -> None:
        """Counts one request. Raises RateLimitedError."""
        self._requests.hit(party)

    def hit_unauthenticated(self, address: str) -> None:
        """Counts one request without a good key. Raises RateLimitedError."""
        self._unauthenticated.hit(address)


class _Window:
    def __init__(self, clock: Clock, limit: RateLimitItem) -> None:
        self._clock = clock
        self._limit = limit
        self._length_s = limit.get_expiry()
        self._number = -1
        self._hits: dict[str, int] = {}

    def hit(self, who: str) -> None:
        now_s = self._clock.monotonic_s()
        number = int(now_s // self._length_s)
        if number != self._number or len(self._hits) > WHO_MAX:
            self._number = number
            self._hits.clear()
        hits = self._hits.get(who, 0) + 1
        self._hits[who] = hits
        if hits > self._limit.amount:
            left_s = (number + 1) * self._length_s - now_s
            raise RateLimitedError(limit=str(self._limit), retry_after_s=max(1, math.ceil(left_s)))
