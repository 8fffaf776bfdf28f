"""Counts attempts in windows of a minute. In memory: a restart forgives, and nothing about anyone is kept."""

from collections import OrderedDict

from wallet_app.clock import Clock
from wallet_app.errors import TooManyAttemptsError

WINDOW_S = 60
KEYS_MAX = 50_000


class RateLimit:
    """At most `attempts_max` attempts a key and minute; forgets the oldest keys beyond `KEYS_MAX`."""

    def __init__(self, clock: Clock, *, attempts_max: int) -> None:
        self._clock = clock
        self._attempts_max = attempts_max
        self._counts: OrderedDict[tuple[str, int], int] = OrderedDict()

    def count(self, key: str) -> None:
        """Counts one attempt.

        Raises:
            TooManyAttemptsError: the limit was reached before this attempt.
        """
        now_s = self._clock.now_s()
        window = now_s // WINDOW_S
        attempts = self._counts.get((key, window), 0)
        if attempts >= self._attempts_max:
            raise TooManyAttemptsError(retry_after_s=WINDOW_S - now_s % WINDOW_S)
        self._counts[(key, window)] = attempts + 1
        while len(self._counts) > KEYS_MAX:
            self._counts.popitem(last=False)
