"""Attempts are bounded a minute and key."""

import pytest

from tests.unit.wallet_app.wallet_factory import FixedClock
from wallet_app.errors import TooManyAttemptsError
from wallet_app.rate_limit import KEYS_MAX, RateLimit


def test_refuses_the_attempt_over_the_limit_and_says_when_to_return() -> None:
    clock = FixedClock(seconds=130)
    limit = RateLimit(clock, attempts_max=2)
    limit.count("a")
    limit.count("a")
    with pytest.raises(TooManyAttemptsError) as refused:
        limit.count("a")
    assert refused.value.retry_after_s == 50


def test_counts_keys_apart_and_forgives_after_a_minute() -> None:
    clock = FixedClock(seconds=120)
    limit = RateLimit(clock, attempts_max=1)
    limit.count("a")
    limit.count("b")
    clock.seconds += 60
    limit.count("a")


def test_memory_is_bounded() -> None:
    limit = RateLimit(FixedClock(), attempts_max=1)
    for number in range(KEYS_MAX + 10):
        limit.count(str(number))
    assert len(limit._counts) == KEYS_MAX
