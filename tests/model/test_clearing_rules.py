"""Cycles and statements: small cases with the arithmetic in the docstring."""

import pytest

from .ledger_model import simulate
from .small_scenarios import on, scenario


def test_half_a_minor_unit_goes_to_the_even_one_and_the_rest_is_carried() -> None:
    """A minor unit is 10,000 here, a point of A's 1000.

    5 points: 0.5 is payable 0, carried 5000. 10 more: 1.5 with what was carried is payable 2, carried -5000.
    Nothing more: -0.5 is payable 0, carried -5000.
    """
    report = simulate(
        scenario(
            on(0, "grant", partner="A", member="M", points=5),
            on(0, "close_cycle"),
            on(0, "grant", partner="A", member="M", points=10),
            on(0, "close_cycle"),
            on(0, "close_cycle"),
        )
    )
    statements = [cycle["statements"]["A"] for cycle in report["cycles"]]
    names = ("net", "carried_in", "payable_minor", "carried_out")
    assert [tuple(statement[name] for name in names) for statement in statements] == [
        (5000, 0, 0, 5000),
        (10_000, 5000, 2, -5000),
        (0, -5000, 0, -5000),
    ]


def test_lines_of_a_cycle_may_be_negative() -> None:
    """3 points redeemed at A's 800 in one cycle, 2 refunded in the next: reimbursed 2400, then -1600."""
    report = simulate(
        scenario(
            on(0, "grant", partner="operator", member="M", points=3),
            on(0, "redeem", partner="A", member="M", points=3),
            on(0, "close_cycle", id="first"),
            on(1, "refund", of="e2", partner="A", points=2),
            on(2, "close_cycle", id="second"),
        )
    )
    first, second = report["cycles"]
    assert (first["id"], first["day"], second["id"], second["day"]) == ("first", 0, "second", 2)
    assert first["statements"]["A"] == {
        "base": 0,
        "bonus": 0,
        "credit": 0,
        "reimbursed": 2400,
        "net": -2400,
        "carried_in": 0,
        "payable_minor": 0,
        "carried_out": -2400,
    }
    assert second["statements"]["A"]["reimbursed"] == -1600
    assert second["statements"]["A"]["net"] == 1600
    assert report["clearing"]["A"]["reimbursed"] == 800


def test_every_partner_has_a_statement_and_open_lines_are_in_none() -> None:
    report = simulate(scenario(on(0, "close_cycle"), on(0, "grant", partner="B", member="M", points=1)))
    assert set(report["cycles"][0]["statements"]) == {"A", "B", "C"}
    assert all(value == 0 for value in report["cycles"][0]["statements"]["B"].values())
    assert report["clearing"]["B"]["net"] == 2000
    assert report["operator_net"] == 2000


@pytest.mark.parametrize(
    ("decimals", "payable_minor", "carried_out"),
    [(0, 1, -20_000), (1, 10, -20_000), (2, 98, 0), (3, 980, 0)],
)
def test_minor_unit_follows_the_currencys_decimals(
    decimals: int, payable_minor: int, carried_out: int
) -> None:
    """980 points of A's 1000 are 980,000 micro-units: 0.98 of the currency."""
    report = simulate(
        scenario(
            on(0, "grant", partner="A", member="M", points=980),
            on(0, "close_cycle"),
            currency_decimals=decimals,
        )
    )
    statement = report["cycles"][0]["statements"]["A"]
    assert (statement["payable_minor"], statement["carried_out"]) == (payable_minor, carried_out)
