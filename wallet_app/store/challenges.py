"""What a passkey was asked to sign. Each is taken once, and only until its deadline."""

import json
import secrets
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import delete, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from wallet_app.gateway import MemberId
from wallet_app.store.schema import challenges

CHALLENGE_VALIDITY_S = 300


class Purpose(StrEnum):
    """What the answer will be used for; an answer for one purpose is useless for another."""

    SIGN_IN = "sign_in"
    REGISTER = "register"
    JOIN = "join"
    REDEEM = "redeem"
    TRANSFER = "transfer"
    UNLOCK = "unlock"
    NEW_KEY = "new_key"
    ADD_KEY = "add_key"


@dataclass(frozen=True)
class Challenge:
    """`details` hold what the member was shown, so that nothing can be changed between asking and signing."""

    purpose: Purpose
    member: MemberId | None
    challenge: bytes
    details: dict[str, Any]


async def store_challenge(connection: AsyncConnection, challenge: Challenge, *, now_s: int) -> str:
    """Stores it and returns its id."""
    challenge_id = secrets.token_hex(16)
    await connection.execute(delete(challenges).where(challenges.c.expires_at_s <= now_s))
    await connection.execute(
        insert(challenges).values(
            id=challenge_id,
            purpose=challenge.purpose.value,
            member=challenge.member,
            challenge=challenge.challenge,
            details=json.dumps(challenge.details),
            expires_at_s=now_s + CHALLENGE_VALIDITY_S,
        )
    )
    return challenge_id


async def take_challenge(
    connection: AsyncConnection, challenge_id: str, *, purpose: Purpose, member: MemberId | None, now_s: int
) -> Challenge | None:
    """Removes and returns it; None when it is unknown, past its time, or for another purpose or member."""
    row = (
        await connection.execute(
            delete(challenges)
            .where(
                challenges.c.id == challenge_id,
                challenges.c.purpose == purpose.value,
                challenges.c.member.is_(None) if member is None else challenges.c.member == member,
                challenges.c.expires_at_s > now_s,
            )
            .returning(challenges)
        )
    ).one_or_none()
    if row is None:
        return None
    return Challenge(purpose=purpose, member=member, challenge=row.challenge, details=json.loads(row.details))


async def read_challenge(
    connection: AsyncConnection, challenge_id: str, *, purpose: Purpose, member: MemberId, now_s: int
) -> Challenge | None:
    """Returns it and leaves it; None as in `take_challenge`."""
    row = (
        await connection.execute(
            select(challenges).where(
                challenges.c.id == challenge_id,
                challenges.c.purpose == purpose.value,
                challenges.c.member == member,
                challenges.c.expires_at_s > now_s,
            )
        )
    ).one_or_none()
    if row is None:
        return None
    return Challenge(purpose=purpose, member=member, challenge=row.challenge, details=json.loads(row.details))


async def erase_challenges(connection: AsyncConnection, member: MemberId) -> None:
    await connection.execute(delete(challenges).where(challenges.c.member == member))
