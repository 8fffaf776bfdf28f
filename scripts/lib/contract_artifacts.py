"""Writes the compiled contracts into the gateway's package, or checks that those there are current."""

import argparse
import hashlib
import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
CONTRACTS = ROOT / "contracts"
OPENZEPPELIN = CONTRACTS / "lib" / "@openzeppelin" / "contracts"
ARTIFACTS = ROOT / "node_gateway" / "chain" / "contracts"
# The hash of what the committed artifacts were made from and of themselves: while it holds, there is nothing to write. It is a
# claim; `--check` compiles to prove it, and notes in PROVEN (not committed) that it did.
CLAIM = ARTIFACTS / "sources.sha256"
PROVEN = CONTRACTS / "cache" / "artifacts.proven"

# What the gateway deploys or reads, and where it is written. Libraries come along by the links to them.
SOURCES = {
    "PointsLedger": CONTRACTS / "src" / "PointsLedger.sol",
    "PointsLedgerExtension": CONTRACTS / "src" / "PointsLedgerExtension.sol",
    "IPointsLedger": CONTRACTS / "src" / "interfaces" / "IPointsLedger.sol",
    "AccessManager": OPENZEPPELIN / "access" / "manager" / "AccessManager.sol",
    "ERC1967Proxy": OPENZEPPELIN / "proxy" / "ERC1967" / "ERC1967Proxy.sol",
}


def compiled(out: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yields each contract of SOURCES and each library that one of them links to, by name, as forge wrote it."""
    # All sources at once and from nothing: what else is compiled with a contract can change its bytecode.
    command = ["forge", "build", "--root", CONTRACTS, "--force", "--quiet", "--out", out]
    subprocess.run(
        [*command, "--cache-path", out / "cache", *SOURCES.values()],
        check=True,
        cwd=CONTRACTS,
    )
    wanted, done = sorted(SOURCES), set[str]()
    while wanted:
        name = wanted.pop()
        if name in done:
            continue
        done.add(name)
        file = next(out.glob(f"*.sol/{name}.json"), None)
        assert file, f"forge compiled no {name}"
        artifact = json.loads(file.read_text())
        wanted += (library for links in links_of(artifact).values() for library in links)
        yield name, artifact


def links_of(artifact: dict[str, Any]) -> dict[str, dict[str, Any]]:
    links: dict[str, dict[str, Any]] = artifact["bytecode"].get("linkReferences") or {}
    return links


def compact(artifact: dict[str, Any]) -> str:
    """The text of the committed file: one ABI entry a line, so that a change of the interface reads well in a diff."""
    abi = ",\n  ".join(json.dumps(entry, separators=(",", ":")) for entry in artifact["abi"])
    rest = {
        "bytecode": artifact["bytecode"]["object"],
        "linkReferences": links_of(artifact),
        "runtimeBytes": len(artifact["deployedBytecode"]["object"]) // 2 - 1,
        "storageLayoutHash": storage_layout_hash(artifact.get("storageLayout") or {}),
    }
    lines = [f'"abi":[\n  {abi}\n]'] + [
        f"{json.dumps(key)}:{json.dumps(value)}" for key, value in rest.items()
    ]
    return "{" + ",\n".join(lines) + "}\n"


def storage_layout_hash(layout: dict[str, Any]) -> str:
    """SHA-256 of slots, offsets, names and types, without the compiler's numbering of declarations."""
    facts = [layout_facts(entry) for entry in layout.get("storage", [])] + sorted(
        [
            kind,
            facts["encoding"],
            facts["numberOfBytes"],
            [layout_facts(member) for member in facts.get("members", [])],
        ]
        for kind, facts in (layout.get("types") or {}).items()
    )
    text = re.sub(r"\)\d+(?=_storage)", ")", json.dumps(facts, sort_keys=True))
    return hashlib.sha256(text.encode()).hexdigest()


def layout_facts(entry: dict[str, Any]) -> list[Any]:
    return [entry["slot"], entry["offset"], entry["label"], entry["type"]]


def hash_of(files: Iterable[Path]) -> str:
    """SHA-256 of names and contents; of forge's settings only those of the compiler, which come first."""
    digest = hashlib.sha256()
    for file in files:
        content = file.read_bytes()
        if file.name == "foundry.toml":
            content = content.partition(b"\n[profile.default.fuzz]")[0]
        digest.update(f"{file.relative_to(ROOT)}\0{len(content)}\0".encode() + content)
    return digest.hexdigest()


def input_hash() -> str:
    """Hash of everything that decides the artifacts."""
    return hash_of(
        [
            *sorted((CONTRACTS / "src").rglob("*.sol")),
            CONTRACTS / "foundry.toml",
            CONTRACTS / "remappings.txt",
            OPENZEPPELIN / "package.json",
            ROOT / "node_modules" / "solc" / "package.json",
            Path(__file__),
        ]
    )


def state() -> str:
    """What CLAIM and PROVEN hold when all is current."""
    return f"{input_hash()} {hash_of(sorted(ARTIFACTS.glob('*.json')))}\n"


def main() -> int:
    """Writes, or with `--check` compares; returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--check", action="store_true", help="write nothing; fail when a committed file is not current"
    )
    is_check = parser.parse_args().check

    known = PROVEN if is_check else CLAIM
    if known.exists() and known.read_text() == state():
        return 0
    compiled_from = input_hash()
    with tempfile.TemporaryDirectory(prefix="coalition-artifacts-") as out:
        try:
            texts = {f"{name}.json": compact(artifact) for name, artifact in compiled(Path(out))}
        except subprocess.CalledProcessError as error:
            return complain(f"forge build ended with {error.returncode} (see above)")
    if input_hash() != compiled_from:
        return complain("the sources changed while they were compiled; start again")
    present = {file.name: file.read_text() for file in ARTIFACTS.glob("*.json")}
    differing = sorted(name for name in texts.keys() | present.keys() if texts.get(name) != present.get(name))
    if is_check:
        if differing:
            return complain(f"not what the sources compile to: {', '.join(differing)}; run scripts/generate")
        if not CLAIM.exists() or CLAIM.read_text() != state():
            return complain(f"{CLAIM.relative_to(ROOT)} is old; run scripts/generate")
    else:
        write(texts, differing)
        CLAIM.write_text(state())
        print(f"contracts: {len(texts)} compiled, {len(differing)} files changed", file=sys.stderr)
    PROVEN.parent.mkdir(exist_ok=True)
    PROVEN.write_text(state())
    return 0


def write(texts: dict[str, str], differing: list[str]) -> None:
    ARTIFACTS.mkdir(exist_ok=True)
    for name in differing:
        if name in texts:
            (ARTIFACTS / name).write_text(texts[name])
        else:
            (ARTIFACTS / name).unlink()


def complain(message: str) -> int:
    print(f"contracts: {message}", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
