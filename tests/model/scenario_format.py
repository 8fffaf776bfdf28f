"""Which scenario files are refused before anything runs, and at what place: the model's own opinion."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

from .event_format import Parties, check_events
from .field_checks import (
    TERM_MAX,
    Problem,
    Problems,
    check_fields,
    check_id,
    check_ids,
    check_list,
    check_listed,
    check_number,
    check_text,
)
from .terms import (
    BASIS_POINTS,
    CURRENCY_DECIMALS_MAX,
    OPERATOR,
    PARTNER_TERMS,
    POINTS_MAX,
    PRICE_MAX_MICRO,
)

SCENARIO_FIELDS = ("program", "partners", "members", "campaigns", "events", "as_of_day")
PROGRAM_DAYS = ("lot_validity_days", "return_window_days", "late_posting_days")
CAMPAIGN_FIELDS = (
    "id",
    "partners",
    "opens_day",
    "closes_day",
    "stages",
    "budget_points",
    "campaign_price",
    "funding",
)
STAGE_CONDITIONS = ("partners_required", "min_spend_each", "min_spend_total", "min_visits")


def problems_in_text(text: str) -> list[Problem]:
    """All that is wrong with a file's text; none means that the scenario may run."""
    try:
        scenario = json.loads(text, object_pairs_hook=_object_without_repeats, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        return [Problem("$", str(error))]
    return problems(scenario)


def problems(scenario: Any) -> list[Problem]:
    """All that is wrong with a parsed file. A part that is not what it should be is not looked into."""
    shape = list(check_fields(scenario, "$", SCENARIO_FIELDS))
    if shape:
        return shape
    parts = [
        *_program(scenario["program"]),
        *_partners(scenario["partners"]),
        *check_ids(scenario["members"], "members"),
    ]
    if parts:
        return parts
    partner_ids = [partner["id"] for partner in scenario["partners"]]
    found = [
        *_campaigns(scenario["campaigns"], partner_ids),
        *check_events(scenario["events"], Parties(partner_ids, scenario["members"])),
        *check_number(scenario["as_of_day"], "as_of_day"),
    ]
    last_day = max((event["day"] for event in scenario["events"]), default=0) if not found else 0
    if not found and scenario["as_of_day"] < last_day:
        found.append(Problem("as_of_day", "is before the last event"))
    return found


def _object_without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    for name, times in Counter(name for name, _ in pairs).items():
        if times > 1:
            raise ValueError(f"{name!r} is given twice in one object")
    return dict(pairs)


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is not a number")


def _program(program: Any) -> Problems:
    missing = list(check_fields(program, "program", ("name", "currency", "currency_decimals", *PROGRAM_DAYS)))
    if missing:
        yield from missing
        return
    yield from check_text(program["name"], "program.name")
    yield from check_text(program["currency"], "program.currency")
    yield from check_number(
        program["currency_decimals"], "program.currency_decimals", high=CURRENCY_DECIMALS_MAX
    )
    bad_days = [
        problem for name in PROGRAM_DAYS for problem in check_number(program[name], f"program.{name}")
    ]
    yield from bad_days
    if not bad_days:
        if program["late_posting_days"] > program["return_window_days"]:
            yield Problem("program.late_posting_days", "is more than return_window_days")
        if program["return_window_days"] > program["lot_validity_days"]:
            yield Problem("program.return_window_days", "is more than lot_validity_days")


def _partners(partners: Any) -> Problems:
    yield from check_list(partners, "partners")
    seen: list[Any] = []
    for number, partner in enumerate(partners if isinstance(partners, list) else []):
        path = f"partners[{number}]"
        missing = list(check_fields(partner, path, ("id", *PARTNER_TERMS)))
        yield from missing
        if missing:
            continue
        yield from check_id(partner["id"], f"{path}.id")
        if partner["id"] == OPERATOR:
            yield Problem(f"{path}.id", "is the operator's name")
        if partner["id"] in seen:
            yield Problem(f"{path}.id", "is given twice")
        seen.append(partner["id"])
        for name in PARTNER_TERMS:
            yield from check_number(partner[name], f"{path}.{name}", high=TERM_MAX[name])


def _campaigns(campaigns: Any, partner_ids: list[str]) -> Problems:
    yield from check_list(campaigns, "campaigns")
    seen: list[Any] = []
    for number, campaign in enumerate(campaigns if isinstance(campaigns, list) else []):
        path = f"campaigns[{number}]"
        missing = list(check_fields(campaign, path, CAMPAIGN_FIELDS))
        yield from missing
        if missing:
            continue
        yield from check_id(campaign["id"], f"{path}.id")
        if campaign["id"] in seen:
            yield Problem(f"{path}.id", "is given twice")
        seen.append(campaign["id"])
        yield from _campaign_terms(campaign, path, partner_ids)


def _campaign_terms(campaign: dict[str, Any], path: str, partner_ids: list[str]) -> Problems:
    yield from check_ids(campaign["partners"], f"{path}.partners")
    its_partner_ids = campaign["partners"] if isinstance(campaign["partners"], list) else []
    for number, partner_id in enumerate(its_partner_ids):
        yield from check_listed(partner_id, f"{path}.partners[{number}]", partner_ids)
    if campaign["partners"] == []:
        yield Problem(f"{path}.partners", "must name a partner")
    bad_days = [*check_number(campaign["opens_day"], f"{path}.opens_day")]
    bad_days += check_number(campaign["closes_day"], f"{path}.closes_day")
    yield from bad_days
    if not bad_days and campaign["closes_day"] < campaign["opens_day"]:
        yield Problem(f"{path}.closes_day", "is before it opens")
    yield from check_number(campaign["budget_points"], f"{path}.budget_points")
    yield from check_number(campaign["campaign_price"], f"{path}.campaign_price", high=PRICE_MAX_MICRO)
    yield from _stages(campaign["stages"], f"{path}.stages")
    yield from _funding(campaign["funding"], f"{path}.funding", [*its_partner_ids, OPERATOR])


def _stages(stages: Any, path: str) -> Problems:
    yield from check_list(stages, path)
    if stages == []:
        yield Problem(path, "must have a stage")
    for number, stage in enumerate(stages if isinstance(stages, list) else []):
        wrong = list(check_fields(stage, f"{path}[{number}]", ("bonus_points",), STAGE_CONDITIONS))
        yield from wrong
        if not wrong:
            yield from check_number(
                stage["bonus_points"], f"{path}[{number}].bonus_points", low=1, high=POINTS_MAX
            )
            for name in STAGE_CONDITIONS:
                yield from check_number(stage.get(name, 0), f"{path}[{number}].{name}")


def _funding(funding: Any, path: str, funders: list[Any]) -> Problems:
    if not isinstance(funding, dict):
        yield Problem(path, "must be an object")
        return
    bad_shares: list[Problem] = []
    for funder, share in funding.items():
        bad_shares += check_number(share, f"{path}.{funder}", high=BASIS_POINTS)
    yield from bad_shares
    for funder in funding:
        if funder not in funders:
            yield Problem(f"{path}.{funder}", "is neither a partner of the campaign nor the operator")
    if not bad_shares and sum(funding.values()) != BASIS_POINTS:
        yield Problem(path, f"must sum to {BASIS_POINTS}")
