"""The sequence numbers that the plan gives, behind the SDK's port for such stores.

The SDK gives numbers in the order in which it is asked; here the plan has given them already, so that a day that was stopped in its
middle can be sent again as a whole: what was signed before comes back byte for byte, and is then no news to the gateway.
"""

import sqlite3
import threading
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from partner_sdk.protocol import SignedSubmission, Submitter
from partner_sdk.sequences import Numbered, Unfinished

SEQUENCES_FILE = "replay.db"

_SCHEMA = """
PRAGMA journal_mode = WAL;
PRAGMA synchronous = FULL;
CREATE TABLE IF NOT EXISTS signed (
    id INTEGER PRIMARY KEY,
    submitter INTEGER NOT NULL,
    first_sequence INTEGER NOT NULL,
    wire BLOB NOT NULL,
    idempotency_key TEXT NOT NULL,
    UNIQUE (submitter, first_sequence)
) STRICT;
"""


class PlannedSequences:
    """A `SequenceStore` whose numbers are told beforehand by `expect`; one call of each submitter at a time."""

    def __init__(self, path: Path) -> None:
        self._lock = threading.Lock()
        self._connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._connection.executescript(_SCHEMA)
        self._expected: dict[Submitter, Sequence[int]] = {}

    def expect(self, submitter: Submitter, first_sequences: Sequence[int]) -> None:
        """Says the first number of each submission of the submitter's next `begin`."""
        self._expected[submitter] = first_sequences

    def begin(self, submitter: Submitter, numbered: Sequence[Numbered], *, first: int) -> list[Unfinished]:
        """Signs and stores what was not signed before; `first` is not asked: the plan knows."""
        expected = self._expected.pop(submitter)
        assert len(expected) == len(numbered), "a number for each submission"
        with self._transaction() as connection:
            return [
                self._signed_before(connection, submitter, first_sequence)
                or self._sign(connection, submitter, first_sequence, part)
                for first_sequence, part in zip(expected, numbered, strict=True)
            ]

    def replace(self, unfinished: Unfinished, submission: SignedSubmission) -> Unfinished:
        """Stores the same operations signed again."""
        replaced = Unfinished(unfinished.id, submission, uuid.uuid4().hex)
        with self._transaction() as connection:
            connection.execute(
                "UPDATE signed SET wire = ?, idempotency_key = ? WHERE id = ?",
                (submission.pack(), replaced.idempotency_key, unfinished.id),
            )
        return replaced

    def finish(self, unfinished: Sequence[Unfinished]) -> None:
        """Forgets submissions that need not be sent again."""
        with self._transaction() as connection:
            connection.executemany("DELETE FROM signed WHERE id = ?", [(one.id,) for one in unfinished])

    def unfinished(self, submitter: Submitter) -> list[Unfinished]:
        """What was signed and is not finished, oldest first."""
        with self._lock:
            rows = self._connection.execute(
                "SELECT id, wire, idempotency_key FROM signed WHERE submitter = ? ORDER BY id",
                (int(submitter),),
            ).fetchall()
        return [Unfinished(row_id, SignedSubmission.unpack(wire), key) for row_id, wire, key in rows]

    def forget_all(self) -> None:
        """The day is settled and in the journal: nothing of it will be sent again."""
        with self._transaction() as connection:
            connection.execute("DELETE FROM signed")

    def close(self) -> None:
        """Closes the file."""
        with self._lock:
            self._connection.close()

    @staticmethod
    def _signed_before(
        connection: sqlite3.Connection, submitter: Submitter, first_sequence: int
    ) -> Unfinished | None:
        row = connection.execute(
            "SELECT id, wire, idempotency_key FROM signed WHERE submitter = ? AND first_sequence = ?",
            (int(submitter), first_sequence),
        ).fetchone()
        return None if row is None else Unfinished(row[0], SignedSubmission.unpack(row[1]), row[2])

    @staticmethod
    def _sign(
        connection: sqlite3.Connection, submitter: Submitter, first_sequence: int, part: Numbered
    ) -> Unfinished:
        submission, key = part.sign_from(first_sequence), uuid.uuid4().hex
        inserted = connection.execute(
            "INSERT INTO signed (submitter, first_sequence, wire, idempotency_key) VALUES (?, ?, ?, ?)",
            (int(submitter), first_sequence, submission.pack(), key),
        )
        assert inserted.lastrowid is not None
        return Unfinished(inserted.lastrowid, submission, key)

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")
