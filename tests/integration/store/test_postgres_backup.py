"""The two lines of docs/operate.md for PostgreSQL, run as they stand there."""

import re
import subprocess
import threading
from pathlib import Path

import psycopg
import pytest

from node_gateway.store.migrate import newest_revision, upgrade
from tests.postgres_server import PostgresServer, binary

DOCUMENT = Path(__file__).parents[3] / "docs" / "operate.md"
RUN_MAX_S = 60.0
WRITES = 300
COLUMNS = (
    "(id, submitter, deadline_s, operation_count, wire, status, accepted_at_ms, attempts) "
    "VALUES (%s, 196608, 1, 1, '', 'accepted', 1, 0)"
)


def run_documented(tool: str, *, url: str, file: Path) -> None:
    """The line that begins with `tool`, for this database and file."""
    (line,) = re.findall(rf"`({tool} [^`]+)`", DOCUMENT.read_text())
    words = [word.replace("postgresql://…", url).replace("gateway.dump", str(file)) for word in line.split()]
    assert any(url in word for word in words)
    subprocess.run([binary(tool), *words[1:]], check=True, timeout=RUN_MAX_S)


def write_submissions(url: str, numbers: range) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        for number in numbers:
            connection.execute(f"INSERT INTO submissions {COLUMNS}".encode(), [number.to_bytes(32)])


def submissions(url: str) -> list[tuple[bytes, int]]:
    with psycopg.connect(url) as connection:
        found = connection.execute("SELECT id, accept_order FROM submissions ORDER BY accept_order")
        return [(bytes(of), order) for of, order in found]


@pytest.mark.parametrize("revision", [None, "0005"])
def test_a_dump_made_while_others_write_is_restored_and_goes_on(
    postgres_server: PostgresServer, tmp_path: Path, revision: str | None
) -> None:
    source, target, dump = postgres_server.create(), postgres_server.create(), tmp_path / "gateway.dump"
    upgrade(source, revision or newest_revision())
    write_submissions(source, range(10))
    writing = threading.Thread(target=write_submissions, args=(source, range(10, WRITES)))
    writing.start()
    run_documented("pg_dump", url=source, file=dump)
    writing.join()

    run_documented("pg_restore", url=target, file=dump)
    upgrade(target)
    restored = submissions(target)
    write_submissions(target, range(WRITES, WRITES + 1))

    assert len(restored) >= 10
    assert restored == submissions(source)[: len(restored)]
    # The order in which submissions were accepted goes on behind what is there.
    assert submissions(target)[-1][1] > restored[-1][1]
    assert len(submissions(source)) == WRITES
