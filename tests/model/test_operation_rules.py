"""Redemptions, refunds, holds, grants, ids and reasons: small cases, the arithmetic in the docstring."""

import pytest

from .ledger_model import simulate
from .small_scenarios import lines, lots, on, points, reasons, scenario
from .terms import NUMBER_MAX, POINTS_MAX, SPEND_MAX_MINOR


def test_refund_lowers_burned_and_the_reimbursement_at_the_price_then_paid() -> None:
    """10 redeemed at 800 on day 2; the price is 1 when 4 are refunded: reimbursed 10 * 800 - 4 * 800.

    The new lot expires on 2 + 10, and its points are not issued again. 7 more would exceed the 6 left.
    """
    report = simulate(
        scenario(
            on(0, "purchase", partner="A", member="M", spend=10),
            on(2, "redeem", partner="A", member="M", points=10),
            on(3, "reprice", partner="A", redeem_price=1),
            on(3, "refund", of="e2", partner="A", points=4),
            on(3, "refund", of="e2", partner="A", points=7),
            on(3, "refund", of="e2", partner="A", points=6),
        )
    )
    assert reasons(report) == [("e5", "refund_exceeds_redemption")]
    assert lots(report, "M") == [("refund:A", 12, 10)]
    assert points(report) == (10, 0, 0, 0, 10)
    assert lines(report, "A") == (10_000, 0, 0, 0)


def test_capture_can_be_refunded_by_its_own_id_and_day() -> None:
    """Held on 0, captured on 3: the refund's lot expires on 13. The hold's id names no redemption."""
    report = simulate(
        scenario(
            on(0, "purchase", partner="A", member="M", spend=10),
            on(0, "hold", partner="B", member="M", points=8, expires_day=3),
            on(3, "capture", partner="B", hold="e2", points=5),
            on(4, "refund", of="e2", partner="B", points=1),
            on(4, "refund", of="e3", partner="B", points=2),
        )
    )
    assert reasons(report) == [("e4", "unknown_operation")]
    assert lots(report, "M") == [("A", 10, 5), ("refund:B", 13, 2)]
    assert lines(report, "B") == (0, 0, 0, 3 * 1500)


def test_refund_repays_debt() -> None:
    report = simulate(
        scenario(
            on(0, "purchase", partner="A", member="M", spend=10),
            on(0, "redeem", partner="B", member="M", points=10),
            on(0, "return", of="e1", partner="A", spend=10),
            on(0, "refund", of="e2", partner="B", points=10),
        )
    )
    assert report["members"]["M"] == {"available": 0, "held": 0, "debt": 0, "lots": []}
    assert points(report) == (10, 0, 10, 0, 0)
    assert report["operator_net"] == 0


def test_hold_lives_through_its_last_day_and_gives_its_own_reason_ever_after() -> None:
    """Captured and voided holds say so on any later day; a pending one is expired from the day after."""
    report = simulate(
        scenario(
            on(0, "purchase", partner="A", member="M", spend=10),
            on(0, "hold", partner="A", member="M", points=1, expires_day=2),
            on(0, "hold", partner="A", member="M", points=1, expires_day=2),
            on(0, "hold", partner="A", member="M", points=1, expires_day=2),
            on(0, "hold", partner="A", member="M", points=1, expires_day=NUMBER_MAX),
            on(2, "capture", hold="e2", partner="A", points=1),
            on(2, "void", hold="e3", partner="A"),
            on(3, "void", hold="e2", partner="A"),
            on(3, "capture", hold="e3", partner="A", points=2),
            on(3, "capture", hold="e4", partner="A", points=2),
            on(3, "capture", hold="e5", partner="A", points=2),
            on(3, "hold", partner="A", member="M", points=1, expires_day=2),
        )
    )
    assert reasons(report) == [
        ("e8", "hold_captured"),
        ("e9", "hold_voided"),
        ("e10", "hold_expired"),
        ("e11", "capture_exceeds_hold"),
        ("e12", "hold_expired"),
    ]
    assert report["members"]["M"]["held"] == 1


def test_suspended_partner_starts_nothing_new_and_finishes_what_exists() -> None:
    report = simulate(
        scenario(
            on(0, "purchase", partner="A", member="M", spend=20),
            on(0, "redeem", partner="A", member="M", points=5),
            on(0, "hold", partner="A", member="M", points=2, expires_day=9),
            on(0, "hold", partner="A", member="M", points=2, expires_day=9),
            on(1, "suspend", partner="A"),
            on(1, "purchase", partner="A", member="M", spend=0),
            on(1, "redeem", partner="A", member="M", points=99),
            on(1, "hold", partner="A", member="M", points=1, expires_day=0),
            on(1, "grant", partner="A", member="M", points=0),
            on(1, "return", of="e1", partner="A", spend=1),
            on(1, "refund", of="e2", partner="A", points=1),
            on(1, "capture", hold="e3", partner="A", points=1),
            on(1, "void", hold="e4", partner="A"),
            on(2, "reinstate", partner="A"),
            on(2, "grant", partner="A", member="M", points=3),
        )
    )
    assert reasons(report) == [(f"e{number}", "partner_suspended") for number in (6, 7, 8, 9)]
    assert points(report) == (23, 5, 1, 0, 17)


def test_grant_is_billed_to_a_partner_at_its_price_and_free_from_the_operator() -> None:
    report = simulate(
        scenario(
            on(0, "grant", partner="B", member="M", points=3),
            on(0, "grant", partner="operator", member="M", points=4),
            on(0, "return", of="e1", partner="B", spend=3),
        )
    )
    assert lots(report, "M") == [("B", 10, 3), ("operator", 10, 4)]
    assert lines(report, "B") == (6000, 0, 0, 0)
    assert reasons(report) == [("e3", "unknown_operation")]


def test_id_counts_once_whoever_uses_it_again_and_whatever_became_of_it() -> None:
    """x is applied, then comes again and from B; y is rejected, then used rightly: none of these count."""
    report = simulate(
        scenario(
            on(0, "purchase", partner="A", member="M", spend=10, id="x"),
            on(0, "purchase", partner="A", member="M", spend=10, id="x"),
            on(0, "purchase", partner="B", member="M", spend=10, id="x"),
            on(0, "redeem", partner="A", member="M", points=99, id="y"),
            on(0, "redeem", partner="A", member="M", points=1, id="y"),
            on(0, "grant", partner="operator", member="M", points=1, id="y"),
            on(0, "return", of="x", partner="A", spend=3),
        )
    )
    assert reasons(report) == [("y", "insufficient_points")]
    assert points(report) == (10, 0, 3, 0, 7)


@pytest.mark.parametrize(
    ("spend", "reason"),
    [
        (0, "invalid_amount"),
        (SPEND_MAX_MINOR + 1, "invalid_amount"),
        (NUMBER_MAX, "invalid_amount"),
        (POINTS_MAX, None),
        (POINTS_MAX + 1, "invalid_amount"),
    ],
)
def test_purchase_is_bounded_by_spend_and_by_points(spend: int, reason: str | None) -> None:
    """At A points equal spend, so 4·10^9 is the most of both kinds."""
    report = simulate(scenario(on(0, "purchase", partner="A", member="M", spend=spend)))
    assert [found for _, found in reasons(report)] == ([reason] if reason else [])


def test_most_spend_at_the_smallest_rate_that_gives_too_many_points() -> None:
    """C gives 1 per 100: 4·10^11 + 99 gives 4·10^9, one minor unit more a point more."""
    report = simulate(
        scenario(
            on(0, "purchase", partner="C", member="M", spend=100 * POINTS_MAX + 99),
            on(0, "purchase", partner="C", member="M", spend=100 * POINTS_MAX + 100),
            on(0, "reprice", partner="C", earn_points_per_100_minor=0),
            on(0, "purchase", partner="C", member="M", spend=SPEND_MAX_MINOR),
        )
    )
    assert reasons(report) == [("e2", "invalid_amount")]
    assert points(report)[0] == POINTS_MAX


def test_posted_too_late_is_after_the_amount_and_uses_up_the_id() -> None:
    report = simulate(
        scenario(
            on(9, "purchase", partner="A", member="M", spend=1, occurred_day=4),
            on(9, "purchase", partner="A", member="M", spend=1, occurred_day=3),
            on(9, "purchase", partner="A", member="M", spend=0, occurred_day=3),
            on(9, "return", of="e2", partner="A", spend=1),
        )
    )
    assert reasons(report) == [
        ("e2", "posted_too_late"),
        ("e3", "invalid_amount"),
        ("e4", "unknown_operation"),
    ]


def test_foreign_operations_late_and_too_large_are_first_of_all_foreign() -> None:
    report = simulate(
        scenario(
            on(0, "purchase", partner="A", member="M", spend=10),
            on(0, "redeem", partner="A", member="M", points=5),
            on(0, "hold", partner="A", member="M", points=5, expires_day=1),
            on(11, "return", of="e1", partner="B", spend=99),
            on(11, "refund", of="e2", partner="B", points=99),
            on(11, "capture", hold="e3", partner="B", points=99),
            on(11, "return", of="e2", partner="B", spend=99),
            on(11, "capture", hold="e1", partner="B", points=0),
            on(11, "void", hold="e4", partner="B"),
            on(11, "transfer", member="M", to="M", points=99),
        )
    )
    assert [reason for _, reason in reasons(report)] == [
        "not_your_operation",
        "not_your_operation",
        "not_your_operation",
        "unknown_operation",
        "invalid_amount",
        "unknown_hold",
        "same_member",
    ]
