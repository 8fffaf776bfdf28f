"""Transactions and locks behave the same on both databases."""

from pathlib import Path

import pytest
import sqlalchemy as sa

from node_gateway.store import schema
from node_gateway.store.database import Database, UnsupportedDatabaseError, create_database
from node_gateway.store.process_lock import DatabaseInUseError, ProcessLock

BIGGEST_OPERATION_ID = 2**64 - 1
MEMBER = b"\x07" * 20


async def test_writing_rolls_back_everything_when_something_is_raised(database: Database) -> None:
    async def write_and_fail() -> None:
        async with database.writing() as connection:
            await connection.execute(sa.insert(schema.members).values(member=MEMBER, as_of_block=1))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await write_and_fail()

    async with database.reading() as connection:
        assert (await connection.execute(sa.select(schema.members))).all() == []


async def test_numbers_beyond_sql_integers_come_back_whole(database: Database) -> None:
    async with database.writing() as connection:
        await connection.execute(
            sa.insert(schema.operations).values(
                id=BIGGEST_OPERATION_ID, kind=1, partner=65535, status="accepted", accepted_at_ms=1
            )
        )
        await connection.execute(
            sa.insert(schema.positions).values(
                partner=1,
                base_micro=2**255 - 1,
                bonus_micro=0,
                credit_micro=-(2**255),
                reimbursed_micro=0,
                as_of_block=1,
            )
        )

    async with database.reading() as connection:
        found = await connection.scalar(
            sa.select(schema.operations.c.id).where(schema.operations.c.id == BIGGEST_OPERATION_ID)
        )
        position = (await connection.execute(sa.select(schema.positions))).one()
    assert found == BIGGEST_OPERATION_ID
    assert (position.base_micro, position.credit_micro) == (2**255 - 1, -(2**255))


async def test_a_reader_sees_one_moment_while_another_writes(database: Database) -> None:
    async with database.reading() as reader:
        before = (await reader.execute(sa.select(schema.members))).all()
        async with database.writing() as writer:
            await writer.execute(sa.insert(schema.members).values(member=MEMBER, as_of_block=1))
        after = (await reader.execute(sa.select(schema.members))).all()
    assert before == after == []


def test_a_second_process_of_a_role_is_refused_and_told_who_has_it(tmp_path: Path) -> None:
    path = tmp_path / "gateway.db"
    refused = pytest.raises(DatabaseInUseError, match=r"used by a running api process \(process \d+\)")
    with ProcessLock(path, "api"), ProcessLock(path, "worker"), refused:
        ProcessLock(path, "api").acquire()
    with ProcessLock(path, "api"):
        pass


def test_an_in_memory_database_is_refused() -> None:
    with pytest.raises(UnsupportedDatabaseError):
        create_database("sqlite://")
