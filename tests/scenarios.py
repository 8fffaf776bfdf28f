"""Scenarios for tests: small ones to change, and the worked example."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

Scenario = dict[str, Any]
Event = dict[str, Any]

SCENARIO_DIR = Path(__file__).resolve().parents[1] / "scenarios"
WORKED_EXAMPLE = SCENARIO_DIR / "three-partners.json"


def worked_example() -> Scenario:
    """The example of the rules page, to be changed at will."""
    scenario: Scenario = json.loads(WORKED_EXAMPLE.read_text())
    return scenario


def worked_report() -> dict[str, Any]:
    """The exact report of the worked example."""
    report: dict[str, Any] = json.loads((SCENARIO_DIR / "three-partners.expected.json").read_text())
    return report


def partner(
    partner_id: str, *, rate: int = 100, issue_price: int = 10_000, redeem_price: int = 8_000
) -> Event:
    """A partner that gives a point for each minor unit."""
    return {
        "id": partner_id,
        "earn_points_per_100_minor": rate,
        "issue_price": issue_price,
        "redeem_price": redeem_price,
    }


def scenario_of(*events: Event, as_of_day: int | None = None, **changes: Any) -> Scenario:
    """Partners A and B, members M1 and M2, no campaign, 30 days of validity and return."""
    return {
        "program": {
            "name": "Test",
            "currency": "USD",
            "currency_decimals": 2,
            "lot_validity_days": 30,
            "return_window_days": 30,
            "late_posting_days": 5,
        },
        "partners": [partner("A"), partner("B")],
        "members": ["M1", "M2"],
        "campaigns": [],
        "events": list(events),
        "as_of_day": as_of_day
        if as_of_day is not None
        else max((event["day"] for event in events), default=0),
    } | changes


def event(kind: str, event_id: str, *, day: int = 0, **fields: Any) -> Event:
    """One event; parties that are not named are partner A and member M1."""
    needed = {
        "purchase": {"partner": "A", "member": "M1"},
        "return": {"partner": "A"},
        "redeem": {"partner": "A", "member": "M1"},
        "refund": {"partner": "A"},
        "hold": {"partner": "A", "member": "M1"},
        "capture": {"partner": "A"},
        "void": {"partner": "A"},
        "transfer": {"member": "M1", "to": "M2"},
        "grant": {"partner": "A", "member": "M1"},
        "reprice": {"partner": "A"},
        "suspend": {"partner": "A"},
        "reinstate": {"partner": "A"},
    }
    return {"day": day, "id": event_id, "type": kind, **needed.get(kind, {}), **fields}


def campaign(**changes: Any) -> dict[str, Any]:
    """Everyone who buys at A twice gets 100 points, funded by A."""
    return {
        "id": "c",
        "partners": ["A"],
        "opens_day": 0,
        "closes_day": 10,
        "stages": [{"bonus_points": 100, "min_visits": 2}],
        "budget_points": 1_000,
        "campaign_price": 9_000,
        "funding": {"A": 10_000},
    } | changes
