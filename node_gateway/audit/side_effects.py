"""Events that follow from an operation or a touch: what should have been emitted against what was, transaction by transaction."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

from node_gateway.audit.accounts import Touched
from node_gateway.audit.clearing import LINES, Line
from node_gateway.audit.differences import Difference, Witness, difference
from node_gateway.chain.abi import Event

# Events whose amounts are added up, by what else they name. Two touches of one transaction may be told in one event or in two.
AMOUNTS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "HoldExpired": (("member", "nonce"), ("released",)),
    "PointsExpired": (("member",), ("points",)),
    "DebtRepaid": (("member", "terms"), ("points",)),
    "LotReceived": (("member", "lot", "expiresDay", "terms"), ("points",)),
    "BonusAwarded": (("campaign", "member", "stage", "lot", "expiresDay", "terms"), ("points",)),
    "BonusRefused": (("campaign", "member", "stage"), ()),
    "BonusClawedBack": (("campaign", "member", "stage", "lot"), ("points", "recovered")),
}
# What a touch alone can emit.
TOUCH_EVENTS = ("HoldExpired", "PointsExpired", "DebtRepaid")

Entry = tuple[str, tuple[Any, ...], str]


class SideEffects:
    """Expected and seen events of one transaction."""

    def __init__(self, tx_hash: str) -> None:
        self.tx_hash = tx_hash
        self._expected: Counter[Entry] = Counter()
        self._seen: Counter[Entry] = Counter()
        self._positions: dict[int, dict[Line, int]] = {}
        self.changed_positions: set[int] = set()

    def expect(self, name: str, key: tuple[Any, ...], *amounts: int) -> None:
        """An event that must be there, with its amounts in the table's order."""
        self._enter(self._expected, name, key, amounts)

    def expect_touch(self, member: bytes, touched: Touched) -> None:
        """What a touch must have emitted."""
        for hold in touched.ended_holds:
            self.expect("HoldExpired", (member, hold.nonce), hold.released)
        if touched.expired_points:
            self.expect("PointsExpired", (member,), touched.expired_points)
        self.expect_repaid(member, touched)

    def expect_repaid(self, member: bytes, touched: Touched) -> None:
        """Debts that were repaid."""
        for lot, points in touched.recovered:
            self.expect("DebtRepaid", (member, lot.terms), points)

    def see(self, event: Event) -> None:
        """An event that is there."""
        if event.name == "PositionChanged":
            self._positions[event.args["partner"]] = {line: event.args[line] for line in LINES}
        elif event.name in AMOUNTS:
            key_names, amount_names = AMOUNTS[event.name]
            key = tuple(event.args[name] for name in key_names)
            self._enter(self._seen, event.name, key, tuple(event.args[name] for name in amount_names))

    def differences(self, positions: dict[int, dict[Line, int]]) -> Iterator[Difference]:
        """What was emitted and should not have been, and the other way round.

        Args:
            positions: the rebuilt lines of all partners after the transaction.
        """
        for entry in sorted(self._expected.keys() | self._seen.keys(), key=repr):
            if self._expected[entry] != self._seen[entry]:
                name, key, column = entry
                yield difference(
                    Witness.EVENTS,
                    name,
                    (self.tx_hash, *key),
                    column,
                    chain=self._expected[entry],
                    found=self._seen[entry],
                )
        for partner in sorted(self._positions.keys() | self.changed_positions):
            rebuilt, seen = positions[partner], self._positions.get(partner)
            for line in LINES:
                if seen is None or seen[line] != rebuilt[line]:
                    found = seen[line] if seen else "no PositionChanged"
                    key = (self.tx_hash, partner)
                    yield difference(
                        Witness.EVENTS, "PositionChanged", key, line, chain=rebuilt[line], found=found
                    )

    def _enter(
        self, counter: Counter[Entry], name: str, key: tuple[Any, ...], amounts: tuple[int, ...]
    ) -> None:
        counter[name, key, "count"] += 0 if name in TOUCH_EVENTS else 1
        for column, amount in zip(AMOUNTS[name][1], amounts, strict=True):
            counter[name, key, column] += amount
