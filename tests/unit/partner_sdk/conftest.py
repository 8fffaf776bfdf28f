"""Fixtures of the SDK's tests: a fake gateway on a clock that stands still, and retries that do not wait."""

from collections.abc import Iterator

import pytest
import stamina
from hypothesis import settings

from partner_sdk.testing import FakeGateway

# A busy machine is slow, not wrong.
settings.register_profile("no deadline", deadline=None)
settings.load_profile("no deadline")

NOW_S = 1_800_000_000


class StandingClock:
    """Unix time that moves only when told."""

    def __init__(self) -> None:
        self.now_s = float(NOW_S)

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def clock() -> StandingClock:
    return StandingClock()


@pytest.fixture
def fake(clock: StandingClock) -> FakeGateway:
    return FakeGateway(clock_s=clock)


@pytest.fixture(autouse=True)
def _retries_do_not_wait() -> Iterator[None]:
    with stamina.set_testing(True, attempts=4, cap=True):
        yield
