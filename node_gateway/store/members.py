"""Members as the read model has them."""

from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from node_gateway.domain.account import Account, Debt, OpenLot, PendingHold, account_of
from node_gateway.domain.states import HoldState, IssuerKind
from node_gateway.store import schema


@dataclass(frozen=True, slots=True)
class Issuer:
    """Who issued a lot: a partner, a campaign, or 0 for the operator."""

    kind: IssuerKind
    id: int

    @property
    def text(self) -> str:
        """`operator`, `partner:3`, `campaign:7`, `refund:3`."""
        return self.kind.value if self.kind is IssuerKind.OPERATOR else f"{self.kind.value}:{self.id}"


@dataclass(frozen=True, slots=True)
class MemberRow:
    """What is known of a member besides the account. All false and zero for one that was only given points."""

    is_enrolled: bool
    is_locked: bool
    freeze_reason: int
    next_nonce: int
    allowance_points_per_day: int
    key_active_from_s: int | None
    recovery_key: bytes | None
    recovery_due_at_s: int | None
    as_of_block: int


@dataclass(frozen=True, slots=True)
class MemberKey:
    """A key that may authorise for a member. `kind` 1 secp256k1, 2 passkey."""

    key: bytes
    kind: int


async def find_member(connection: AsyncConnection, member: bytes) -> MemberRow | None:
    row = (
        await connection.execute(sa.select(schema.members).where(schema.members.c.member == member))
    ).one_or_none()
    if row is None:
        return None
    return MemberRow(
        is_enrolled=row.is_enrolled,
        is_locked=row.is_locked,
        freeze_reason=row.freeze_reason,
        next_nonce=row.next_nonce,
        allowance_points_per_day=row.allowance_points_per_day,
        key_active_from_s=row.key_active_from_s,
        recovery_key=row.recovery_key,
        recovery_due_at_s=row.recovery_due_at_s,
        as_of_block=row.as_of_block,
    )


async def read_account(connection: AsyncConnection, member: bytes) -> Account:
    """The account as stored: not touched today. Empty for an unknown member."""
    return (await read_accounts(connection, [member]))[member]


async def read_accounts(connection: AsyncConnection, members: list[bytes]) -> dict[bytes, Account]:
    """Accounts as stored, of all `members` (at most some hundreds)."""
    lots: dict[bytes, list[OpenLot]] = {member: [] for member in members}
    holds: dict[bytes, list[PendingHold]] = {member: [] for member in members}
    debts: dict[bytes, list[Debt]] = {member: [] for member in members}
    lot = schema.lots.c
    # Literal, so that both databases use the index of open lots.
    open_lots = sa.select(
        lot.member, lot.lot, lot.terms, lot.expires_day, lot.arrival, lot.points_left
    ).where(lot.member.in_(members), sa.text("points_left > 0"))
    for lot_row in await connection.execute(open_lots):
        lots[lot_row.member].append(
            OpenLot(lot_row.lot, lot_row.terms, lot_row.expires_day, lot_row.arrival, lot_row.points_left)
        )
    hold = schema.holds.c
    pending = sa.select(hold.member, hold.nonce, hold.partner, hold.points, hold.expires_day).where(
        hold.member.in_(members), hold.state == HoldState.PENDING
    )
    for hold_row in await connection.execute(pending):
        holds[hold_row.member].append(
            PendingHold(hold_row.nonce, hold_row.partner, hold_row.points, hold_row.expires_day)
        )
    owed = sa.select(schema.debts).where(schema.debts.c.member.in_(members))
    for debt_row in await connection.execute(owed):
        debts[debt_row.member].append(Debt(debt_row.position, debt_row.terms, debt_row.points))
    return {member: account_of(lots[member], holds[member], debts[member]) for member in members}


async def read_keys(connection: AsyncConnection, member: bytes) -> list[MemberKey]:
    table = schema.member_keys
    rows = await connection.execute(
        sa.select(table.c.key, table.c.kind)
        .where(table.c.member == member)
        .order_by(table.c.block_number, table.c.key)
    )
    return [MemberKey(row.key, row.kind) for row in rows]


async def read_issuers(connection: AsyncConnection, terms: set[int]) -> dict[int, Issuer]:
    """Issuers of terms. Terms are few: partners' prices over time, and campaigns' stages."""
    table = schema.terms
    rows = await connection.execute(
        sa.select(table.c.terms, table.c.issuer_kind, table.c.issuer).where(table.c.terms.in_(terms))
    )
    return {row.terms: Issuer(IssuerKind(row.issuer_kind), row.issuer) for row in rows}
