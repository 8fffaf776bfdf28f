"""The rebuilt ledger against a gateway's database, read with plain SQL in one transaction."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import quote

import sqlalchemy as sa

from node_gateway.audit.differences import ABSENT, PRESENT, ROW, Difference, Witness, difference
from node_gateway.audit.ledger import RebuiltLedger
from node_gateway.audit.member_tables import MEMBER_TABLES
from node_gateway.audit.program_tables import PROGRAM_TABLES
from node_gateway.audit.rows import Table, signed64
from node_gateway.audit.views import owed

ROWS_AT_ONCE = 2_000
# Of operations that have not reached the chain, or never will, the chain says nothing.
NOT_ON_CHAIN = frozenset({"accepted", "expired"})


class DatabaseUnreadableError(Exception):
    """The database is not there, or is no gateway's."""

    def __init__(self, url: str, detail: str) -> None:
        self.url = url
        super().__init__(f"cannot read the database {url}: {detail}")


class Snapshot:
    """One consistent view of a gateway's database."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection

    def as_of_block(self) -> int:
        """The last block that is in it; -1 where none is."""
        next_block = self._connection.execute(sa.text("SELECT next_block FROM cursor")).scalar()
        return int(next_block) - 1 if next_block is not None else -1

    def ledger(self) -> str | None:
        """The address of the ledger that it follows."""
        address = self._connection.execute(sa.text("SELECT ledger FROM cursor")).scalar()
        return "0x" + bytes(address).hex() if address is not None else None

    def rows(self, table: str, columns: tuple[str, ...]) -> Iterator[tuple[Any, ...]]:
        """All rows of a table."""
        names = ", ".join(f'"{column}"' for column in columns)
        result = self._connection.execution_options(yield_per=ROWS_AT_ONCE).execute(
            sa.text(f'SELECT {names} FROM "{table}"')
        )
        for row in result:
            yield tuple(row)


@contextmanager
def snapshot(url: str) -> Iterator[Snapshot]:
    """Opens a database and keeps what it shows as it is now, while the gateway goes on.

    Raises:
        DatabaseUnreadableError: it is not there, or is no gateway's.
    """
    engine = _engine(url)
    try:
        with engine.connect() as connection:
            # SQLite takes its snapshot at the first read of a transaction that was begun.
            if engine.dialect.name == "sqlite":
                connection.exec_driver_sql("BEGIN")
            view = Snapshot(connection)
            view.as_of_block()
            yield view
    except sa.exc.SQLAlchemyError as error:
        detail = str(getattr(error, "orig", None) or error).strip().splitlines()[0]
        raise DatabaseUnreadableError(engine.url.render_as_string(hide_password=True), detail) from error
    finally:
        engine.dispose()


def _engine(url: str) -> sa.Engine:
    # The gateway's own URLs name its asynchronous drivers.
    url = re.sub(r"^sqlite\+aiosqlite", "sqlite", url)
    url = re.sub(r"^postgres(ql)?(\+\w+)?://", "postgresql+psycopg://", url)
    try:
        parsed = sa.make_url(url)
    except sa.exc.ArgumentError as error:
        raise DatabaseUnreadableError(url, "not a database URL") from error
    if parsed.get_backend_name() == "sqlite":
        return _sqlite_engine(parsed)
    if parsed.get_backend_name() != "postgresql":
        raise DatabaseUnreadableError(url, "a gateway's is SQLite or PostgreSQL")
    return sa.create_engine(
        parsed, isolation_level="REPEATABLE READ", execution_options={"postgresql_readonly": True}
    )


def _sqlite_engine(url: sa.URL) -> sa.Engine:
    # mode=rw: a file that is not there is an error and not an empty database; a WAL database needs more than mode=ro.
    if not url.database:
        raise DatabaseUnreadableError(str(url), "no file is named")
    read_only = url.set(database=f"file:{quote(url.database)}", query={"mode": "rw", "uri": "true"})
    # The driver is not to begin transactions by itself: `snapshot` does.
    return sa.create_engine(read_only, connect_args={"isolation_level": None})


def compare_database(ledger: RebuiltLedger, view: Snapshot) -> Iterator[Difference]:
    """Every row of the database that is not what the chain says.

    Args:
        ledger: rebuilt up to the snapshot's block.
        view: the database.
    """
    for table in MEMBER_TABLES + PROGRAM_TABLES:
        yield from _compare_table(ledger, view, table)
    yield from _compare_debts(ledger, view)
    yield from _compare_operations(ledger, view)
    yield from _compare_events(ledger, view)


def _compare_table(ledger: RebuiltLedger, view: Snapshot, table: Table) -> Iterator[Difference]:
    rebuilt = dict(table.rows(ledger))
    columns = tuple(next(iter(rebuilt.values()), {}))
    width = len(table.key)
    for row in view.rows(table.name, table.key + columns):
        key = tuple(map(_plain, row[:width]))
        expected = rebuilt.pop(key, None)
        if expected is None:
            yield difference(Witness.DATABASE, table.name, key, ROW, chain=ABSENT, found=PRESENT)
            continue
        for column, found in zip(columns, row[width:], strict=True):
            value = _like(expected[column], found)
            if value != expected[column]:
                yield difference(
                    Witness.DATABASE, table.name, key, column, chain=expected[column], found=value
                )
    for key, expected in rebuilt.items():
        if table.optional_when_zero is None or expected[table.optional_when_zero] != 0:
            yield difference(Witness.DATABASE, table.name, key, ROW, chain=PRESENT, found=ABSENT)


def _compare_debts(ledger: RebuiltLedger, view: Snapshot) -> Iterator[Difference]:
    """Debts in their order; how the rows are numbered is the gateway's affair."""
    found: dict[bytes, list[tuple[int, int, int]]] = {}
    for member, position, terms, points in view.rows("debts", ("member", "position", "terms", "points")):
        found.setdefault(bytes(member), []).append((int(position), int(terms), int(points)))
    members = {member for member, account in ledger.accounts.items() if account.debts}
    for member in sorted(members | found.keys()):
        expected = owed(ledger, ledger.account(member))
        listed = [(terms, points) for _, terms, points in sorted(found.get(member, ()))]
        if expected != listed:
            yield difference(
                Witness.DATABASE, "debts", (member,), "terms and points", chain=expected, found=listed
            )


def _compare_operations(ledger: RebuiltLedger, view: Snapshot) -> Iterator[Difference]:
    outcomes = {signed64(operation): outcome for operation, outcome in ledger.operations.items()}
    columns = ("id", "kind", "member", "counterparty", "status", "reason", "block_number", "log_index")
    for row in view.rows("operations", columns):
        operation, found = int(row[0]), dict(zip(columns[1:], map(_plain, row[1:]), strict=True))
        outcome = outcomes.pop(operation, None)
        key = (_operation_text(operation),)
        if outcome is None:
            if found["status"] not in NOT_ON_CHAIN:
                yield difference(
                    Witness.DATABASE, "operations", key, ROW, chain=ABSENT, found=found["status"]
                )
            continue
        expected = outcome._asdict()
        if outcome.status != "settled":
            # A rejection names neither the kind nor the member.
            del expected["kind"], expected["member"], expected["counterparty"]
        for column, value in expected.items():
            if found[column] != value:
                yield difference(
                    Witness.DATABASE, "operations", key, column, chain=value, found=found[column]
                )
    for operation in outcomes:
        yield difference(
            Witness.DATABASE, "operations", (_operation_text(operation),), ROW, chain=PRESENT, found=ABSENT
        )


def _operation_text(operation: int) -> str:
    number = operation & ((1 << 64) - 1)
    return f"{number >> 48}.{(number >> 32) & 0xFFFF}.{number & 0xFFFFFFFF}"


def _compare_events(ledger: RebuiltLedger, view: Snapshot) -> Iterator[Difference]:
    expected = dict(ledger.event_names)
    for row in view.rows("events", ("block_number", "log_index", "name", "tx_hash")):
        key = (int(row[0]), int(row[1]))
        found = (row[2], "0x" + bytes(row[3]).hex())
        if (rebuilt := expected.pop(key, None)) != found:
            yield difference(Witness.DATABASE, "events", key, "name and tx_hash", chain=rebuilt, found=found)
    for key in expected:
        yield difference(Witness.DATABASE, "events", key, ROW, chain=PRESENT, found=ABSENT)


def _plain(value: Any) -> Any:
    return bytes(value) if isinstance(value, memoryview) else value


def _like(expected: Any, found: Any) -> Any:
    """A database's value in the type of the chain's: SQLite has no booleans, wide numbers are text."""
    if found is None or expected is None:
        return _plain(found)
    if isinstance(expected, bool):
        return bool(found)
    if isinstance(expected, int) and isinstance(found, str):
        return int(found) if re.fullmatch(r"-?\d+", found) else found
    return _plain(found)
