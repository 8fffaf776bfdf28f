"""Processor time and memory of processes with all their children, from /proc."""

import os
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

_TICKS_S = os.sysconf("SC_CLK_TCK")
_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True, slots=True)
class _Stat:
    parent: int
    cpu_ticks: int
    children_ticks: int
    resident_pages: int


OWN = "bench"


def cpu_seconds(process_ids: Mapping[str, int]) -> dict[str, float]:
    """Processor time used so far by each process with its children, and by this one alone (`bench`)."""
    table = _all_processes()
    each = {name: _tree_ticks(table, pid) / _TICKS_S for name, pid in process_ids.items()}
    return each | {OWN: time.process_time()}


def resident_bytes(process_ids: Mapping[str, int]) -> dict[str, int]:
    """Resident memory of each process with its children; pages that PostgreSQL's processes share count once for each."""
    table = _all_processes()
    return {
        name: sum(table[one].resident_pages for one in _tree(table, pid)) * _PAGE_BYTES
        for name, pid in process_ids.items()
    }


def microseconds_each(
    before: Mapping[str, float], after: Mapping[str, float], operations: int
) -> dict[str, float]:
    """Processor time of each process between two measurements, in microseconds an operation."""
    return {
        name: round(1e6 * (after[name] - before[name]) / max(operations, 1), 1)
        for name in after
        if name in before
    }


def _tree_ticks(table: Mapping[int, _Stat], root: int) -> int:
    return sum(table[pid].cpu_ticks + table[pid].children_ticks for pid in _tree(table, root))


def _tree(table: Mapping[int, _Stat], root: int) -> list[int]:
    found = [root] if root in table else []
    for pid in found:
        found.extend(child for child, stat in table.items() if stat.parent == pid)
    return found


def _all_processes() -> dict[int, _Stat]:
    table = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and (stat := _read(entry / "stat")) is not None:
            table[int(entry.name)] = stat
    return table


def _read(path: Path) -> _Stat | None:
    try:
        text = path.read_text()
    except OSError:
        return None  # it ended meanwhile
    # The name in parentheses may hold anything; what follows it is numbers (man 5 proc).
    fields = text[text.rindex(")") + 2 :].split()
    user, system, children_user, children_system = map(int, fields[11:15])
    return _Stat(int(fields[1]), user + system, children_user + children_system, int(fields[21]))
