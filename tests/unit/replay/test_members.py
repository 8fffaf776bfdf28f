"""Households as members."""

import json
import stat
from pathlib import Path

import pytest

from node_gateway.cli.state_directory import StateDirectory
from replay.members import ENROLMENTS_IN_ONE_SUBMISSION, MEMBER_KEYS_FILE, MEMBERS_FILE, Members


@pytest.fixture
def state(tmp_path: Path) -> StateDirectory:
    directory = StateDirectory(tmp_path)
    directory.create()
    return directory


def test_a_household_keeps_its_member_and_key(state: StateDirectory) -> None:
    members = Members(state)
    members.admit([7, 8, 7])

    again = Members(state)

    assert len(again) == 2
    assert again[7].member == members[7].member
    assert again[7].key.secret == members[7].key.secret
    assert again[7].member != again[8].member


def test_ids_tell_nothing_of_the_household(state: StateDirectory, tmp_path: Path) -> None:
    first, second = Members(state), Members(StateDirectory(tmp_path / "other"))
    (tmp_path / "other").mkdir()
    first.admit([7])
    second.admit([7])

    assert first[7].member != second[7].member


def test_keys_are_private_and_the_wallets_file_has_them_by_member(state: StateDirectory) -> None:
    members = Members(state)
    members.admit([7])

    assert stat.S_IMODE((state.root / MEMBERS_FILE).stat().st_mode) == 0o600
    assert stat.S_IMODE((state.root / MEMBER_KEYS_FILE).stat().st_mode) == 0o600
    keys = json.loads((state.root / MEMBER_KEYS_FILE).read_text())
    assert keys == {members[7].member.text: members[7].key.secret.hex()}


def test_enrols_in_submissions_that_never_change(state: StateDirectory) -> None:
    size = ENROLMENTS_IN_ONE_SUBMISSION
    members = Members(state)
    members.admit(range(size + 5))
    before = members.enrolling(enrolled=0)
    members.admit(range(size + 20))

    after = Members(state).enrolling(enrolled=0)

    assert [len(group) for group in before] == [size, 5]
    assert [[one.household for one in group] for group in after[:2]] == [
        [one.household for one in group] for group in before
    ]
    assert [len(group) for group in after] == [size, 5, 15]
    assert [group[0].enrolment for group in after] == [0, size, size + 5]


def test_enrols_nobody_twice(state: StateDirectory) -> None:
    members = Members(state)
    members.admit([1, 2, 3])

    assert [[one.household for one in group] for group in members.enrolling(enrolled=2)] == [[3]]
    assert members.enrolling(enrolled=3) == []
