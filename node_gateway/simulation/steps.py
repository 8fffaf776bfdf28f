"""Cuts a scenario's events into steps: what can go to the chain in one block."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from node_gateway.simulation.scenario import (
    Capture,
    EventId,
    Hold,
    MemberId,
    Operation,
    OperatorAct,
    Redeem,
    Refund,
    Return,
    Transfer,
    Void,
)

# What is held in memory and waited for at once.
STEP_EVENTS_MAX = 2_000
# Within what a member's nonces may skip ahead: 256.
AUTHORISATIONS_MAX = 200

Step = list[Operation | OperatorAct]


def steps(events: Iterable[Operation | OperatorAct]) -> Iterator[Step]:
    """The events in order, as steps of one day each.

    An operation that names another one of the same step begins a new one, since it needs what the receipt says.
    """
    step: Step = []
    ids: set[EventId] = set()
    authorisations: Counter[MemberId] = Counter()
    for event in events:
        if step and (
            event.day != step[0].day
            or len(step) == STEP_EVENTS_MAX
            or referred_id(event) in ids
            or (
                isinstance(event, Redeem | Hold | Transfer)
                and authorisations[event.member] == AUTHORISATIONS_MAX
            )
        ):
            yield step
            step, ids = [], set()
            authorisations.clear()
        step.append(event)
        ids.add(event.id)
        if isinstance(event, Redeem | Hold | Transfer):
            authorisations[event.member] += 1
    if step:
        yield step


def referred_id(event: Operation | OperatorAct) -> EventId | None:
    """The id of the earlier operation that this one is about."""
    if isinstance(event, Return | Refund):
        return event.of
    if isinstance(event, Capture | Void):
        return event.hold
    return None
