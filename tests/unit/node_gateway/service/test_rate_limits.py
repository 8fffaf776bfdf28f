"""Fixed windows on an injected clock."""

import pytest

from node_gateway.domain.errors import RateLimitedError
from node_gateway.service.rate_limits import RateLimits
from tests.unit.node_gateway.service.moved_clock import MovedClock


def test_a_window_allows_its_number_and_says_when_the_next_begins() -> None:
    clock = MovedClock()
    limits = RateLimits(clock, requests="2/minute", unauthenticated="1/minute")
    limits.hit_party("partner:3")
    limits.hit_party("partner:3")

    with pytest.raises(RateLimitedError) as refused:
        limits.hit_party("partner:3")

    assert refused.value.data == {"limit": "2 per 1 minute", "retry_after_s": 20}


def test_a_new_window_begins_anew() -> None:
    clock = MovedClock()
    limits = RateLimits(clock, requests="1/second", unauthenticated="1/second")
    limits.hit_party("wallet")
    clock.seconds += 1.0

    limits.hit_party("wallet")


def test_callers_do_not_share_a_window() -> None:
    limits = RateLimits(MovedClock(), requests="1/hour", unauthenticated="1/hour")

    limits.hit_party("partner:3")
    limits.hit_party("partner:4")
    limits.hit_unauthenticated("192.0.2.1")
