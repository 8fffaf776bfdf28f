"""Many rows at once, by the quickest way each database has. Rows are as the driver takes them: no column type of ours is applied."""

from collections.abc import Iterable, Sequence

import psycopg
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

Value = int | str | bytes | None


class DuplicateKeyError(Exception):
    """A row with this key is there already. The transaction must be rolled back."""


async def bulk_insert(
    connection: AsyncConnection, table: sa.Table, columns: Sequence[str], rows: Iterable[Sequence[Value]]
) -> None:
    """Inserts `rows` in one go: COPY on PostgreSQL, executemany on SQLite.

    Raises:
        DuplicateKeyError: a unique key is taken.
    """
    if connection.dialect.name == "postgresql":
        await _copy(connection, table, columns, rows)
        return
    parameters = [tuple(row) for row in rows]
    if not parameters:
        return
    marks = ", ".join("?" * len(columns))
    statement = f"INSERT INTO {table.name} ({', '.join(columns)}) VALUES ({marks})"
    try:
        await connection.exec_driver_sql(statement, parameters)
    except sa.exc.IntegrityError as error:
        raise DuplicateKeyError(table.name) from error


async def _copy(
    connection: AsyncConnection, table: sa.Table, columns: Sequence[str], rows: Iterable[Sequence[Value]]
) -> None:
    raw = await connection.get_raw_connection()
    driver = raw.driver_connection
    assert isinstance(driver, psycopg.AsyncConnection)
    statement = f"COPY {table.name} ({', '.join(columns)}) FROM STDIN"
    try:
        async with driver.cursor() as cursor, cursor.copy(statement.encode()) as copy:
            for row in rows:
                await copy.write_row(row)
    except psycopg.IntegrityError as error:
        raise DuplicateKeyError(table.name) from error
    except psycopg.Error as error:
        # SQLAlchemy did not see this statement, so its errors are wrapped here as it does.
        raise sa.exc.OperationalError(statement, None, error) from error
