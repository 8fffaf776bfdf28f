"""How far a replay is."""

from collections import Counter
from datetime import date
from pathlib import Path

from node_gateway.cli.state_directory import StateDirectory
from replay.journal import Journal, read_journal, write_journal


def test_an_empty_directory_has_an_empty_journal(tmp_path: Path) -> None:
    assert read_journal(StateDirectory(tmp_path)) == Journal()


def test_reads_what_was_written(tmp_path: Path) -> None:
    journal = Journal(
        last_day=date(2017, 1, 3),
        enrolled=12,
        settled=Counter(purchase=5, redeem=2),
        refused=Counter(insufficient_points=1),
        seconds=1.5,
    )
    write_journal(StateDirectory(tmp_path), journal)

    assert read_journal(StateDirectory(tmp_path)) == journal
    assert journal.operations == 8
