"""Passkeys of members: what is needed to check their answers. Labels are personal data and live there."""

from dataclasses import dataclass

from sqlalchemy import delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from wallet_app.gateway import MemberId
from wallet_app.store.schema import passkeys

PASSKEYS_PER_MEMBER_MAX = 10


@dataclass(frozen=True)
class Passkey:
    """`public_key` is COSE, `ledger_key` the 20-byte key that the ledger knows."""

    credential_id: bytes
    member: MemberId
    public_key: bytes
    ledger_key: str
    sign_count: int
    created_at_s: int


async def add_passkey(connection: AsyncConnection, passkey: Passkey) -> None:
    await connection.execute(insert(passkeys).values(**vars(passkey)))


async def find_passkey(connection: AsyncConnection, credential_id: bytes) -> Passkey | None:
    row = (
        await connection.execute(select(passkeys).where(passkeys.c.credential_id == credential_id))
    ).one_or_none()
    return None if row is None else Passkey(**row._mapping)


async def passkeys_of(connection: AsyncConnection, member: MemberId) -> list[Passkey]:
    """At most `PASSKEYS_PER_MEMBER_MAX`, oldest first."""
    rows = await connection.execute(
        select(passkeys)
        .where(passkeys.c.member == member)
        .order_by(passkeys.c.created_at_s)
        .limit(PASSKEYS_PER_MEMBER_MAX)
    )
    return [Passkey(**row._mapping) for row in rows]


async def record_use(connection: AsyncConnection, credential_id: bytes, *, sign_count: int) -> None:
    await connection.execute(
        update(passkeys).where(passkeys.c.credential_id == credential_id).values(sign_count=sign_count)
    )


async def erase_passkeys(connection: AsyncConnection, member: MemberId) -> None:
    await connection.execute(delete(passkeys).where(passkeys.c.member == member))
