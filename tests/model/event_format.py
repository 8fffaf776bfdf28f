"""Which events of a scenario file are refused before anything runs."""

from __future__ import annotations

from typing import Any, NamedTuple

from .field_checks import (
    TERM_MAX,
    Problem,
    Problems,
    check_fields,
    check_id,
    check_list,
    check_listed,
    check_number,
)
from .terms import NUMBER_MAX, OPERATOR, OPERATOR_ACTS, PARTNER_TERMS

EVENT_FIELDS: dict[str, tuple[str, ...]] = {
    "purchase": ("partner", "member", "spend"),
    "return": ("of", "partner", "spend"),
    "redeem": ("partner", "member", "points"),
    "refund": ("of", "partner", "points"),
    "hold": ("partner", "member", "points", "expires_day"),
    "capture": ("hold", "partner", "points"),
    "void": ("hold", "partner"),
    "transfer": ("member", "to", "points"),
    "grant": ("partner", "member", "points"),
    "reprice": ("partner",),
    "suspend": ("partner",),
    "reinstate": ("partner",),
    "close_cycle": (),
}
OPTIONAL_EVENT_FIELDS: dict[str, tuple[str, ...]] = {"purchase": ("occurred_day",), "reprice": PARTNER_TERMS}


class Parties(NamedTuple):
    partner_ids: list[str]
    member_ids: list[str]


def check_events(events: Any, parties: Parties) -> Problems:
    yield from check_list(events, "events")
    if not isinstance(events, list):
        return
    last_day = 0
    for number, event in enumerate(events):
        wrong = list(_event(event, f"events[{number}]", parties))
        yield from wrong
        if wrong:
            continue
        if event["day"] < last_day:
            yield Problem(f"events[{number}].day", "goes down")
        last_day = event["day"]
    yield from _ids_of_operator_acts(events)


def _event(event: Any, path: str, parties: Parties) -> Problems:
    kind = event.get("type") if isinstance(event, dict) else None
    if not isinstance(kind, str) or kind not in EVENT_FIELDS:
        yield Problem(f"{path}.type", "is not a kind of event")
        return
    required = ("day", "id", "type", *EVENT_FIELDS[kind])
    wrong = list(check_fields(event, path, required, OPTIONAL_EVENT_FIELDS.get(kind, ())))
    yield from wrong
    if wrong:
        return
    for name, value in event.items():
        yield from _event_field(kind, name, value, f"{path}.{name}", parties)
    if kind == "reprice" and not any(name in event for name in PARTNER_TERMS):
        yield Problem(path, "names no new term")
    days = (event.get("occurred_day", 0), event["day"])
    if all(isinstance(day, int) for day in days) and days[0] > days[1]:
        yield Problem(f"{path}.occurred_day", "is after its day")


def _event_field(kind: str, name: str, value: Any, path: str, parties: Parties) -> Problems:
    if name in ("id", "of", "hold"):
        yield from check_id(value, path)
    elif name == "partner":
        yield from check_listed(
            value, path, [*parties.partner_ids, OPERATOR] if kind == "grant" else parties.partner_ids
        )
    elif name in ("member", "to"):
        yield from check_listed(value, path, parties.member_ids)
    elif name != "type":
        yield from check_number(value, path, high=TERM_MAX.get(name, NUMBER_MAX))


def _ids_of_operator_acts(events: list[Any]) -> Problems:
    """An operation's id may come again and is ignored then; an act of the operator has an id of its own."""
    first_kind_by_id: dict[str, str] = {}
    for number, event in enumerate(events):
        if not isinstance(event, dict) or not isinstance(event.get("id"), str):
            continue
        kind, event_id = event.get("type"), event["id"]
        is_repeated = event_id in first_kind_by_id
        first_kind = first_kind_by_id.setdefault(event_id, str(kind))
        if is_repeated and (kind in OPERATOR_ACTS or first_kind in OPERATOR_ACTS):
            yield Problem(f"events[{number}].id", "an act of the operator must have an id of its own")
