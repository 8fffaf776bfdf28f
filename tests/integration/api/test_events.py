"""GET /v1/events: live, resumed, one's own, and not at others' expense."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx2
import orjson
import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from node_gateway.service import event_feed
from node_gateway.service.event_feed import EventFeed, StreamMessage, Subscription
from node_gateway.store import schema
from node_gateway.store.events import ChainEvent, EventFilter, EventPosition, read_events_after
from tests.integration.api.conftest import Api, served, until
from tests.integration.api.ledger_rows import ANNA, BORIS, GROCER, move_head, seed_block, settle_purchase


@dataclass(frozen=True)
class Received:
    id: str | None
    name: str
    data: dict[str, object]


@asynccontextmanager
async def opened(
    api: Api, address: str, query: str, *, party: str, after: str | None = None
) -> AsyncIterator[AsyncIterator[Received]]:
    headers = {**api.as_(party), **({"Last-Event-ID": after} if after else {})}
    async with (
        httpx2.AsyncClient(timeout=10) as http,
        http.stream("GET", f"{address}/v1/events{query}", headers=headers) as response,
    ):
        assert response.status_code == 200, await response.aread()
        yield _received(response)


async def _received(response: httpx2.Response) -> AsyncIterator[Received]:
    fields: dict[str, str] = {}
    async for line in response.aiter_lines():
        if line:
            name, _, value = line.partition(": ")
            fields[name] = value
        elif "event" in fields:
            yield Received(fields.get("id"), fields["event"], orjson.loads(fields["data"]))
            fields = {}


async def settle(api: Api, sequence: int, *, block: int, partner: int = 3) -> None:
    async def write(connection: AsyncConnection) -> None:
        await settle_purchase(connection, sequence, block_number=block, partner=partner)
        await move_head(connection, block)

    await api.change(write)


async def test_a_member_sees_the_purchase_and_the_new_balance(api: Api) -> None:
    async with served(api) as address, opened(api, address, f"?member={ANNA.text}", party="wallet") as events:
        first = await anext(events)
        await settle(api, 1, block=11)
        purchase, balance = await anext(events), await anext(events)

    assert (first.name, first.data["balance"]) == ("BalanceChanged", 1_500)
    assert (purchase.id, purchase.name) == ("11-0-00000000", "PurchaseSettled")
    assert purchase.data["operation"] == "3.0.1"
    assert (balance.id, balance.name, balance.data["as_of_block"]) == ("11-0-00000000", "BalanceChanged", 11)


async def test_a_partner_sees_its_own_events_only(api: Api) -> None:
    async with served(api) as address, opened(api, address, "?partner=me", party="grocer") as events:
        await until(lambda: api.gateway.feed.stream_count == 1)
        await settle(api, 1, block=11)
        await settle(api, 1, block=12, partner=GROCER)
        event = await anext(events)

    assert (event.id, event.data["operation"]) == ("12-0-00000000", "4.0.1")


async def test_resumes_after_the_last_event_seen(api: Api) -> None:
    for block in range(11, 16):
        await settle(api, block, block=block)

    async with served(api) as address, opened(api, address, "", party="operator", after="12-0") as events:
        await until(lambda: api.gateway.feed.stream_count == 1)
        await settle(api, 16, block=16)
        received = [(await anext(events)).id for _ in range(4)]

    assert received == [f"{block}-0-00000000" for block in range(13, 17)]


async def test_an_event_that_was_taken_back_resets_the_stream(api: Api) -> None:
    async with served(api) as address, opened(api, address, "", party="operator", after="99-0") as events:
        event = await anext(events)

    assert (event.name, event.data["as_of_block"]) == ("StreamReset", 10)


async def replace_blocks(connection: AsyncConnection, *, first: int, last: int) -> None:
    """As the indexer does in a reorganisation: blocks go with their events, others come."""
    for table, number in (
        (schema.events, schema.events.c.block_number),
        (schema.blocks, schema.blocks.c.number),
    ):
        await connection.execute(sa.delete(table).where(number >= first))
    for block in range(first, last + 1):
        await seed_block(connection, block, block_hash=b"other" + block.to_bytes(27))
    await connection.execute(sa.update(schema.cursor).values(next_block=last + 1, generation=1))


async def test_open_streams_are_told_of_a_reorganisation_and_of_what_came_instead(api: Api) -> None:
    async with served(api) as address, opened(api, address, "", party="operator") as events:
        await until(lambda: api.gateway.feed.stream_count == 1)
        for block in (11, 12):
            await settle(api, block, block=block)
        before = [(await anext(events)).id for _ in range(2)]

        async def reorganise(connection: AsyncConnection) -> None:
            await replace_blocks(connection, first=12, last=14)
            await settle_purchase(connection, 14, block_number=14)

        await api.change(reorganise)
        reset, purchase = await anext(events), await anext(events)

    assert before == ["11-0-00000000", "12-0-00000000"]
    assert (reset.name, reset.data["as_of_block"]) == ("StreamReset", 11)
    assert (purchase.id, purchase.data["operation"]) == ("14-0-6f746865", "3.0.14")


async def test_a_stream_resumes_after_a_reset_of_everything(api: Api) -> None:
    async with served(api) as address:
        async with opened(api, address, "", party="operator") as events:
            await until(lambda: api.gateway.feed.stream_count == 1)

            async def replace_all(connection: AsyncConnection) -> None:
                await replace_blocks(connection, first=1, last=12)
                await settle_purchase(connection, 12, block_number=12)

            await api.change(replace_all)
            reset, told = await anext(events), await anext(events)
        async with opened(api, address, "", party="operator", after=reset.id) as events:
            told_again = await anext(events)

    assert (reset.name, reset.data["as_of_block"]) == ("StreamReset", 0)
    assert told.id == told_again.id == "12-0-6f746865"


async def test_a_client_that_was_away_during_a_reorganisation_is_told_again(api: Api) -> None:
    await settle(api, 11, block=11)

    async def reorganise(connection: AsyncConnection) -> None:
        await replace_blocks(connection, first=11, last=12)
        await settle_purchase(connection, 12, block_number=11)

    await api.change(reorganise)
    after = "11-0-00000000"
    async with served(api) as address, opened(api, address, "", party="operator", after=after) as events:
        reset, purchase = await anext(events), await anext(events)

    assert (reset.name, reset.data["as_of_block"]) == ("StreamReset", 0)
    assert purchase.data["operation"] == "3.0.12"


async def test_streams_that_are_not_ones_own_are_refused(sqlite_api: Api) -> None:
    whole = await sqlite_api.get("/v1/events", party="wallet")
    partner = await sqlite_api.get("/v1/events?partner=me", party="wallet")

    assert (whole.status_code, partner.status_code) == (403, 403)


async def test_a_slow_stream_is_cut_off_and_others_go_on(sqlite_api: Api) -> None:
    feed = EventFeed(streams_max=3, messages_max=2)
    await turn(feed, sqlite_api)
    slow, quick = feed.subscribe(EventFilter()), feed.subscribe(EventFilter(member=BORIS))
    message = StreamMessage("1-0", "PurchaseSettled", "{}")

    for _ in range(3):
        slow.put(message)
    quick.put(message)

    assert slow.is_cut_off
    assert await slow.next() is None
    assert await quick.next() == message


async def test_who_comes_while_a_block_is_told_misses_nothing_and_hears_nothing_twice(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    feed, late = EventFeed(streams_max=3, messages_max=20), list[Subscription]()

    async def read_and_be_joined(*args: Any, **given: Any) -> list[ChainEvent]:
        if not late:
            late.append(feed.subscribe(EventFilter()))
        return await read_events_after(*args, **given)

    monkeypatch.setattr(event_feed, "EVENTS_IN_ONE_READ", 2)
    monkeypatch.setattr(event_feed, "read_events_after", read_and_be_joined)
    await turn(feed, api)
    early = feed.subscribe(EventFilter())

    async def write_five(connection: AsyncConnection) -> None:
        for index in range(5):
            await settle_purchase(connection, index + 1, block_number=11, log_index=index)
        await move_head(connection, 11)

    await api.change(write_five)
    await turn(feed, api)
    await settle(api, 6, block=12)
    await turn(feed, api)

    (joined,) = late
    assert joined.through_block == 11
    assert await told(early) == [f"11-{index}-00000000" for index in range(5)] + ["12-0-00000000"]
    assert await told(joined) == ["12-0-00000000"]


async def test_what_a_failed_turn_did_not_tell_is_told_in_the_next(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    feed, late = EventFeed(streams_max=3, messages_max=20), list[Subscription]()

    async def be_joined_and_fail(*_: Any, **__: Any) -> list[ChainEvent]:
        late.append(feed.subscribe(EventFilter(member=ANNA)))
        raise OSError("the database went away")

    await turn(feed, api)
    early = feed.subscribe(EventFilter(member=ANNA))
    await settle(api, 1, block=11)
    with monkeypatch.context() as failing:
        failing.setattr(event_feed, "read_events_after", be_joined_and_fail)
        with pytest.raises(OSError, match="went away"):
            await turn(feed, api)
    await turn(feed, api)

    for subscription in (early, *late):
        assert (await told(subscription))[0] == "11-0-00000000"


async def test_the_streams_of_some_members_read_their_events_alone(api: Api) -> None:
    feed = EventFeed(streams_max=3, messages_max=20)
    await turn(feed, api)
    of_boris = feed.subscribe(EventFilter(member=BORIS))
    await settle(api, 1, block=11)
    await turn(feed, api)
    async with api.database.reading() as connection:
        found = await read_events_after(
            connection, EventPosition(0, 0), through_block=11, limit=9,
            wanted=EventFilter(members=frozenset({bytes(BORIS), bytes(ANNA)})),
        )  # fmt: skip

    assert [event.member for event in found] == [bytes(ANNA)]
    assert await told(of_boris) == []


async def turn(feed: EventFeed, api: Api) -> None:
    """One look at the tables, as the process would take it."""
    async with api.database.reading() as connection:
        await feed.on_turn(connection, api.gateway.watch.head, has_moved=True)


async def told(subscription: Subscription) -> list[str | None]:
    """The ids of what waits; ends the stream."""
    subscription.close()
    messages = []
    while (message := await subscription.next()) is not None:
        messages.append(message.id)
    return messages


async def test_streams_end_when_the_process_stops(sqlite_api: Api) -> None:
    async with (
        served(sqlite_api) as address,
        opened(sqlite_api, address, "", party="operator") as events,
    ):
        await until(lambda: sqlite_api.gateway.feed.stream_count == 1)
        sqlite_api.gateway.feed.close()

        assert [event async for event in events] == []
