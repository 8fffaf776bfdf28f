"""Data → what the partners sign."""

from datetime import date

import numpy as np

from replay.journey import BasketLines, CouponRecord, Journey, local_midnight_s
from replay.plan import UNPRICED_COUPON_POINTS, DayPlan, PlannedPurchase, PlannedRedemption, plan_days

DAY_1, DAY_2 = date(2017, 1, 1), date(2017, 1, 2)


def line(
    *,
    household: int = 7,
    basket: int = 1,
    product: int = 100,
    partner: int = 1,
    sales_minor: int = 250,
    coupon_minor: int = 0,
    day: date = DAY_1,
    second: int = 0,
) -> tuple[int, ...]:
    return (household, basket, product, partner, sales_minor, coupon_minor, local_midnight_s(day) + second)


def journey(*lines: tuple[int, ...], coupons: tuple[CouponRecord, ...] = ()) -> Journey:
    columns = (
        (np.array(column, np.int64) for column in zip(*lines, strict=True))
        if lines
        else (np.array([], np.int64),) * 7
    )
    return Journey(BasketLines(*columns), coupons, {100: 1, 200: 2, 201: 2})


def planned(
    *lines: tuple[int, ...], coupons: tuple[CouponRecord, ...] = (), members_max: int | None = None
) -> list[DayPlan]:
    return list(plan_days(journey(*lines, coupons=coupons), members_max=members_max))


def test_makes_one_purchase_of_a_basket_at_each_partner() -> None:
    days = planned(
        line(basket=1, partner=1, sales_minor=250),
        line(basket=1, partner=2, sales_minor=99),
        line(basket=1, partner=1, sales_minor=1),
    )

    assert days == [DayPlan(DAY_1, (PlannedPurchase(1, 0, 7, 251), PlannedPurchase(2, 0, 7, 99)))]


def test_keeps_the_order_of_the_day_and_numbers_each_partner_alone() -> None:
    days = planned(
        line(basket=2, household=8, second=20),
        line(basket=1, household=7, second=10),
        line(basket=3, household=7, partner=2, second=30),
    )

    assert days[0].operations == (
        PlannedPurchase(1, 0, 7, 250),
        PlannedPurchase(1, 1, 8, 250),
        PlannedPurchase(2, 0, 7, 250),
    )


def test_leaves_out_what_cost_nothing() -> None:
    assert planned(line(sales_minor=0)) == [DayPlan(DAY_1, ())]


def test_redeems_as_many_points_as_the_coupon_took_cents_after_the_basket_was_paid() -> None:
    days = planned(
        line(partner=2, coupon_minor=75), line(partner=1, coupon_minor=100), line(partner=1, coupon_minor=50)
    )

    assert days[0].operations == (
        PlannedPurchase(1, 0, 7, 500),
        PlannedPurchase(2, 0, 7, 250),
        PlannedRedemption(1, 1, 7, 100, 0),
        PlannedRedemption(1, 2, 7, 50, 1),
        PlannedRedemption(2, 1, 7, 75, 2),
    )


def test_counts_a_coupon_on_record_once_where_a_line_shows_it() -> None:
    record = CouponRecord(7, DAY_1, 5, frozenset({100, 200}))

    days = planned(line(product=100, coupon_minor=40), coupons=(record,))

    assert [one.points for one in days[0].operations if isinstance(one, PlannedRedemption)] == [40]


def test_redeems_a_dollar_for_a_coupon_on_record_that_no_line_shows() -> None:
    records = (
        CouponRecord(7, DAY_1, 5, frozenset({100, 200, 201})),
        CouponRecord(8, DAY_2, 6, frozenset({999})),
    )

    days = planned(line(product=100, coupon_minor=0), line(household=8, basket=2), coupons=records)

    assert days[0].operations[-1] == PlannedRedemption(2, 0, 7, UNPRICED_COUPON_POINTS, 0)
    assert days[1] == DayPlan(DAY_2, (PlannedRedemption(8, 0, 8, UNPRICED_COUPON_POINTS, 0),))


def test_gives_the_same_numbers_whatever_members_are_selected() -> None:
    lines = [
        line(basket=index, household=index % 5, second=index, coupon_minor=index % 3) for index in range(50)
    ]

    everyone, few = planned(*lines)[0].operations, planned(*lines, members_max=2)[0].operations

    assert few == tuple(one for one in everyone if one.household in {0, 1})


def test_plans_nothing_for_no_data() -> None:
    assert planned() == []
