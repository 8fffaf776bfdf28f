"""Copies of a SQLite database: made while it is in use, and put back when it is not."""

import os
import sqlite3
from contextlib import closing
from pathlib import Path

from alembic.script import ScriptDirectory

from node_gateway.store.database import sync_url
from node_gateway.store.migrate import script_directory

PAGES_IN_STEP = 2_000
"""Pages copied at once; writers wait no longer than for one step."""
BUSY_TIMEOUT_S = 20.0
KEPT_SUFFIX = ".before-restore"


class NoFileDatabaseError(Exception):
    """PostgreSQL brings its own tools."""

    def __init__(self, tool: str) -> None:
        super().__init__(f"this is for SQLite; PostgreSQL brings its own tools: {tool}")
        self.tool = tool


class BackupUnusableError(Exception):
    """The file is no whole copy of a gateway's database."""

    def __init__(self, path: Path, why: str) -> None:
        super().__init__(f"{path} cannot be used as a backup: {why}")
        self.path = path
        self.why = why


def back_up(url: str, target: Path) -> int:
    """Copies a database as of one moment, while others read and write it; returns the copy's size in bytes.

    Args:
        url: of the database.
        target: appears whole or not at all, mode 0600.

    Raises:
        NoFileDatabaseError: it is not SQLite.
        FileNotFoundError: there is no such database.
        FileExistsError: `target` is there already.
        BackupUnusableError: the copy is damaged, and so is the database.
        OSError, sqlite3.OperationalError: `target` cannot be written.
    """
    source = database_file(url, tool="pg_dump --format=custom --file=FILE URL")
    if not source.exists():
        raise FileNotFoundError(2, "no such database", str(source))
    if target.exists():
        raise FileExistsError(17, "there is a file already", str(target))
    part = target.with_name(f"{target.name}.part")
    os.close(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600))
    try:
        with (
            closing(sqlite3.connect(source, timeout=BUSY_TIMEOUT_S)) as reading,
            closing(sqlite3.connect(part)) as writing,
        ):
            reading.backup(writing, pages=PAGES_IN_STEP, sleep=0.0)
            # Without a log beside it: a backup is one file.
            writing.execute("PRAGMA journal_mode = DELETE")
        check_copy(part)
        _sync(part)
        part.rename(target)
    finally:
        part.unlink(missing_ok=True)
    return target.stat().st_size


def put_back(url: str, source: Path) -> Path | None:
    """Puts a copy in the place of a database that nobody uses; returns where the one before was put, None when there was none.

    Args:
        url: of the database.
        source: made by `back_up`; stays as it is.

    Raises:
        NoFileDatabaseError: it is not SQLite.
        BackupUnusableError: `source` is no whole copy of a gateway's database, or one of a newer version.
        OSError: the place cannot be written.
    """
    target = database_file(url, tool="pg_restore --clean --if-exists --no-owner --dbname=URL FILE")
    check_copy(source)
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    part = target.with_name(f"{target.name}.part")
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as writing, source.open("rb") as reading:
        while chunk := reading.read(1 << 20):
            writing.write(chunk)
        writing.flush()
        os.fsync(writing.fileno())
    kept = _put_aside(target)
    part.rename(target)
    _sync(target.parent)
    return kept


def check_copy(path: Path) -> None:
    """Raises BackupUnusableError unless the file is a whole gateway database of this version or an older one."""
    if not path.is_file():
        raise BackupUnusableError(path, "there is no such file")
    try:
        with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as connection:
            problem = connection.execute("PRAGMA integrity_check(1)").fetchone()[0]
            row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    except sqlite3.DatabaseError as error:
        raise BackupUnusableError(path, str(error)) from error
    if problem != "ok":
        raise BackupUnusableError(path, problem)
    if row is None or row[0] not in _known_revisions(script_directory()):
        raise BackupUnusableError(
            path,
            f"its schema {row and row[0]} is not known to this version; restore it with the version that made it",
        )


def database_file(url: str, *, tool: str) -> Path:
    """The file of a SQLite URL. Raises NoFileDatabaseError, naming what does it elsewhere."""
    parsed = sync_url(url)
    if parsed.get_backend_name() != "sqlite" or not parsed.database:
        raise NoFileDatabaseError(tool)
    return Path(parsed.database)


def _known_revisions(scripts: ScriptDirectory) -> set[str]:
    return {revision.revision for revision in scripts.walk_revisions()}


def _put_aside(target: Path) -> Path | None:
    """The database before, its log folded into it: a log without its database, or with another one, would damage it."""
    if not target.exists():
        return None
    with closing(sqlite3.connect(target, timeout=BUSY_TIMEOUT_S)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    for suffix in ("-wal", "-shm"):
        target.with_name(target.name + suffix).unlink(missing_ok=True)
    kept = target.with_name(target.name + KEPT_SUFFIX)
    target.rename(kept)
    return kept


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
