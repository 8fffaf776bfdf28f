"""Random traffic of some members at some partners: every kind of operation, right and wrong ones."""

import random
from dataclasses import dataclass, field

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
    purchases: list[tuple[int, int, int, int]] = field(default_factory=list)  # partner, lot, tag, spend
    burns: list[tuple[int, int, int, int]] = field(default_factory=list)  # partner, nonce, tag, points
    holds: list[tuple[int, int, int, int]] = field(default_factory=list)
    lots: int = 0


class Shopping:
    """Makes operations; the same seed makes the same."""

    def __init__(self, gateway: Gateway, *, seed: int, members: int = 8) -> None:
        self.gateway = gateway
        self.random = random.Random(seed)
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
        sequence, spend = self._sequence(partner), self.random.randint(1, 50_000)
        # The lot's number is right as long as nothing else gave this member a lot; else the return is refused, which is traffic too.
        shopper.purchases.append((partner, shopper.lots, purchase_tag(sequence), spend))
        shopper.lots += 1
        return Purchase(sequence, shopper.member, spend)

    def _return(self, partner: int, shopper: Shopper) -> Operation:
        mine = [entry for entry in shopper.purchases if entry[0] == partner]
        if not mine:
            return self._purchase(partner, shopper)
        entry = self.random.choice(mine)
        spend = self.random.choice([entry[3], max(1, entry[3] // 2)])
        return Return(self._sequence(partner), shopper.member, entry[1], entry[2], spend)

    def _redeem(self, partner: int, shopper: Shopper) -> Operation:
        sequence, points = self._sequence(partner), self.random.randint(1, 400)
        shopper.nonce += 1
        authorisation = RedeemAuthorisation(
            member=shopper.member,
            partner=PartnerId(partner),
            max_points=points,
            nonce=shopper.nonce,
            deadline_s=DEADLINE_S,
        )
        shopper.burns.append((partner, shopper.nonce, burn_tag(sequence), points))
        return Redeem(
            sequence, shopper.member, points, authorisation.sign(self.gateway.ledger.domain, shopper.key)
        )

    def _refund(self, partner: int, shopper: Shopper) -> Operation:
        mine = [entry for entry in shopper.burns if entry[0] == partner]
        if not mine:
            return self._redeem(partner, shopper)
        entry = self.random.choice(mine)
        shopper.lots += 1
        return Refund(self._sequence(partner), shopper.member, entry[1], entry[2], max(1, entry[3] // 3))

    def _hold(self, partner: int, shopper: Shopper) -> Operation:
        sequence, points = self._sequence(partner), self.random.randint(1, 300)
        shopper.nonce += 1
        day = 30_000
        authorisation = HoldAuthorisation(
            member=shopper.member,
            partner=PartnerId(partner),
            max_points=points,
            expires_day=day,
            nonce=shopper.nonce,
            deadline_s=DEADLINE_S,
        )
        shopper.holds.append((partner, shopper.nonce, burn_tag(sequence), points))
        return Hold(
            sequence, shopper.member, points, day, authorisation.sign(self.gateway.ledger.domain, shopper.key)
        )

    def _end(self, partner: int, shopper: Shopper) -> Operation:
        mine = [entry for entry in shopper.holds if entry[0] == partner]
        if not mine:
            return self._hold(partner, shopper)
        entry = self.random.choice(mine)
        sequence = self._sequence(partner)
        if self.random.random() < 0.5:
            return Void(sequence, shopper.member, entry[1], entry[2])
        return Capture(sequence, shopper.member, entry[1], entry[2], self.random.randint(1, entry[3]))

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

    async def grant(self, partner: int, points: int) -> None:
        """Goodwill of a partner."""
        shopper = self.random.choice(self.shoppers)
        shopper.lots += 1
        await self.gateway.accept(partner, [Grant(self._sequence(partner), shopper.member, points)])
