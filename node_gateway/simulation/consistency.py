"""What does not fit together in a scenario although each field by itself does."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from node_gateway.simulation.problems import Problem
from node_gateway.simulation.scenario import (
    BASIS_POINTS,
    OPERATOR,
    Campaign,
    Event,
    Grant,
    OperatorAct,
    Program,
    Purchase,
    Reprice,
    Scenario,
)


def problems_of(scenario: Scenario) -> Iterator[Problem]:
    """All of them, in the order of the file."""
    yield from _problems_of_program(scenario.program)
    partner_ids: list[str] = [partner.id for partner in scenario.partners]
    known_partners, known_members = set(partner_ids), set(scenario.members)
    yield from _given_twice("partners", partner_ids, ".id")
    for index, partner_id in enumerate(partner_ids):
        if partner_id == OPERATOR:
            yield Problem(f"partners[{index}].id", "no partner can be called operator")
    yield from _given_twice("members", scenario.members)
    yield from _given_twice("campaigns", [campaign.id for campaign in scenario.campaigns], ".id")
    for index, campaign in enumerate(scenario.campaigns):
        yield from _problems_of_campaign(f"campaigns[{index}]", campaign, known_partners)
    day = 0
    for index, event in enumerate(scenario.events):
        if event.day < day:
            yield Problem(
                f"events[{index}].day", f"{event.day} is before the day of the event before it, {day}"
            )
        day = event.day
        yield from _problems_of_event(f"events[{index}]", event, known_partners, known_members)
    yield from _problems_of_act_ids(scenario)
    if scenario.as_of_day < day:
        yield Problem("as_of_day", f"{scenario.as_of_day} is before the last event's day {day}")


def _problems_of_program(program: Program) -> Iterator[Problem]:
    if program.return_window_days > program.lot_validity_days:
        yield Problem("program.return_window_days", "is more than lot_validity_days")
    if program.late_posting_days > program.return_window_days:
        yield Problem("program.late_posting_days", "is more than return_window_days")


def _given_twice(place: str, ids: Iterable[str], suffix: str = "") -> Iterator[Problem]:
    seen: set[str] = set()
    for index, value in enumerate(ids):
        if value in seen:
            yield Problem(f"{place}[{index}]{suffix}", f"{value!r} is given twice")
        seen.add(value)


def _problems_of_campaign(place: str, campaign: Campaign, partner_ids: set[str]) -> Iterator[Problem]:
    for index, partner_id in enumerate(campaign.partners):
        if partner_id not in partner_ids:
            yield Problem(f"{place}.partners[{index}]", f"{partner_id!r} is not a listed partner")
    yield from _given_twice(f"{place}.partners", campaign.partners)
    if campaign.closes_day < campaign.opens_day:
        yield Problem(
            f"{place}.closes_day", f"{campaign.closes_day} is before opens_day {campaign.opens_day}"
        )
    for funder in campaign.funding:
        if funder != OPERATOR and funder not in campaign.partners:
            yield Problem(
                f"{place}.funding.{funder}", "is neither one of the campaign's partners nor operator"
            )
    total = sum(campaign.funding.values())
    if total != BASIS_POINTS:
        yield Problem(f"{place}.funding", f"shares sum to {total}, not to {BASIS_POINTS}")


def _problems_of_event(
    place: str, event: Event, partner_ids: set[str], member_ids: set[Any]
) -> Iterator[Problem]:
    partner_id = getattr(event, "partner", None)
    is_operators_grant = isinstance(event, Grant) and partner_id == OPERATOR
    if partner_id is not None and partner_id not in partner_ids and not is_operators_grant:
        yield Problem(f"{place}.partner", f"{partner_id!r} is not a listed partner")
    for field in ("member", "to"):
        member_id = getattr(event, field, None)
        if member_id is not None and member_id not in member_ids:
            yield Problem(f"{place}.{field}", f"{member_id!r} is not a listed member")
    if isinstance(event, Purchase) and event.is_posted_late and event.occurred_day > event.day:
        yield Problem(f"{place}.occurred_day", f"{event.occurred_day} is after its day {event.day}")
    if isinstance(event, Reprice) and not event.new_terms:
        yield Problem(place, "a reprice needs issue_price, redeem_price or earn_points_per_100_minor")


def _problems_of_act_ids(scenario: Scenario) -> Iterator[Problem]:
    """An operation's id may come again, and is ignored then; an act of the operator has one of its own."""
    is_act_by_id: dict[str, bool] = {}
    for index, event in enumerate(scenario.events):
        is_act = isinstance(event, OperatorAct)
        if event.id in is_act_by_id and (is_act or is_act_by_id[event.id]):
            yield Problem(
                f"events[{index}].id", f"{event.id!r} of an operator's act is used by another event"
            )
        is_act_by_id.setdefault(event.id, is_act)
