"""Readers of event streams, as a browser would: they resume by the last id, and drop what a reset takes back."""

import asyncio
from random import Random
from typing import Any, NamedTuple

import orjson

from tests.faults.asgi_calls import NoAnswerError, stream
from tests.faults.gateway import GatewayUnderTest

RECONNECT_S = (0.2, 2.0)
HANG_UP_CHANCE = 0.02
HANG_UP_AFTER_RESET_CHANCE = 0.5

Position = tuple[int, int]


class Told(NamedTuple):
    """What an event was told as, by which it can be told from others: its place, transaction, name and operation."""

    place: Position
    tx_hash: str
    name: str
    operation: str | None


def told_of(body: dict[str, Any]) -> Told:
    """An event as its JSON has it."""
    place = (body["block_number"], body["log_index"])
    return Told(place, body["tx_hash"], body["name"], body["operation"])


class StreamReader:
    """One reader of one gateway.

    Attributes:
        events: what it holds to be true, in the order in which it was told.
        complaints: what no stream may do.
    """

    def __init__(self, gateway: GatewayUnderTest, dice: Random, *, party: str, query: str) -> None:
        self._gateway = gateway
        self._dice = dice
        self._party = party
        self._query = query
        self._last_id: str | None = "0-0"
        self.events: list[Told] = []
        self.complaints: list[str] = []
        self.is_chaotic = True

    async def run(self) -> None:
        """Read, and connect again, until cancelled."""
        while True:
            slot = self._dice.choice(self._gateway.apis)
            buffer = b""
            try:
                chunks = stream(
                    slot, "/v1/events", party=self._party, query=self._query, last_event_id=self._last_id
                )
                async for chunk in chunks:
                    buffer += chunk
                    *whole, buffer = buffer.split(b"\r\n\r\n")
                    for text in whole:
                        self._take(text.decode())
                    chance = HANG_UP_AFTER_RESET_CHANCE if b"StreamReset" in chunk else HANG_UP_CHANCE
                    if self.is_chaotic and self._dice.random() < chance:
                        break
                await chunks.aclose()  # type: ignore[attr-defined]
            except NoAnswerError:
                pass
            await asyncio.sleep(self._dice.uniform(*RECONNECT_S))

    def _take(self, text: str) -> None:
        fields: dict[str, str] = {}
        for line in text.splitlines():
            name, _, value = line.partition(": ")
            fields[name] = value
        if "data" not in fields:
            return
        data: dict[str, Any] = orjson.loads(fields["data"])
        if fields["event"] == "StreamReset":
            self.events = [event for event in self.events if event.place[0] <= data["as_of_block"]]
        elif fields["event"] != "BalanceChanged":
            event = told_of(data)
            if self.events and event.place <= self.events[-1].place:
                self.complaints.append(f"event {event.place} came after {self.events[-1].place}")
            self.events.append(event)
        if fields.get("id"):
            self._last_id = fields["id"]
