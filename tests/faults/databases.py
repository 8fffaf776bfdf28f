"""Real databases for a seed: a SQLite file, or a PostgreSQL database on a server of the campaign's own."""

import shutil
import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import psycopg
import sqlalchemy as sa

from node_gateway.domain.states import PartyKind
from node_gateway.service.api_keys import KEY_PREFIX, hash_api_key
from node_gateway.store import schema
from node_gateway.store.database import Database, create_database, sync_url
from node_gateway.store.migrate import upgrade
from tests.faults.chain import Chain
from tests.faults.ledger import PARTNERS
from tests.faults.postgres_driver import SteppedPostgres
from tests.faults.process import Process
from tests.faults.sqlite_driver import SteppedSqlite
from tests.postgres_server import PostgresServer

DEADLOCK_TIMEOUT_MS = 20
WALLET = "wallet"
SECRET = "whsec_" + "QUFB" * 8


def api_key(party: str) -> str:
    """The API key of a party, the same in every seed."""
    return KEY_PREFIX + party.replace(":", "-").ljust(43, "0")


PARTIES = (*(f"partner:{partner}" for partner in PARTNERS), WALLET)
# Two endpoints of one partner, of which one will be slow, and one of the operator, who wants to know of some events only.
RARE_EVENTS = ("MemberEnrolled", "HoldCaptured", "HoldVoided", "GrantSettled")
WEBHOOKS = (
    ("steady", "partner", 1, None),
    ("slow", "partner", 1, None),
    ("all", "operator", None, RARE_EVENTS),
)


class Storage(Protocol):
    """Where the databases of a campaign are made, all alike."""

    kind: str

    def create(self, name: str) -> str:
        """Makes a migrated database with API keys and webhooks, and returns its URL."""

    def drop(self, url: str) -> None:
        """Removes it."""

    def close(self) -> None:
        """Ends the server."""


class SqliteStorage:
    """Files in a directory, copied from one that was migrated."""

    kind = "sqlite"

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._template = directory / "template.db"
        directory.mkdir(parents=True, exist_ok=True)
        self._template.unlink(missing_ok=True)
        _prepare(f"sqlite:///{self._template}")

    def create(self, name: str) -> str:
        path = self._directory / f"{name}.db"
        self.drop(f"sqlite:///{path}")
        shutil.copyfile(self._template, path)
        return f"sqlite:///{path}"

    def drop(self, url: str) -> None:
        path = Path(url.removeprefix("sqlite:///"))
        for one in path.parent.glob(f"{path.name}*"):
            one.unlink()

    def close(self) -> None:
        self._template.unlink(missing_ok=True)


class PostgresStorage:
    """Databases of a server, each copied from one that was migrated."""

    kind = "postgresql"

    def __init__(self, server: PostgresServer) -> None:
        self._server = server
        with psycopg.connect(server.url("postgres"), autocommit=True) as connection:
            connection.execute(f"ALTER SYSTEM SET deadlock_timeout = '{DEADLOCK_TIMEOUT_MS}ms'")
            connection.execute("SELECT pg_reload_conf()")
        _prepare(server.create("faults_template"))

    def create(self, name: str) -> str:
        name = name.replace("-", "_")
        self.drop(self._server.url(name))
        return self._server.create(name, template="faults_template")

    def drop(self, url: str) -> None:
        name = url.rsplit("/", 1)[1]
        with psycopg.connect(self._server.url("postgres"), autocommit=True) as connection:
            connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)'.encode())

    def close(self) -> None:
        self._server.stop()


def _prepare(url: str) -> None:
    upgrade(url)
    engine = sa.create_engine(sync_url(url))
    with engine.begin() as connection:
        for party in PARTIES:
            kind, _, partner = party.partition(":")
            row = {
                "key_hash": hash_api_key(api_key(party)), "party": PartyKind(kind).value,
                "partner": int(partner) if partner else None, "label": party, "created_at_ms": 0,
            }  # fmt: skip
            connection.execute(sa.insert(schema.api_keys).values(row))
        for name, party, of_partner, events in WEBHOOKS:
            hook = {
                "id": name, "party": party, "partner": of_partner, "url": f"http://{name}.example/hook", "secrets": [SECRET],
                "event_names": events and list(events), "next_block": 0, "created_at_ms": 0,
            }  # fmt: skip
            connection.execute(sa.insert(schema.webhooks).values(hook))
    engine.dispose()


def keep_deployment(url: str, chain: Chain) -> None:
    """What `coalition deploy` leaves in the tables: its transaction, with its place in the chain."""
    block = chain.blocks[1]
    (transaction,) = block.transactions
    row = {
        "sender": transaction.sender, "nonce": transaction.nonce, "act": "deploy", "raw_tx": transaction.raw,
        "tx_hash": bytes.fromhex(transaction.tx_hash[2:]), "created_at_ms": 0, "block_number": block.number, "tx_index": 0,
        "block_timestamp_s": block.timestamp_s,
    }  # fmt: skip
    engine = sa.create_engine(sync_url(url))
    with engine.begin() as connection:
        connection.execute(sa.insert(schema.plain_transactions).values(row))
    engine.dispose()


def open_database(url: str, process: Process, on_commit: Callable[[], None]) -> Database:
    """The gateway's own `Database`, its connections made to step with a process."""
    database = create_database(url)
    engine: sa.Engine = database._engine.sync_engine

    def connect(_dialect: Any, _record: Any, arguments: Any, options: dict[str, Any]) -> None:
        if database.is_sqlite:
            options.clear()
            options["async_creator_fn"] = lambda path, **_: SteppedSqlite(path, process, on_commit)
        else:
            options["async_creator_fn"] = SteppedPostgres.opener(process, on_commit)

    def prepare(connection: Any, _record: Any) -> None:
        # Two connections in one thread: waiting for a lock is done in virtual time.
        connection._connection._open().execute("PRAGMA busy_timeout = 0")

    sa.event.listen(engine, "do_connect", connect)
    if database.is_sqlite:
        sa.event.listen(engine, "connect", prepare)
    return database


@dataclass
class Reader:
    """Reads a seed's database besides the gateway, at once and without steps."""

    url: str

    def __post_init__(self) -> None:
        self._sqlite: sqlite3.Connection | None = None
        self._postgres: psycopg.Connection[Any] | None = None
        if self.url.startswith("sqlite"):
            self._sqlite = sqlite3.connect(self.url.removeprefix("sqlite:///"), isolation_level=None)
        else:
            self._postgres = psycopg.connect(self.url, autocommit=True)

    def rows(self, statement: str) -> Sequence[tuple[Any, ...]]:
        """All rows of a query."""
        connection = self._sqlite or self._postgres
        assert connection is not None
        return connection.execute(statement).fetchall()

    def close(self) -> None:
        for connection in (self._sqlite, self._postgres):
            if connection is not None:
                connection.close()
