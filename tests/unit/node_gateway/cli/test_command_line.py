"""The command line as a whole: quick help, clear errors, documented statuses."""

import json
import subprocess
import sys
from pathlib import Path

import pytest


def coalition(*arguments: str, state_dir: Path, **environment: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "node_gateway.cli", *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={"PATH": "/usr/bin:/bin", "COALITION_STATE_DIR": str(state_dir), **environment},
    )


def test_help_imports_neither_the_chain_client_nor_the_database() -> None:
    code = (
        "import sys\nfrom node_gateway.cli.application import application\napplication()\n"
        "print([name for name in ('web3', 'sqlalchemy', 'httpx2', 'rich.console', 'pydantic', 'numpy') if name in sys.modules])"
    )

    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )

    assert result.stdout.strip() == "[]"


def test_names_every_command(tmp_path: Path) -> None:
    result = coalition("--help", state_dir=tmp_path)

    assert result.returncode == 0
    for command in (
        "up",
        "serve",
        "work",
        "wallet",
        "deploy",
        "admit",
        "terms",
        "campaign",
        "keys",
        "status",
    ):
        assert f"\n  {command} " in result.stdout


def test_says_what_to_do_where_nothing_is_deployed(tmp_path: Path) -> None:
    result = coalition("suspend", "3", state_dir=tmp_path)

    assert result.returncode == 3
    assert "run `coalition deploy` first" in result.stderr
    assert "Traceback" not in result.stderr


def test_tells_errors_as_json_when_asked(tmp_path: Path) -> None:
    result = coalition("deploy", "--json", "--chain", "http://127.0.0.1:1", state_dir=tmp_path)

    error = json.loads(result.stderr)
    assert result.returncode == error["exit_code"] == 4
    assert "no chain answers at http://127.0.0.1:1" in error["error"]


@pytest.mark.parametrize("url", ["ftp://chain", "chain:8545"])
def test_refuses_what_is_no_url_of_a_chain(tmp_path: Path, url: str) -> None:
    result = coalition("deploy", "--chain", url, state_dir=tmp_path)

    assert (result.returncode, url in result.stderr) == (2, True)


def test_refuses_a_second_deployment_in_the_same_directory(tmp_path: Path) -> None:
    (tmp_path / "deployment.json").write_text("{}")

    result = coalition("deploy", state_dir=tmp_path)

    assert result.returncode == 2
    assert "has a deployed program already" in result.stderr


def test_explains_a_state_directory_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    result = coalition("deploy", state_dir=tmp_path / "file" / "state")

    assert result.returncode == 3
    assert "not a directory" in result.stderr
    assert "COALITION_STATE_DIR" in result.stderr


def test_makes_lists_and_revokes_api_keys(tmp_path: Path) -> None:
    assert coalition("migrate", state_dir=tmp_path).returncode == 0

    made = json.loads(
        coalition("keys", "create", "3", "--label", "till", "--json", state_dir=tmp_path).stdout
    )
    revoked = json.loads(coalition("keys", "revoke", made["id"], "--json", state_dir=tmp_path).stdout)
    (listed,) = json.loads(coalition("keys", "list", "--json", state_dir=tmp_path).stdout)

    assert made["party"] == listed["party"] == "partner:3"
    assert revoked["revoked"] is True
    assert listed["revoked_at_ms"] is not None
    assert made["key"] not in json.dumps(listed)


def test_refuses_an_api_key_for_nobody(tmp_path: Path) -> None:
    result = coalition("keys", "create", "65536", state_dir=tmp_path)

    assert result.returncode == 2
    assert "nobody is called 65536" in result.stderr
