"""Many rows at once, by the quickest way each database has. Rows are as the driver takes them: no column type of ours is applied."""

from collections.abc import Iterable, Sequence
from functools import cache

import psycopg
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.asyncio import AsyncConnection

Value = int | str | bytes | None


class DuplicateKeyError(Exception):
    """A row with this key is there already. The transaction must be rolled back."""


async def bulk_insert(
    connection: AsyncConnection,
    table: sa.Table,
    columns: Sequence[str],
    rows: Iterable[Sequence[Value]],
    *,
    into: str | None = None,
) -> None:
    """Inserts `rows` in one go: COPY on PostgreSQL, executemany on SQLite.

    Args:
        connection: within a transaction.
        table: names the columns' types.
        columns: those that are given; the others get their defaults.
        rows: values in the order of `columns`.
        into: another table with the same columns; `table` itself by default.

    Raises:
        DuplicateKeyError: a unique key is taken.
    """
    name = into or str(table.name)
    if connection.dialect.name == "postgresql":
        await _copy(connection, name, columns, _types(table, tuple(columns)), rows)
        return
    parameters = [tuple(row) for row in rows]
    if not parameters:
        return
    marks = ", ".join("?" * len(columns))
    statement = f"INSERT INTO {name} ({', '.join(columns)}) VALUES ({marks})"
    try:
        await connection.exec_driver_sql(statement, parameters)
    except sa.exc.IntegrityError as error:
        raise DuplicateKeyError(name) from error


async def _copy(
    connection: AsyncConnection,
    name: str,
    columns: Sequence[str],
    types: Sequence[str],
    rows: Iterable[Sequence[Value]],
) -> None:
    raw = await connection.get_raw_connection()
    driver = raw.driver_connection
    assert isinstance(driver, psycopg.AsyncConnection)
    # Binary: bytes and numbers are neither written out nor parsed.
    statement = f"COPY {name} ({', '.join(columns)}) FROM STDIN (FORMAT BINARY)"
    try:
        async with driver.cursor() as cursor, cursor.copy(statement.encode()) as copy:
            copy.set_types(types)
            for row in rows:
                await copy.write_row(row)
    except psycopg.IntegrityError as error:
        raise DuplicateKeyError(name) from error
    except psycopg.Error as error:
        # SQLAlchemy did not see this statement, so its errors are wrapped here as it does.
        raise sa.exc.OperationalError(statement, None, error) from error


@cache
def _types(table: sa.Table, columns: tuple[str, ...]) -> tuple[str, ...]:
    """PostgreSQL's names of the columns' types, without a length."""
    dialect: sa.Dialect = postgresql.dialect()  # type: ignore[no-untyped-call]
    kinds = (table.c[name].type.compile(dialect).partition("(")[0].lower() for name in columns)
    return tuple("varchar" if kind == "character varying" else kind for kind in kinds)
