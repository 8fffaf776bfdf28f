"""Bringing an account to a day: the ledger's touch, and that doing it in steps changes nothing."""

from hypothesis import given
from hypothesis import strategies as st

from node_gateway.domain.account import Account, Debt, OpenLot, PendingHold, account_of, touched

TODAY = 100


def account(
    lots: list[tuple[int, int]] | None = None,
    holds: list[tuple[int, int]] | None = None,
    debts: list[int] | None = None,
) -> Account:
    """Lots and holds as (expires_day, points); debts as points."""
    return account_of(
        [OpenLot(n, 1, day, n, points) for n, (day, points) in enumerate(lots or [])],
        [PendingHold(n, 1, points, day) for n, (day, points) in enumerate(holds or [])],
        [Debt(n, 1, points) for n, points in enumerate(debts or [])],
    )


def points(account: Account) -> list[int]:
    return [lot.points for lot in account.lots]


def test_a_lot_lives_through_the_end_of_its_day() -> None:
    given = account([(TODAY, 10)])

    assert points(touched(given, TODAY)) == [10]
    assert points(touched(given, TODAY + 1)) == []


def test_held_points_are_the_soonest_expiring_and_outlive_their_lot() -> None:
    after = touched(account([(TODAY - 1, 10), (TODAY + 5, 50)], [(TODAY, 4)]), TODAY)

    assert points(after) == [4, 50]
    assert (after.balance, after.held, after.available) == (54, 4, 50)


def test_points_of_an_expired_hold_expire_with_their_lot() -> None:
    after = touched(account([(TODAY - 2, 10)], [(TODAY - 1, 4)]), TODAY)

    assert (points(after), after.held) == ([], 0)


def test_points_freed_by_a_hold_repay_debt_first() -> None:
    after = touched(account([(TODAY + 9, 10)], [(TODAY - 1, 10)], [3, 4]), TODAY)

    assert (after.balance, after.held, after.debt) == (3, 0, 0)


def test_debt_is_repaid_oldest_first_as_far_as_there_is_something_available() -> None:
    after = touched(account([(TODAY + 9, 10)], [(TODAY + 1, 6)], [3, 4]), TODAY)

    assert (after.balance, after.available) == (6, 0)
    assert [(debt.position, debt.points) for debt in after.debts] == [(1, 3)]


def test_debt_is_repaid_before_later_days_take_the_points() -> None:
    """On the day after the hold's last day its points repay the debt; only a day later would the lot have expired."""
    after = touched(account([(TODAY - 1, 10)], [(TODAY - 3, 10)], [4]), TODAY)

    assert (after.balance, after.debt) == (0, 0)


def test_lots_of_one_day_go_in_the_order_of_arrival() -> None:
    lots = [OpenLot(7, 1, TODAY, 2, 5), OpenLot(3, 1, TODAY, 1, 5)]

    after = touched(account_of(lots, [], [Debt(0, 1, 6)]), TODAY)

    assert [(lot.lot, lot.points) for lot in after.lots] == [(7, 4)]


days = st.integers(TODAY - 5, TODAY + 10)
amounts = st.integers(1, 20)
# What the chain stores is what a touch on that day left.
accounts = st.builds(
    account,
    st.lists(st.tuples(days, amounts), max_size=6),
    st.lists(st.tuples(days, st.integers(1, 5)), max_size=3),
    st.lists(amounts, max_size=3),
).filter(lambda given: given.available >= 0)
accounts = accounts.map(lambda given: touched(given, TODAY - 6))


@given(accounts, st.integers(0, 12), st.integers(0, 12))
def test_touching_more_often_changes_nothing(given: Account, first: int, more: int) -> None:
    last = TODAY - 5 + first + more

    assert touched(touched(given, TODAY - 5 + first), last) == touched(given, last)


@given(accounts, st.integers(0, 12))
def test_what_is_available_is_never_negative_and_debt_waits_only_when_nothing_is(
    given: Account, ahead: int
) -> None:
    after = touched(given, TODAY + ahead)

    assert after.available >= 0
    assert not (after.debt and after.available)


@given(accounts, st.integers(0, 12))
def test_day_by_day_is_the_same_as_at_once(given: Account, ahead: int) -> None:
    start = TODAY - 6
    stepped = given
    for day in range(start, TODAY + ahead + 1):
        stepped = touched(stepped, day)

    assert stepped == touched(given, TODAY + ahead)
