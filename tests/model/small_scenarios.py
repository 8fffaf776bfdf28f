"""Builds small scenarios by hand: points equal spend at A and B, so that the arithmetic is easy to follow."""

from __future__ import annotations

from typing import Any

from .terms import Event, Report, Scenario

PROGRAM = {
    "name": "Small",
    "currency": "USD",
    "currency_decimals": 2,
    "lot_validity_days": 10,
    "return_window_days": 10,
    "late_posting_days": 5,
}
# A point for each minor unit at A and B, one for each 100 at C.
PARTNERS = [
    {"id": "A", "earn_points_per_100_minor": 100, "issue_price": 1000, "redeem_price": 800},
    {"id": "B", "earn_points_per_100_minor": 100, "issue_price": 2000, "redeem_price": 1500},
    {"id": "C", "earn_points_per_100_minor": 1, "issue_price": 3000, "redeem_price": 2500},
]


def on(day: int, kind: str, **fields: Any) -> Event:
    """One event; without an id it gets e1, e2, ... by its place in the scenario."""
    return {"day": day, "type": kind, **fields}


def scenario(*events: Event, as_of_day: int | None = None, **changes: Any) -> Scenario:
    """Members M, N and O; `changes` are top-level parts, or fields of the program."""
    program = {**PROGRAM, **{name: value for name, value in changes.items() if name in PROGRAM}}
    parts = {name: value for name, value in changes.items() if name not in PROGRAM}
    numbered = [{"id": f"e{number}", **event} for number, event in enumerate(events, start=1)]
    return {
        "program": program,
        "partners": [dict(partner) for partner in PARTNERS],
        "members": ["M", "N", "O"],
        "campaigns": [],
        "events": numbered,
        "as_of_day": max(event["day"] for event in events) if as_of_day is None else as_of_day,
        **parts,
    }


def campaign(*stages: dict[str, int], **changes: Any) -> Scenario:
    """Campaign `c` of A and B, days 0 to 20, 100 points at 10 micro-units each, paid by A."""
    return {
        "id": "c",
        "partners": ["A", "B"],
        "opens_day": 0,
        "closes_day": 20,
        "stages": list(stages),
        "budget_points": 100,
        "campaign_price": 10,
        "funding": {"A": 10_000},
        **changes,
    }


def reasons(report: Report) -> list[tuple[str, str]]:
    return [(rejection["id"], rejection["reason"]) for rejection in report["rejected"]]


def lots(report: Report, member: str) -> list[tuple[str, int, int]]:
    return [(lot["issuer"], lot["expires_day"], lot["points"]) for lot in report["members"][member]["lots"]]


def points(report: Report) -> tuple[int, ...]:
    """Issued, burned, cancelled, expired, outstanding."""
    names = ("issued", "burned", "cancelled", "expired", "outstanding")
    return tuple(report["points"][name] for name in names)


def lines(report: Report, partner: str) -> tuple[int, ...]:
    """Base, bonus, credit, reimbursed of the whole run."""
    return tuple(report["clearing"][partner][name] for name in ("base", "bonus", "credit", "reimbursed"))
