"""Webhooks against a real HTTP server and real databases."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest
import sqlalchemy as sa
from standardwebhooks import Webhook

from node_gateway.jobs import webhook_queue
from node_gateway.jobs.push import Push
from node_gateway.store import schema
from node_gateway.store.database import Database
from tests.integration.jobs.gateway_harness import SteadyClock

pytestmark = pytest.mark.integration

SECRET = webhook_queue.new_secret(bytes(range(32)))
OLD_SECRET = webhook_queue.new_secret(bytes(32))
MEMBERS = (b"\x01" * 20, b"\x02" * 20)


@dataclass
class Shop:
    """A partner's server: keeps what it got, answers what it is told."""

    port: int = 0
    answers: list[int] = field(default_factory=list)
    received: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    hang: asyncio.Event | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hooks?shop=1"

    def bodies(self) -> list[dict[str, Any]]:
        return [json.loads(body) for _, body in self.received]


@asynccontextmanager
async def open_shop(*answers: int, hang: asyncio.Event | None = None) -> AsyncIterator[Shop]:
    shop = Shop(answers=list(answers), hang=hang)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                lines = head.decode().split("\r\n")[1:-2]
                headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}
                body = await reader.readexactly(int(headers["content-length"]))
                if shop.hang is not None:
                    await shop.hang.wait()
                shop.received.append((headers, body))
                status = shop.answers.pop(0) if shop.answers else 204
                writer.write(
                    f"HTTP/1.1 {status} X\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n".encode()
                )
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    shop.port = server.sockets[0].getsockname()[1]
    try:
        yield shop
    finally:
        server.close()


async def _register(database: Database, name: str, url: str, *, partner: int | None = 1) -> None:
    row = {
        "id": name, "party": "partner" if partner else "operator", "partner": partner, "url": url, "secrets": [SECRET],
        "event_names": None, "is_active": True, "next_block": 0, "next_log_index": 0, "created_at_ms": 0,
    }  # fmt: skip
    async with database.writing() as connection:
        await connection.execute(sa.insert(schema.webhooks), [row])


async def _happen(database: Database, block: int, *events: tuple[int, bytes]) -> None:
    """A block with an event for each (partner, member)."""
    rows = [
        {
            "block_number": block, "log_index": index, "tx_hash": bytes(32), "name": "PurchaseSettled", "member": member,
            "counterparty": None, "partner": partner, "operation": None, "data": {"points": index},
        }
        for index, (partner, member) in enumerate(events)
    ]  # fmt: skip
    block_row = {"number": block, "hash": bytes(32), "parent_hash": bytes(32), "timestamp_s": 1_700_000_000}
    async with database.writing() as connection:
        await connection.execute(sa.insert(schema.blocks), [block_row])
        await connection.execute(sa.insert(schema.events), rows)


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
        await _register(database, "a", shop.url)
        await _happen(database, 5, (1, MEMBERS[0]), (2, MEMBERS[0]), (1, MEMBERS[0]), (1, MEMBERS[1]))
        await _run(push)
        assert sorted(body["data"]["points"] for body in shop.bodies()) == [0, 2, 3]
        first_member = [b["data"]["points"] for b in shop.bodies() if b["data"]["points"] in (0, 2)]
        assert first_member == [0, 2]
        for headers, body in shop.received:
            signed_at = datetime.fromtimestamp(int(headers["webhook-timestamp"]), UTC)
            expected = Webhook(SECRET).sign(headers["webhook-id"], signed_at, body.decode())
            assert headers["webhook-signature"] == expected
            assert headers["webhook-id"] == json.loads(body)["id"]
            assert headers["host"] == f"127.0.0.1:{shop.port}"
        await _run(push)
        assert len(shop.received) == 3


async def test_a_refused_message_holds_back_its_subject_only_and_comes_again(
    database: Database, push: Push
) -> None:
    async with open_shop(500) as shop:
        await _register(database, "a", shop.url)
        await _happen(database, 5, (1, MEMBERS[0]))
        await push.step()
        await push.drain()
        await _happen(database, 6, (1, MEMBERS[0]), (1, MEMBERS[1]))
        await _run(push)
        assert [body["id"][:3] for body in shop.bodies()] == ["5-0", "6-1"]
        assert isinstance(push._clock, SteadyClock)
        push._clock.advance(10_000)
        await _run(push)
        assert [body["id"][:3] for body in shop.bodies()] == ["5-0", "6-1", "5-0", "6-0"]


async def test_a_slow_endpoint_does_not_delay_another(database: Database, push: Push) -> None:
    released = asyncio.Event()
    async with open_shop(hang=released) as slow, open_shop() as quick:
        await _register(database, "a", slow.url)
        await _register(database, "b", quick.url, partner=None)
        await _happen(database, 5, (1, MEMBERS[0]))
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


async def test_gives_up_after_the_last_attempt_and_replays_when_asked(database: Database, push: Push) -> None:
    attempts = len(webhook_queue.BACKOFF_S) + 1
    async with open_shop(*[503] * attempts) as shop:
        await _register(database, "a", shop.url)
        await _happen(database, 5, (1, MEMBERS[0]))
        assert isinstance(push._clock, SteadyClock)
        for _ in range(attempts + 3):
            await _run(push, steps=1)
            push._clock.advance(2 * 86_400_000)
        assert len(shop.received) == attempts
        async with database.writing() as connection:
            assert (
                await webhook_queue.replay(connection, "a", from_block=None, now_ms=push._clock.now_ms()) == 1
            )
        await _run(push)
        assert len(shop.received) == attempts + 1


async def test_a_redirect_is_not_followed_and_a_private_address_is_refused(database: Database) -> None:
    async with open_shop(302) as shop:
        await _register(database, "a", shop.url)
        await _happen(database, 5, (1, MEMBERS[0]))
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


async def test_signs_with_both_secrets_while_one_is_replaced(database: Database, push: Push) -> None:
    async with open_shop() as shop:
        await _register(database, "a", shop.url)
        async with database.writing() as connection:
            await webhook_queue.rotate_secret(connection, "a", OLD_SECRET, keep_old=True)
        await _happen(database, 5, (1, MEMBERS[0]))
        await _run(push)
        ((headers, _),) = shop.received
        assert len(headers["webhook-signature"].split(" ")) == 2
