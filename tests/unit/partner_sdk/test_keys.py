"""Encrypted key files."""

import json
from pathlib import Path

import pytest

from partner_sdk.keys import KeyFileError, WrongPasswordError, load_key, save_key
from partner_sdk.protocol import SigningKey


def test_a_saved_key_opens_with_its_password_only(tmp_path: Path) -> None:
    key = SigningKey.generate()
    path = tmp_path / "partner.key"
    save_key(path, key, "correct horse")
    assert path.stat().st_mode & 0o777 == 0o600
    assert key.secret.hex() not in path.read_text()
    assert load_key(path, "correct horse").secret == key.secret
    with pytest.raises(WrongPasswordError):
        load_key(path, "wrong")


def test_a_key_file_is_never_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "partner.key"
    save_key(path, SigningKey.generate(), "a")
    before = path.read_bytes()
    with pytest.raises(KeyFileError, match="never overwritten"):
        save_key(path, SigningKey.generate(), "b")
    assert path.read_bytes() == before


def test_refuses_a_key_file_whose_address_was_changed(tmp_path: Path) -> None:
    path = tmp_path / "partner.key"
    save_key(path, SigningKey.generate(), "a")
    content = json.loads(path.read_text())
    content["address"] = "0x" + "00" * 20
    path.write_text(json.dumps(content))
    with pytest.raises(WrongPasswordError):
        load_key(path, "a")


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"format":"points-coalition-key-1"}', "\x00"])
def test_refuses_a_file_that_is_no_key_file(tmp_path: Path, content: str) -> None:
    path = tmp_path / "partner.key"
    path.write_text(content)
    with pytest.raises(KeyFileError, match="not a key file"):
        load_key(path, "a")


def test_says_which_file_is_missing(tmp_path: Path) -> None:
    with pytest.raises(KeyFileError, match=r"missing\.key"):
        load_key(tmp_path / "missing.key", "a")
