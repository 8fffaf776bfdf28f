"""Draws amounts: usual ones, the most there may be, and those that are refused."""

from __future__ import annotations

from random import Random

from .scenario_flavours import Flavour
from .terms import NUMBER_MAX, POINTS_MAX, SPEND_MAX_MINOR


def log_uniform(rng: Random, most: int) -> int:
    """From 1 to `most`, small numbers as often as large ones."""
    return rng.randint(1, min(most, 2 ** rng.randint(1, most.bit_length())))


def some_points(rng: Random, limit: int, *, all_points: float) -> int:
    """Up to `limit`, often all of it; any small amount where the limit is 0."""
    limit = min(limit, POINTS_MAX)
    if limit == 0:
        return rng.randint(1, 100)
    if rng.random() < all_points:
        return limit
    return rng.choice((1, rng.randint(1, limit), log_uniform(rng, limit)))


def wrong_points(rng: Random, limit: int) -> int:
    return rng.choice((0, POINTS_MAX + 1, NUMBER_MAX, POINTS_MAX, limit + 1, limit + 1, limit + 1, limit + 1))


def spend_most_minor(rate: int) -> int:
    """The most that may be spent at once, so that neither it nor its points are over their bounds."""
    if rate == 0:
        return SPEND_MAX_MINOR
    return min(SPEND_MAX_MINOR, ((POINTS_MAX + 1) * 100 - 1) // rate)


def some_spend_minor(rng: Random, flavour: Flavour, *, rate: int, thresholds_minor: list[int]) -> int:
    most = spend_most_minor(rate)
    if rng.random() < flavour.extreme:
        return rng.choice((most, most - 1))
    spend = rng.choice(
        (
            log_uniform(rng, flavour.spend_most_minor),
            rng.randint(1, flavour.spend_most_minor),
            rng.choice(thresholds_minor or [100]) + rng.choice((-1, 0, 0, 1)),
            rng.randint(1, 150),
            100 * rng.randint(1, max(1, flavour.spend_most_minor // 100)),
        )
    )
    return max(1, min(spend, most))


def wrong_spend_minor(rng: Random, rate: int) -> int:
    return rng.choice((0, SPEND_MAX_MINOR + 1, NUMBER_MAX, spend_most_minor(rate) + 1))
