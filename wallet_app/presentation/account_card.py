"""The card on top of the home page, and what expires next."""

from dataclasses import dataclass
from itertools import groupby

from wallet_app.formatting import Formatter
from wallet_app.gateway import Account, PartnerId
from wallet_app.presentation.activity import partner_name, short_member

EXPIRING_DAYS_SHOWN = 3
SOON_DAYS = 14


@dataclass(frozen=True)
class HeldLine:
    partner: str
    points: str
    until: str


@dataclass(frozen=True)
class AccountCard:
    """`available_points` is the bare number, for the page's script; the rest is text."""

    available_points: int
    available: str
    unit: str
    held: str | None
    held_lines: tuple[HeldLine, ...]
    debt: str | None
    number: str
    is_locked: bool
    is_frozen: bool
    is_enrolled: bool
    as_of_block: str


@dataclass(frozen=True)
class ExpiringDay:
    points: str
    unit: str
    date: str
    relative: str
    is_soon: bool


def account_card(account: Account, *, partners: dict[PartnerId, str], formatter: Formatter) -> AccountCard:
    """The card of an account as touched today."""
    held_lines = tuple(
        HeldLine(
            partner=partner_name(hold.partner, partners, formatter),
            points=formatter.points(hold.points),
            until=formatter.day(hold.expires_day),
        )
        for hold in account.holds
    )
    return AccountCard(
        available_points=account.available,
        available=formatter.points(account.available),
        unit=formatter.catalogue.text("unit.points", count=account.available),
        held=formatter.points(account.held) if account.held else None,
        held_lines=held_lines,
        debt=formatter.points(account.debt) if account.debt else None,
        number=short_member(account.member),
        is_locked=account.is_locked,
        is_frozen=account.is_frozen,
        is_enrolled=account.is_enrolled,
        as_of_block=formatter.points(account.as_of_block),
    )


def expiring_days(account: Account, *, formatter: Formatter) -> tuple[ExpiringDay, ...]:
    """The next days on which points expire, soonest first, at most `EXPIRING_DAYS_SHOWN`."""
    lots = sorted((lot for lot in account.lots if lot.points), key=lambda lot: lot.expires_day)
    days = []
    for day, group in groupby(lots, key=lambda lot: lot.expires_day):
        points = sum(lot.points for lot in group)
        days.append(
            ExpiringDay(
                points=formatter.points(points),
                unit=formatter.catalogue.text("unit.points", count=points),
                date=formatter.day(day),
                relative=formatter.day_relative(day),
                is_soon=day - formatter.today <= SOON_DAYS,
            )
        )
    return tuple(days[:EXPIRING_DAYS_SHOWN])
