"""Many rows of one table at once, by the quickest way of each database: values converted by hand, no statement compiled for each row."""

from collections.abc import Callable, Iterable, Sequence
from functools import cache
from operator import itemgetter
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from node_gateway.domain.unsigned64 import signed64
from node_gateway.jobs.rows import Row, Values
from node_gateway.store.bulk_insert import bulk_insert
from node_gateway.store.schema.columns import JsonText, UnsignedBigInteger, WideInteger


async def insert_rows(connection: AsyncConnection, table: sa.Table, rows: Sequence[Row]) -> None:
    """Insert rows that do not exist; every row has the same columns, JSON given as text."""
    if not rows:
        return
    names = tuple(rows[0])
    await bulk_insert(connection, table, names, _values(table, names, rows))


async def upsert_rows(
    connection: AsyncConnection, table: sa.Table, rows: Sequence[Row], *, updates: Sequence[str] | None = None
) -> None:
    """Insert rows, or overwrite those with the same primary key.

    Args:
        connection: within a transaction.
        table: the table.
        rows: with the same columns each, JSON given as text.
        updates: assignments for a row that exists, in SQL with `excluded`; None: every column that is no key.
    """
    if rows:
        names = tuple(rows[0])
        await upsert_values(connection, table, names, list(_values(table, names, rows)), updates=updates)


async def upsert_values(
    connection: AsyncConnection,
    table: sa.Table,
    names: Sequence[str],
    values: Sequence[Values],
    *,
    updates: Sequence[str] | None = None,
) -> None:
    """`upsert_rows` of rows that are tuples already, as they are stored."""
    conflict = _on_conflict(table, names, updates)
    columns = ", ".join(names)
    if connection.dialect.name == "postgresql":
        fresh = await _fresh_table(connection, table, names, values)
        await connection.exec_driver_sql(
            f"INSERT INTO {table.name} ({columns}) SELECT {columns} FROM {fresh} {conflict}"
        )
        return
    marks = ", ".join("?" * len(names))
    statement = f"INSERT INTO {table.name} ({columns}) VALUES ({marks}) {conflict}"
    await connection.exec_driver_sql(statement, list(values))


async def update_rows(
    connection: AsyncConnection, table: sa.Table, rows: Sequence[Row], *, updates: Sequence[str] | None = None
) -> int:
    """Overwrite rows that exist, found by their primary key; arguments as of `upsert_rows`.

    Returns:
        How many of them there were. On SQLite those that were not are inserted too: it finds a row as quickly by its conflict.
    """
    if not rows:
        return 0
    names = tuple(rows[0])
    return await update_values(connection, table, names, list(_values(table, names, rows)), updates=updates)


async def update_values(
    connection: AsyncConnection,
    table: sa.Table,
    names: Sequence[str],
    values: Sequence[Values],
    *,
    updates: Sequence[str] | None = None,
) -> int:
    """`update_rows` of rows that are tuples already, as they are stored."""
    if not values:
        return 0
    if connection.dialect.name != "postgresql":
        await upsert_values(connection, table, names, values, updates=updates)
        return len(values)
    keys = [str(column.name) for column in table.primary_key.columns]
    sets = updates if updates is not None else [f"{n} = excluded.{n}" for n in names if n not in keys]
    fresh = await _fresh_table(connection, table, names, values)
    where = " AND ".join(f"{table.name}.{key} = excluded.{key}" for key in keys)
    result = await connection.exec_driver_sql(
        f"UPDATE {table.name} SET {', '.join(sets)} FROM {fresh} AS excluded WHERE {where}"
    )
    return result.rowcount


async def empty_table(connection: AsyncConnection, table: sa.Table) -> None:
    """Delete all rows. On PostgreSQL readers of the table wait for the end of the transaction."""
    is_postgresql = connection.dialect.name == "postgresql"
    await connection.exec_driver_sql(f"{'TRUNCATE' if is_postgresql else 'DELETE FROM'} {table.name}")


async def _fresh_table(
    connection: AsyncConnection, table: sa.Table, names: Sequence[str], values: Sequence[Values]
) -> str:
    """Copies rows into an empty table of this connection's own; its name."""
    fresh = f"fresh_{table.name}"
    await connection.exec_driver_sql(
        f"CREATE TEMP TABLE IF NOT EXISTS {fresh} (LIKE {table.name} INCLUDING DEFAULTS) ON COMMIT DELETE ROWS"
    )
    # A second use in the same transaction begins empty too.
    await connection.exec_driver_sql(f"DELETE FROM {fresh}")
    await bulk_insert(connection, table, names, values, into=fresh)
    return fresh


def _on_conflict(table: sa.Table, names: Sequence[str], updates: Sequence[str] | None) -> str:
    keys = [str(column.name) for column in table.primary_key.columns]
    sets = (
        updates
        if updates is not None
        else [f"{name} = excluded.{name}" for name in names if name not in keys]
    )
    action = f"UPDATE SET {', '.join(sets)}" if sets else "NOTHING"
    return f"ON CONFLICT ({', '.join(keys)}) DO {action}"


def _values(table: sa.Table, names: Sequence[str], rows: Iterable[Row]) -> Iterable[Values]:
    pick = itemgetter(*names)
    assert len(names) > 1, "itemgetter of one name gives no tuple"
    converters = _converters(table)
    converted = [(place, converters[name]) for place, name in enumerate(names) if name in converters]
    if not converted:
        return map(pick, rows)
    return (_converted(list(pick(row)), converted) for row in rows)


def _converted(values: list[Any], converted: Sequence[tuple[int, Callable[[Any], Any]]]) -> Values:
    for place, convert in converted:
        if values[place] is not None:
            values[place] = convert(values[place])
    return tuple(values)


@cache
def _converters(table: sa.Table) -> dict[str, Callable[[Any], Any]]:
    converters: dict[str, Callable[[Any], Any]] = {}
    for column in table.columns:
        if isinstance(column.type, UnsignedBigInteger):
            converters[str(column.name)] = signed64
        elif isinstance(column.type, WideInteger):
            converters[str(column.name)] = str
        else:
            assert not isinstance(column.type, JsonText) or table.name in ("events", "undo"), (
                "JSON comes as text"
            )
    return converters
