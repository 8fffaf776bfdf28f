"""Days of a scenario as days of its chain.

Campaigns must be opened before their first day, and a scenario's first day is 0: the chain begins on its day 1 and a
scenario's day d is its day d + 2.
"""

from typing import Final

SECONDS_PER_DAY: Final = 86_400
SET_UP_DAY: Final = 1
FIRST_DAY: Final = SET_UP_DAY + 1
GENESIS_TIMESTAMP_S: Final = SET_UP_DAY * SECONDS_PER_DAY


def chain_day(scenario_day: int) -> int:
    """The chain's day of a scenario's day."""
    return scenario_day + FIRST_DAY


def scenario_day(chain_day: int) -> int:
    """The scenario's day of a chain's day."""
    return chain_day - FIRST_DAY


def first_second_of(scenario_day: int) -> int:
    """The block time at which a scenario's day begins."""
    return chain_day(scenario_day) * SECONDS_PER_DAY
