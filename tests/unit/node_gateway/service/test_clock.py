"""How long ago something was done, on a clock that is moved by hand."""

import math

from node_gateway.service.clock import Since
from tests.unit.node_gateway.service.moved_clock import MovedClock


def test_what_was_never_done_is_endlessly_long_ago() -> None:
    assert Since(MovedClock()).ms == math.inf


def test_a_wall_clock_that_is_set_back_does_not_count() -> None:
    clock = MovedClock()
    since = Since(clock)
    since.begin()
    clock.wall_s -= 7_200
    clock.seconds += 0.25
    assert since.ms == 250
    since.begin()
    assert since.ms == 0
