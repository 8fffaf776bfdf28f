"""How far a replay is: which days are settled, and what they came to. Written once a day, whole or not at all."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from node_gateway.cli.state_directory import StateDirectory

JOURNAL_FILE = "replay.json"


@dataclass(slots=True)
class Journal:
    """What was replayed in all runs together.

    Attributes:
        last_day: the last day all of whose operations are settled.
        enrolled: members enrolled.
        settled: operations that took effect, by kind.
        refused: operations that did not, by reason.
        seconds: time spent on replaying, waiting included.
    """

    last_day: date | None = None
    enrolled: int = 0
    settled: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0

    @property
    def operations(self) -> int:
        """Operations that were answered by the ledger, one way or the other."""
        return self.settled.total() + self.refused.total()


def read_journal(state: StateDirectory) -> Journal:
    """The journal of a state directory; an empty one where nothing was replayed."""
    raw: Mapping[str, Any] | None = state.read_json(JOURNAL_FILE)
    if raw is None:
        return Journal()
    return Journal(
        last_day=date.fromisoformat(raw["last_day"]) if raw["last_day"] else None,
        enrolled=raw["enrolled"],
        settled=Counter(raw["settled"]),
        refused=Counter(raw["refused"]),
        seconds=raw["seconds"],
    )


def write_journal(state: StateDirectory, journal: Journal) -> None:
    """Replaces the journal."""
    state.write_json(
        JOURNAL_FILE,
        {
            "last_day": journal.last_day.isoformat() if journal.last_day else None,
            "enrolled": journal.enrolled,
            "settled": dict(journal.settled),
            "refused": dict(journal.refused),
            "seconds": round(journal.seconds, 3),
        },
    )
