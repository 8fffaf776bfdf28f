"""The wallet's own tables: personal data, sessions, challenges, codes."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from cryptography.exceptions import InvalidTag
from sqlalchemy import select, text

from wallet_app.errors import ConfigurationError
from wallet_app.gateway import MemberId, PartnerId
from wallet_app.store.challenges import Challenge, Purpose, store_challenge, take_challenge
from wallet_app.store.database import Database, open_database
from wallet_app.store.personal_data import erase_fields, read_fields, write_field
from wallet_app.store.redeem_codes import (
    CodeState,
    RedeemCode,
    add_code,
    change_code_state,
    find_code,
    highest_reserved_nonce,
    new_code,
    normalised_code,
)
from wallet_app.store.schema import personal_data
from wallet_app.store.sessions import Session, SessionKind, close_all_sessions, find_session, open_session

MASTER_KEY = bytes(32)
ANN = MemberId("0x" + "a1" * 20)
BOB = MemberId("0x" + "b2" * 20)


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    opened = await open_database(tmp_path / "wallet.db")
    yield opened
    await opened.close()


async def write_name(database: Database, member: MemberId, name: str) -> None:
    async with database.begin() as connection:
        await write_field(connection, master_key=MASTER_KEY, member=member, field="name", value=name, now_s=1)


async def test_personal_data_is_sealed_and_comes_back(database: Database) -> None:
    await write_name(database, ANN, "Ann")
    await write_name(database, ANN, "Анна 安娜")
    async with database.begin() as connection:
        assert await read_fields(connection, master_key=MASTER_KEY, member=ANN) == {"name": "Анна 安娜"}
        sealed = (await connection.execute(select(personal_data.c.sealed))).scalar_one()
    assert "Анна".encode() not in sealed


async def test_erasing_one_member_destroys_the_key_and_nobody_elses(
    database: Database, tmp_path: Path
) -> None:
    await write_name(database, ANN, "Ann Example")
    await write_name(database, BOB, "Bob")
    async with database.begin() as connection:
        await erase_fields(connection, ANN)
    async with database.begin() as connection:
        assert await read_fields(connection, master_key=MASTER_KEY, member=ANN) == {}
        assert await read_fields(connection, master_key=MASTER_KEY, member=BOB) == {"name": "Bob"}
        wrapped = await connection.execute(text("SELECT member FROM data_keys"))
        assert [row.member for row in wrapped] == [BOB]


async def test_a_sealed_field_cannot_be_moved_to_another_member(database: Database) -> None:
    await write_name(database, ANN, "Ann")
    await write_name(database, BOB, "Bob")
    async with database.begin() as connection:
        await connection.execute(
            text("UPDATE personal_data SET sealed = (SELECT sealed FROM personal_data WHERE member = :ann)"),
            {"ann": ANN},
        )
        with pytest.raises(InvalidTag):
            await read_fields(connection, master_key=MASTER_KEY, member=BOB)


async def test_session_ends_at_its_time_and_when_all_are_closed(database: Database) -> None:
    session = Session(SessionKind.MEMBER, ANN)
    async with database.begin() as connection:
        token = await open_session(connection, session, now_s=100, validity_s=50)
        assert await find_session(connection, token, now_s=149) == session
        assert await find_session(connection, token, now_s=150) is None
        await close_all_sessions(connection, ANN)
        assert await find_session(connection, token, now_s=149) is None


async def test_challenge_is_taken_once_for_its_own_purpose_member_and_time(database: Database) -> None:
    asked = Challenge(Purpose.REDEEM, ANN, b"digest", {"points": 5})
    async with database.begin() as connection:
        first = await store_challenge(connection, asked, now_s=100)
        for purpose, member, now_s in (
            (Purpose.TRANSFER, ANN, 101),
            (Purpose.REDEEM, BOB, 101),
            (Purpose.REDEEM, None, 101),
            (Purpose.REDEEM, ANN, 100 + 300),
        ):
            assert (
                await take_challenge(connection, first, purpose=purpose, member=member, now_s=now_s) is None
            )
        assert await take_challenge(connection, first, purpose=Purpose.REDEEM, member=ANN, now_s=101) == asked
        assert await take_challenge(connection, first, purpose=Purpose.REDEEM, member=ANN, now_s=101) is None


async def test_only_one_of_two_tills_takes_a_code(database: Database) -> None:
    code = RedeemCode(new_code(), ANN, PartnerId(1), 100, 7, b"authorisation", expires_at_s=400)
    async with database.begin() as connection:
        await add_code(connection, code, now_s=100)
        taken = [
            await change_code_state(connection, code.code, expected=CodeState.OPEN, becomes=CodeState.TAKEN)
            for _ in range(2)
        ]
        assert taken == [True, False]
        found = await find_code(connection, code.code)
        assert found is not None
        assert found.state is CodeState.TAKEN
        assert await highest_reserved_nonce(connection, ANN, now_s=399) == 7
        assert await highest_reserved_nonce(connection, ANN, now_s=400) is None


@pytest.mark.parametrize("typed", [" ab12-cd34 ", "AB12CD34", "ab12 cd34"])
def test_typed_code_is_read_in_any_spelling(typed: str) -> None:
    assert normalised_code(typed) == "AB12CD34"


def test_look_alikes_are_folded() -> None:
    assert normalised_code("oil0") == "0110"


async def test_a_newer_database_is_refused_with_advice(tmp_path: Path) -> None:
    opened = await open_database(tmp_path / "wallet.db")
    async with opened.begin() as connection:
        await connection.execute(text("PRAGMA user_version = 99"))
    await opened.close()
    with pytest.raises(ConfigurationError, match="install the newer wallet"):
        await open_database(tmp_path / "wallet.db")


async def test_a_state_directory_that_cannot_be_made_is_refused_with_advice(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(ConfigurationError, match="state directory"):
        await open_database(tmp_path / "file" / "wallet.db")
