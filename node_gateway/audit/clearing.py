"""Positions, statements and shares by the ledger rules, rebuilt for the audit. Micro-units of the currency throughout."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from fractions import Fraction
from typing import NamedTuple

BASIS_POINTS = 10_000
MICRO_PER_CURRENCY = 1_000_000


class Line(StrEnum):
    """The four lines of a position."""

    BASE = "base"
    BONUS = "bonus"
    CREDIT = "credit"
    REIMBURSED = "reimbursed"


LINES = tuple(Line)


class Statement(NamedTuple):
    """One partner's lines of one cycle and what they come to."""

    lines_micro: dict[Line, int]
    carried_in_micro: int
    payable_minor: int
    carried_out_micro: int

    @property
    def net_micro(self) -> int:
        return net_micro(self.lines_micro)


@dataclass(slots=True)
class Position:
    """A partner's lines since the start, and what is left of the cycles that were closed."""

    lines_micro: dict[Line, int] = field(default_factory=lambda: dict.fromkeys(LINES, 0))
    stated_micro: dict[Line, int] = field(default_factory=lambda: dict.fromkeys(LINES, 0))
    carried_micro: int = 0

    def close(self, currency_decimals: int) -> Statement:
        """The statement of the lines since the last one."""
        lines = {line: self.lines_micro[line] - self.stated_micro[line] for line in LINES}
        micro_per_minor = MICRO_PER_CURRENCY // 10**currency_decimals
        carried_in = self.carried_micro
        exact = net_micro(lines) + carried_in
        payable = round(Fraction(exact, micro_per_minor))  # half to even
        self.carried_micro = exact - payable * micro_per_minor
        self.stated_micro = dict(self.lines_micro)
        return Statement(lines, carried_in, payable, self.carried_micro)


def net_micro(lines_micro: dict[Line, int]) -> int:
    """What the partner pays the operator; negative, the operator pays."""
    return (
        lines_micro[Line.BASE]
        + lines_micro[Line.BONUS]
        - lines_micro[Line.CREDIT]
        - lines_micro[Line.REIMBURSED]
    )


def shares(points: int, shares_bps: Sequence[int]) -> list[int]:
    """Points by funders: rounded down, what is left over to the largest remainders, ties to the first listed."""
    exact = [Fraction(points * share, BASIS_POINTS) for share in shares_bps]
    whole = [int(share) for share in exact]
    by_remainder = sorted(range(len(exact)), key=lambda n: (whole[n] - exact[n], n))
    for n in by_remainder[: points - sum(whole)]:
        whole[n] += 1
    return whole
