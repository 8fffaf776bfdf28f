"""Rows of the read model in memory while blocks are folded: loaded in bulk, changed, written back once, with images for the undo journal."""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from operator import itemgetter
from typing import Any

import orjson
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from node_gateway.jobs.bulk import insert_rows, update_rows, upsert_rows
from node_gateway.jobs.rows import Row
from node_gateway.store.schema.columns import UnsignedBigInteger, WideInteger

Key = tuple[Any, ...]

KEYS_IN_QUERY_MAX = 400
KEYS_IN_ARRAY_MAX = 10_000
# Tables of which the fold knows whether a row exists: it loads a member before it folds, and a lot's number is given once.
_LOADED_FIRST = frozenset({"members", "lots"})
_WIDE = 1 << 53


class Rows:
    """Some rows of one table. A row that is not here counts as not existing, so load before you fold.

    Attributes:
        is_journaled: keep what rows were before each change, for `take_journal`; below what an undo journal reaches nobody asks.
    """

    def __init__(self, table: sa.Table) -> None:
        self.table = table
        self.is_journaled = True
        # Plain text: SQLAlchemy's own names are a kind of text that JSON encoders refuse.
        self._names = tuple(str(column.name) for column in table.columns)
        self.key_names = tuple(str(column.name) for column in table.primary_key.columns)
        self._has_wide = any(isinstance(column.type, WideInteger) for column in table.columns)
        self._pick_key: Callable[[Row], Any] = itemgetter(*self.key_names)
        self._rows: dict[Key, Row] = {}
        # Since the last journal: what rows were. Since the last write: whether the database has a row of this key.
        self._before: dict[Key, Row | None] = {}
        self._is_stored: dict[Key, bool] = {}

    def __len__(self) -> int:
        return len(self._rows)

    def __contains__(self, key: Key) -> bool:
        return key in self._rows

    def get(self, *key: Any) -> Row | None:
        """The row, not to be changed by the caller."""
        return self._rows.get(key)

    def change(self, *key: Any) -> Row:
        """The row, to be changed in place.

        Raises:
            KeyError: where it does not exist: the chain spoke of something that no event made.
        """
        row = self._rows[key]
        if self.is_journaled and key not in self._before:
            self._before[key] = row.copy()
        if key not in self._is_stored:
            self._is_stored[key] = True
        return row

    def put(self, row: Row) -> Row:
        """Insert, or replace as a whole."""
        key = self._key_of(row)
        old = self._rows.get(key)
        if self.is_journaled and key not in self._before:
            self._before[key] = None if old is None else old.copy()
        if key not in self._is_stored:
            self._is_stored[key] = old is not None
        self._rows[key] = row
        return row

    def remove(self, *key: Any) -> None:
        """Delete."""
        row = self._rows.pop(key)
        if self.is_journaled:
            self._before.setdefault(key, row)
        self._is_stored.setdefault(key, True)

    def values(self) -> Iterator[Row]:
        """All rows that are here."""
        return iter(self._rows.values())

    def take_in(self, rows: Iterable[Row]) -> None:
        """Add rows as the database has them; rows that are here already are newer and stay."""
        for row in rows:
            self._rows.setdefault(self._key_of(row), row)

    def _key_of(self, row: Row) -> Key:
        picked = self._pick_key(row)
        return picked if len(self.key_names) > 1 else (picked,)

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
        if len(columns) == 1 and connection.dialect.name == "postgresql":
            # One parameter however many keys: a statement with thousands of them costs more than what it finds.
            kind = postgresql.ARRAY(columns[0].type)
            for chunk in _chunks(list(keys), KEYS_IN_ARRAY_MAX):
                clause = columns[0] == sa.any_(sa.literal(chunk, kind))
                await self.load(connection, clause if extra is None else clause & extra)
            return
        target: Any = columns[0] if len(columns) == 1 else sa.tuple_(*columns)
        for chunk in _chunks(sorted(keys), KEYS_IN_QUERY_MAX):
            clause = target.in_(chunk)
            await self.load(connection, clause if extra is None else clause & extra)

    def forget(self) -> None:
        """Drop everything from memory; nothing may be unwritten."""
        assert not self._is_stored, f"unwritten rows of {self.table.name}"
        self._rows.clear()

    def take_journal(self) -> str | None:
        """`[[key, before], …]` of each row changed since the last journal as JSON, values in the order of the columns; None of none."""
        if not self._before:
            return None
        values = itemgetter(*self._names)
        entries = [(key, None if row is None else values(row)) for key, row in self._before.items()]
        self._before.clear()
        if self._has_wide:
            # JSON numbers end at 64 bits here: what may be wider goes as text.
            text = [(_texts(key), None if before is None else _texts(before)) for key, before in entries]
            return orjson.dumps(text, default=bytes.hex).decode()
        return orjson.dumps(entries, default=bytes.hex).decode()

    async def write(self, connection: AsyncConnection) -> None:
        """Write what changed and take it as the new beginning."""
        assert not self._before, f"changes of {self.table.name} that are in no journal"
        rows, is_stored = self._rows, self._is_stored
        if not is_stored:
            return
        deletes = [key for key, stored in is_stored.items() if stored and key not in rows]
        if deletes:
            statement = sa.delete(self.table).where(
                *(self.table.c[name] == sa.bindparam(f"key_{name}") for name in self.key_names)
            )
            await connection.execute(
                statement,
                [{f"key_{n}": v for n, v in zip(self.key_names, key, strict=True)} for key in deletes],
            )
        changed = [rows[key] for key, stored in is_stored.items() if stored and key in rows]
        made = [rows[key] for key, stored in is_stored.items() if not stored and key in rows]
        if self.table.name in _LOADED_FIRST:
            await update_rows(connection, self.table, changed)
            await insert_rows(connection, self.table, made)
        else:
            await upsert_rows(connection, self.table, changed + made)
        is_stored.clear()


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


def _texts(values: Iterable[Any]) -> list[Any]:
    return [str(value) if type(value) is int and not -_WIDE < value < _WIDE else value for value in values]


def _chunks(keys: list[Any], size: int) -> Iterator[list[Any]]:
    for start in range(0, len(keys), size):
        yield keys[start : start + size]
