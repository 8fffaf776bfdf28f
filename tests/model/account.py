"""A member's account: lots, holds, debts, and bringing them to today one day at a time."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import NamedTuple

from .reached_rules import ReachedRules


class HoldState(StrEnum):
    PENDING = "pending"
    CAPTURED = "captured"
    VOIDED = "voided"
    EXPIRED = "expired"


@dataclass(eq=False)
class Hold:
    partner_id: str
    member_id: str
    points: int
    expires_day: int
    state: HoldState = HoldState.PENDING
    captured_points: int = 0
    released_points: int = 0


@dataclass(eq=False)
class Award:
    """One stage's bonus, given once to one member; what is recovered of it is shared cumulatively."""

    campaign_id: str
    points: int
    recovered_points: int = 0


@dataclass(eq=False)
class Lot:
    """Points that one account got at once. A piece that was transferred is a lot of its own."""

    issuer: str
    price_micro: int
    expires_day: int
    points: int
    award: Award | None = None
    piece_of: Lot | None = None  # for counting reached rules only: no rule follows transferred points
    left: int = -1
    burned: int = 0
    cancelled: int = 0
    expired: int = 0
    moved: int = 0
    recovered: int = 0  # points recovered *for* this lot, whichever lots they came from

    def __post_init__(self) -> None:
        if self.left < 0:
            self.left = self.points

    def is_piece_of(self, other: Lot) -> bool:
        return self.piece_of is not None and (self.piece_of is other or self.piece_of.is_piece_of(other))


@dataclass(eq=False)
class Debt:
    lot: Lot
    points: int


class Recovery(NamedTuple):
    lot: Lot
    points: int


@dataclass(eq=False)
class Account:
    reached: ReachedRules
    last_touch_day: int = 0
    lots: list[Lot] = field(default_factory=list)  # in the order in which the account got them
    holds: list[Hold] = field(default_factory=list)  # pending ones
    debts: list[Debt] = field(default_factory=list)  # oldest first
    unposted: list[Recovery] = field(default_factory=list)  # of extra touches only, see ledger_model
    issued: int = 0
    received: int = 0
    sent: int = 0
    burned: int = 0
    cancelled: int = 0
    expired: int = 0

    @property
    def balance(self) -> int:
        return sum(lot.left for lot in self.lots)

    @property
    def held(self) -> int:
        return sum(hold.points for hold in self.holds)

    @property
    def available(self) -> int:
        return self.balance - self.held

    @property
    def debt(self) -> int:
        return sum(debt.points for debt in self.debts)

    def soonest_first(self) -> list[Lot]:
        return sorted(self.lots, key=lambda lot: lot.expires_day)  # stable: ties stay in order of arrival

    # Touch

    def touch(self, today: int) -> list[Recovery]:
        """Brings the account to today; returns what was recovered on the way."""
        recoveries: list[Recovery] = []
        for day in range(self.last_touch_day, today + 1):
            self.expire_holds(day)
            self.expire_lots(day)
            recoveries += self.repay_debt()
            if not self.lots:  # nor holds then: no later day can change anything
                break
        if recoveries:
            self.reached.add("touch: repays debt")
        self.last_touch_day = today
        return recoveries

    def available_if_touched(self, today: int) -> int:
        """What a touch would make available, without changing anything."""
        trial = self.copy()
        trial.touch(today)
        return trial.available

    def copy(self) -> Account:
        """An account to try things on; its debts name the lots of this one."""
        return replace(
            self,
            reached=ReachedRules(),
            lots=[replace(lot) for lot in self.lots],
            holds=[replace(hold) for hold in self.holds],
            debts=[replace(debt) for debt in self.debts],
            unposted=[],
        )

    def expire_holds(self, day: int) -> None:
        for hold in list(self.holds):
            if hold.expires_day < day:
                hold.state = HoldState.EXPIRED
                self.release(hold, hold.points)
                self.reached.add("touch: hold expires")

    def expire_lots(self, day: int) -> None:
        to_pass_over = self.held
        for lot in self.soonest_first():
            passed_over = min(lot.left, to_pass_over)
            to_pass_over -= passed_over
            if lot.expires_day < day:
                lapsed = lot.left - passed_over
                lot.left -= lapsed
                lot.expired += lapsed
                self.expired += lapsed
                self.reached.add("touch: lot lapses", lapsed > 0)
                self.reached.add("touch: held points of a lapsed lot stay", passed_over > 0)
                self.reached.add(
                    "touch: lot lapses in part, the rest is held", lapsed > 0 and passed_over > 0
                )
        self.lots = [lot for lot in self.lots if lot.left]

    def repay_debt(self) -> list[Recovery]:
        """Oldest debt first, from soonest-expiring lots, as far as available allows."""
        recoveries: list[Recovery] = []
        while self.debts and self.available:
            debt = self.debts[0]
            points = min(debt.points, self.available)
            self.cancel_soonest(points)
            debt.points -= points
            if debt.points == 0:
                self.debts.remove(debt)
            self.reached.add("debt: repaid in part", debt.points > 0)
            recoveries.append(Recovery(debt.lot, points))
        self.reached.add("debt: one repayment pays several", len(recoveries) > 1)
        return recoveries

    # Moving points

    def take_soonest(self, points: int) -> list[tuple[Lot, int]]:
        """Takes points off the soonest-expiring lots; returns the pieces, each with its lot."""
        assert 0 <= points <= self.balance
        pieces: list[tuple[Lot, int]] = []
        for lot in self.soonest_first():
            taken = min(lot.left, points)
            if taken:
                lot.left -= taken
                points -= taken
                pieces.append((lot, taken))
        last_lots = [lot for lot, _ in pieces[-1:]]
        self.reached.add(
            "take: of lots that expire on the same day, the one that came first",
            any(
                lot.left and lot is not last and lot.expires_day == last.expires_day
                for last in last_lots
                for lot in self.lots
            ),
        )
        return pieces

    def burn_soonest(self, points: int) -> None:
        for lot, taken in self.take_soonest(points):
            lot.burned += taken
            self.burned += taken

    def cancel_soonest(self, points: int) -> None:
        for lot, taken in self.take_soonest(points):
            lot.cancelled += taken
            self.cancelled += taken

    def take_back(self, lot: Lot, points: int) -> list[Recovery]:
        """First from that lot, then from any, as far as available allows; the rest becomes its debt."""
        from_lot = min(points, lot.left, self.available)
        is_soonest = self.lots != [] and self.soonest_first()[0] is lot
        lot.left -= from_lot
        lot.cancelled += from_lot
        self.cancelled += from_lot
        from_any = min(points - from_lot, self.available)
        self.cancel_soonest(from_any)
        recovered = from_lot + from_any
        owed = points - recovered
        if owed:
            self.reached.add("debt: of a second lot", any(debt.lot is not lot for debt in self.debts))
            self.reached.add("debt: of the same lot again", any(debt.lot is lot for debt in self.debts))
            self.debts.append(Debt(lot, owed))
        self.reached.add("take back: own lot before a sooner one", from_lot > 0 and not is_soonest)
        self.reached.add("take back: from other lots", from_any > 0)
        self.reached.add("take back: rest becomes debt", recovered > 0 and owed > 0)
        self.reached.add("take back: all becomes debt", recovered == 0 and owed > 0)
        self.reached.add("take back: held points stay", owed > 0 and self.held > 0)
        self.reached.add(
            "take back: points that came back by transfer are another lot",
            points > from_lot and any(other.left and other.is_piece_of(lot) for other in self.lots),
        )
        return [Recovery(lot, recovered)] if recovered else []

    def add_lot(self, lot: Lot) -> None:
        if lot.points:
            self.lots.append(lot)

    def issue(self, lot: Lot) -> None:
        self.add_lot(lot)
        self.issued += lot.points

    def release(self, hold: Hold, points: int) -> None:
        """A hold that is no longer pending leaves the account; `points` of it were not captured."""
        self.holds.remove(hold)
        hold.released_points = points
