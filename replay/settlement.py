"""What became of what was sent: from the partners' event streams, and by asking where a stream was silent."""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

from partner_sdk import AsyncPartner, Event, GatewayError, OperationRecord
from partner_sdk.protocol import OperationId

ASK_AFTER_SILENCE_S = 2.0
GIVE_UP_AFTER_SILENCE_S = 90.0
OPERATIONS_ON_A_PAGE = 200
RECONNECT_WAIT_S = 0.5
SETTLED_EVENTS = {"PurchaseSettled": "purchase", "RedemptionSettled": "redeem"}
REJECTED_EVENT = "OperationRejected"


class NothingSettlesError(Exception):
    """The gateway accepted operations and settles none."""


@dataclass(slots=True)
class Outcomes:
    """What was learned of the operations of a day.

    Attributes:
        settled: by kind.
        refused: by reason.
        seconds_to_settle: from the gateway's answer to the event, of those that a stream told.
    """

    settled: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    seconds_to_settle: list[float] = field(default_factory=list)


class Settlement:
    """Knows which operations are waiting for a block."""

    def __init__(self, advanced: Callable[[int], None]) -> None:
        """`advanced` is told how many more operations have an answer."""
        self._advanced = advanced
        self._waiting: dict[OperationId, tuple[AsyncPartner, float]] = {}
        self._early: dict[OperationId, tuple[str, str]] = {}
        self._changed = asyncio.Event()
        self.outcomes = Outcomes()

    def begin_day(self) -> None:
        """Forgets the day before."""
        assert not self._waiting, "a day ends when all of it is settled"
        self.outcomes = Outcomes()
        self._early.clear()

    def accepted(self, client: AsyncPartner, operation: OperationId) -> None:
        """It is durable at the gateway, as of now."""
        self._waiting[operation] = (client, time.monotonic())
        # The block may be told before the gateway's answer has arrived.
        early = self._early.pop(operation, None)
        if early is not None:
            self._end(operation, *early)

    def refused(self, reason: str) -> None:
        """The gateway took one not at all."""
        self.outcomes.refused[reason] += 1
        self._advanced(1)

    async def all_settled(self) -> None:
        """Returns when nothing waits.

        Raises:
            NothingSettlesError: nothing happened for a long time.
        """
        silent_since_s = time.monotonic()
        while self._waiting:
            self._changed.clear()
            try:
                await asyncio.wait_for(self._changed.wait(), ASK_AFTER_SILENCE_S)
                silent_since_s = time.monotonic()
            except TimeoutError:
                if await self._ask():
                    silent_since_s = time.monotonic()
            if time.monotonic() - silent_since_s > GIVE_UP_AFTER_SILENCE_S:
                first = next(iter(self._waiting))
                raise NothingSettlesError(
                    f"{len(self._waiting)} accepted operations have no block after {GIVE_UP_AFTER_SILENCE_S:.0f} s, the first is {first.text}"
                )

    @asynccontextmanager
    async def following(self, clients: Sequence[AsyncPartner]) -> AsyncIterator[None]:
        """Follows the partners' event streams while the block runs; entered when all are open."""
        opened = [asyncio.Event() for _ in clients]
        tasks = [
            asyncio.create_task(self._follow(client, is_open))
            for client, is_open in zip(clients, opened, strict=True)
        ]
        try:
            await asyncio.gather(*(is_open.wait() for is_open in opened))
            yield
        finally:
            for task in tasks:
                task.cancel()
            for task in tasks:
                with suppress(asyncio.CancelledError):
                    await task

    async def _follow(self, client: AsyncPartner, is_open: asyncio.Event) -> None:
        after: str | None = None
        while True:
            try:
                async with client.open_events(after=after) as events:
                    is_open.set()
                    async for event in events:
                        after = event.id or after
                        self._take(event)
            except GatewayError:
                # What a broken stream did not tell is asked for.
                is_open.set()
            await asyncio.sleep(RECONNECT_WAIT_S)

    def _take(self, event: Event) -> None:
        if event.operation is None:
            return
        if event.name in SETTLED_EVENTS:
            outcome = ("settled", SETTLED_EVENTS[event.name])
        elif event.name == REJECTED_EVENT:
            outcome = ("rejected", str(event.data.get("reason", "unknown")))
        else:
            return
        if event.operation in self._waiting:
            self.outcomes.seconds_to_settle.append(time.monotonic() - self._waiting[event.operation][1])
            self._end(event.operation, *outcome)
        else:
            self._early[event.operation] = outcome

    def _end(self, operation: OperationId, status: str, what: str) -> None:
        if self._waiting.pop(operation, None) is None:
            return
        (self.outcomes.settled if status == "settled" else self.outcomes.refused)[what] += 1
        self._changed.set()
        self._advanced(1)

    async def _ask(self) -> bool:
        """Asks for what waits; whether that told anything."""
        before = len(self._waiting)
        clients = {id(client): client for client, _ in self._waiting.values()}
        await asyncio.gather(*map(self._ask_as, clients.values()))
        return len(self._waiting) < before

    async def _ask_as(self, client: AsyncPartner) -> None:
        waiting = {operation for operation, (asked, _) in self._waiting.items() if asked is client}
        async for record in own_operations(client):
            if record.id in waiting:
                waiting.discard(record.id)
                self._note(record)
            if not waiting:
                return

    def _note(self, record: OperationRecord) -> None:
        if record.status == "settled":
            self._end(record.id, "settled", record.type)
        elif record.status in ("rejected", "expired"):
            self._end(record.id, record.status, record.reason or record.status)


async def own_operations(client: AsyncPartner) -> AsyncIterator[OperationRecord]:
    """A partner's operations, the last accepted first."""
    after: str | None = None
    while True:
        page = await client.operations(after=after, limit=OPERATIONS_ON_A_PAGE)
        for record in page.entries:
            yield record
        after = page.next_after
        if after is None:
            return
