"""The order in which a day's operations must be accepted."""

from replay.plan import PlannedOperation, PlannedPurchase, PlannedRedemption
from replay.waves import waves


def purchase(household: int, partner: int = 1, sequence: int = 0) -> PlannedPurchase:
    return PlannedPurchase(partner, sequence, household, 100)


def redemption(household: int, partner: int = 1, sequence: int = 0) -> PlannedRedemption:
    return PlannedRedemption(partner, sequence, household, 5, 0)


def test_sends_all_purchases_of_a_day_at_once() -> None:
    day: list[PlannedOperation] = [purchase(1), purchase(2, partner=2), purchase(1, partner=3)]

    assert waves(day) == [day]


def test_sends_a_redemption_after_the_purchases_before_it_and_before_those_after_it() -> None:
    first, coupon, second, last = purchase(1, 1), redemption(1, 2), purchase(1, 3), redemption(1, 4)

    assert waves([first, coupon, second, last]) == [[first], [coupon], [second], [last]]


def test_one_members_coupons_do_not_hold_up_another_member() -> None:
    first, coupon, other = purchase(1), redemption(1), purchase(2)

    assert waves([first, coupon, other]) == [[first, other], [coupon]]


def test_a_day_may_begin_with_a_coupon() -> None:
    coupon, bought = redemption(1), purchase(1)

    assert waves([coupon, bought]) == [[coupon], [bought]]


def test_keeps_the_order_of_a_partner_within_a_wave() -> None:
    day: list[PlannedOperation] = [purchase(household, sequence=household) for household in range(5)]

    assert [one.sequence for one in waves(day)[0]] == [0, 1, 2, 3, 4]


def test_cuts_an_empty_day_into_nothing() -> None:
    assert waves([]) == []
