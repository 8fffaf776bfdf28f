"""Sequence numbers and unfinished submissions, stored before anything is sent.

A number is given once: a crash may leave a gap, never a number used twice. What was sent and has no final answer yet stays here with
its bytes and its Idempotency-Key, so that `resume()` finds it after a restart.
"""

import sqlite3
import threading
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from partner_sdk._errors import SequenceStoreError
from partner_sdk.protocol.bounds import SEQUENCE_MAX
from partner_sdk.protocol.identities import Submitter
from partner_sdk.protocol.submissions import SignedSubmission

_LOCK_TIMEOUT_S: Final = 10.0

SignFrom = Callable[[int], SignedSubmission]
"""Builds and signs a submission whose operations are numbered from here on."""


@dataclass(frozen=True, slots=True)
class Unfinished:
    """A submission without a final answer. `id` is the store's own."""

    id: int
    submission: SignedSubmission
    idempotency_key: str


@dataclass(frozen=True, slots=True)
class Numbered:
    """A submission to be numbered: how many operations, and how to sign them from a first number on."""

    count: int
    sign_from: SignFrom


class SequenceStore(Protocol):
    """What the client needs of a store. Safe for several threads."""

    def begin(self, submitter: Submitter, numbered: Sequence[Numbered], *, first: int) -> list[Unfinished]:
        """Gives numbers, signs and stores, durably and all or nothing, before it returns.

        Args:
            first: where to begin if nothing is known of this submitter; later ones begin above what was given and above `first`.

        Raises:
            SequenceStoreError: it cannot be stored, or the numbers are used up.
        """

    def replace(self, unfinished: Unfinished, submission: SignedSubmission) -> Unfinished:
        """Stores the same operations signed again, with a new Idempotency-Key."""

    def finish(self, unfinished: Sequence[Unfinished]) -> None:
        """Forgets submissions whose outcome is known. Numbers are never given again."""

    def unfinished(self, submitter: Submitter) -> list[Unfinished]:
        """Returns what has no final answer, oldest first."""


class MemorySequenceStore:
    """For tests and one-off scripts: forgets everything with the process. The gateway then says where to begin."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._next_sequence: dict[Submitter, int] = {}
        self._unfinished: dict[int, Unfinished] = {}
        self._next_id = 1

    def begin(self, submitter: Submitter, numbered: Sequence[Numbered], *, first: int) -> list[Unfinished]:
        """See `SequenceStore.begin`."""
        with self._lock:
            next_sequence = max(self._next_sequence.get(submitter, first), first)
            begun: list[Unfinished] = []
            for part in numbered:
                submission = part.sign_from(_checked(next_sequence, part.count))
                next_sequence += part.count
                begun.append(Unfinished(self._next_id + len(begun), submission, uuid.uuid4().hex))
            self._next_sequence[submitter] = next_sequence
            self._next_id += len(begun)
            self._unfinished.update({unfinished.id: unfinished for unfinished in begun})
            return begun

    def replace(self, unfinished: Unfinished, submission: SignedSubmission) -> Unfinished:
        """See `SequenceStore.replace`."""
        with self._lock:
            replaced = Unfinished(unfinished.id, submission, uuid.uuid4().hex)
            self._unfinished[unfinished.id] = replaced
            return replaced

    def finish(self, unfinished: Sequence[Unfinished]) -> None:
        """See `SequenceStore.finish`."""
        with self._lock:
            for one in unfinished:
                self._unfinished.pop(one.id, None)

    def unfinished(self, submitter: Submitter) -> list[Unfinished]:
        """See `SequenceStore.unfinished`."""
        with self._lock:
            return [one for one in self._unfinished.values() if one.submission.submitter == submitter]


class SqliteSequenceStore:
    """A small SQLite file, synced to disk before anything is sent. Several processes of one machine may share it.

    Keep it with the machine that has the key, and never restore an older copy: two histories of one submitter must not exist.
    """

    def __init__(self, path: Path | str) -> None:
        """Opens or makes the file; `close` it.

        Raises:
            SequenceStoreError: it cannot be opened, or is something else.
        """
        self._path = str(path)
        self._lock = threading.Lock()
        try:
            self._connection = sqlite3.connect(
                self._path, timeout=_LOCK_TIMEOUT_S, isolation_level=None, check_same_thread=False
            )
            self._connection.executescript(_SCHEMA)
        except sqlite3.Error as error:
            raise SequenceStoreError(f"cannot use the sequence store {self._path}: {error}") from error

    def begin(self, submitter: Submitter, numbered: Sequence[Numbered], *, first: int) -> list[Unfinished]:
        """See `SequenceStore.begin`."""
        with self._transaction() as connection:
            row = connection.execute(
                "SELECT next_sequence FROM sequences WHERE submitter = ?", (int(submitter),)
            ).fetchone()
            next_sequence = max(row[0], first) if row else first
            begun: list[Unfinished] = []
            for part in numbered:
                submission = part.sign_from(_checked(next_sequence, part.count))
                next_sequence += part.count
                key = uuid.uuid4().hex
                inserted = connection.execute(
                    "INSERT INTO unfinished (submitter, wire, idempotency_key) VALUES (?, ?, ?)",
                    (int(submitter), submission.pack(), key),
                )
                assert inserted.lastrowid is not None
                begun.append(Unfinished(inserted.lastrowid, submission, key))
            connection.execute(
                "INSERT INTO sequences (submitter, next_sequence) VALUES (?, ?)"
                " ON CONFLICT (submitter) DO UPDATE SET next_sequence = excluded.next_sequence",
                (int(submitter), next_sequence),
            )
            return begun

    def replace(self, unfinished: Unfinished, submission: SignedSubmission) -> Unfinished:
        """See `SequenceStore.replace`."""
        replaced = Unfinished(unfinished.id, submission, uuid.uuid4().hex)
        with self._transaction() as connection:
            connection.execute(
                "UPDATE unfinished SET wire = ?, idempotency_key = ? WHERE id = ?",
                (submission.pack(), replaced.idempotency_key, unfinished.id),
            )
        return replaced

    def finish(self, unfinished: Sequence[Unfinished]) -> None:
        """See `SequenceStore.finish`."""
        with self._transaction() as connection:
            connection.executemany("DELETE FROM unfinished WHERE id = ?", [(one.id,) for one in unfinished])

    def unfinished(self, submitter: Submitter) -> list[Unfinished]:
        """See `SequenceStore.unfinished`."""
        with self._transaction() as connection:
            rows = connection.execute(
                "SELECT id, wire, idempotency_key FROM unfinished WHERE submitter = ? ORDER BY id",
                (int(submitter),),
            ).fetchall()
        return [Unfinished(row_id, SignedSubmission.unpack(wire), key) for row_id, wire, key in rows]

    def close(self) -> None:
        """Closes the file."""
        with self._lock:
            self._connection.close()

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            try:
                self._connection.execute("BEGIN IMMEDIATE")
                try:
                    yield self._connection
                except BaseException:
                    self._connection.execute("ROLLBACK")
                    raise
                self._connection.execute("COMMIT")
            except sqlite3.Error as error:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise SequenceStoreError(f"cannot use the sequence store {self._path}: {error}") from error


def open_store(sequences: SequenceStore | Path | str | None) -> SequenceStore:
    """Returns the store that was asked for: a path means a file that is opened here, None the memory.

    Raises:
        SequenceStoreError: the file cannot be opened.
    """
    if sequences is None:
        return MemorySequenceStore()
    return SqliteSequenceStore(sequences) if isinstance(sequences, Path | str) else sequences


_SCHEMA = """
PRAGMA journal_mode = WAL;
PRAGMA synchronous = FULL;
CREATE TABLE IF NOT EXISTS sequences (submitter INTEGER PRIMARY KEY, next_sequence INTEGER NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS unfinished (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    submitter INTEGER NOT NULL,
    wire BLOB NOT NULL,
    idempotency_key TEXT NOT NULL
) STRICT;
"""


def _checked(first: int, count: int) -> int:
    if first + count - 1 > SEQUENCE_MAX:
        raise SequenceStoreError(
            "all sequence numbers of this submitter are used up; ask for another delegate slot"
        )
    return first
