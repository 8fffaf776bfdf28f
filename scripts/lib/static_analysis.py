"""Slither over contracts/src: every high or medium finding has to be accepted, with its reason, in docs/analysis.md."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, NamedTuple

from solc_reading import read_sources

ROOT = Path(__file__).resolve().parents[2]
CONTRACTS = ROOT / "contracts"
ACCEPTED = ROOT / "docs" / "analysis.md"
CONFIG = CONTRACTS / "slither.config.json"
RUN_S_MAX = 1800


class Finding(NamedTuple):
    check: str
    # Contract.function, so that a finding stays the same when lines move.
    where: str


def main() -> int:
    accepted = accepted_findings(ACCEPTED.read_text())
    with tempfile.TemporaryDirectory(prefix="coalition-slither-") as directory:
        write_build_info(Path(directory) / "build-info")
        found = run_slither(Path(directory))
    for finding in sorted(found.keys() - accepted):
        print(
            f"slither: not accepted: {finding.check} in {finding.where}\n  {found[finding]}", file=sys.stderr
        )
    for finding in sorted(accepted - found.keys()):
        print(
            f"slither: {finding.check} in {finding.where} is not found any more: take it out of docs/analysis.md",
            file=sys.stderr,
        )
    if found.keys() != accepted:
        print(
            "slither: repair what is wrong, or accept it in docs/analysis.md with the reason", file=sys.stderr
        )
        return 1
    print(f"slither: {len(found)} high and medium findings, all of them accepted with a reason")
    return 0


def accepted_findings(text: str) -> set[Finding]:
    """The first two columns of the table: check and place, each in backquotes; the third is the reason."""
    return {
        Finding(*match) for match in re.findall(r"^\| `([\w-]+)` \| `([\w.]+)` \| \S", text, re.MULTILINE)
    }


def write_build_info(directory: Path) -> None:
    """Writes what slither reads of a forge build, but for code, of which it needs none."""
    request, answer = read_sources({"*": {"": ["ast"], "*": ["abi"]}})
    no_code = {"object": "", "sourceMap": ""}
    for contracts in answer["contracts"].values():
        for contract in contracts.values():
            contract["evm"] = {"bytecode": no_code, "deployedBytecode": no_code, "methodIdentifiers": {}}
    version = re.search(r"pragma solidity ([\d.]+);", next(iter(request["sources"].values()))["content"])
    assert version, "the sources name no compiler version"
    directory.mkdir(parents=True)
    (directory / "src.json").write_text(
        json.dumps({"solcVersion": version[1], "input": request, "output": answer})
    )


def run_slither(directory: Path) -> dict[Finding, str]:
    """What slither says of each finding.

    Raises:
        SystemExit: slither itself failed.
    """
    report = directory / "report.json"
    command = [
        str(ROOT / ".venv-analysis" / "bin" / "slither"),
        str(CONTRACTS),
        "--ignore-compile",
        "--foundry-build-info-directory",
        str(directory / "build-info"),
        "--config-file",
        str(CONFIG),
        "--json",
        str(report),
    ]
    # It exits with 255 when it found something.
    run = subprocess.run(
        command, cwd=CONTRACTS, env=os.environ, capture_output=True, text=True, timeout=RUN_S_MAX, check=False
    )
    if not report.exists() or not json.loads(report.read_text())["success"]:
        sys.exit(f"slither failed:\n{run.stderr[-4000:]}")
    detectors = json.loads(report.read_text())["results"].get("detectors", [])
    return {Finding(one["check"], place_of(one)): one["description"].strip() for one in detectors}


def place_of(detector: dict[str, Any]) -> str:
    """Contract.function of a finding, or as much of it as there is."""
    names: list[str] = []
    element: dict[str, Any] | None = detector["elements"][0]
    while element is not None:
        if element["type"] in {"function", "contract"}:
            names.insert(0, element["name"])
        element = element.get("type_specific_fields", {}).get("parent")
    return ".".join(names)


if __name__ == "__main__":
    sys.exit(main())
