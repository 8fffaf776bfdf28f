"""Gas an operation as the receipts of a real chain state it: whole transactions, with calldata, cold storage and events."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
SNAPSHOT = ROOT / "contracts" / "gas.json"
sys.path.insert(0, str(ROOT))

from node_gateway.simulation.parties import parties_of  # noqa: E402
from node_gateway.simulation.program import set_up  # noqa: E402
from node_gateway.simulation.scenario_chain import ScenarioChain, fresh_chain  # noqa: E402
from node_gateway.simulation.scenario_format import parse_scenario  # noqa: E402
from partner_sdk import protocol as p  # noqa: E402

PARTNERS, MEMBERS, BATCH, PER_SUBMISSION = 4, 100, 100, 10
DEADLINE_S = 2**47
TOUR_OPENS_DAY = 50
SCENARIO: dict[str, Any] = {
    "program": {"name": "Gas", "currency": "USD", "currency_decimals": 2, "lot_validity_days": 300,
                "return_window_days": 30, "late_posting_days": 5},
    "partners": [{"id": f"P{i}", "earn_points_per_100_minor": 1, "issue_price": 10_000, "redeem_price": 8_000}
                 for i in range(PARTNERS)],
    "members": [f"M{i}" for i in range(MEMBERS)],
    "campaigns": [{"id": "tour", "partners": ["P0", "P1", "P2"], "opens_day": TOUR_OPENS_DAY,
                   "closes_day": TOUR_OPENS_DAY + 9, "budget_points": 2_000_000, "campaign_price": 9_000,
                   "stages": [{"bonus_points": 1001, "partners_required": 3, "min_spend_each": 200}],
                   "funding": {"P0": 5000, "P1": 3000, "P2": 2000}}],
    "events": [],
    "as_of_day": 99,
}  # fmt: skip

# What an operation of partner number n (0 …) for member number m is.
Make = Callable[[int, int], p.Operation]


class Meter:
    """A deployed ledger, and what batches on it cost."""

    def __init__(self, chain: ScenarioChain) -> None:
        scenario = parse_scenario(json.dumps(SCENARIO))
        self.chain = chain
        self.parties = parties_of(scenario)
        self.members = list(self.parties.members.values())
        self.numbers = list(self.parties.partners.values())
        self.figures: dict[str, int] = {}
        self._sequences: Counter[int] = Counter()
        self._nonces: Counter[int] = Counter()
        # Sequence numbers by member: of its last operation that others refer to, and of its first purchase.
        self.last: dict[int, int] = {}
        self.first: dict[int, int] = {}

    def sequence(self, partner: int) -> int:
        self._sequences[partner] += 1
        return self._sequences[partner]

    def purchase(self, partner: int, member: int) -> p.Operation:
        self.last[member] = self.sequence(partner)
        return p.Purchase(self.last[member], self.members[member], 12_345, p.OCCURRED_ON_SETTLEMENT)

    def return_of_first(self, partner: int, member: int) -> p.Operation:
        tag = p.purchase_tag(self.first[member])
        return p.Return(self.sequence(partner), self.members[member], 0, tag, 12_345)

    def redeem(self, points: int) -> Make:
        def make(partner: int, member: int) -> p.Operation:
            self._nonces[member] += 1
            authorisation = p.RedeemAuthorisation(
                member=self.members[member], nonce=self._nonces[member], deadline_s=DEADLINE_S,
                partner=self.numbers[partner], max_points=points,
            ).sign(self.chain.domain, self.parties.member_keys[self.members[member]])  # fmt: skip
            return p.Redeem(self.sequence(partner), self.members[member], points, authorisation)

        return make

    def hold(self, partner: int, member: int) -> p.Operation:
        self._nonces[member] += 1
        authorisation = p.HoldAuthorisation(
            member=self.members[member], nonce=self._nonces[member], deadline_s=DEADLINE_S,
            partner=self.numbers[partner], max_points=50, expires_day=200,
        ).sign(self.chain.domain, self.parties.member_keys[self.members[member]])  # fmt: skip
        self.last[member] = self.sequence(partner)
        return p.Hold(self.last[member], self.members[member], 50, 200, authorisation)

    def capture(self, partner: int, member: int) -> p.Operation:
        tag = p.burn_tag(self.last[member])
        return p.Capture(self.sequence(partner), self.members[member], self._nonces[member], tag, 40)

    async def settle(
        self,
        make: Make,
        name: str | None = None,
        *,
        count: int = BATCH,
        per_submission: int = PER_SUBMISSION,
        partners: int = PARTNERS,
        shift: int = 0,
    ) -> None:
        """Settles one batch; with a name, notes the gas an operation."""
        runs = []
        for start in range(0, count, per_submission):
            partner = (start // per_submission + shift) % partners
            operations = [make(partner, i % MEMBERS) for i in range(start, start + per_submission)]
            submitter = self.parties.submitter_of(f"P{partner}")  # type: ignore[arg-type]
            runs.append(
                p.SignedSubmission.sign(
                    operations, submitter=submitter, deadline_s=DEADLINE_S,
                    domain=self.chain.domain, key=self.parties.keys[submitter],
                )
            )  # fmt: skip
        events = await self.chain.settle(runs)
        refused = [event for event in events if event.name in ("OperationRejected", "SubmissionSkipped")]
        assert not refused, f"{name}: {refused[0]}"
        if name is not None:
            self.figures[name] = self.chain.last_gas_used // count
            print(f"{name:62s} {self.figures[name]:>8,}", file=sys.stderr, flush=True)


async def measure() -> dict[str, int]:
    scenario = parse_scenario(json.dumps(SCENARIO))
    async with fresh_chain() as rpc:
        chain = await set_up(rpc, scenario, parties_of(scenario), lambda _: None)
        meter = Meter(chain)
        chain.begin_day(1)
        await _purchases(meter)
        await _returns_and_burns(meter)
        chain.begin_day(TOUR_OPENS_DAY)
        await _campaign(meter)
        return meter.figures


async def _purchases(meter: Meter) -> None:
    # A member that is enrolled has a key word, but no account before its first purchase.
    await meter.settle(meter.purchase, "purchase, new member")
    meter.first = dict(meter.last)
    await meter.settle(meter.purchase, "purchase, known member, every second (writes a pair of lots)")
    await meter.settle(meter.purchase, "purchase, known member, every other (writes the head alone)")
    for size in (1, 10):
        for turn in ("writes a pair", "writes the head"):
            name = f"purchase, known member, batch of {size}, {turn}"
            await meter.settle(meter.purchase, name, count=size, per_submission=size)
    # Four purchases of each member: what a storage slot costs is shared.
    await meter.settle(meter.purchase, "purchase, known member, batch of 400 by 100 members", count=400)
    await meter.settle(meter.purchase, "purchase, known member, submissions of 1", per_submission=1)
    await meter.settle(meter.purchase, "purchase, known member, submissions of 50", per_submission=50)


async def _returns_and_burns(meter: Meter) -> None:
    await meter.settle(meter.return_of_first, "return, whole purchase")
    for _ in range(22):
        await meter.settle(meter.purchase)
    # Nonces begin at 1, and two records share a slot from an even nonce on: 1 is alone, 2 opens a slot, 3 fills it.
    await meter.settle(meter.redeem(10))
    for record in ("first", "second"):
        await meter.settle(meter.redeem(10), f"redeem, 1 lot, member's key ({record} record of its slot)")
    await meter.settle(meter.redeem(123 * 19), "redeem, 20 lots, member's key (first record of its slot)")
    await meter.settle(meter.hold, "hold")
    await meter.settle(meter.capture, "capture")


async def _campaign(meter: Meter) -> None:
    await meter.settle(meter.purchase, partners=3)
    await meter.settle(meter.purchase, "purchase in a campaign, one lot turn", partners=3)
    await meter.settle(meter.purchase, "purchase in a campaign, the other", partners=3)
    await meter.settle(meter.purchase, partners=3, shift=1)
    await meter.settle(meter.purchase, "purchase that completes a campaign of 3 funders", partners=3, shift=2)


def main() -> int:
    parser = argparse.ArgumentParser(prog="scripts/gas", description=__doc__)
    parser.add_argument(
        "--check", action="store_true", help="write nothing; fail when a figure rose by over 2 %%"
    )
    is_check = parser.parse_args().check
    figures = asyncio.run(measure())
    if not is_check:
        SNAPSHOT.write_text(json.dumps(figures, indent=1) + "\n")
        return 0
    known = json.loads(SNAPSHOT.read_text())
    risen = {name: (known.get(name), gas) for name, gas in figures.items() if gas > 1.02 * known.get(name, 0)}
    for name, (before, after) in risen.items():
        print(f"{name}: {before} before, {after} now; run scripts/gas if it is meant", file=sys.stderr)
    return 1 if risen else 0


if __name__ == "__main__":
    sys.exit(main())
