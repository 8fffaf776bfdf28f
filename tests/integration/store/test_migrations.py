"""The migrations make, on both databases, the tables that the code declares."""

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext

from node_gateway.cli.stack import forget_tables
from node_gateway.store import schema
from node_gateway.store.database import create_database, sync_url
from node_gateway.store.migrate import SchemaBehindError, check_schema, upgrade


def test_migrations_create_exactly_the_declared_tables(empty_database_url: str) -> None:
    upgrade(empty_database_url)

    engine = sa.create_engine(sync_url(empty_database_url))
    with engine.connect() as connection:
        differences = compare_metadata(MigrationContext.configure(connection), schema.metadata)
    engine.dispose()

    assert differences == []


def test_upgrading_twice_keeps_the_data(empty_database_url: str) -> None:
    upgrade(empty_database_url)
    engine = sa.create_engine(sync_url(empty_database_url))
    with engine.begin() as connection:
        connection.execute(sa.insert(schema.members).values(member=b"\x01" * 20, as_of_block=7))

    upgrade(empty_database_url)

    with engine.connect() as connection:
        row = connection.execute(sa.select(schema.members)).one()
    engine.dispose()
    assert (row.member, row.balance, row.is_enrolled, row.as_of_block) == (b"\x01" * 20, 0, False, 7)


def test_used_nonces_are_filled_from_the_events_that_are_there(empty_database_url: str) -> None:
    anna, boris, carla = (bytes([of]) * 20 for of in (1, 2, 3))
    told = [
        (anna, "RedemptionSettled", 5), (anna, "HoldPlaced", 40), (anna, "HoldCaptured", 39), (anna, "TransferSettled", 38),
        (anna, "AllowanceSet", 0), (boris, "KeyAdded", 1), (carla, "AllowanceSet", 0),
    ]  # fmt: skip
    upgrade(empty_database_url, "0005")
    engine = sa.create_engine(sync_url(empty_database_url))
    with engine.begin() as connection:
        insert_member = sa.text("INSERT INTO members (member, as_of_block) VALUES (:member, 7)")
        connection.execute(insert_member, [{"member": member} for member in (anna, boris, carla)])
        for index, (member, name, nonce) in enumerate(told):
            row = {
                "block_number": 7,
                "log_index": index,
                "tx_hash": bytes(32),
                "name": name,
                "member": member,
            }
            connection.execute(sa.insert(schema.events).values(**row, data={"nonce": nonce}))

    upgrade(empty_database_url)

    with engine.connect() as connection:
        rows = connection.execute(sa.select(schema.members.c.member, schema.members.c.nonce_window)).all()
    engine.dispose()
    # Of 40 down to 8 in the window of Anna's 40: only 38. Nonce 0 counts as used below Boris's 1.
    assert dict(map(tuple, rows)) == {anna: 0b10, boris: 1, carla: 0}


async def test_an_empty_database_is_refused_with_what_to_do(empty_database_url: str) -> None:
    database = create_database(empty_database_url)
    with pytest.raises(SchemaBehindError, match="coalition migrate") as refused:
        await check_schema(database)
    await database.close()
    assert refused.value.found is None


def test_forgetting_drops_the_gateways_tables_and_no_other(empty_database_url: str) -> None:
    upgrade(empty_database_url)
    engine = sa.create_engine(sync_url(empty_database_url))
    with engine.begin() as connection:
        connection.execute(sa.insert(schema.members).values(member=b"\x01" * 20, as_of_block=7))
        connection.execute(sa.text("CREATE TABLE of_someone_else (id INTEGER)"))

    forget_tables(empty_database_url)
    left = sa.inspect(engine).get_table_names()
    upgrade(empty_database_url)
    forget_tables("")

    with engine.connect() as connection:
        members = connection.execute(sa.select(schema.members)).all()
    engine.dispose()
    assert (left, members) == (["of_someone_else"], [])
