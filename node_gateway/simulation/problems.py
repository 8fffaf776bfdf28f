"""What is wrong with a scenario file, and where."""

from __future__ import annotations

from typing import NamedTuple

PROBLEMS_SHOWN_MAX = 20


class Problem(NamedTuple):
    """One thing that does not fit, and its place: `events[3].occurred_day`."""

    place: str
    message: str

    def __str__(self) -> str:
        return f"{self.place}: {self.message}"


class ScenarioFormatError(Exception):
    """The file is no scenario. `problems` has at least one entry, in the order of the file."""

    def __init__(self, problems: list[Problem]) -> None:
        self.problems = problems
        super().__init__("\n".join(str(problem) for problem in problems[:PROBLEMS_SHOWN_MAX]))
