"""What is kept, and for whose eyes."""

import stat
from pathlib import Path

import pytest

from node_gateway.cli.errors import CommandError
from node_gateway.cli.stack import forget
from node_gateway.cli.state_directory import StateDirectory


@pytest.fixture
def state(tmp_path: Path) -> StateDirectory:
    directory = StateDirectory(tmp_path / "state")
    directory.create()
    return directory


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_makes_a_key_once_and_keeps_it_private(state: StateDirectory) -> None:
    key = state.key("operator")

    assert len(key) == 32
    assert state.key("operator") == key != state.key("relay")
    assert mode_of(state.keys / "operator") == 0o600
    assert mode_of(state.keys) == 0o700


def test_refuses_a_damaged_key_and_names_its_file(state: StateDirectory) -> None:
    (state.keys / "operator").write_text("not a key")

    with pytest.raises(CommandError, match="keys/operator holds no private key"):
        state.key("operator")


def test_writes_json_whole_and_private(state: StateDirectory) -> None:
    state.write_json("replay.json", {"day": 1})

    assert state.read_json("replay.json") == {"day": 1}
    assert mode_of(state.root / "replay.json") == 0o600
    assert state.read_json("missing.json") is None


def test_says_which_file_is_damaged(state: StateDirectory) -> None:
    (state.root / "replay.json").write_text('{"day": ')

    with pytest.raises(CommandError, match=r"replay\.json is damaged"):
        state.read_json("replay.json")


def test_starting_anew_removes_nothing_that_is_not_its_own(state: StateDirectory) -> None:
    mine = state.root / "notes.txt"
    mine.write_text("keep")
    state.key("operator")
    state.write_json("replay.json", {})
    (state.root / "gateway.db-wal").write_text("")

    forget(state)

    assert sorted(path.name for path in state.root.iterdir()) == ["notes.txt"]
