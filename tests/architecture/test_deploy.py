"""What lies in deploy/ fits the code, as far as can be told without running it."""

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import typer.main
import yaml

from node_gateway.cli.application import application
from node_gateway.config import Settings
from tests.architecture.repository import ROOT
from wallet_app.config import WalletSettings

DEPLOY = ROOT / "deploy"
UNITS = sorted((DEPLOY / "systemd").glob("*.service"))
INSTALLED = "/opt/coalition/.venv/bin/coalition"
# What a service of the compose specification may have, as far as it is used here.
SERVICE_KEYS = {
    "build", "cap_drop", "command", "depends_on", "environment", "healthcheck", "image", "init", "ports", "profiles", "read_only",
    "restart", "security_opt", "stop_grace_period", "tmpfs", "volumes",
}  # fmt: skip
CONDITIONS = {"service_healthy", "service_completed_successfully", "service_started"}


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    text = (DEPLOY / "compose" / "compose.yaml").read_text()
    loaded: dict[str, Any] = yaml.safe_load(text)
    return loaded


def commands() -> set[str]:
    group = typer.main.get_command(application())
    return set(group.commands)  # type: ignore[attr-defined]  # a group, and typer does not say so


def settings() -> set[str]:
    of_gateway = {f"COALITION_{name.upper()}" for name in Settings.model_fields}
    return of_gateway | {f"COALITION_WALLET_{name.upper()}" for name in WalletSettings.model_fields}


def test_every_variable_is_a_setting() -> None:
    files = [path for path in DEPLOY.rglob("*") if path.is_file()]
    used = {name for path in files for name in re.findall(r"COALITION_\w+", path.read_text())}

    assert len(used) >= 10
    assert used - settings() == set()


@pytest.mark.parametrize("unit", UNITS, ids=lambda path: path.stem)
def test_a_units_commands_are_there(unit: Path) -> None:
    lines = re.findall(r"^Exec\w+=(\S+) (\S+)$", unit.read_text(), re.MULTILINE)

    assert lines
    assert {path for path, _ in lines} == {INSTALLED}
    assert {command for _, command in lines} <= commands()
    assert f"coalition-{lines[-1][1]}" == unit.stem


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not here")
def test_systemd_finds_nothing_wrong_with_the_units(tmp_path: Path) -> None:
    # The path at which it will be installed is not here.
    for unit in UNITS:
        (tmp_path / unit.name).write_text(unit.read_text().replace(INSTALLED, "/bin/true"))

    found = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", *map(str, sorted(tmp_path.iterdir()))],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip

    of_ours = [line for line in found.stderr.splitlines() if str(tmp_path) in line]
    assert (found.returncode, of_ours) == (0, [])


def test_the_compose_file_holds_together(compose: dict[str, Any]) -> None:
    services = compose["services"]

    for name, service in services.items():
        assert set(service) <= SERVICE_KEYS, name
        for other, wanted in service.get("depends_on", {}).items():
            condition = wanted["condition"]
            assert condition in CONDITIONS
            assert condition != "service_healthy" or "healthcheck" in services[other], (name, other)
            assert condition != "service_completed_successfully" or services[other]["restart"] == "no"
        for volume in service.get("volumes", []):
            assert volume.split(":")[0] in compose["volumes"], name
    of_ours = {name: service for name, service in services.items() if service["image"] == "points-coalition"}
    assert {service["command"][0] for service in of_ours.values()} <= commands()
    assert {"migrate", "serve", "work", "wallet"} <= set(of_ours)
    context = (DEPLOY / "compose" / of_ours["serve"]["build"]["context"]).resolve()
    assert (context, (context / of_ours["serve"]["build"]["dockerfile"]).is_file()) == (ROOT, True)


def test_the_image_is_made_of_what_is_there() -> None:
    dockerfile = (DEPLOY / "compose" / "Dockerfile").read_text()
    copied = re.findall(r"^COPY (?!--from)(\S+) ", dockerfile, re.MULTILINE)
    not_ignored = re.findall(r"^!(\S+)$", (ROOT / ".dockerignore").read_text(), re.MULTILINE)

    assert all((ROOT / name).exists() for name in copied)
    assert sorted(copied) == sorted(not_ignored)


def test_what_a_server_installs_is_what_is_tested() -> None:
    def versions(name: str) -> dict[str, str]:
        return dict(re.findall(r"^([\w.-]+)==(\S+)", (ROOT / name).read_text(), re.MULTILINE))

    tested, installed = versions("requirements.lock"), versions("requirements-runtime.lock")
    assert {"fastapi", "web3", "opentelemetry-sdk", "webauthn"} <= set(installed)
    assert {name: version for name, version in installed.items() if tested.get(name) != version} == {}
