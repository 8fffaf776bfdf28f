"""Live events: read once for all streams, handed to those whom they concern."""

import asyncio
from collections import deque
from dataclasses import dataclass
from itertools import chain

import orjson
from sqlalchemy.ext.asyncio import AsyncConnection

from node_gateway.domain.account import touched
from node_gateway.domain.errors import NotIndexedError, TooManyStreamsError
from node_gateway.service import views
from node_gateway.service.reading import Moment, read_moment
from node_gateway.store.chain_head import ChainHead
from node_gateway.store.events import (
    LOG_INDEX_MAX,
    ChainEvent,
    EventFilter,
    EventPosition,
    read_block_hashes,
    read_events_after,
    stream_id,
)
from node_gateway.store.members import read_accounts

EVENTS_IN_ONE_READ = 2_000
MEMBERS_IN_ONE_READ = 200
TOLD_BLOCKS_MAX = 512
"""Blocks whose hashes are remembered; what is taken back below them is told from the beginning."""


@dataclass(frozen=True, slots=True)
class StreamMessage:
    """One message of a stream. `id` None: nothing to resume from."""

    id: str | None
    event: str
    data: str


class Subscription:
    """One stream's queue. It ends when the feed closes, or when it is too slow.

    Attributes:
        wanted: which events.
        through_block: what is in blocks up to it the tables tell.
        is_cut_off: it was too slow.
    """

    def __init__(self, wanted: EventFilter, *, through_block: int, messages_max: int) -> None:
        self.wanted = wanted
        self.through_block = through_block
        self.is_cut_off = False
        self._messages_max = messages_max
        self._messages: deque[StreamMessage] = deque()
        self._arrived = asyncio.Event()
        self._is_closed = False

    def put(self, message: StreamMessage) -> None:
        if len(self._messages) >= self._messages_max:
            self.is_cut_off = True
            self.close()
        elif not self._is_closed:
            self._messages.append(message)
            self._arrived.set()

    def close(self) -> None:
        self._is_closed = True
        self._arrived.set()

    async def next(self) -> StreamMessage | None:
        """The next message; None at the end. A stream that was cut off loses what is queued: it resumes from the tables."""
        while not self.is_cut_off:
            if self._messages:
                return self._messages.popleft()
            if self._is_closed:
                return None
            self._arrived.clear()
            await self._arrived.wait()
        return None


class EventFeed:
    """Hands the events of each turn to the subscriptions that they fit, then one BalanceChanged per member that has a stream."""

    def __init__(self, *, streams_max: int, messages_max: int) -> None:
        self._streams_max = streams_max
        self._messages_max = messages_max
        self._subscriptions: set[Subscription] = set()
        self._by_member: dict[bytes, set[Subscription]] = {}
        self._of_all_members: set[Subscription] = set()
        self._through_block: int | None = None
        self._turn_block: int | None = None
        self._told: dict[int, bytes] = {}
        self._today: int | None = None

    @property
    def stream_count(self) -> int:
        return len(self._subscriptions)

    def subscribe(self, wanted: EventFilter) -> Subscription:
        """Everything in blocks after `through_block` of the subscription will come through it.

        Raises:
            TooManyStreamsError: too many are open.
            NotIndexedError: nothing was indexed yet.
        """
        if len(self._subscriptions) >= self._streams_max:
            raise TooManyStreamsError(streams_max=self._streams_max)
        if self._through_block is None:
            raise NotIndexedError
        # Who comes in the middle of a turn is told of its blocks by the tables, where they are.
        through_block = self._through_block if self._turn_block is None else self._turn_block
        subscription = Subscription(wanted, through_block=through_block, messages_max=self._messages_max)
        self._subscriptions.add(subscription)
        if wanted.member is None:
            self._of_all_members.add(subscription)
        else:
            self._by_member.setdefault(wanted.member, set()).add(subscription)
        return subscription

    def unsubscribe(self, subscription: Subscription) -> None:
        self._subscriptions.discard(subscription)
        self._of_all_members.discard(subscription)
        member = subscription.wanted.member
        if member is not None and (others := self._by_member.get(member)) is not None:
            others.discard(subscription)
            if not others:
                del self._by_member[member]

    def close(self) -> None:
        """Ends all streams; they resume elsewhere, or later."""
        for subscription in self._subscriptions:
            subscription.close()

    async def on_turn(self, connection: AsyncConnection, head: ChainHead, *, has_moved: bool) -> None:
        if not has_moved or head.block_number < 0:
            return
        self._turn_block = head.block_number
        try:
            await self._turn(connection, head)
        except BaseException:
            # Told again in the next turn, of blocks that may be others by then: better twice than not at all.
            for subscription in self._subscriptions:
                subscription.through_block = min(subscription.through_block, self._through_block or 0)
            raise
        finally:
            self._turn_block = None

    async def _turn(self, connection: AsyncConnection, head: ChainHead) -> None:
        previous = self._through_block
        if previous is not None:
            # Blocks may have been taken back and others indexed in their place since the last turn.
            shared = await self._newest_shared(connection, previous, head)
            if shared < previous:
                self._tell_reset(shared)
            if self._subscriptions:
                await self._hand_out(connection, shared, head)
            else:
                self._today = None
        self._through_block = head.block_number
        oldest = max(self._through_block - TOLD_BLOCKS_MAX, max(self._told, default=-1))
        self._told |= await read_block_hashes(connection, after=oldest, through_block=head.block_number)
        for number in list(self._told)[:-TOLD_BLOCKS_MAX]:
            del self._told[number]

    async def _newest_shared(self, connection: AsyncConnection, previous: int, head: ChainHead) -> int:
        """The newest block that was told and is still there, block 0 (which holds no events) for none; those above it are forgotten."""
        last = min(previous, head.block_number)
        still = await read_block_hashes(connection, after=last - 1, through_block=last)
        if last < previous or still.get(last) != self._told.get(last):
            still = await read_block_hashes(connection, after=last - TOLD_BLOCKS_MAX, through_block=last)
        while self._told:
            newest = max(self._told)
            if still.get(newest) == self._told[newest]:
                return newest
            del self._told[newest]
        return 0

    async def _hand_out(self, connection: AsyncConnection, previous: int, head: ChainHead) -> None:
        last_id: dict[bytes, str] = {}
        after = EventPosition(previous, LOG_INDEX_MAX)
        is_for_few = not self._of_all_members and len(self._by_member) <= MEMBERS_IN_ONE_READ
        members = frozenset(self._by_member) if is_for_few else None
        while True:
            events = await read_events_after(
                connection,
                after,
                through_block=head.block_number,
                limit=EVENTS_IN_ONE_READ,
                wanted=EventFilter(members=members),
            )
            for event in events:
                self._hand_out_event(event)
                if event.member is not None:
                    last_id[event.member] = event.stream_id
            if len(events) < EVENTS_IN_ONE_READ:
                break
            after = events[-1].position
        await self._tell_balances(connection, last_id)

    def _hand_out_event(self, event: ChainEvent) -> None:
        message: StreamMessage | None = None
        of_member = self._by_member.get(event.member, set()) if event.member else set()
        for subscription in chain(of_member, self._of_all_members):
            is_new = event.position.block_number > subscription.through_block
            if is_new and subscription.wanted.fits(event):
                message = message or event_message(event)
                subscription.put(message)

    async def _tell_balances(self, connection: AsyncConnection, last_id: dict[bytes, str]) -> None:
        moment = await read_moment(connection)
        # A new day can change what is available without any event.
        is_new_day = self._today is not None and moment.today != self._today
        self._today = moment.today
        members = [member for member in self._by_member if is_new_day or member in last_id]
        messages = await balance_messages(connection, moment, members, last_id)
        for member, message in messages.items():
            for subscription in self._by_member.get(member, ()):
                subscription.put(message)

    def _tell_reset(self, as_of_block: int) -> None:
        message = reset_message(as_of_block, self._told.get(as_of_block, b""))
        for subscription in tuple(self._subscriptions):
            subscription.through_block = min(subscription.through_block, as_of_block)
            subscription.put(message)


async def balance_messages(
    connection: AsyncConnection, moment: Moment, members: list[bytes], ids: dict[bytes, str]
) -> dict[bytes, StreamMessage]:
    """A BalanceChanged for each member, with the id of the event after which it is true."""
    messages = {}
    for start in range(0, len(members), MEMBERS_IN_ONE_READ):
        accounts = await read_accounts(connection, members[start : start + MEMBERS_IN_ONE_READ])
        for member, account in accounts.items():
            view = views.balance_view(member, touched(account, moment.today), as_of_block=moment.as_of_block)
            messages[member] = StreamMessage(ids.get(member), "BalanceChanged", orjson.dumps(view).decode())
    return messages


def event_message(event: ChainEvent) -> StreamMessage:
    return StreamMessage(event.stream_id, event.name, orjson.dumps(views.event_view(event)).decode())


def reset_message(as_of_block: int, block_hash: bytes) -> StreamMessage:
    """Blocks were taken back: what was told after `as_of_block` may no longer be true, and what is true is told again."""
    return StreamMessage(
        stream_id(EventPosition(as_of_block, LOG_INDEX_MAX), block_hash),
        "StreamReset",
        orjson.dumps({"as_of_block": as_of_block}).decode(),
    )
