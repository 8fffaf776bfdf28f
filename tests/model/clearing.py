"""Clearing: a journal of position lines, and the statements that close a cycle."""

from __future__ import annotations

from fractions import Fraction
from typing import NamedTuple

from .reached_rules import ReachedRules
from .terms import Report

LINES = ("base", "bonus", "credit", "reimbursed")
MICRO_PER_CURRENCY = 1_000_000


class Entry(NamedTuple):
    partner_id: str
    line: str
    amount_micro: int


class Clearing:
    """Every line ever posted, in order; totals and statements are sums over the journal."""

    def __init__(self, partner_ids: list[str], currency_decimals: int, reached: ReachedRules) -> None:
        self.partner_ids = partner_ids
        self.micro_per_minor = MICRO_PER_CURRENCY // 10**currency_decimals
        self.journal: list[Entry] = []
        self.open_cycle_starts_at = 0
        self.carried_micro = dict.fromkeys(partner_ids, 0)
        self.cycles: list[Report] = []
        self.reached = reached

    def post(self, partner_id: str, line: str, amount_micro: int) -> None:
        assert line in LINES
        assert partner_id in self.partner_ids
        self.journal.append(Entry(partner_id, line, amount_micro))

    def total(self, partner_id: str) -> Report:
        return position(self.journal, partner_id)

    def close_cycle(self, *, cycle_id: str, day: int) -> None:
        entries = self.journal[self.open_cycle_starts_at :]
        self.open_cycle_starts_at = len(self.journal)
        statements = {partner_id: self.statement(entries, partner_id) for partner_id in self.partner_ids}
        self.cycles.append({"id": cycle_id, "day": day, "statements": statements})

    def statement(self, entries: list[Entry], partner_id: str) -> Report:
        lines = position(entries, partner_id)
        carried_in = self.carried_micro[partner_id]
        exact = Fraction(lines["net"] + carried_in)
        payable_minor = round(exact / self.micro_per_minor)  # Fraction rounds half to even
        carried_out = int(exact - payable_minor * self.micro_per_minor)
        self.carried_micro[partner_id] = carried_out
        self._count_reached(lines, carried_in, payable_minor, carried_out)
        return {**lines, "carried_in": carried_in, "payable_minor": payable_minor, "carried_out": carried_out}

    def _count_reached(self, lines: Report, carried_in: int, payable_minor: int, carried_out: int) -> None:
        is_half = 2 * abs(carried_out) == self.micro_per_minor
        self.reached.add("cycle: half rounds up to even", is_half and carried_out < 0)
        self.reached.add("cycle: half rounds down to even", is_half and carried_out > 0)
        self.reached.add("cycle: operator pays", payable_minor < 0)
        self.reached.add("cycle: residual carried in", carried_in != 0)
        self.reached.add(
            "cycle: residual carried in changes what is payable",
            round(Fraction(lines["net"], self.micro_per_minor)) != payable_minor,
        )
        self.reached.add("cycle: nothing but what was carried", carried_in != 0 and not any(lines.values()))
        self.reached.add("cycle: negative reimbursed", lines["reimbursed"] < 0)
        self.reached.add("cycle: negative credit", lines["credit"] < 0)


def position(entries: list[Entry], partner_id: str) -> Report:
    lines = {
        line: sum(entry.amount_micro for entry in entries if entry[:2] == (partner_id, line))
        for line in LINES
    }
    return {**lines, "net": lines["base"] + lines["bonus"] - lines["credit"] - lines["reimbursed"]}
