"""Rows of the gateway's tables, as the audit makes and compares them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from node_gateway.audit.ledger import RebuiltLedger

Row = tuple[tuple[Any, ...], dict[str, Any]]
Rows = Iterator[Row]
RowMaker = Callable[[RebuiltLedger], Rows]


class Table(NamedTuple):
    """A table of the gateway.

    Attributes:
        name: of the table.
        key: columns of the primary key.
        rows: what must be in it.
        optional_when_zero: the column whose rows may be absent where it is 0.
    """

    name: str
    key: tuple[str, ...]
    rows: RowMaker
    optional_when_zero: str | None = None


def signed64(number: int) -> int:
    """An unsigned 64-bit number as SQL's BIGINT has it."""
    return number - (1 << 64) if number >= 1 << 63 else number
