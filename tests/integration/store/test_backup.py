"""A backup is whole, made while others write, and nothing else can be put in a database's place."""

import sqlite3
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from node_gateway.store.backup import BackupUnusableError, NoFileDatabaseError, back_up, put_back
from node_gateway.store.migrate import upgrade
from node_gateway.store.process_lock import ProcessLock

WRITES = 200


def path_of(url: str) -> Path:
    return Path(url.removeprefix("sqlite:///"))


def labels(path: Path) -> list[str]:
    connection = sqlite3.connect(path)
    found = [row[0] for row in connection.execute("SELECT label FROM api_keys ORDER BY created_at_ms")]
    connection.close()
    return found


def write_labels(path: Path, numbers: range) -> None:
    connection = sqlite3.connect(path, timeout=20)
    for number in numbers:
        values = (number.to_bytes(32, "big"), "operator", str(number), number)
        connection.execute(
            "INSERT INTO api_keys (key_hash, party, label, created_at_ms) VALUES (?, ?, ?, ?)", values
        )
        connection.commit()
    connection.close()


def test_a_backup_made_while_others_write_is_of_one_moment(sqlite_url: str, tmp_path: Path) -> None:
    database = path_of(sqlite_url)
    write_labels(database, range(10))
    writing = threading.Thread(target=write_labels, args=(database, range(10, WRITES)))
    writing.start()
    target = tmp_path / "backup.db"
    size_bytes = back_up(sqlite_url, target)
    writing.join()

    copied = labels(target)
    assert len(copied) >= 10
    assert copied == [str(number) for number in range(len(copied))]
    assert len(labels(database)) == WRITES
    assert (target.stat().st_size, stat.S_IMODE(target.stat().st_mode)) == (size_bytes, 0o600)
    assert sorted(path.name for path in tmp_path.glob("backup*")) == ["backup.db"]


def test_what_is_put_back_is_the_copy_and_the_database_before_is_kept(
    sqlite_url: str, tmp_path: Path
) -> None:
    database, target = path_of(sqlite_url), tmp_path / "backup.db"
    write_labels(database, range(3))
    back_up(sqlite_url, target)
    # Its newest rows are in the log beside it: they must neither get lost nor into the restored one.
    held = sqlite3.connect(database)
    held.execute("PRAGMA journal_mode = WAL")
    write_labels(database, range(3, 6))
    held.close()
    kept = put_back(sqlite_url, target)

    assert kept == database.with_name("gateway.db.before-restore")
    assert (labels(database), labels(kept)) == (["0", "1", "2"], [str(number) for number in range(6)])
    assert labels(target) == ["0", "1", "2"]


def test_an_older_backup_is_brought_to_the_newest_schema(tmp_path: Path) -> None:
    old = f"sqlite:///{tmp_path / 'old.db'}"
    upgrade(old, "0001")
    back_up(old, tmp_path / "backup.db")
    url = f"sqlite:///{tmp_path / 'new' / 'gateway.db'}"

    assert put_back(url, tmp_path / "backup.db") is None
    upgrade(url)
    connection = sqlite3.connect(path_of(url))
    columns = [row[1] for row in connection.execute("PRAGMA table_info(webhooks)")]
    connection.close()
    assert "lease_owner" in columns


def test_refuses_what_is_no_backup(sqlite_url: str, tmp_path: Path) -> None:
    good, bad = tmp_path / "good.db", tmp_path / "bad.db"
    back_up(sqlite_url, good)
    before = labels(path_of(sqlite_url))
    whole = good.read_bytes()
    newer = tmp_path / "newer.db"
    newer.write_bytes(whole)
    with sqlite3.connect(newer) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()
    for content in (
        b"",
        b"no database",
        whole[: len(whole) // 2],
        whole[:8192] + b"\xff" * 8192 + whole[16384:],
    ):
        bad.write_bytes(content)
        with pytest.raises(BackupUnusableError):
            put_back(sqlite_url, bad)
    with pytest.raises(BackupUnusableError, match="schema 9999 is not known"):
        put_back(sqlite_url, newer)
    with pytest.raises(BackupUnusableError, match="no such file"):
        put_back(sqlite_url, tmp_path / "missing.db")
    with pytest.raises(FileExistsError):
        back_up(sqlite_url, good)
    with pytest.raises(NoFileDatabaseError, match="pg_dump"):
        back_up("postgresql://user@host/name", bad)
    assert labels(path_of(sqlite_url)) == before


def test_the_commands_refuse_a_database_in_use_and_name_what_they_did(
    sqlite_url: str, tmp_path: Path
) -> None:
    target = tmp_path / "backup.db"

    def coalition(*arguments: str, url: str = sqlite_url) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [sys.executable, "-m", "node_gateway.cli", *arguments],
            capture_output=True, text=True, timeout=60, check=False,
            env={"PATH": "/usr/bin:/bin", "COALITION_DATABASE_URL": url, "COALITION_STATE_DIR": str(tmp_path)},
        )  # fmt: skip

    with ProcessLock(path_of(sqlite_url), "worker"):
        made = coalition("backup", str(target))
        in_use = coalition("restore", str(target))
    restored = coalition("restore", str(target))
    of_postgresql = coalition("backup", str(tmp_path / "other"), url="postgresql://user@host/name")

    assert made.returncode == restored.returncode == 0, made.stderr + restored.stderr
    assert in_use.returncode == 3
    assert "already used by a running worker process" in in_use.stderr
    assert "gateway.db.before-restore" in restored.stdout
    assert of_postgresql.returncode == 2
    assert "pg_dump --format=custom" in of_postgresql.stderr
