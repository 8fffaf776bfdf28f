"""The stream behind a page: tells what changed, that the gateway is away, and that it is back."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from tests.unit.wallet_app.fake_gateway import FakeGateway
from tests.unit.wallet_app.wallet_factory import FixedClock
from wallet_app import live_updates
from wallet_app.gateway import MemberId
from wallet_app.live_updates import Link, Update, member_updates
from wallet_app.member_facts import MemberFactsReader

ANN = MemberId("0x" + "a1" * 20)
WAIT_S = 5


@pytest.fixture(autouse=True)
def quick_retries(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("RETRY_MIN_S", "RETRY_MAX_S", "RETRY_BEHIND_S", "GATHER_S", "REST_S"):
        monkeypatch.setattr(live_updates, name, 0.01)


async def next_update(updates: AsyncIterator[Update | None]) -> Update:
    async with asyncio.timeout(WAIT_S):
        while True:
            update = await anext(updates)
            if update is not None:
                return update


def follow(ledger: FakeGateway, heartbeat_s: float = WAIT_S) -> AsyncIterator[Update | None]:
    return member_updates(ledger, MemberFactsReader(ledger, FixedClock()), ANN, heartbeat_s=heartbeat_s)


def available(update: Update) -> int:
    assert update.recent is not None
    return update.recent.facts.account.available


async def test_starts_with_the_present_and_tells_each_change() -> None:
    ledger = FakeGateway()
    updates = follow(ledger)
    assert available(await next_update(updates)) == 0
    await next_update(updates)  # the stream has opened: nothing in between was missed
    ledger.purchase(ANN, partner=1, spend_minor=100, points=10)
    assert available(await next_update(updates)) == 10
    await updates.aclose()  # type: ignore[attr-defined]


async def test_many_events_at_once_become_one_update() -> None:
    ledger = FakeGateway()
    updates = follow(ledger)
    await next_update(updates)
    await next_update(updates)
    for _ in range(300):
        ledger.purchase(ANN, partner=1, spend_minor=100, points=1)
    update = await next_update(updates)
    assert available(update) == 300
    assert len(update.events) <= live_updates.PENDING_EVENTS_MAX
    await updates.aclose()  # type: ignore[attr-defined]


async def test_tells_that_the_gateway_is_away_and_what_changed_meanwhile() -> None:
    ledger = FakeGateway()
    updates = follow(ledger)
    await next_update(updates)
    await next_update(updates)
    ledger.go_away()
    lost = await next_update(updates)
    assert (lost.link, lost.recent) == (Link.LOST, None)
    ledger.purchase(ANN, partner=1, spend_minor=100, points=7)
    ledger.come_back()
    while (update := await next_update(updates)).recent is None:
        pass
    assert available(update) == 7
    await updates.aclose()  # type: ignore[attr-defined]


async def test_gives_a_sign_of_life_when_nothing_happens() -> None:
    updates = follow(FakeGateway(), heartbeat_s=0.01)
    await next_update(updates)
    await next_update(updates)
    async with asyncio.timeout(WAIT_S):
        assert await anext(updates) is None
    await updates.aclose()  # type: ignore[attr-defined]


async def test_leaves_no_stream_behind() -> None:
    ledger = FakeGateway()
    updates = follow(ledger)
    await next_update(updates)
    await next_update(updates)
    await updates.aclose()  # type: ignore[attr-defined]
    assert ledger._queues[ANN] == set()
