"""Counts how often random scenarios reach each rule and each reason.

Run it with `python3 -m tests.model.rule_coverage [SEEDS [EVENTS]]`.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable

from .reached_rules import RULES, ReachedRules
from .rule_observer import reached_rules
from .scenario_generator import generate


def rule_coverage(seeds: Iterable[int], events: int | None = None) -> tuple[ReachedRules, ReachedRules]:
    """How often each rule is reached, and in how many of the scenarios."""
    times, scenarios = ReachedRules(), ReachedRules()
    for seed in seeds:
        reached = reached_rules(generate(seed, events))
        times.update(reached)
        scenarios.update(reached.keys())
    return times, scenarios


def main(seeds: int = 60, events: int | None = None) -> None:
    times, scenarios = rule_coverage(range(seeds), events)
    for rule in RULES:
        print(f"{times[rule]:8} times in {scenarios[rule]:4} of {seeds} scenarios  {rule}")


if __name__ == "__main__":
    main(*(int(argument) for argument in sys.argv[1:3]))
