"""Lots, holds and days: small cases with the arithmetic in the docstring. Lots live 10 days here."""

from .ledger_model import simulate
from .small_scenarios import campaign, lines, lots, on, points, reasons, scenario


def test_lot_lives_through_its_last_day() -> None:
    """Bought on day 0, expires on 0 + 10: all there on day 10, none on day 11."""
    buy = on(0, "purchase", partner="A", member="M", spend=7)
    assert lots(simulate(scenario(buy, as_of_day=10)), "M") == [("A", 10, 7)]
    report = simulate(scenario(buy, as_of_day=11))
    assert lots(report, "M") == []
    assert points(report) == (7, 0, 0, 7, 0)


def test_late_purchase_expires_by_the_day_it_occurred_and_bonus_by_the_day_it_was_posted() -> None:
    report = simulate(
        scenario(
            on(4, "purchase", partner="A", member="M", spend=7, occurred_day=1),
            campaigns=[campaign({"bonus_points": 3})],
        )
    )
    assert lots(report, "M") == [("A", 11, 7), ("campaign:c", 14, 3)]


def test_held_points_of_a_lapsed_lot_stay_until_the_hold_is_over() -> None:
    """10 points expire on 10, 6 of them on hold through 12: on 11 and 12 the 6 are left, on 13 nothing."""
    events = (
        on(0, "purchase", partner="A", member="M", spend=10),
        on(0, "hold", partner="B", member="M", points=6, expires_day=12),
    )
    report = simulate(scenario(*events, as_of_day=12))
    assert report["members"]["M"] == {
        "available": 0,
        "held": 6,
        "debt": 0,
        "lots": [{"issuer": "A", "expires_day": 10, "points": 6}],
    }
    assert points(report) == (10, 0, 0, 4, 6)
    assert points(simulate(scenario(*events, as_of_day=13))) == (10, 0, 0, 10, 0)


def test_held_points_are_the_soonest_expiring_whatever_was_held_first() -> None:
    """6 were held before a sooner lot came, bought late (occurred on 2, expires on 12).

    On 13 its 5 are passed over, then 1 of the lot that expires on 15; nothing lapses.
    """
    report = simulate(
        scenario(
            on(5, "purchase", partner="A", member="M", spend=8),
            on(5, "hold", partner="B", member="M", points=6, expires_day=20),
            on(6, "purchase", partner="B", member="M", spend=5, occurred_day=2),
            as_of_day=13,
        )
    )
    assert lots(report, "M") == [("B", 12, 5), ("A", 15, 8)]
    assert report["members"]["M"]["available"] == 7


def test_points_that_lapse_on_the_day_a_hold_is_over_are_gone_before_debt_is_repaid() -> None:
    """Hold and lot both end on day 10: on 11 the hold frees 4, the lot loses them, the debt of 4 stays."""
    report = simulate(scenario(*debt_beside_a_hold(hold_expires_day=10), as_of_day=11))
    assert report["members"]["M"] == {"available": 0, "held": 0, "debt": 4, "lots": []}
    assert points(report) == (8, 4, 0, 4, 0)


def test_points_freed_before_they_lapse_repay_debt() -> None:
    """As above but the hold ends on 9: on 10 the 4 are free and still live, and repay the debt."""
    report = simulate(scenario(*debt_beside_a_hold(hold_expires_day=9), as_of_day=11))
    assert report["members"]["M"] == {"available": 0, "held": 0, "debt": 0, "lots": []}
    assert points(report) == (8, 4, 4, 0, 0)
    assert lines(report, "A") == (8000, 0, 4000, 3200)


def debt_beside_a_hold(*, hold_expires_day: int) -> list[dict[str, object]]:
    """8 points, 4 redeemed and 4 held; the return of half the purchase can take nothing, so 4 are owed."""
    return [
        on(0, "purchase", partner="A", member="M", spend=8),
        on(0, "redeem", partner="A", member="M", points=4),
        on(0, "hold", partner="A", member="M", points=4, expires_day=hold_expires_day),
        on(1, "return", of="e1", partner="A", spend=4),
    ]


def test_what_a_touch_recovers_counts_in_the_cycle_of_the_touch() -> None:
    """The debt is repaid as on day 10, but closing cycles on 10 and 12 touches nobody; day 13 counts.

    Credit 4 * 1000 is in the third statement: net -4000 micro-units.
    """
    report = simulate(
        scenario(
            *debt_beside_a_hold(hold_expires_day=9),
            on(10, "close_cycle"),
            on(12, "close_cycle"),
            on(13, "grant", partner="operator", member="M", points=1),
            on(13, "close_cycle"),
        )
    )
    credits = [cycle["statements"]["A"]["credit"] for cycle in report["cycles"]]
    assert credits == [0, 0, 4000]
    assert report["cycles"][2]["statements"]["A"]["net"] == -4000


def test_capture_takes_lapsed_points_and_what_is_freed_lapses_at_once() -> None:
    """10 points lapsed on 11 but for the hold; 6 are captured on 12, the 4 freed are gone the same day."""
    report = simulate(
        scenario(
            on(0, "purchase", partner="A", member="M", spend=10),
            on(0, "hold", partner="B", member="M", points=10, expires_day=12),
            on(12, "capture", partner="B", hold="e2", points=6),
            on(12, "redeem", partner="B", member="M", points=1),
        )
    )
    assert points(report) == (10, 6, 0, 4, 0)
    assert reasons(report) == [("e4", "insufficient_points")]
    assert lines(report, "B") == (0, 0, 0, 6 * 1500)


def test_void_frees_points_that_repay_debt() -> None:
    report = simulate(
        scenario(*debt_beside_a_hold(hold_expires_day=9), on(2, "void", partner="A", hold="e3"), as_of_day=2)
    )
    assert report["members"]["M"]["debt"] == 0
    assert points(report) == (8, 4, 4, 0, 0)


def test_of_lots_that_expire_on_the_same_day_the_first_to_come_is_taken_first() -> None:
    """B's lot came first; A's, bought late, expires on the same day 10. Redeeming 5 takes 5 of B's 6."""
    report = simulate(
        scenario(
            on(0, "purchase", partner="B", member="M", spend=6),
            on(1, "purchase", partner="A", member="M", spend=6, occurred_day=0),
            on(1, "redeem", partner="A", member="M", points=5),
        )
    )
    assert lots(report, "M") == [("A", 10, 6), ("B", 10, 1)]


def test_taking_starts_with_lapsed_points_that_a_hold_keeps_and_the_hold_then_keeps_the_next() -> None:
    """5 points (expire on 10) are on hold through 30; 5 more came on day 8 (expire on 18).

    On 12, 5 are available; redeeming 5 takes the lapsed ones, and the hold is on the later lot from then on.
    """
    report = simulate(
        scenario(
            on(0, "purchase", partner="A", member="M", spend=5),
            on(0, "hold", partner="A", member="M", points=5, expires_day=30),
            on(8, "purchase", partner="B", member="M", spend=5),
            on(12, "redeem", partner="A", member="M", points=5),
            as_of_day=25,
        )
    )
    assert lots(report, "M") == [("B", 18, 5)]
    assert points(report) == (10, 5, 0, 0, 5)


def test_transferred_points_of_a_lapsed_lot_lapse_at_the_receivers_next_touch() -> None:
    """As above, but the 5 lapsed points go to N, who holds nothing: gone by the report of the same day."""
    report = simulate(
        scenario(
            on(0, "purchase", partner="A", member="M", spend=5),
            on(0, "hold", partner="A", member="M", points=5, expires_day=30),
            on(8, "purchase", partner="B", member="M", spend=5),
            on(12, "transfer", member="M", to="N", points=5),
        )
    )
    assert lots(report, "N") == []
    assert lots(report, "M") == [("B", 18, 5)]
    assert points(report) == (10, 0, 0, 5, 5)


def test_available_is_judged_as_touched_but_a_rejection_leaves_no_touch() -> None:
    """On 11 the 10 points have lapsed, so redeeming 1 is rejected; nobody was touched, and the report is."""
    report = simulate(
        scenario(
            on(0, "purchase", partner="A", member="M", spend=10),
            on(11, "redeem", partner="A", member="M", points=1),
        )
    )
    assert reasons(report) == [("e2", "insufficient_points")]
    assert points(report) == (10, 0, 0, 10, 0)


def test_redeem_may_use_what_only_the_touch_frees() -> None:
    """The hold through 3 is over on day 4."""
    report = simulate(
        scenario(
            on(0, "purchase", partner="A", member="M", spend=10),
            on(0, "hold", partner="A", member="M", points=10, expires_day=3),
            on(3, "redeem", partner="A", member="M", points=1),
            on(4, "redeem", partner="A", member="M", points=10),
        )
    )
    assert reasons(report) == [("e3", "insufficient_points")]
    assert points(report) == (10, 10, 0, 0, 0)
