"""Webhooks against a real HTTP server and real databases."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import httpx2
import pytest
import sqlalchemy as sa
from standardwebhooks import Webhook

from node_gateway.domain.parties import Party
from node_gateway.domain.states import PartyKind
from node_gateway.jobs import webhook_queue
from node_gateway.jobs.push import Push
from node_gateway.jobs.webhook_queue import LEASE_MS
from node_gateway.service.clock import SystemClock
from node_gateway.service.webhooks import new_secret
from node_gateway.store import schema, webhooks
from node_gateway.store.database import Database, create_database
from partner_sdk import verify_webhook
from partner_sdk.protocol import PartnerId
from tests.integration.jobs.gateway_harness import SteadyClock
from tests.integration.jobs.webhook_shop import MEMBERS, SECRET, happen, open_shop, register
from tests.postgres_server import PostgresServer

pytestmark = pytest.mark.integration

NEW_SECRET = new_secret(bytes(32))


@pytest.fixture
async def push(database: Database) -> AsyncIterator[Push]:
    job = Push(database, SteadyClock(), are_private_allowed=True)
    yield job
    await job.finish()


async def _run(push: Push, *, steps: int = 6) -> None:
    for _ in range(steps):
        await push.step()
        await push.drain()


async def test_delivers_each_event_of_the_partner_once_signed_and_in_order(
    database: Database, push: Push
) -> None:
    async with open_shop() as shop:
        await register(database, "a", shop.url)
        await happen(database, 5, (1, MEMBERS[0]), (2, MEMBERS[0]), (1, MEMBERS[0]), (1, MEMBERS[1]))
        await _run(push)
        assert sorted(body["data"]["points"] for body in shop.bodies()) == [0, 2, 3]
        first_member = [b["data"]["points"] for b in shop.bodies() if b["data"]["points"] in (0, 2)]
        assert first_member == [0, 2]
        for headers, body in shop.received:
            signed_at = datetime.fromtimestamp(int(headers["webhook-timestamp"]), UTC)
            expected = Webhook(SECRET).sign(headers["webhook-id"], signed_at, body.decode())
            assert headers["webhook-signature"] == expected
            assert headers["webhook-id"].startswith(json.loads(body)["id"] + "-")
            assert headers["host"] == f"127.0.0.1:{shop.port}"
        await _run(push)
        assert len(shop.received) == 3


async def test_a_refused_message_holds_back_its_subject_only_and_comes_again(
    database: Database, push: Push
) -> None:
    async with open_shop(500) as shop:
        await register(database, "a", shop.url)
        await happen(database, 5, (1, MEMBERS[0]))
        await push.step()
        await push.drain()
        await happen(database, 6, (1, MEMBERS[0]), (1, MEMBERS[1]))
        await _run(push)
        assert [body["id"][:3] for body in shop.bodies()] == ["5-0", "6-1"]
        assert isinstance(push._clock, SteadyClock)
        push._clock.advance(10_000)
        await _run(push)
        assert [body["id"][:3] for body in shop.bodies()] == ["5-0", "6-1", "5-0", "6-0"]


async def test_a_slow_endpoint_does_not_delay_another(database: Database, push: Push) -> None:
    released = asyncio.Event()
    async with open_shop(hang=released) as slow, open_shop() as quick:
        await register(database, "a", slow.url)
        await register(database, "b", quick.url, partner=None)
        await happen(database, 5, (1, MEMBERS[0]))
        for _ in range(100):
            await push.step()
            if quick.received:
                break
            await asyncio.sleep(0.02)
        assert len(quick.received) == 1
        assert not slow.received
        released.set()
        await push.drain()
        assert len(slow.received) == 1


async def test_a_failure_of_the_database_is_told_once_and_then_tried_again(
    database: Database, push: Push, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*_: Any, **__: Any) -> None:
        raise sa.exc.OperationalError("UPDATE", {}, Exception("database or disk is full"))

    async with open_shop() as shop:
        await register(database, "a", shop.url)
        await happen(database, 5, (1, MEMBERS[0]))
        with monkeypatch.context() as patch:
            patch.setattr(webhook_queue, "note", fail)
            await push.step()
            await asyncio.wait(push._busy.values())
        with pytest.raises(sa.exc.OperationalError):
            await push.step()
        push._look_at_s.clear()
        await _run(push)
        assert len(shop.received) == 2
        async with database.reading() as connection:
            pending = schema.deliveries.c.status == "pending"
            assert not (await connection.execute(sa.select(schema.deliveries).where(pending))).all()


async def test_gives_up_after_the_last_attempt_and_replays_when_asked(database: Database, push: Push) -> None:
    attempts = len(webhook_queue.BACKOFF_S) + 1
    async with open_shop(*[503] * attempts) as shop:
        await register(database, "a", shop.url)
        await happen(database, 5, (1, MEMBERS[0]))
        assert isinstance(push._clock, SteadyClock)
        for _ in range(attempts + 3):
            await _run(push, steps=1)
            push._clock.advance(2 * 86_400_000)
        assert len(shop.received) == attempts
        async with database.writing() as connection:
            now_ms = push._clock.now_ms()
            assert await webhooks.replay_dead(connection, "a", delivery_id=None, now_ms=now_ms) == 1
        await _run(push)
        assert len(shop.received) == attempts + 1


async def test_a_redirect_is_not_followed_and_a_private_address_is_refused(database: Database) -> None:
    async with open_shop(302) as shop:
        await register(database, "a", shop.url)
        await happen(database, 5, (1, MEMBERS[0]))
        careful = Push(database, SteadyClock(), are_private_allowed=False)
        await _run(careful, steps=1)
        await careful.finish()
        assert not shop.received
        open_minded = Push(database, SteadyClock(), are_private_allowed=True)
        assert isinstance(open_minded._clock, SteadyClock)
        open_minded._clock.advance(60_000)
        await _run(open_minded, steps=1)
        await open_minded.finish()
        assert len(shop.received) == 1
        async with database.reading() as connection:
            row = (await connection.execute(sa.select(schema.deliveries))).one()
        assert (row.status, row.answered_status, row.attempts) == ("pending", 302, 2)


async def test_signs_with_both_secrets_until_the_old_one_ends(database: Database, push: Push) -> None:
    clock = push._clock
    assert isinstance(clock, SteadyClock)
    async with open_shop() as shop:
        await register(database, "a", shop.url)
        async with database.writing() as connection:
            await webhooks.replace_secret(
                connection, "a", NEW_SECRET, previous_until_ms=clock.now_ms() + 60_000
            )
        await happen(database, 5, (1, MEMBERS[0]))
        await _run(push)
        clock.advance(60_001)
        await happen(database, 6, (1, MEMBERS[0]))
        await _run(push)
        signatures = [headers["webhook-signature"].split(" ") for headers, _ in shop.received]
        assert [len(one) for one in signatures] == [2, 1]


async def test_the_sdk_reads_what_is_sent(database: Database) -> None:
    push = Push(database, SystemClock(), are_private_allowed=True)
    async with open_shop() as shop:
        await register(database, "a", shop.url)
        await happen(database, 5, (1, MEMBERS[0]))
        await _run(push, steps=2)
    await push.finish()
    ((headers, body),) = shop.received
    event = verify_webhook(body, headers, SECRET)
    assert (event.id, event.name, event.partner, event.block_number) == ("5-0", "PurchaseSettled", 1, 5)
    assert event.member is not None
    assert bytes(event.member) == MEMBERS[0]
    assert (event.data, event.block_timestamp_s) == ({"points": 0}, 1_700_000_000)
    # Where Standard Webhooks has them.
    assert json.loads(body)["type"] == "PurchaseSettled"
    assert json.loads(body)["timestamp"] == "2023-11-14T22:13:20Z"


async def test_a_subject_with_many_messages_does_not_hold_back_another(
    database: Database, push: Push
) -> None:
    async with open_shop(500, 500) as shop:
        await register(database, "a", shop.url)
        await happen(database, 5, *[(1, MEMBERS[0])] * 300)
        await happen(database, 6, (1, MEMBERS[1]))
        await _run(push)
        assert sorted(body["id"] for body in shop.bodies()) == ["5-0", "6-0"]


async def test_what_is_asked_for_again_comes_again_in_order(database: Database, push: Push) -> None:
    async with open_shop() as shop:
        await register(database, "a", shop.url)
        for block in (5, 6, 7):
            await happen(database, block, (1, MEMBERS[0]))
        await _run(push)
        async with database.writing() as connection:
            party = Party(PartyKind.PARTNER, PartnerId(1))
            assert await webhooks.replay_from(connection, party, "a", block_number=6) == 2
        await _run(push)
        assert [body["id"] for body in shop.bodies()] == ["5-0", "6-0", "7-0", "6-0", "7-0"]


async def test_a_disabled_webhook_gets_nothing_and_catches_up_afterwards(
    database: Database, push: Push
) -> None:
    async with open_shop(410) as shop:
        await register(database, "a", shop.url)
        await happen(database, 5, (1, MEMBERS[0]))
        await _run(push)
        await happen(database, 6, (1, MEMBERS[1]))
        await _run(push)
        assert len(shop.received) == 1
        async with database.writing() as connection:
            await webhooks.update_webhook(connection, "a", is_active=True, disabled_reason=None)
        assert isinstance(push._clock, SteadyClock)
        push._clock.advance(10_000)
        await _run(push)
        assert sorted(body["id"] for body in shop.bodies()) == ["5-0", "5-0", "6-0"]


async def test_a_second_dns_answer_does_not_lead_inside(database: Database) -> None:
    answers = [["93.184.216.34"], ["10.0.0.7"]]
    connected: list[tuple[str, str, str]] = []

    async def resolve(_host: str, _port: int) -> list[str]:
        return answers.pop(0)

    def answer(request: httpx2.Request) -> httpx2.Response:
        connected.append((str(request.url), request.headers["host"], request.extensions["sni_hostname"]))
        return httpx2.Response(503)

    clock = SteadyClock()
    push = Push(
        database, clock, are_private_allowed=False, resolve=resolve,
        make_client=lambda: httpx2.AsyncClient(transport=httpx2.MockTransport(answer)),
    )  # fmt: skip
    await register(database, "a", "https://shop.example/hook")
    await happen(database, 5, (1, MEMBERS[0]))
    await _run(push, steps=1)
    clock.advance(60_000)
    await _run(push, steps=1)
    await push.finish()
    # Once, by the number that was checked; never by the name, which would be resolved anew.
    assert connected == [("https://93.184.216.34/hook", "shop.example", "shop.example")]
    async with database.reading() as connection:
        row = (await connection.execute(sa.select(schema.deliveries))).one()
    assert row.error == "10.0.0.7 is not a public address: https://shop.example/hook"


async def test_two_workers_share_endpoints_by_leases(postgres_server: PostgresServer) -> None:
    database = create_database(postgres_server.create(template="coalition_template"))
    clock = SteadyClock()
    first, second = (Push(database, clock, are_private_allowed=True, owner=owner) for owner in ("one", "two"))
    async with open_shop() as shop:
        await register(database, "a", shop.url)
        await happen(database, 5, (1, MEMBERS[0]))
        await _run(first, steps=1)
        await happen(database, 6, (1, MEMBERS[0]))
        await _run(second)
        assert [body["id"] for body in shop.bodies()] == ["5-0"]
        clock.advance(LEASE_MS + 1)
        await _run(second)
        assert [body["id"] for body in shop.bodies()] == ["5-0", "6-0"]
        await second.finish()
        await happen(database, 7, (1, MEMBERS[0]))
        await _run(first)
        assert [body["id"] for body in shop.bodies()] == ["5-0", "6-0", "7-0"]
        await first.finish()
    await database.close()
