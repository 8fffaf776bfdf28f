"""A member's account by the ledger rules, rebuilt for the audit: lots, holds, debts, and bringing them to a day.

Written against the rules page alone. Days on which nothing can happen are passed over; every other day is done by itself.
"""

from __future__ import annotations

from bisect import insort
from dataclasses import dataclass, field
from typing import Final, NamedTuple

# Below the highest used nonce; what is older counts as used.
NONCE_WINDOW: Final = 32


@dataclass(slots=True)
class Lot:
    """Points that an account got at once. `left` + burned + cancelled + expired + moved = points."""

    index: int
    terms: int
    expires_day: int
    points: int
    left: int
    block_number: int
    operation: int | None = None
    spend_minor: int | None = None
    kept_minor: int | None = None
    # Campaigns in which the purchase counted.
    counted_in: tuple[int, ...] = ()
    # Points recovered for this lot, whichever lots they came from.
    recovered: int = 0
    gone: int = 0


@dataclass(slots=True)
class Hold:
    """Named by the nonce of its authorisation. captured + released = points once it is final."""

    nonce: int
    operation: int
    partner: int
    points: int
    expires_day: int
    block_number: int
    state: str = "pending"
    captured: int = 0
    released: int = 0


@dataclass(slots=True)
class Redemption:
    """Points burned under a nonce, that can still be refunded."""

    partner: int
    redeem_price_micro: int
    day: int
    left: int


@dataclass(slots=True)
class Debt:
    """Points owed back for a lot."""

    lot: Lot
    points: int


class Piece(NamedTuple):
    """Points taken out of a lot."""

    lot: Lot
    points: int


@dataclass(slots=True)
class Touched:
    """What bringing an account to a day did."""

    expired_points: int = 0
    ended_holds: list[Hold] = field(default_factory=list)
    recovered: list[Piece] = field(default_factory=list)


@dataclass(slots=True)
class Account:
    """All of one member's points.

    Attributes:
        lots: every lot, at its number.
        order: (expires_day, number) of lots with points left, soonest first; of one day, in order of arrival.
        pending: (expires_day, nonce) of pending holds, soonest first.
        highest_nonce: of the authorisations that the events tell of.
        nonces: all of theirs.
        last_touch_day: up to which everything has happened; a touch goes on from it, and does that day again.
    """

    lots: list[Lot] = field(default_factory=list)
    order: list[tuple[int, int]] = field(default_factory=list)
    holds: dict[int, Hold] = field(default_factory=dict)
    pending: list[tuple[int, int]] = field(default_factory=list)
    redemptions: dict[int, Redemption] = field(default_factory=dict)
    debts: list[Debt] = field(default_factory=list)
    balance: int = 0
    held: int = 0
    highest_nonce: int = 0
    nonces: set[int] = field(default_factory=set)
    last_touch_day: int = 0
    issued: int = 0
    received: int = 0
    burned: int = 0
    cancelled: int = 0
    expired: int = 0
    sent: int = 0

    @property
    def available(self) -> int:
        return self.balance - self.held

    @property
    def debt(self) -> int:
        return sum(debt.points for debt in self.debts)

    def use_nonce(self, nonce: int) -> None:
        """An authorisation of the member was used up."""
        self.highest_nonce = max(self.highest_nonce, nonce)
        self.nonces.add(nonce)

    @property
    def nonce_window(self) -> int:
        """Bit i: nonce `highest_nonce - 1 - i` was used. Nonce 0, which no authorisation has, counts as used once another was."""
        below = (self.highest_nonce - 1 - bit for bit in range(NONCE_WINDOW))
        return sum(1 << bit for bit, nonce in enumerate(below) if nonce == 0 or nonce in self.nonces)

    def add_lot(self, lot: Lot) -> None:
        """Takes a new lot in; it comes after all others of its day."""
        self.lots.append(lot)
        if lot.left:
            insort(self.order, (lot.expires_day, lot.index))
            self.balance += lot.left

    def touch(self, today: int) -> Touched:
        """Brings the account to a day, as if day by day."""
        touched = Touched()
        while (day := self._next_day(today)) is not None:
            while self.pending and self.pending[0][0] < day:
                hold = self.holds[self.pending[0][1]]
                self.end_hold(hold, "expired", captured=0)
                touched.ended_holds.append(hold)
            touched.expired_points += self._expire(day)
            touched.recovered += self.repay_debt()
            self.last_touch_day = day
        self.last_touch_day = max(self.last_touch_day, today)
        return touched

    def _next_day(self, today: int) -> int | None:
        """The next day, up to today, on which a hold ends or a lot that is not wholly held expires."""
        days = [self.pending[0][0] + 1] if self.pending else []
        held = self.held
        for expires_day, index in self.order:
            if expires_day >= today:
                break
            left = self.lots[index].left
            if left > held:
                days.append(expires_day + 1)
                break
            held -= left
        # Points that came expired, or were held when they did, go on the first day that is still to be done.
        day = max(min(days, default=today + 1), self.last_touch_day)
        return day if day <= today else None

    def _expire(self, day: int) -> int:
        held, expired = self.held, 0
        for expires_day, index in list(self.order):
            if expires_day >= day:
                break
            lot = self.lots[index]
            passed_over = min(lot.left, held)
            held -= passed_over
            expired += lot.left - passed_over
            self._take(lot, lot.left - passed_over)
        self._drop_empty()
        self.expired += expired
        return expired

    def repay_debt(self) -> list[Piece]:
        """Repays debt from what is available, oldest debt first; the lots whose points were recovered."""
        recovered = []
        while self.debts and self.available:
            debt = self.debts[0]
            points = min(debt.points, self.available)
            self.take_soonest(points)
            self.cancelled += points
            debt.points -= points
            recovered.append(Piece(debt.lot, points))
            if not debt.points:
                self.debts.pop(0)
        return recovered

    def take_soonest(self, points: int) -> list[Piece]:
        """Takes points from the soonest-expiring lots on.

        Raises:
            ShortfallError: there are not that many.
        """
        if points > self.balance:
            raise ShortfallError(wanted_points=points, found_points=self.balance)
        pieces = []
        for _, index in self.order:
            if not points:
                break
            lot = self.lots[index]
            part = min(lot.left, points)
            self._take(lot, part)
            points -= part
            pieces.append(Piece(lot, part))
        self._drop_empty()
        return pieces

    def take_back(self, lot: Lot, points: int) -> int:
        """Takes points back from a lot, then from any; the rest becomes its debt. How many were recovered."""
        recovered = min(points, self.available)
        own = min(lot.left, recovered)
        self._take(lot, own)
        self._drop_empty()
        self.take_soonest(recovered - own)
        self.cancelled += recovered
        if points > recovered:
            self.debts.append(Debt(lot, points - recovered))
        return recovered

    def place_hold(self, hold: Hold) -> None:
        """Reserves points."""
        self.holds[hold.nonce] = hold
        insort(self.pending, (hold.expires_day, hold.nonce))
        self.held += hold.points

    def end_hold(self, hold: Hold, state: str, *, captured: int) -> None:
        """A pending hold becomes final; what was not captured is released.

        Raises:
            HoldNotPendingError: it is final already.
        """
        if hold.state != "pending":
            raise HoldNotPendingError(hold.nonce, hold.state)
        hold.state, hold.captured, hold.released = state, captured, hold.points - captured
        self.pending.remove((hold.expires_day, hold.nonce))
        self.held -= hold.points

    def _take(self, lot: Lot, points: int) -> None:
        lot.left -= points
        lot.gone += points
        self.balance -= points

    def _drop_empty(self) -> None:
        lots = self.lots
        empty = 0
        for _, index in self.order:
            if lots[index].left:
                break
            empty += 1
        del self.order[:empty]
        if any(not lots[index].left for _, index in self.order):
            self.order = [entry for entry in self.order if lots[entry[1]].left]


class ShortfallError(Exception):
    """The account does not have the points that the chain says were taken."""

    def __init__(self, *, wanted_points: int, found_points: int) -> None:
        self.wanted_points = wanted_points
        self.found_points = found_points
        super().__init__(f"{wanted_points} points wanted, {found_points} there")


class HoldNotPendingError(Exception):
    """A hold that is final cannot end again."""

    def __init__(self, nonce: int, state: str) -> None:
        self.nonce = nonce
        self.state = state
        super().__init__(f"hold {nonce} is {state}")
