"""Writes where the ledger keeps what, the storage of everything behind the proxy, or checks that an upgrade can take it over.

A layout may grow at the end of the storage and of structs that stand in mappings; what is in it already keeps its place, name and type.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from contract_artifacts import hash_of, input_hash
from eth_hash.auto import keccak
from solc_reading import CONTRACTS, read_sources

Layout = dict[str, Any]
COMMITTED = CONTRACTS / "storage-layout.json"
# Not committed: the hash of sources and layout that were compared last.
PROVEN = CONTRACTS / "cache" / "storage-layout.proven"
# The second is entered by the first's delegatecall, and so sees the same storage.
BEHIND_THE_PROXY = {
    "PointsLedger": "src/PointsLedger.sol",
    "PointsLedgerExtension": "src/PointsLedgerExtension.sol",
}
SLOT_BYTES = 32
NAMESPACE = re.compile(r"@custom:storage-location erc7201:(\S+)[\s*/]+struct \w+ \{(.*?)\}", re.DOTALL)
FIELD = re.compile(r"(\w+) (\w+);")
COMMENT = re.compile(r"//[^\n]*|/\*.*?\*/", re.DOTALL)


def main() -> int:
    """Writes, or with `--check` compares; returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing")
    is_check = parser.parse_args().check
    if COMMITTED.exists() and PROVEN.exists() and PROVEN.read_text() == _state():
        return 0
    layout = current_layout()
    before = json.loads(COMMITTED.read_text()) if COMMITTED.exists() else None
    found = obstacles(before, layout) if before else []
    if found:
        print(
            "storage layout: an upgrade of a deployed ledger would read its storage wrongly:", file=sys.stderr
        )
        print("".join(f"  {one}\n" for one in found), end="", file=sys.stderr)
        print(
            f"  Put new fields last. If none is deployed, remove {COMMITTED.name} and run scripts/generate.",
            file=sys.stderr,
        )
        return 1
    if is_check and before != layout:
        print(
            f"storage layout: contracts/{COMMITTED.name} is not current; run scripts/generate",
            file=sys.stderr,
        )
        return 1
    if before != layout:
        COMMITTED.write_text(text_of(layout))
    PROVEN.parent.mkdir(exist_ok=True)
    PROVEN.write_text(_state())
    return 0


def _state() -> str:
    return f"{input_hash()} {hash_of([COMMITTED, Path(__file__)])}\n"


def current_layout() -> Layout:
    """The layout of the sources."""
    _, answer = read_sources({"*": {"*": ["storageLayout", "metadata"]}})
    layouts = []
    for name, source in BEHIND_THE_PROXY.items():
        contract = answer["contracts"][source][name]
        sources = json.loads(contract["metadata"])["sources"]
        layouts.append(
            layout_of(contract["storageLayout"], [(CONTRACTS / one).read_text() for one in sources])
        )
    assert all(one["storage"] == layouts[0]["storage"] for one in layouts), "one address, two layouts"
    return layouts[0]


def text_of(layout: Layout) -> str:
    """As JSON, one field a line, so that a change reads well in a diff."""
    text = json.dumps(layout, indent=1)
    return (
        re.sub(
            r'\{\s+("slot": \d+),\s+("offset": \d+),\s+("label": .*),\s+("type": .*)\s+\}',
            r"{\1, \2, \3, \4}",
            text,
        )
        + "\n"
    )


def layout_of(storage: dict[str, Any], sources: Iterable[str]) -> Layout:
    """The layout of a contract, without the compiler's numbering of declarations.

    Args:
        storage: What the compiler calls `storageLayout`.
        sources: The texts it is compiled from, for the ERC-7201 namespaces: the compiler says nothing of those.
    """
    kinds = storage.get("types") or {}
    types: dict[str, dict[str, Any]] = {}
    for kind in kinds.values():
        facts: dict[str, Any] = {"bytes": int(kind["numberOfBytes"])}
        if "members" in kind:
            facts["members"] = [_entry(member, kinds) for member in kind["members"]]
        label = kind["label"]
        assert types.get(label, facts) == facts, f"two types are called {label}"
        types[label] = facts
    return {
        "storage": [_entry(entry, kinds) for entry in storage["storage"]],
        "types": dict(sorted(types.items())),
        "namespaces": dict(sorted(pair for source in sources for pair in namespaces_in(source))),
    }


def _entry(entry: dict[str, Any], kinds: dict[str, Any]) -> dict[str, Any]:
    return {
        "slot": int(entry["slot"]),
        "offset": entry["offset"],
        "label": entry["label"],
        "type": kinds[entry["type"]]["label"],
    }


def namespaces_in(source: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """The ERC-7201 structs of a source, by id: their first slot, and their fields counted from it.

    Raises:
        ValueError: a field has a type of which this module does not know the size.
    """
    for name, body in NAMESPACE.findall(source):
        inner = int.from_bytes(keccak(name.encode())) - 1
        root = int.from_bytes(keccak(inner.to_bytes(SLOT_BYTES))) & ~0xFF
        members, slot, offset = [], 0, 0
        fields = COMMENT.sub("", body)
        for kind, label in FIELD.findall(fields):
            size = _bytes_of(kind)
            if offset + size > SLOT_BYTES:
                slot, offset = slot + 1, 0
            members.append({"slot": slot, "offset": offset, "label": label, "type": kind})
            offset += size
        if len(members) != fields.count(";"):
            raise ValueError(f"cannot place the fields of the namespace {name}")
        yield name, {"slot": f"0x{root:064x}", "members": members}


def _bytes_of(kind: str) -> int:
    if kind in {"address", "bool"}:
        return 20 if kind == "address" else 1
    match = re.fullmatch(r"(u?int|bytes)(\d+)", kind)
    if not match:
        raise ValueError(f"unknown size of a field of type {kind}")
    return int(match[2]) if match[1] == "bytes" else int(match[2]) // 8


def obstacles(before: Layout, after: Layout) -> list[str]:
    """Why storage written under one layout cannot be read under the other; empty when it can."""
    found = [*_moved("storage", before["storage"], after["storage"])]
    for label, facts in before["types"].items():
        now = after["types"].get(label)
        if now is None:
            # A type that nothing uses any more takes no place; what used it is reported where it stood.
            continue
        if "members" not in facts:
            if now["bytes"] != facts["bytes"]:
                found.append(f"{label} had {facts['bytes']} bytes and has {now['bytes']}")
            continue
        found += _moved(label.removeprefix("struct "), facts["members"], now["members"])
        if now["bytes"] != facts["bytes"] and any(other.startswith(f"{label}[") for other in before["types"]):
            found.append(f"{label} has grown, and stands in arrays: every element but the first would move")
    for name, facts in before["namespaces"].items():
        now = after["namespaces"].get(name)
        if now is None or now["slot"] != facts["slot"]:
            found.append(f"the namespace {name} is gone")
        else:
            found += _moved(name, facts["members"], now["members"])
    return found


def _moved(place: str, before: list[dict[str, Any]], after: list[dict[str, Any]]) -> Iterator[str]:
    by_label = {entry["label"]: entry for entry in after}
    labels_before = {entry["label"] for entry in before}
    for index, entry in enumerate(before):
        label = entry["label"]
        here = after[index] if index < len(after) else None
        if here == entry:
            continue
        now = by_label.get(label)
        if now is not None:
            yield f"{place}.{label} was {_where(entry)}, is {_where(now)}"
        elif here and here["label"] not in labels_before and {**here, "label": label} == entry:
            yield f"{place}.{label} is called {here['label']} now, at the same place ({_where(entry)})"
        else:
            yield f"{place}.{label} is gone ({_where(entry)})"


def _where(entry: dict[str, Any]) -> str:
    return f"{entry['type']} at slot {entry['slot']}, byte {entry['offset']}"


if __name__ == "__main__":
    sys.exit(main())
