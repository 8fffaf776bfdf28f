"""An account by the rules: touching, taking back, debt, holds."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node_gateway.audit.accounts import Account, Hold, Lot, ShortfallError

TERMS = 2


def account_with(*lots: tuple[int, int]) -> Account:
    """Lots as (points, expires_day)."""
    account = Account()
    for points, expires_day in lots:
        add(account, points, expires_day)
    return account


def add(account: Account, points: int, expires_day: int) -> Lot:
    lot = Lot(len(account.lots), TERMS, expires_day, points, points, block_number=1)
    account.add_lot(lot)
    return lot


def hold(account: Account, points: int, expires_day: int) -> Hold:
    placed = Hold(len(account.holds) + 1, 1, 1, points, expires_day, block_number=1)
    account.place_hold(placed)
    return placed


def left(account: Account) -> list[int]:
    return [lot.left for lot in account.lots]


def test_takes_the_soonest_first_and_of_one_day_the_one_that_came_first() -> None:
    account = account_with((5, 9), (5, 3), (5, 3))
    pieces = account.take_soonest(7)
    assert [(piece.lot.index, piece.points) for piece in pieces] == [(1, 5), (2, 2)]
    assert left(account) == [5, 0, 3]


def test_a_lot_lives_through_the_end_of_its_day() -> None:
    account = account_with((5, 3))
    assert account.touch(3).expired_points == 0
    assert account.touch(4).expired_points == 5
    assert account.balance == 0


def test_held_points_are_the_soonest_expiring_and_do_not_expire() -> None:
    account = account_with((5, 3), (5, 3), (5, 20))
    hold(account, 7, 30)
    assert account.touch(10).expired_points == 3
    assert left(account) == [5, 2, 5]
    assert account.available == 5


def test_an_expired_hold_frees_points_that_have_expired_meanwhile() -> None:
    account = account_with((5, 3))
    placed = hold(account, 4, 8)
    touched = account.touch(20)
    assert (touched.expired_points, touched.ended_holds, placed.state, placed.released) == (
        5,
        [placed],
        "expired",
        4,
    )


def test_touching_in_one_step_or_day_by_day_is_the_same() -> None:
    at_once, daily = Account(), Account()
    for account in (at_once, daily):
        for points, expires_day in ((5, 3), (9, 4), (2, 12)):
            add(account, points, expires_day)
        hold(account, 6, 5)
        hold(account, 2, 11)
    at_once.touch(15)
    for day in range(16):
        daily.touch(day)
    assert (left(at_once), at_once.held, at_once.expired) == (left(daily), daily.held, daily.expired)


def test_takes_back_from_the_lot_then_from_any_and_owes_the_rest() -> None:
    account = account_with((5, 9), (10, 20), (3, 2))
    recovered = account.take_back(account.lots[1], 16)
    assert recovered == 16
    assert left(account) == [2, 0, 0]
    assert account.take_back(account.lots[1], 7) == 2
    assert account.debt == 5


def test_does_not_take_back_what_is_held() -> None:
    account = account_with((10, 9))
    hold(account, 6, 9)
    assert account.take_back(account.lots[0], 10) == 4
    assert (account.available, account.debt) == (0, 6)


def test_repays_the_oldest_debt_first_when_a_hold_ends() -> None:
    account = account_with((10, 9))
    hold(account, 10, 2)
    lots = account.lots[0], add(account, 0, 9)
    account.take_back(lots[0], 4)
    account.take_back(lots[1], 3)
    touched = account.touch(3)
    assert [(piece.lot.index, piece.points) for piece in touched.recovered] == [(0, 4), (1, 3)]
    assert (account.balance, account.debt, account.cancelled) == (3, 0, 7)


def test_points_freed_on_a_day_that_was_touched_already_all_expire_before_debt_is_repaid() -> None:
    """A void touches the same day again: the day goes on where it was, and no earlier one comes back."""
    account = account_with((10, 3), (10, 5))
    placed = hold(account, 20, 30)
    account.touch(10)
    account.take_back(account.lots[0], 4)
    account.end_hold(placed, "voided", captured=0)
    touched = account.touch(10)
    assert (touched.expired_points, touched.recovered, account.debt) == (20, [], 4)


def test_notices_points_that_are_not_there() -> None:
    with pytest.raises(ShortfallError):
        account_with((5, 9)).take_soonest(6)


@given(
    st.lists(st.tuples(st.integers(0, 50), st.integers(0, 20)), max_size=8),
    st.lists(st.tuples(st.integers(1, 40), st.integers(0, 20)), max_size=4),
    st.integers(0, 60),
    st.lists(st.integers(0, 25), max_size=6),
)
def test_touching_more_often_changes_nothing(
    lots: list[tuple[int, int]], holds: list[tuple[int, int]], taken_back: int, days: list[int]
) -> None:
    accounts = account_with(*lots), account_with(*lots)
    for account in accounts:
        for points, expires_day in holds:
            if points <= account.available:
                hold(account, points, expires_day)
        if account.lots:
            account.take_back(account.lots[0], taken_back)
    for day in sorted(days):
        accounts[0].touch(day)
    for account in accounts:
        account.touch(25)
        assert account.available >= 0
        assert not (account.available and account.debt)
    first, second = accounts
    assert (left(first), first.held, first.debt) == (left(second), second.held, second.debt)
    assert (first.expired, first.cancelled) == (second.expired, second.cancelled)
