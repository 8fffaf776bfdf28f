"""Positions, statements and payments of partners, and the totals."""

from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from node_gateway.store import schema


@dataclass(frozen=True, slots=True)
class Lines:
    """Clearing lines in micro-units. `net_micro` positive: the partner pays."""

    base_micro: int
    bonus_micro: int
    credit_micro: int
    reimbursed_micro: int

    @property
    def net_micro(self) -> int:
        return self.base_micro + self.bonus_micro - self.credit_micro - self.reimbursed_micro

    def minus(self, other: "Lines") -> "Lines":
        return Lines(
            self.base_micro - other.base_micro,
            self.bonus_micro - other.bonus_micro,
            self.credit_micro - other.credit_micro,
            self.reimbursed_micro - other.reimbursed_micro,
        )


NO_LINES = Lines(0, 0, 0, 0)


@dataclass(frozen=True, slots=True)
class StatementRow:
    """One partner's statement of one closed cycle. `exact = net + carried_in`; payable is exact in minor units, half to even."""

    cycle: int
    day: int
    lines: Lines
    carried_in_micro: int
    payable_minor: int
    carried_out_micro: int


@dataclass(frozen=True, slots=True)
class PartnerRow:
    """A partner as registered. Limits: None means none."""

    partner: int
    name: str
    key: bytes
    is_suspended: bool
    version: int
    issue_price_micro: int | None
    redeem_price_micro: int | None
    earn_points_per_100_minor: int | None
    credit_limit_micro: int | None
    operation_points_max: int | None
    member_day_points_max: int | None
    partner_day_points_max: int | None


async def read_position(connection: AsyncConnection, partner: int) -> Lines:
    """Cumulative lines since the start."""
    table = schema.positions
    row = (await connection.execute(sa.select(table).where(table.c.partner == partner))).one_or_none()
    return NO_LINES if row is None else _lines(row)


async def read_positions(connection: AsyncConnection) -> dict[int, Lines]:
    """Cumulative lines of every partner that has any."""
    rows = await connection.execute(sa.select(schema.positions).order_by(schema.positions.c.partner))
    return {row.partner: _lines(row) for row in rows}


async def read_statements(
    connection: AsyncConnection, *, partner: int, before_cycle: int | None, limit: int
) -> list[StatementRow]:
    """Newest cycle first."""
    table = schema.statements
    query = (
        sa.select(table, schema.cycles.c.day)
        .select_from(table.outerjoin(schema.cycles, schema.cycles.c.cycle == table.c.cycle))
        .where(table.c.partner == partner)
        .order_by(table.c.cycle.desc())
        .limit(limit)
    )
    if before_cycle is not None:
        query = query.where(table.c.cycle < before_cycle)
    return [
        StatementRow(
            cycle=row.cycle,
            day=row.day or 0,
            lines=_lines(row),
            carried_in_micro=row.carried_in_micro,
            payable_minor=row.payable_minor,
            carried_out_micro=row.carried_out_micro,
        )
        for row in await connection.execute(query)
    ]


async def read_stated_lines(connection: AsyncConnection, partner: int) -> Lines:
    """What all statements of the partner add up to. Summed here: SQL has no whole numbers that wide on both databases."""
    table = schema.statements
    total = NO_LINES
    for row in await connection.execute(sa.select(table).where(table.c.partner == partner)):
        total = total.minus(NO_LINES.minus(_lines(row)))
    return total


async def read_unpaid_minor(connection: AsyncConnection, partner: int) -> int:
    """What all statements ask for, less what was paid and confirmed. Positive: the partner owes."""
    stated, paid = schema.statements, schema.payments
    unpaid = 0
    for payable_minor in await connection.scalars(
        sa.select(stated.c.payable_minor).where(stated.c.partner == partner)
    ):
        unpaid += payable_minor
    confirmed = sa.select(paid.c.is_from_partner, paid.c.amount_minor).where(
        paid.c.partner == partner, paid.c.confirmed_block.is_not(None)
    )
    for row in await connection.execute(confirmed):
        unpaid += -row.amount_minor if row.is_from_partner else row.amount_minor
    return unpaid


async def find_partner(connection: AsyncConnection, partner: int) -> PartnerRow | None:
    row = (
        await connection.execute(sa.select(schema.partners).where(schema.partners.c.partner == partner))
    ).one_or_none()
    return None if row is None else _partner(row)


async def read_partners(connection: AsyncConnection) -> list[PartnerRow]:
    """All partners, by id."""
    return [
        _partner(row)
        for row in await connection.execute(sa.select(schema.partners).order_by(schema.partners.c.partner))
    ]


def _partner(row: sa.Row[tuple[object, ...]]) -> PartnerRow:
    return PartnerRow(**{name: getattr(row, name) for name in PartnerRow.__slots__})


def _lines(row: sa.Row[tuple[object, ...]]) -> Lines:
    return Lines(**{name: getattr(row, name) for name in Lines.__slots__})


@dataclass(frozen=True, slots=True)
class TotalsRow:
    """All points since the start: issued = burned + cancelled + expired + outstanding."""

    issued: int
    burned: int
    cancelled: int
    expired: int
    outstanding: int


async def read_totals(connection: AsyncConnection) -> TotalsRow:
    row = (await connection.execute(sa.select(schema.totals))).one_or_none()
    if row is None:
        return TotalsRow(0, 0, 0, 0, 0)
    return TotalsRow(row.issued, row.burned, row.cancelled, row.expired, row.outstanding)
