"""Rows of the read model in memory while blocks are folded: loaded in bulk, changed, written back once, with images for the undo journal."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from operator import itemgetter
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from node_gateway.jobs.bulk import upsert_rows
from node_gateway.store.schema.columns import UnsignedBigInteger, WideInteger

Key = tuple[Any, ...]
Row = dict[str, Any]

KEYS_IN_QUERY_MAX = 400
_WIDE = 1 << 53


class Rows:
    """Some rows of one table. A row that is not here counts as not existing, so load before you fold."""

    def __init__(self, table: sa.Table) -> None:
        self.table = table
        # Plain text: SQLAlchemy's own names are a kind of text that JSON encoders refuse.
        self._names = tuple(str(column.name) for column in table.columns)
        self.key_names = tuple(str(column.name) for column in table.primary_key.columns)
        self._rows: dict[Key, Row] = {}
        self._before: dict[Key, Row | None] = {}

    def __len__(self) -> int:
        return len(self._rows)

    def __contains__(self, key: Key) -> bool:
        return key in self._rows

    @property
    def is_changed(self) -> bool:
        return bool(self._before)

    def get(self, *key: Any) -> Row | None:
        """The row, not to be changed by the caller."""
        return self._rows.get(key)

    def change(self, *key: Any) -> Row:
        """The row, to be changed in place.

        Raises:
            KeyError: where it does not exist: the chain spoke of something that no event made.
        """
        row = self._rows[key]
        if key not in self._before:
            self._before[key] = row.copy()
        return row

    def put(self, row: Row) -> Row:
        """Insert, or replace as a whole."""
        key = tuple(row[name] for name in self.key_names)
        if key not in self._before:
            old = self._rows.get(key)
            self._before[key] = None if old is None else old.copy()
        self._rows[key] = row
        return row

    def remove(self, *key: Any) -> None:
        """Delete."""
        row = self._rows.pop(key)
        self._before.setdefault(key, row)

    def values(self) -> Iterator[Row]:
        """All rows that are here."""
        return iter(self._rows.values())

    def take_in(self, rows: Iterable[Row]) -> None:
        """Add rows as the database has them; rows that are here already are newer and stay."""
        names = self.key_names
        for row in rows:
            self._rows.setdefault(tuple(row[name] for name in names), row)

    async def load(self, connection: AsyncConnection, clause: sa.ColumnElement[bool] | None = None) -> None:
        """Take in the rows of a condition, all rows without one."""
        statement = sa.select(self.table) if clause is None else sa.select(self.table).where(clause)
        result = await connection.execute(statement)
        names = self._names
        self.take_in(dict(zip(names, row, strict=True)) for row in result.all())

    async def load_in(
        self,
        connection: AsyncConnection,
        names: Sequence[str],
        keys: Collection[Any],
        extra: sa.ColumnElement[bool] | None = None,
    ) -> None:
        """Take in the rows whose columns `names` are among `keys` (tuples where there are several names)."""
        columns = [self.table.c[name] for name in names]
        target: Any = columns[0] if len(columns) == 1 else sa.tuple_(*columns)
        for chunk in _chunks(sorted(keys), KEYS_IN_QUERY_MAX):
            clause = target.in_(chunk)
            await self.load(connection, clause if extra is None else clause & extra)

    def forget(self) -> None:
        """Drop everything from memory; nothing may be unwritten."""
        assert not self._before, f"unwritten rows of {self.table.name}"
        self._rows.clear()

    def journal(self) -> list[list[list[Any] | None]]:
        """`[key, before]` of each changed row: values in the order of the columns, as JSON has them."""
        values = itemgetter(*self._names)
        return [
            [_to_json(key), None if row is None else _to_json(values(row))]
            for key, row in self._before.items()
        ]

    async def write(self, connection: AsyncConnection) -> None:
        """Write what changed and take it as the new beginning."""
        upserts = [self._rows[key] for key in self._before if key in self._rows]
        deletes = [key for key in self._before if key not in self._rows]
        if deletes:
            statement = sa.delete(self.table).where(
                *(self.table.c[name] == sa.bindparam(f"key_{name}") for name in self.key_names)
            )
            await connection.execute(
                statement,
                [{f"key_{n}": v for n, v in zip(self.key_names, key, strict=True)} for key in deletes],
            )
        await upsert_rows(connection, self.table, upserts)
        self._before.clear()


def insert_for(table: sa.Table, dialect: str) -> Any:
    """An insert that can say what happens on a conflict."""
    return postgresql.insert(table) if dialect == "postgresql" else sqlite.insert(table)


def restored(table: sa.Table, values: Sequence[Any], *, is_key: bool) -> Row:
    """A row, or a key, of the undo journal as the fold has it."""
    columns = table.primary_key.columns if is_key else table.columns
    return {
        str(column.name): _from_json(column, value) for column, value in zip(columns, values, strict=True)
    }


def _from_json(column: sa.Column[Any], value: Any) -> Any:
    if value is None:
        return None
    if isinstance(column.type, sa.LargeBinary):
        return bytes.fromhex(value)
    return int(value) if isinstance(column.type, WideInteger | UnsignedBigInteger) else value


def _to_json(values: Iterable[Any]) -> list[Any]:
    """JSON numbers end at 64 bits here: what may be wider goes as text."""
    return [
        value.hex()
        if isinstance(value, bytes)
        else str(value)
        if isinstance(value, int) and not -_WIDE < value < _WIDE
        else value
        for value in values
    ]


def _chunks(keys: list[Any], size: int) -> Iterator[list[Any]]:
    for start in range(0, len(keys), size):
        yield keys[start : start + size]
