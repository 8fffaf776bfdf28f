"""Webhooks after blocks were taken back: what comes instead is told as something else, and is told."""

import asyncio
import json

import httpx2
import pytest
import sqlalchemy as sa

from node_gateway.jobs import unwind
from node_gateway.jobs.push import Push
from node_gateway.store import schema
from node_gateway.store.database import Database
from tests.integration.jobs.gateway_harness import SteadyClock
from tests.integration.jobs.webhook_shop import MEMBERS, happen, open_shop, register

pytestmark = pytest.mark.integration


async def _run(push: Push) -> None:
    for _ in range(3):
        await push.step()
        await push.drain()


async def _take_back(database: Database) -> None:
    """As the indexer does, with the journal that it would have written."""
    async with database.writing() as connection:
        mark = {"block_number": 5, "table_name": unwind.UNDO_MARK, "rows": []}
        await connection.execute(sa.insert(schema.undo), [mark])
        await unwind.unwind_from(connection, 5)


async def test_another_event_of_the_same_transaction_in_the_same_place_is_another_message(
    database: Database,
) -> None:
    push = Push(database, SteadyClock(), are_private_allowed=True)
    async with open_shop() as shop:
        await register(database, "a", shop.url)
        for member in (MEMBERS[0], MEMBERS[1], MEMBERS[1]):
            await happen(database, 5, (1, member))
            await _run(push)
            await _take_back(database)
    await push.finish()
    first, second, again = [headers["webhook-id"] for headers, _ in shop.received]
    assert first != second
    assert again == second


async def test_what_becomes_of_an_attempt_is_not_noted_for_what_came_in_its_place(database: Database) -> None:
    arrived, answered = asyncio.Event(), asyncio.Event()
    members: list[str] = []

    async def answer(request: httpx2.Request) -> httpx2.Response:
        members.append(json.loads(request.content)["member"])
        arrived.set()
        await answered.wait()
        return httpx2.Response(204)

    push = Push(
        database, SteadyClock(), are_private_allowed=True,
        make_client=lambda: httpx2.AsyncClient(transport=httpx2.MockTransport(answer)),
    )  # fmt: skip
    await register(database, "a", "http://127.0.0.1:9/")
    await happen(database, 5, (1, MEMBERS[0]))
    await push.step()
    await arrived.wait()
    await _take_back(database)
    await happen(database, 5, (1, MEMBERS[1]))
    await push.step()
    answered.set()
    await _run(push)
    await push.finish()
    assert members == ["0x" + member.hex() for member in MEMBERS]
