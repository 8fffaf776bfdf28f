"""What has happened so far, and what is still to come: events are written down in order, stories go on when their day has come."""

from collections import Counter, defaultdict, deque
from collections.abc import Iterator
from dataclasses import dataclass
from random import Random
from typing import Any

from replay.year.terms import Windows

FOUR_WEEKS_DAYS = 28
FIRST_SATURDAY = 6
"""The data's first day is a Sunday."""

Event = dict[str, Any]
Story = Iterator[int]
"""Writes events, and yields how many days it waits until it goes on; 0: until the evening."""


@dataclass(frozen=True, slots=True)
class Written:
    """An event that a later one may name."""

    id: str
    partner: str
    member: str
    amount: int


class Scene:
    """The scenario as it grows.

    Attributes:
        events: all so far, in order.
        today: the day that is being written.
        members: households that have shopped, in the order of their first purchase.
    """

    def __init__(self, rng: Random, windows: Windows, rates: dict[str, int]) -> None:
        self.rng = rng
        self.windows = windows
        self.rates = rates
        self.events: list[Event] = []
        self.today = 0
        self.members: list[str] = []
        self._purses: dict[str, Purse] = {}
        self._counts: Counter[str] = Counter()
        self._waiting: defaultdict[int, list[Story]] = defaultdict(list)

    def begin_day(self, day: int) -> None:
        """Goes on with the stories whose day has come."""
        self.today = day
        self.go_on()

    def go_on(self) -> None:
        """Goes on with all that waits for today, until nothing does."""
        while stories := self._waiting.pop(self.today, []):
            for story in stories:
                self._advance(story)

    def begin(self, story: Story) -> None:
        """Begins a story: it runs until it first waits."""
        self._advance(story)

    def later(self, days: int) -> int:
        """So many days from now, where 0 means this evening: but only on one Saturday in four weeks are shops open then.

        What names an event of its own day makes a block of its own, and a whole year of such days would take too long.
        """
        return days if days or self.today % FOUR_WEEKS_DAYS == FIRST_SATURDAY else 1

    def write(self, kind: str, **fields: Any) -> Written:
        """Writes an event of today down under an id of its own."""
        self._counts[kind] += 1
        event = {"day": self.today, "id": f"{kind}-{self._counts[kind]}", "type": kind, **fields}
        self.events.append(event)
        amount = fields.get("spend", fields.get("points", 0))
        return Written(event["id"], fields.get("partner", ""), fields.get("member", ""), amount)

    def repeat(self, event: Event) -> None:
        """Writes an event down again, today, under the same id."""
        self.events.append({**event, "day": self.today})

    def purse(self, member: str) -> "Purse":
        """What the member may have. Entering here makes the household a member."""
        if member not in self._purses:
            self._purses[member] = Purse()
            self.members.append(member)
        return self._purses[member]

    def _advance(self, story: Story) -> None:
        days = next(story, None)
        if days is not None and self.today + days < self.windows.days:
            self._waiting[self.today + days].append(story)


class Purse:
    """A guess at a member's points, so that most of what is drawn can succeed. The ledger alone decides."""

    def __init__(self) -> None:
        self._lots: deque[list[int]] = deque()

    def earn(self, points: int, *, expires_day: int) -> None:
        """Points that last through a day; entered in the order of their days."""
        if points:
            self._lots.append([expires_day, points])

    def spend(self, points: int) -> None:
        """Takes the oldest points, as far as there are any."""
        while self._lots and points > 0:
            taken = min(points, self._lots[0][1])
            self._lots[0][1] -= taken
            points -= taken
            if self._lots[0][1] == 0:
                self._lots.popleft()

    def left(self, today: int) -> int:
        """Points that have not expired."""
        while self._lots and self._lots[0][0] < today:
            self._lots.popleft()
        return sum(points for _, points in self._lots)
