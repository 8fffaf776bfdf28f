"""Returns, taking back, debt and transfers: small cases with the arithmetic in the docstring."""

from .ledger_model import simulate
from .small_scenarios import lines, lots, on, points, reasons, scenario


def test_return_in_steps_takes_back_the_difference_of_floors() -> None:
    """C gives 1 point per 100, so 250 earn 2.

    Returning 60 leaves 190: 2 - 1 = 1 back; 90 more leaves 100: 1 - 1 = 0; the last 100: 1. Credit 2 * 3000.
    """
    events = [on(0, "purchase", partner="C", member="M", spend=250)]
    left = []
    for spend in (60, 90, 100):
        events.append(on(0, "return", of="e1", partner="C", spend=spend))
        left.append(simulate(scenario(*events))["members"]["M"]["available"])
    assert left == [1, 1, 0]
    assert lines(simulate(scenario(*events)), "C") == (6000, 0, 6000, 0)


def test_return_uses_the_rate_and_price_of_the_purchase() -> None:
    """10 points at 1000; the rate is 0 and the price 5 when 4 are returned: 4 points, credit 4 * 1000."""
    report = simulate(
        scenario(
            on(0, "purchase", partner="A", member="M", spend=10),
            on(1, "reprice", partner="A", issue_price=5, earn_points_per_100_minor=0),
            on(1, "return", of="e1", partner="A", spend=4),
        )
    )
    assert points(report) == (10, 0, 4, 0, 6)
    assert lines(report, "A") == (10_000, 0, 4000, 0)


def test_takes_back_from_its_own_lot_before_a_sooner_one() -> None:
    report = simulate(
        scenario(
            on(0, "purchase", partner="A", member="M", spend=10),
            on(1, "purchase", partner="B", member="M", spend=10),
            on(1, "return", of="e2", partner="B", spend=4),
        )
    )
    assert lots(report, "M") == [("A", 10, 10), ("B", 11, 6)]


def test_takes_back_from_other_lots_what_its_own_has_no_more_and_owes_the_rest() -> None:
    """M has A's 10 and B's 10, redeems 14: A's all, 4 of B's. Returning A's 10 takes B's 6, and owes 4.

    The 6 are credited to A at A's 1000. A purchase of 3 at B then repays 3 of it, credited to A as well.
    """
    events = [
        on(0, "purchase", partner="A", member="M", spend=10),
        on(1, "purchase", partner="B", member="M", spend=10),
        on(1, "redeem", partner="C", member="M", points=14),
        on(2, "return", of="e1", partner="A", spend=10),
    ]
    report = simulate(scenario(*events))
    assert report["members"]["M"] == {"available": 0, "held": 0, "debt": 4, "lots": []}
    assert lines(report, "A") == (10_000, 0, 6000, 0)
    report = simulate(scenario(*events, on(3, "purchase", partner="B", member="M", spend=3)))
    assert report["members"]["M"]["debt"] == 1
    assert lines(report, "A") == (10_000, 0, 9000, 0)
    assert lines(report, "B") == (26_000, 0, 0, 0)
    assert points(report) == (23, 14, 9, 0, 0)


def test_held_points_are_not_taken_back() -> None:
    """10 points, 7 on hold: of a full return 3 are recovered, 7 owed."""
    report = simulate(
        scenario(
            on(0, "purchase", partner="A", member="M", spend=10),
            on(0, "hold", partner="B", member="M", points=7, expires_day=5),
            on(0, "return", of="e1", partner="A", spend=10),
        )
    )
    assert report["members"]["M"]["debt"] == 7
    assert report["members"]["M"]["held"] == 7
    assert points(report) == (10, 0, 3, 0, 7)


def test_debt_is_repaid_oldest_first_even_of_a_lot_that_owes_twice() -> None:
    """A owed 2, then B 3, then A 2 again. 4 points granted repay A 2 and B 2; 2 more repay B 1 and A 1.

    A: 3 * 1000, B: 3 * 2000.
    """
    events = [
        on(0, "purchase", partner="A", member="M", spend=5),
        on(0, "purchase", partner="B", member="M", spend=5),
        on(0, "redeem", partner="C", member="M", points=10),
        on(1, "return", of="e1", partner="A", spend=2),
        on(1, "return", of="e2", partner="B", spend=3),
        on(1, "return", of="e1", partner="A", spend=2),
        on(2, "grant", partner="operator", member="M", points=4),
    ]
    report = simulate(scenario(*events))
    assert (lines(report, "A")[2], lines(report, "B")[2]) == (2000, 4000)
    report = simulate(scenario(*events, on(2, "grant", partner="operator", member="M", points=2)))
    assert (lines(report, "A")[2], lines(report, "B")[2]) == (3000, 6000)


def test_return_looks_at_the_buyers_account_and_not_at_where_points_went() -> None:
    """6 of 10 went to N. Returning all takes the 4 that are left; 6 are owed by M, none by N."""
    report = simulate(
        scenario(
            on(0, "purchase", partner="A", member="M", spend=10),
            on(0, "transfer", member="M", to="N", points=6),
            on(1, "return", of="e1", partner="A", spend=10),
        )
    )
    assert report["members"]["M"]["debt"] == 6
    assert lots(report, "N") == [("A", 10, 6)]


def test_points_that_came_back_are_another_lot() -> None:
    """A's 10 (expire on 11) go to N and back; B's 10 of day 0 expire sooner, on 10.

    A return of 4 at A finds nothing in its own lot, so the soonest are taken: 4 of B's. Credit to A.
    """
    report = simulate(
        scenario(
            on(1, "purchase", partner="A", member="M", spend=10),
            on(1, "transfer", member="M", to="N", points=10),
            on(1, "transfer", member="N", to="M", points=10),
            on(1, "purchase", partner="B", member="M", spend=10, occurred_day=0),
            on(1, "return", of="e1", partner="A", spend=4),
        )
    )
    assert lots(report, "M") == [("B", 10, 6), ("A", 11, 10)]
    assert lines(report, "A")[2] == 4000


def test_transfer_moves_soonest_first_and_repays_the_receivers_debt() -> None:
    """N owes A 5. M's 3 of B (expire on 10) and 4 of A's 6 (on 11) go to N: 5 repay, B's 3 first."""
    report = simulate(
        scenario(
            on(0, "purchase", partner="A", member="N", spend=5),
            on(0, "redeem", partner="A", member="N", points=5),
            on(0, "return", of="e1", partner="A", spend=5),
            on(0, "purchase", partner="B", member="M", spend=3),
            on(1, "purchase", partner="A", member="M", spend=6),
            on(1, "transfer", member="M", to="N", points=7),
        )
    )
    assert lots(report, "M") == [("A", 11, 2)]
    assert lots(report, "N") == [("A", 11, 2)]
    assert report["members"]["N"]["debt"] == 0
    assert points(report) == (14, 5, 5, 0, 4)


def test_what_was_received_comes_after_what_the_receiver_has() -> None:
    """Both lots expire on 10; N's own of B came first, so redeeming 4 takes it."""
    report = simulate(
        scenario(
            on(0, "purchase", partner="A", member="M", spend=4),
            on(0, "purchase", partner="B", member="N", spend=4),
            on(0, "transfer", member="M", to="N", points=4),
            on(0, "redeem", partner="B", member="N", points=4),
        )
    )
    assert lots(report, "N") == [("A", 10, 4)]


def test_return_window_counts_from_the_day_of_the_purchase() -> None:
    """Occurred on 1, window 10: day 11 is the last; on 12 late comes before exceeding."""
    report = simulate(
        scenario(
            on(3, "purchase", partner="A", member="M", spend=9, occurred_day=1),
            on(11, "return", of="e1", partner="A", spend=4),
            on(12, "return", of="e1", partner="A", spend=4),
            on(12, "return", of="e1", partner="A", spend=6),
        )
    )
    assert reasons(report) == [("e3", "return_too_late"), ("e4", "return_too_late")]


def test_purchase_that_earns_nothing_can_be_returned() -> None:
    report = simulate(
        scenario(
            on(0, "purchase", partner="C", member="M", spend=99),
            on(0, "return", of="e1", partner="C", spend=99),
            on(0, "return", of="e1", partner="C", spend=1),
        )
    )
    assert points(report) == (0, 0, 0, 0, 0)
    assert reasons(report) == [("e3", "return_exceeds_purchase")]
