"""Personal data under a key of each member's own. Erasing a member destroys the key, and with it every copy of the data,
those in old backups included."""

import os

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import delete, insert, select
from sqlalchemy.dialects.sqlite import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from wallet_app.gateway import MemberId
from wallet_app.store.schema import data_keys, personal_data

NONCE_BYTES = 12
VALUE_CHARS_MAX = 200


async def write_field(
    connection: AsyncConnection, *, master_key: bytes, member: MemberId, field: str, value: str, now_s: int
) -> None:
    """Seals and stores one field of at most `VALUE_CHARS_MAX` characters."""
    assert len(value) <= VALUE_CHARS_MAX
    key = await _data_key(connection, master_key, member) or await _make_data_key(
        connection, master_key, member, now_s
    )
    sealed = _seal(key, value.encode(), f"{member}/{field}")
    statement = upsert(personal_data).values(member=member, field=field, sealed=sealed)
    await connection.execute(
        statement.on_conflict_do_update(index_elements=["member", "field"], set_={"sealed": sealed})
    )


async def read_fields(connection: AsyncConnection, *, master_key: bytes, member: MemberId) -> dict[str, str]:
    """All fields of a member; empty when there are none or the key was destroyed."""
    key = await _data_key(connection, master_key, member)
    if key is None:
        return {}
    rows = await connection.execute(
        select(personal_data.c.field, personal_data.c.sealed).where(personal_data.c.member == member)
    )
    return {row.field: _open(key, row.sealed, f"{member}/{row.field}").decode() for row in rows}


async def erase_fields(connection: AsyncConnection, member: MemberId) -> None:
    """Destroys the member's data key and the sealed fields."""
    await connection.execute(delete(data_keys).where(data_keys.c.member == member))
    await connection.execute(delete(personal_data).where(personal_data.c.member == member))


async def _data_key(connection: AsyncConnection, master_key: bytes, member: MemberId) -> bytes | None:
    wrapped = (
        await connection.execute(select(data_keys.c.wrapped_key).where(data_keys.c.member == member))
    ).scalar_one_or_none()
    return None if wrapped is None else _open(master_key, wrapped, member)


async def _make_data_key(
    connection: AsyncConnection, master_key: bytes, member: MemberId, now_s: int
) -> bytes:
    key = AESGCM.generate_key(256)
    await connection.execute(
        insert(data_keys).values(
            member=member, wrapped_key=_seal(master_key, key, member), created_at_s=now_s
        )
    )
    return key


def _seal(key: bytes, plain: bytes, context: str) -> bytes:
    nonce = os.urandom(NONCE_BYTES)
    return nonce + AESGCM(key).encrypt(nonce, plain, context.encode())


def _open(key: bytes, sealed: bytes, context: str) -> bytes:
    return AESGCM(key).decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], context.encode())
