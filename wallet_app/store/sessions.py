"""Signed-in browsers. Only a hash of the cookie is kept."""

import hashlib
import secrets
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import delete, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from wallet_app.store.schema import sessions


class SessionKind(StrEnum):
    """Who is signed in."""

    MEMBER = "member"
    TILL = "till"


@dataclass(frozen=True)
class Session:
    """`subject` is a member's id, or a till's name."""

    kind: SessionKind
    subject: str


async def open_session(connection: AsyncConnection, session: Session, *, now_s: int, validity_s: int) -> str:
    """Stores the session and returns the token for the cookie (256 random bits)."""
    token = secrets.token_urlsafe(32)
    await connection.execute(delete(sessions).where(sessions.c.expires_at_s <= now_s))
    await connection.execute(
        insert(sessions).values(
            token_sha256=_digest(token),
            kind=session.kind.value,
            subject=session.subject,
            expires_at_s=now_s + validity_s,
        )
    )
    return token


async def find_session(connection: AsyncConnection, token: str, *, now_s: int) -> Session | None:
    """The session of a cookie, None when there is none or it is past its time."""
    row = (
        await connection.execute(
            select(sessions.c.kind, sessions.c.subject).where(
                sessions.c.token_sha256 == _digest(token), sessions.c.expires_at_s > now_s
            )
        )
    ).one_or_none()
    return None if row is None else Session(kind=SessionKind(row.kind), subject=row.subject)


async def close_session(connection: AsyncConnection, token: str) -> None:
    """Signs this browser out."""
    await connection.execute(delete(sessions).where(sessions.c.token_sha256 == _digest(token)))


async def close_all_sessions(connection: AsyncConnection, subject: str) -> None:
    """Signs every browser of a member (or till) out."""
    await connection.execute(delete(sessions).where(sessions.c.subject == subject))


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
