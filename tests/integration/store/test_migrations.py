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
