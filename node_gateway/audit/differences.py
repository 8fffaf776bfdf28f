"""What does not agree: a row, a column, and what each side says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

Value = int | str | bool | bytes | None
Key = tuple[Value, ...]
Columns = Mapping[str, Any]


class Witness(StrEnum):
    """Who contradicts what was rebuilt from the chain's operations."""

    EVENTS = "events"
    VIEWS = "views"
    DATABASE = "database"
    RULES = "rules"


@dataclass(frozen=True, slots=True)
class Difference:
    """One value that differs.

    Attributes:
        witness: where the other value comes from: other events of the chain, its views, a database, or the ledger's invariants.
        table: of the database, or what it corresponds to on the chain.
        key: of the row, as text.
        column: that differs; `row` where a whole row is missing or too many.
        chain: what follows from the chain.
        found: what the witness says.
    """

    witness: Witness
    table: str
    key: str
    column: str
    chain: str
    found: str

    def __str__(self) -> str:
        return f"{self.table}[{self.key}].{self.column}: the chain says {self.chain}, {self.witness} says {self.found}"


ABSENT = "absent"
PRESENT = "present"
ROW = "row"


def shown(value: Any) -> str:
    """A value as it is told to people: bytes as 0x text."""
    if isinstance(value, bytes):
        return "0x" + value.hex()
    return "none" if value is None else str(value)


def shown_key(key: Key) -> str:
    """A row's key as text."""
    return ", ".join(shown(part) for part in key)


def difference(witness: Witness, table: str, key: Key, column: str, *, chain: Any, found: Any) -> Difference:
    """Builds a difference from values."""
    return Difference(witness, table, shown_key(key), column, shown(chain), shown(found))
