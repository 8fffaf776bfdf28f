"""Turns the data into what the partners will sign, day by day. Pure: the same data gives the same plan.

* A basket × partner with something paid is one purchase of the cents paid there.
* A coupon use is one redemption. It is a basket line from which a coupon took something off: as many points as cents. A
  campaign coupon on record without such a line (the data gives it no value) counts as a use of the usual dollar.
* A member's purchases of a basket come before the coupons of that basket, as at a till.

A partner's operations are numbered through the whole data, and a member's redemptions likewise, before members are selected:
so stopping, going on, or going on with more members never gives a number to another operation.
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

import numpy as np

from replay.departments import OTHER_PARTNER, REPLAY_PARTNERS
from replay.journey import BasketLines, CouponRecord, Journey, local_day

# Half of all coupons in the data are worth exactly a dollar.
UNPRICED_COUPON_POINTS = 100


@dataclass(frozen=True, slots=True)
class PlannedPurchase:
    """A basket at one partner. `sequence` counts the partner's operations from 0."""

    partner: int
    sequence: int
    household: int
    spend_minor: int


@dataclass(frozen=True, slots=True)
class PlannedRedemption:
    """A coupon used at a partner. `authorisation` counts the member's own redemptions from 0."""

    partner: int
    sequence: int
    household: int
    points: int
    authorisation: int


PlannedOperation = PlannedPurchase | PlannedRedemption


@dataclass(frozen=True, slots=True)
class DayPlan:
    """One day's operations in the order of the day."""

    day: date
    operations: tuple[PlannedOperation, ...]


@dataclass(frozen=True, slots=True)
class _Basket:
    """What one basket left at one partner."""

    local_time_s: int
    household: int
    partner: int
    spend_minor: int
    coupons_points: tuple[int, ...]


def plan_days(journey: Journey, *, members_max: int | None = None) -> Iterator[DayPlan]:
    """The days of the data that have operations, in order.

    Args:
        journey: the data.
        members_max: keep only the households that shop first; all when None.
    """
    unpriced = _unpriced_uses(journey)
    baskets = _baskets(journey.lines)
    kept = _first_households(baskets, members_max)
    sequences = {entry.partner: 0 for entry in REPLAY_PARTNERS}
    authorisations: dict[int, int] = defaultdict(int)
    by_day: dict[date, list[_Basket]] = defaultdict(list)
    for basket in baskets:
        by_day[local_day(basket.local_time_s)].append(basket)

    for day in sorted(by_day.keys() | unpriced.keys()):
        uses = [(b.household, b.partner, b.spend_minor, b.coupons_points) for b in by_day.get(day, ())]
        uses += [
            (household, partner, 0, (UNPRICED_COUPON_POINTS,)) for household, partner in unpriced.get(day, ())
        ]
        operations: list[PlannedOperation] = []
        for group in _by_visit(uses):
            for household, partner, spend_minor, _ in group:
                if spend_minor > 0:
                    operations.append(PlannedPurchase(partner, sequences[partner], household, spend_minor))
                    sequences[partner] += 1
            for household, partner, _, coupons_points in group:
                for points in coupons_points:
                    operations.append(
                        PlannedRedemption(
                            partner, sequences[partner], household, points, authorisations[household]
                        )
                    )
                    sequences[partner] += 1
                    authorisations[household] += 1
        yield DayPlan(day, tuple(one for one in operations if one.household in kept))


_Use = tuple[int, int, int, tuple[int, ...]]


def _by_visit(uses: list[_Use]) -> Iterator[list[_Use]]:
    """Neighbouring entries of one household belong to one visit."""
    start = 0
    for end in range(1, len(uses) + 1):
        if end == len(uses) or uses[end][0] != uses[start][0]:
            yield uses[start:end]
            start = end


def _baskets(lines: BasketLines) -> list[_Basket]:
    """Lines grouped by basket and partner, in the order of the baskets' times."""
    if not len(lines):
        return []
    order = np.lexsort((lines.product, lines.partner, lines.basket, lines.local_time_s))
    basket, partner = lines.basket[order], lines.partner[order]
    starts = np.flatnonzero(np.r_[True, (basket[1:] != basket[:-1]) | (partner[1:] != partner[:-1])])
    spend = np.add.reduceat(lines.sales_minor[order], starts).tolist()
    household, time_s = lines.household[order][starts].tolist(), lines.local_time_s[order][starts].tolist()
    coupons: dict[int, list[int]] = defaultdict(list)
    used = np.flatnonzero(lines.coupon_minor[order] > 0)
    for group, points in zip(
        (np.searchsorted(starts, used, side="right") - 1).tolist(),
        lines.coupon_minor[order][used].tolist(),
        strict=True,
    ):
        coupons[group].append(points)
    return [
        _Basket(*values, coupons_points=tuple(coupons.get(index, ())))
        for index, values in enumerate(zip(time_s, household, partner[starts].tolist(), spend, strict=True))
    ]


def _first_households(baskets: list[_Basket], members_max: int | None) -> frozenset[int]:
    seen = dict.fromkeys(basket.household for basket in baskets)
    return frozenset(list(seen)[:members_max])


def _unpriced_uses(journey: Journey) -> dict[date, list[tuple[int, int]]]:
    """Coupons on record that no discounted line accounts for, as (household, partner) by day."""
    discounted = _discounted_products(journey.lines)
    uses: dict[date, list[tuple[int, int]]] = defaultdict(list)
    for record in journey.coupon_records:
        lines = discounted.get((record.household, record.day), [])
        match = next((product for product in lines if product in record.products), None)
        if match is not None:
            lines.remove(match)
            continue
        uses[record.day].append((record.household, _partner_of_coupon(record, journey)))
    return uses


def _discounted_products(lines: BasketLines) -> dict[tuple[int, date], list[int]]:
    products: dict[tuple[int, date], list[int]] = defaultdict(list)
    used = lines.coupon_minor > 0
    for household, time_s, product in zip(
        lines.household[used].tolist(),
        lines.local_time_s[used].tolist(),
        lines.product[used].tolist(),
        strict=True,
    ):
        products[household, local_day(time_s)].append(product)
    return products


def _partner_of_coupon(record: CouponRecord, journey: Journey) -> int:
    """The partner that sells most of the coupon's products; of equals the one with the lower number."""
    counts = {entry.partner: 0 for entry in REPLAY_PARTNERS}
    for product in record.products:
        counts[journey.partner_by_product.get(product, OTHER_PARTNER)] += 1
    return max(counts, key=lambda partner: (counts[partner], -partner))
