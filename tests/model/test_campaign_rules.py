"""Campaigns: small cases with the arithmetic in the docstring.

Campaign `c` of A and B (points equal spend there) runs on days 0 to 20 with 100 points at 10 micro-units.
"""

from typing import Any

from .campaigns import funding_shares
from .ledger_model import simulate
from .small_scenarios import campaign, lines, lots, on, points, reasons, scenario


def buy(day: int, member: str, spend: int, partner: str = "A", **fields: Any) -> dict[str, Any]:
    return on(day, "purchase", partner=partner, member=member, spend=spend, **fields)


def test_stage_needs_as_many_partners_as_it_says_each_with_its_spend() -> None:
    """5 at A and 4 at B are not enough; 1 more at B is. C is none of its partners."""
    terms = campaign({"bonus_points": 7, "partners_required": 2, "min_spend_each": 5})
    events = [buy(0, "M", 5), buy(0, "M", 4, "B"), buy(0, "M", 900, "C")]
    assert simulate(scenario(*events, campaigns=[terms]))["campaigns"]["c"]["awarded_points"] == 0
    report = simulate(scenario(*events, buy(1, "M", 1, "B"), campaigns=[terms]))
    assert report["campaigns"]["c"] == {"awarded_points": 7, "refused": 0}
    assert ("campaign:c", 11, 7) in lots(report, "M")
    assert lines(report, "A") == (5000, 70, 0, 0)


def test_each_stage_at_each_purchase_is_awarded_or_refused_by_the_budget_left() -> None:
    """Stages of 60, 50 and 40 with 100: 60 awarded, 50 refused, 40 awarded.

    At the next purchase the 50 are refused once more: 2 refusals. The base points post all the same.
    """
    terms = campaign({"bonus_points": 60}, {"bonus_points": 50}, {"bonus_points": 40})
    report = simulate(scenario(buy(0, "M", 1), buy(0, "M", 1), campaigns=[terms]))
    assert report["campaigns"]["c"] == {"awarded_points": 100, "refused": 2}
    assert points(report) == (102, 0, 0, 0, 102)


def test_clawed_back_stage_is_earned_again_at_the_next_purchase_only() -> None:
    """10 spent earn 5. Returning 1 takes 1 + 5 back. Spending 1 again earns 1 + 5.

    Issued 10 + 5 + 1 + 5, cancelled 6. A is billed 2 * 5 * 10 and credited 5 * 10, and 1 * 1000.
    """
    terms = campaign({"bonus_points": 5, "min_spend_total": 10})
    events = [buy(0, "M", 10), on(0, "return", of="e1", partner="A", spend=1)]
    report = simulate(scenario(*events, campaigns=[terms]))
    assert points(report) == (15, 0, 6, 0, 9)
    report = simulate(scenario(*events, buy(0, "M", 1), campaigns=[terms]))
    assert points(report) == (21, 0, 6, 0, 15)
    assert lines(report, "A") == (11_000, 100, 50 + 1000, 0)
    assert report["campaigns"]["c"] == {"awarded_points": 5, "refused": 0}


def test_award_that_is_still_met_stands() -> None:
    terms = campaign({"bonus_points": 5, "min_spend_total": 10}, {"bonus_points": 3, "min_spend_total": 12})
    events = [buy(0, "M", 12), on(0, "return", of="e1", partner="A", spend=2)]
    report = simulate(scenario(*events, campaigns=[terms]))
    assert lots(report, "M") == [("A", 10, 10), ("campaign:c", 10, 5)]


def test_visit_goes_with_the_last_of_several_returns() -> None:
    """Two visits earn 5. Returning 4 of 5 leaves the visit; the last 1 takes it out."""
    terms = campaign({"bonus_points": 5, "min_visits": 2})
    events = [buy(0, "M", 5), buy(0, "M", 5), on(0, "return", of="e1", partner="A", spend=4)]
    assert simulate(scenario(*events, campaigns=[terms]))["campaigns"]["c"]["awarded_points"] == 5
    events.append(on(0, "return", of="e1", partner="A", spend=1))
    assert simulate(scenario(*events, campaigns=[terms]))["campaigns"]["c"]["awarded_points"] == 0


def test_budget_comes_back_when_points_are_recovered_and_not_when_they_are_owed() -> None:
    """A budget of one award. M spends all 20, returns the purchase, and owes 10 base, then 10 of the bonus.

    N's first purchase is refused. 15 granted to M repay the 10 and 5 of the bonus: N is refused again, with 5
    left of 10. 5 more, and N's third purchase is awarded.
    """
    terms = campaign({"bonus_points": 10, "min_spend_total": 10}, budget_points=10)
    events = [
        buy(0, "M", 10),
        on(0, "redeem", partner="A", member="M", points=20),
        on(0, "return", of="e1", partner="A", spend=10),
        buy(0, "N", 10),
        on(0, "grant", partner="operator", member="M", points=15),
        buy(0, "N", 1),
        on(0, "grant", partner="operator", member="M", points=5),
    ]
    report = simulate(scenario(*events, campaigns=[terms]))
    assert report["campaigns"]["c"] == {"awarded_points": 0, "refused": 2}
    report = simulate(scenario(*events, buy(0, "N", 1), campaigns=[terms]))
    assert report["campaigns"]["c"] == {"awarded_points": 10, "refused": 2}


def test_campaigns_look_before_a_purchase_repays_debt() -> None:
    """M owes 10 base and the 10 of the only award there is budget for.

    20 at A meet the stage again: refused, and only then are the 20 repaid. The next purchase is awarded.
    """
    terms = campaign({"bonus_points": 10, "min_spend_total": 10}, budget_points=10)
    events = [
        buy(0, "M", 10),
        on(0, "redeem", partner="A", member="M", points=20),
        on(0, "return", of="e1", partner="A", spend=10),
        buy(0, "M", 20),
    ]
    report = simulate(scenario(*events, campaigns=[terms]))
    assert report["campaigns"]["c"] == {"awarded_points": 0, "refused": 1}
    assert report["members"]["M"]["debt"] == 0
    report = simulate(scenario(*events, buy(0, "M", 1), campaigns=[terms]))
    assert report["campaigns"]["c"] == {"awarded_points": 10, "refused": 1}


def test_touch_frees_the_budget_before_campaigns_look() -> None:
    """M holds 20 through day 2 and owes 10 base and 10 bonus. By day 3 the touch has repaid both.

    So M's purchase on day 3 is awarded; N's on day 3 before it is not, for nobody had touched M.
    """
    terms = campaign({"bonus_points": 10, "min_spend_total": 10}, budget_points=10)
    report = simulate(
        scenario(
            buy(0, "M", 10),
            on(0, "hold", partner="A", member="M", points=20, expires_day=2),
            on(0, "return", of="e1", partner="A", spend=10),
            buy(3, "N", 10),
            buy(3, "M", 10),
            campaigns=[terms],
        )
    )
    assert report["campaigns"]["c"] == {"awarded_points": 10, "refused": 1}
    assert ("campaign:c", 13, 10) in lots(report, "M")


def test_window_is_of_the_day_on_which_the_purchase_occurred() -> None:
    """Days 5 and 6. Posted on 7 for 6: counts. Posted on 6 for 4: does not. On 7: does not."""
    terms = campaign({"bonus_points": 5, "min_visits": 2}, opens_day=5, closes_day=6)
    report = simulate(
        scenario(
            buy(6, "M", 1, occurred_day=4),
            buy(6, "M", 1, occurred_day=5),
            buy(7, "M", 1),
            campaigns=[terms],
        )
    )
    assert report["campaigns"]["c"]["awarded_points"] == 0
    report = simulate(
        scenario(buy(6, "M", 1, occurred_day=5), buy(7, "M", 1, occurred_day=6), campaigns=[terms])
    )
    assert report["campaigns"]["c"]["awarded_points"] == 5


def test_purchase_that_earns_nothing_counts() -> None:
    terms = campaign({"bonus_points": 5, "min_spend_total": 99}, partners=["C"], funding={"operator": 10_000})
    report = simulate(scenario(buy(0, "M", 99, "C"), campaigns=[terms]))
    assert lots(report, "M") == [("campaign:c", 10, 5)]


def test_base_points_are_taken_back_before_the_bonus_even_from_the_bonus_lot() -> None:
    """Of B's 10, A's 10 and the bonus of 6, 24 go to N: all but 2 of the bonus.

    Returning A's 10 first takes back base points: the 2 of the bonus lot, for A's lot (2 * 1000), and owes 8.
    Then the bonus: nothing is left, so 6 more are owed.
    """
    terms = campaign({"bonus_points": 6, "min_spend_total": 10}, partners=["A"])
    report = simulate(
        scenario(
            buy(0, "M", 10, "B"),
            buy(1, "M", 10),
            on(1, "transfer", member="M", to="N", points=24),
            on(1, "return", of="e2", partner="A", spend=10),
            campaigns=[terms],
        )
    )
    assert lots(report, "N") == [("B", 10, 10), ("A", 11, 10), ("campaign:c", 11, 4)]
    assert report["members"]["M"] == {"available": 0, "held": 0, "debt": 14, "lots": []}
    assert lines(report, "A") == (10_000, 60, 2000, 0)


def test_one_return_undoes_campaigns_in_order_and_stages_in_order() -> None:
    """Base 10, then bonus 5 (c), 3 (c) and 4 (d); 16 of 22 were redeemed.

    Returning 10 recovers 6 of the base, and owes 4 + 5 + 3 + 4. 9 granted repay 4 base and c's 5: the 3 and
    d's 4 stay owed and spent.
    """
    stages = ({"bonus_points": 5, "min_spend_total": 10}, {"bonus_points": 3, "min_spend_total": 9})
    terms = [
        campaign(*stages),
        campaign({"bonus_points": 4, "min_spend_each": 1, "partners_required": 1}, id="d"),
    ]
    report = simulate(
        scenario(
            buy(0, "M", 10),
            on(0, "redeem", partner="B", member="M", points=16),
            on(0, "return", of="e1", partner="A", spend=10),
            on(0, "grant", partner="operator", member="M", points=9),
            campaigns=terms,
        )
    )
    assert report["members"]["M"]["debt"] == 7
    assert report["campaigns"] == {
        "c": {"awarded_points": 3, "refused": 0},
        "d": {"awarded_points": 4, "refused": 0},
    }
    assert lines(report, "A") == (10_000, 120, 10_000 + 50, 0)


def test_shares_left_over_go_to_the_largest_remainders_and_ties_to_the_first_listed() -> None:
    """1001 of 50/30/20 %: 500.5, 300.3, 200.2 down to 500, 300, 200, and 1 to the .5.

    3 of four quarters: .75 each, so the first three as listed.
    """
    assert funding_shares(1001, {"A": 5000, "B": 3000, "C": 2000}) == {"A": 501, "B": 300, "C": 200}
    quarters = {"D": 2500, "A": 2500, "C": 2500, "B": 2500}
    assert funding_shares(3, quarters) == {"D": 1, "A": 1, "C": 1, "B": 0}


def test_recovery_shares_are_cumulative_and_may_take_a_point_back_from_a_funder() -> None:
    """6 points of 45/45/10 %: 2.7, 2.7, 0.6, so A 3, B 3, C 0. All 6 are owed, and repaid as 5 and 1.

    5 recovered: 2.25, 2.25, 0.5, so 2, 2, 1: C gets credit for a point it never paid.
    6 recovered: 3, 3, 0: A and B get one more, C's is taken back: a credit of -10 in the second cycle.
    """
    terms = campaign(
        {"bonus_points": 6, "min_visits": 1},
        partners=["A", "B", "C"],
        funding={"A": 4500, "B": 4500, "C": 1000},
    )
    report = simulate(
        scenario(
            buy(0, "M", 1),
            on(0, "redeem", partner="B", member="M", points=7),
            on(0, "return", of="e1", partner="A", spend=1),
            on(0, "grant", partner="operator", member="M", points=1),
            on(0, "grant", partner="operator", member="M", points=5),
            on(0, "close_cycle"),
            on(0, "grant", partner="operator", member="M", points=1),
            on(0, "close_cycle"),
            campaigns=[terms],
        )
    )
    first, second = (cycle["statements"] for cycle in report["cycles"])
    assert [first[partner]["bonus"] for partner in "ABC"] == [30, 30, 0]
    assert [first[partner]["credit"] for partner in "ABC"] == [1000 + 20, 20, 10]
    assert [second[partner]["credit"] for partner in "ABC"] == [10, 10, -10]
    assert report["campaigns"]["c"]["awarded_points"] == 0


def test_suspended_partner_is_charged_as_funder_and_the_operators_share_to_nobody() -> None:
    """10 points, half of B's and half of the operator's: B is billed 5 * 10 though it is suspended."""
    terms = campaign({"bonus_points": 10}, funding={"operator": 5000, "B": 5000})
    report = simulate(scenario(on(0, "suspend", partner="B"), buy(0, "M", 1), campaigns=[terms]))
    assert lines(report, "B") == (0, 50, 0, 0)
    assert report["operator_net"] == 1000 + 50


def test_rejected_purchase_counts_in_nothing() -> None:
    terms = campaign({"bonus_points": 10, "min_visits": 2})
    report = simulate(scenario(buy(0, "M", 1), buy(9, "M", 1, occurred_day=3), campaigns=[terms]))
    assert reasons(report) == [("e2", "posted_too_late")]
    assert report["campaigns"]["c"] == {"awarded_points": 0, "refused": 0}
