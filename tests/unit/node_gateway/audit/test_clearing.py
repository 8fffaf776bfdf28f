"""Shares by largest remainders, and statements rounded half to even."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node_gateway.audit.clearing import BASIS_POINTS, Line, Position, shares


@pytest.mark.parametrize(
    ("points", "shares_bps", "expected"),
    [
        (1001, [5_000, 3_000, 2_000], [501, 300, 200]),
        (1, [5_000, 5_000], [1, 0]),
        (2, [3_333, 3_333, 3_334], [1, 0, 1]),
        (5, [0, 10_000], [0, 5]),
        (0, [10_000], [0]),
    ],
)
def test_gives_points_left_over_to_the_largest_remainders(
    points: int, shares_bps: list[int], expected: list[int]
) -> None:
    assert shares(points, shares_bps) == expected


@given(st.integers(0, 4 * 10**9), st.lists(st.integers(0, 2_500), min_size=1, max_size=4))
def test_shares_sum_to_the_points_and_none_is_a_point_off(points: int, parts: list[int]) -> None:
    shares_bps = [*parts, BASIS_POINTS - sum(parts)]
    split = shares(points, shares_bps)
    assert sum(split) == points
    for got, share in zip(split, shares_bps, strict=True):
        assert points * share // BASIS_POINTS <= got <= points * share // BASIS_POINTS + 1


@pytest.mark.parametrize(
    ("base", "carried_in", "decimals", "payable", "carried_out"),
    [
        (15_000, 0, 2, 2, -5_000),
        (25_000, 0, 2, 2, 5_000),
        (-15_000, 0, 2, -2, 5_000),
        (-25_000, 0, 2, -2, -5_000),
        (0, 5_000, 2, 0, 5_000),
        (1, 5_000, 2, 1, -4_999),
        (500_000, 0, 0, 0, 500_000),
        (1_500, 0, 3, 2, -500),
    ],
)
def test_rounds_a_statement_half_to_even_and_carries_the_rest(
    base: int, carried_in: int, decimals: int, payable: int, carried_out: int
) -> None:
    position = Position(carried_micro=carried_in)
    position.lines_micro[Line.BASE] = base
    statement = position.close(decimals)
    assert (statement.payable_minor, statement.carried_out_micro) == (payable, carried_out)


def test_states_only_what_came_since_the_last_statement() -> None:
    position = Position()
    position.lines_micro[Line.BONUS] = 30_000
    assert position.close(2).net_micro == 30_000
    position.lines_micro[Line.CREDIT] = 10_000
    second = position.close(2)
    assert (second.lines_micro[Line.BONUS], second.net_micro, second.payable_minor) == (0, -10_000, -1)
