"""Cuts a scenario's events into steps: what can go to the chain in one transaction."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from node_gateway.simulation.scenario import (
    Capture,
    EventId,
    Operation,
    OperatorAct,
    Refund,
    Return,
    Void,
)

# Within what a member's nonces may skip ahead (256), and with room below the gas of a batch.
GROUP_OPERATIONS_MAX = 64

Group = list[Operation]


def steps(events: Iterable[Operation | OperatorAct]) -> Iterator[Group | OperatorAct]:
    """The events in order: groups of operations of one day, and the operator's acts between them.

    An operation that names another one of the same group begins a new group, since it needs what the receipt says.
    """
    group: Group = []
    ids: set[EventId] = set()
    for event in events:
        is_act = isinstance(event, OperatorAct)
        if group and (
            is_act
            or event.day != group[0].day
            or len(group) == GROUP_OPERATIONS_MAX
            or referred_id(event) in ids
        ):
            yield group
            group, ids = [], set()
        if isinstance(event, OperatorAct):
            yield event
        else:
            group.append(event)
            ids.add(event.id)
    if group:
        yield group


def referred_id(event: Operation | OperatorAct) -> EventId | None:
    """The id of the earlier operation that this one is about."""
    if isinstance(event, Return | Refund):
        return event.of
    if isinstance(event, Capture | Void):
        return event.hold
    return None
