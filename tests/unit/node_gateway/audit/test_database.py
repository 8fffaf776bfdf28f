"""A database is read as it is at one moment, and never made or changed."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from node_gateway.audit.database import DatabaseUnreadableError, snapshot


def gateway_at(path: Path, *, next_block: int) -> str:
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("CREATE TABLE cursor (next_block INTEGER, ledger BLOB)")
        connection.execute("INSERT INTO cursor VALUES (?, ?)", (next_block, b"\x11" * 20))
    connection.close()
    return f"sqlite+aiosqlite:///{path}"


@pytest.mark.parametrize("name", ["plain.db", "with space.db", "odd#%41?.db"])
def test_reads_a_file_of_any_name(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    gateway_at(path, next_block=5)
    with snapshot(
        "sqlite:///" + str(path).replace("%", "%25").replace("?", "%3F").replace("#", "%23")
    ) as view:
        assert view.as_of_block() == 4
        assert view.ledger() == "0x" + "11" * 20


def test_shows_what_was_there_when_it_began_while_the_gateway_goes_on(tmp_path: Path) -> None:
    url = gateway_at(tmp_path / "gateway.db", next_block=5)
    with snapshot(url) as view:
        with sqlite3.connect(tmp_path / "gateway.db") as connection:
            connection.execute("UPDATE cursor SET next_block = 9")
        connection.close()
        assert view.as_of_block() == 4
    with snapshot(url) as view:
        assert view.as_of_block() == 8


def test_makes_no_file_where_there_is_none(tmp_path: Path) -> None:
    with (
        pytest.raises(DatabaseUnreadableError, match=r"none\.db"),
        snapshot(f"sqlite:///{tmp_path / 'none.db'}"),
    ):
        pass
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "url", ["nonsense", "sqlite://", "mysql://host/name", "postgresql://127.0.0.1:9/none"]
)
def test_refuses_what_is_no_gateways_database(url: str) -> None:
    with pytest.raises(DatabaseUnreadableError), snapshot(url):
        pass
