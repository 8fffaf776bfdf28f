"""A member's account brought to a day, as the ledger would when it is next touched (ledger rules, Touch)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class OpenLot:
    """A lot with points left. `arrival` orders lots of one `expires_day`: smaller came first."""

    lot: int
    terms: int
    expires_day: int
    arrival: int
    points: int


@dataclass(frozen=True, slots=True)
class PendingHold:
    """Points reserved through the end of `expires_day`."""

    nonce: int
    partner: int
    points: int
    expires_day: int


@dataclass(frozen=True, slots=True)
class Debt:
    """Points owed back. Smaller `position` is older."""

    position: int
    terms: int
    points: int


@dataclass(frozen=True, slots=True)
class Account:
    """Lots soonest-expiring first, holds as given, debts oldest first."""

    lots: tuple[OpenLot, ...]
    holds: tuple[PendingHold, ...]
    debts: tuple[Debt, ...]

    @property
    def balance(self) -> int:
        return sum(lot.points for lot in self.lots)

    @property
    def held(self) -> int:
        return sum(hold.points for hold in self.holds)

    @property
    def available(self) -> int:
        return self.balance - self.held

    @property
    def debt(self) -> int:
        return sum(debt.points for debt in self.debts)


def account_of(lots: Iterable[OpenLot], holds: Iterable[PendingHold], debts: Iterable[Debt]) -> Account:
    """An account with its parts in the ledger's order."""
    return Account(
        lots=tuple(sorted(lots, key=lambda lot: (lot.expires_day, lot.arrival))),
        holds=tuple(sorted(holds, key=lambda hold: hold.nonce)),
        debts=tuple(sorted(debts, key=lambda debt: debt.position)),
    )


def touched(account: Account, today: int) -> Account:
    """The account on `today`, as if touched on each day since it was last stored.

    Only days on which something expires can change anything, so only those are gone through. Doing them again for days before the
    account was last touched changes nothing either: what a touch leaves is what the same touch would leave again.

    Args:
        today: program day; not before the day on which the account was stored.

    Returns:
        An account whose `available` is not negative, with no empty lots and no repaid debts.
    """
    last_days = [lot.expires_day for lot in account.lots] + [hold.expires_day for hold in account.holds]
    for day in sorted({last_day + 1 for last_day in last_days if last_day < today} | {today}):
        account = _touched_once(account, day)
    assert account.available >= 0, account
    return account


def _touched_once(account: Account, day: int) -> Account:
    holds = tuple(hold for hold in account.holds if hold.expires_day >= day)
    held = sum(hold.points for hold in holds)
    lots = _without_expired(account.lots, day=day, held=held)
    spendable = sum(lot.points for lot in lots) - held
    lots, debts = _with_debt_repaid(lots, account.debts, spendable)
    return Account(lots, holds, debts)


def _without_expired(lots: Sequence[OpenLot], *, day: int, held: int) -> tuple[OpenLot, ...]:
    kept = []
    passed_over = held
    for lot in lots:
        points = lot.points if lot.expires_day >= day else min(lot.points, passed_over)
        passed_over = max(0, passed_over - lot.points)
        if points:
            kept.append(replace(lot, points=points))
    return tuple(kept)


def _with_debt_repaid(
    lots: tuple[OpenLot, ...], debts: tuple[Debt, ...], spendable: int
) -> tuple[tuple[OpenLot, ...], tuple[Debt, ...]]:
    repaid = min(spendable, sum(debt.points for debt in debts))
    if repaid <= 0:
        return lots, debts
    points_by_lot = _less([lot.points for lot in lots], repaid)
    points_by_debt = _less([debt.points for debt in debts], repaid)
    return (
        tuple(replace(lot, points=left) for lot, left in zip(lots, points_by_lot, strict=True) if left),
        tuple(replace(debt, points=left) for debt, left in zip(debts, points_by_debt, strict=True) if left),
    )


def _less(amounts: Sequence[int], taken: int) -> list[int]:
    """The amounts with `taken` taken off, first ones first."""
    left = []
    for amount in amounts:
        part = min(amount, taken)
        left.append(amount - part)
        taken -= part
    return left
