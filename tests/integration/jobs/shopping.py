"""Random traffic of some members at some partners: every kind of operation, right and wrong ones."""

import random
from dataclasses import dataclass, field, replace

from node_gateway.store import schema
from partner_sdk.protocol import (
    Capture,
    Enrol,
    Grant,
    Hold,
    HoldAuthorisation,
    KeyKind,
    MemberId,
    Operation,
    PartnerId,
    Purchase,
    RecordPayment,
    Redeem,
    RedeemAuthorisation,
    Refund,
    Return,
    SigningKey,
    Transfer,
    TransferAuthorisation,
    Void,
    burn_tag,
    purchase_tag,
)
from tests.chain_fixtures import PARTNERS
from tests.integration.jobs.gateway_harness import DEADLINE_S, Gateway


@dataclass
class Shopper:
    """A member with a key, and what may be undone later."""

    member: MemberId
    key: SigningKey
    nonce: int = 0
    purchases: "list[Past]" = field(default_factory=list)
    burns: "list[Past]" = field(default_factory=list)
    holds: "list[Past]" = field(default_factory=list)
    lots: int = 0
    balance: int = 400


@dataclass(frozen=True)
class Past:
    """What can be undone: a purchase by its lot and spend, a redemption or hold by its nonce and points."""

    shopper: Shopper
    partner: int
    number: int
    tag: int
    amount: int


class Shopping:
    """Makes operations; the same seed makes the same."""

    def __init__(self, gateway: Gateway, *, seed: int, members: int = 8) -> None:
        self.gateway = gateway
        self.random = random.Random(seed)
        self.hold_until_day = 30_000
        self.shoppers = [
            Shopper(MemberId(self.random.randbytes(20)), SigningKey((10_000 + i).to_bytes(32, "big")))
            for i in range(members)
        ]

    async def enrol_all(self) -> None:
        """Give every member a key."""
        ledger = self.gateway.ledger
        operations = [
            Enrol(ledger.sequence(0), s.member, s.key.address, KeyKind.SECP256K1) for s in self.shoppers
        ]
        await self.gateway.accept(0, operations)

    async def learn(self) -> None:
        """Look up what was really settled, so that more of what follows is right."""
        by_member = {bytes(shopper.member): shopper for shopper in self.shoppers}
        for shopper in self.shoppers:
            shopper.purchases, shopper.holds = [], []
        for lot in await self.gateway.rows(schema.lots, "member", "lot"):
            if lot["spend_kept"] and lot["operation"]:
                partner, sequence = lot["operation"] >> 48, lot["operation"] & 0xFFFFFFFF
                shopper = by_member[lot["member"]]
                past = Past(shopper, partner, lot["lot"], purchase_tag(sequence), lot["spend_kept"])
                shopper.purchases.append(past)
        for hold in await self.gateway.rows(schema.holds, "member", "nonce"):
            if hold["state"] == "pending":
                shopper, tag = by_member[hold["member"]], burn_tag(hold["operation"] & 0xFFFFFFFF)
                shopper.holds.append(Past(shopper, hold["partner"], hold["nonce"], tag, hold["points"]))
        for row in await self.gateway.rows(schema.members, "member"):
            shopper = by_member[row["member"]]
            shopper.balance, shopper.lots = row["balance"], row["next_lot"]

    async def accept_some(self, count: int, *, operations_max: int = 6) -> None:
        """Accept `count` submissions of random partners."""
        for _ in range(count):
            partner = self.random.choice(PARTNERS)
            size = self.random.randint(1, operations_max)
            await self.gateway.accept(partner, [self._operation(partner) for _ in range(size)])

    def _operation(self, partner: int) -> Operation:
        shopper = self.random.choice(self.shoppers)
        kinds = (self._purchase,) * 5 + (
            self._redeem,
            self._redeem,
            self._return,
            self._refund,
            self._hold,
            self._end,
        )
        return self.random.choice(kinds)(partner, shopper)

    def _sequence(self, partner: int) -> int:
        return self.gateway.ledger.sequence(partner)

    def _purchase(self, partner: int, shopper: Shopper) -> Operation:
        return self.purchase(partner, shopper, self.random.randint(1, 50_000))

    def purchase(self, partner: int, shopper: Shopper, spend_minor: int) -> Operation:
        sequence = self._sequence(partner)
        # The lot's number is right as long as nothing else gave this member a lot; else its return is refused, which is traffic too.
        shopper.purchases.append(Past(shopper, partner, shopper.lots, purchase_tag(sequence), spend_minor))
        shopper.lots += 1
        return Purchase(sequence, shopper.member, spend_minor)

    def _return(self, partner: int, shopper: Shopper) -> Operation:
        mine = [past for past in shopper.purchases if past.partner == partner]
        if not mine:
            return self._purchase(partner, shopper)
        past = self.random.choice(mine)
        part = self.random.choice([past.amount, max(1, past.amount // 2)])
        return self.return_of(replace(past, amount=part))

    def return_of(self, past: Past) -> Operation:
        sequence = self._sequence(past.partner)
        return Return(sequence, past.shopper.member, past.number, past.tag, past.amount)

    def _redeem(self, partner: int, shopper: Shopper) -> Operation:
        return self.redeem(partner, shopper, self.random.randint(1, max(400, shopper.balance)))

    def redeem(self, partner: int, shopper: Shopper, points: int) -> Operation:
        sequence = self._sequence(partner)
        shopper.nonce += 1
        authorisation = RedeemAuthorisation(
            member=shopper.member,
            partner=PartnerId(partner),
            max_points=points,
            nonce=shopper.nonce,
            deadline_s=DEADLINE_S,
        )
        shopper.burns.append(Past(shopper, partner, shopper.nonce, burn_tag(sequence), points))
        signed = authorisation.sign(self.gateway.ledger.domain, shopper.key)
        return Redeem(sequence, shopper.member, points, signed)

    def _refund(self, partner: int, shopper: Shopper) -> Operation:
        mine = [past for past in shopper.burns if past.partner == partner]
        if not mine:
            return self._redeem(partner, shopper)
        past = self.random.choice(mine)
        shopper.lots += 1
        sequence, points = self._sequence(partner), max(1, past.amount // 3)
        return Refund(sequence, shopper.member, past.number, past.tag, points)

    def _hold(self, partner: int, shopper: Shopper) -> Operation:
        return self.hold(partner, shopper, self.random.randint(1, 300))

    def hold(self, partner: int, shopper: Shopper, points: int) -> Operation:
        sequence, day = self._sequence(partner), self.hold_until_day
        shopper.nonce += 1
        authorisation = HoldAuthorisation(
            member=shopper.member,
            partner=PartnerId(partner),
            max_points=points,
            expires_day=day,
            nonce=shopper.nonce,
            deadline_s=DEADLINE_S,
        )
        shopper.holds.append(Past(shopper, partner, shopper.nonce, burn_tag(sequence), points))
        signed = authorisation.sign(self.gateway.ledger.domain, shopper.key)
        return Hold(sequence, shopper.member, points, day, signed)

    def _end(self, partner: int, shopper: Shopper) -> Operation:
        mine = [past for past in shopper.holds if past.partner == partner]
        if not mine:
            return self._hold(partner, shopper)
        past = self.random.choice(mine)
        if self.random.random() < 0.5:
            return Void(self._sequence(partner), shopper.member, past.number, past.tag)
        return self.capture_of(past, self.random.randint(1, past.amount))

    def capture_of(self, past: Past, points: int) -> Operation:
        return Capture(self._sequence(past.partner), past.shopper.member, past.number, past.tag, points)

    async def transfer(self, points: int) -> None:
        """One member gives points to another."""
        giver, receiver = self.random.sample(self.shoppers, 2)
        giver.nonce += 1
        authorisation = TransferAuthorisation(
            member=giver.member,
            to=receiver.member,
            max_points=points,
            nonce=giver.nonce,
            deadline_s=DEADLINE_S,
        )
        signed = authorisation.sign(self.gateway.ledger.domain, giver.key)
        operation = Transfer(self._sequence(0), giver.member, receiver.member, points, signed)
        await self.gateway.accept(0, [operation])

    async def record_payment(self, partner: int, amount_minor: int) -> None:
        """What a partner paid to the operator."""
        payment = RecordPayment(self._sequence(partner), amount_minor, b"wire".ljust(32, b"\0"))
        await self.gateway.accept(partner, [payment])

    async def grant(self, partner: int, points: int) -> None:
        """Goodwill of a partner."""
        shopper = self.random.choice(self.shoppers)
        shopper.lots += 1
        await self.gateway.accept(partner, [Grant(self._sequence(partner), shopper.member, points)])
