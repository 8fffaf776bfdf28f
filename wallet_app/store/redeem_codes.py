"""Redemption codes: a short name for an authorisation that the member has signed for one partner."""

import secrets
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from wallet_app.gateway import MemberId, PartnerId
from wallet_app.store.schema import redeem_codes

# Crockford's alphabet: nothing that looks like something else, and all of it in QR's alphanumeric mode.
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
CODE_CHARS = 8
KEPT_AFTER_EXPIRY_S = 86_400


class CodeState(StrEnum):
    """A code is used at most once. Expiry follows from the time."""

    OPEN = "open"
    TAKEN = "taken"
    USED = "used"
    CANCELLED = "cancelled"


@dataclass(frozen=True)
class RedeemCode:
    code: str
    member: MemberId
    partner: PartnerId
    max_points: int
    nonce: int
    authorisation: bytes
    expires_at_s: int
    state: CodeState = CodeState.OPEN
    points_used: int | None = None
    operation: str | None = None


def new_code() -> str:
    """40 random bits; bound to one partner and minutes, and tills are rate-limited."""
    return "".join(secrets.choice(ALPHABET) for _ in range(CODE_CHARS))


def normalised_code(typed: str) -> str:
    """What a person typed or a scanner read, as stored: spaces and dashes gone, look-alikes folded."""
    folded = typed.strip().upper().replace(" ", "").replace("-", "")
    return folded.translate(str.maketrans("OIL", "011"))[: CODE_CHARS * 2]


async def add_code(connection: AsyncConnection, code: RedeemCode, *, now_s: int) -> None:
    await connection.execute(
        delete(redeem_codes).where(redeem_codes.c.expires_at_s <= now_s - KEPT_AFTER_EXPIRY_S)
    )
    await connection.execute(insert(redeem_codes).values(**{**vars(code), "state": code.state.value}))


async def find_code(connection: AsyncConnection, code: str) -> RedeemCode | None:
    row = (await connection.execute(select(redeem_codes).where(redeem_codes.c.code == code))).one_or_none()
    if row is None:
        return None
    return RedeemCode(**{**row._mapping, "state": CodeState(row.state)})


async def find_code_by_nonce(connection: AsyncConnection, member: MemberId, nonce: int) -> RedeemCode | None:
    """The newest code of a member's authorisation."""
    row = (
        await connection.execute(
            select(redeem_codes)
            .where(redeem_codes.c.member == member, redeem_codes.c.nonce == nonce)
            .order_by(redeem_codes.c.expires_at_s.desc())
            .limit(1)
        )
    ).one_or_none()
    return None if row is None else RedeemCode(**{**row._mapping, "state": CodeState(row.state)})


async def change_code_state(
    connection: AsyncConnection, code: str, *, expected: CodeState, becomes: CodeState
) -> bool:
    """Moves the code on; False when it was no longer in the expected state (someone else was faster)."""
    result = await connection.execute(
        update(redeem_codes)
        .where(redeem_codes.c.code == code, redeem_codes.c.state == expected.value)
        .values(state=becomes.value)
    )
    return result.rowcount == 1


async def record_redemption(connection: AsyncConnection, code: str, *, points: int, operation: str) -> None:
    await connection.execute(
        update(redeem_codes)
        .where(redeem_codes.c.code == code)
        .values(state=CodeState.USED.value, points_used=points, operation=operation)
    )


async def highest_reserved_nonce(connection: AsyncConnection, member: MemberId, *, now_s: int) -> int | None:
    """The highest nonce of an authorisation that is still good; None when there is none."""
    highest: int | None = (
        await connection.execute(
            select(func.max(redeem_codes.c.nonce)).where(
                redeem_codes.c.member == member, redeem_codes.c.expires_at_s > now_s
            )
        )
    ).scalar_one_or_none()
    return highest


async def erase_codes(connection: AsyncConnection, member: MemberId) -> None:
    await connection.execute(delete(redeem_codes).where(redeem_codes.c.member == member))
