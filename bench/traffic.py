"""Operations of many members at many partners, signed before anything is measured."""

import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import count, islice
from typing import Final

from bench.coalition import ATTESTER_SLOT, CAMPAIGN_PARTNERS, PARTNERS, Coalition
from partner_sdk.protocol import (
    Enrol,
    KeyKind,
    MemberId,
    Operation,
    PartnerId,
    Purchase,
    Redeem,
    RedeemAuthorisation,
    Return,
    SignedSubmission,
    SigningKey,
    Submitter,
    pack_bulk,
    purchase_tag,
)

OPERATIONS_IN_SUBMISSION: Final = 10
OPERATIONS_IN_BULK: Final = 500
FIRST_SPEND_MINOR: Final = 2_000_000
SPEND_MINOR_MAX: Final = 20_000
RETURN_MINOR: Final = 100
REDEEM_POINTS_MAX: Final = 20
# Of a hundred operations of known members; the others are purchases.
REDEMPTIONS_PERCENT: Final = 8
RETURNS_PERCENT: Final = 2
HOT_EVERY: Final = 20
HOT_PURCHASES_MAX: Final = 1_000
# Nothing is to expire while it is measured.
DEADLINE_S: Final = 20 * 86_400


class Mix(StrEnum):
    """Whose operations."""

    KNOWN = "known_members"
    PURCHASES = "purchases_only"
    NEW = "new_members"
    HOT = "one_hot_member"
    CAMPAIGN = "one_campaign"


@dataclass(frozen=True, slots=True)
class Bulk:
    """One request's body, of one partner."""

    partner: int
    body: bytes
    operations: int


@dataclass(slots=True)
class Member:
    """A member with a key, and the first purchase, which can be returned bit by bit."""

    id: MemberId
    key: SigningKey
    nonce: int = 0
    first_partner: int = 0
    first_sequence: int = 0


@dataclass(slots=True)
class Traffic:
    """Makes operations and signs them; keeps every submitter's numbers and every member's nonces."""

    coalition: Coalition
    deadline_s: int
    seed: int = 1
    members: list[Member] = field(default_factory=list)
    _sequences: dict[int, int] = field(default_factory=dict)
    _first_buyers: dict[int, list[Member]] = field(default_factory=dict)
    _random: random.Random = field(init=False)

    def __post_init__(self) -> None:
        self._random = random.Random(self.seed)

    def new_members(self, count: int) -> list[Bulk]:
        """Members who are enrolled and have bought once: all that they need to earn, spend and return."""
        made = [Member(MemberId(self._random.randbytes(20)), SigningKey.generate()) for _ in range(count)]
        enrolments = [
            Enrol(self.sequence(0), member.id, member.key.address, KeyKind.SECP256K1) for member in made
        ]
        purchases: dict[int, list[Operation]] = {partner: [] for partner in PARTNERS}
        for member in made:
            member.first_partner = self._random.choice(PARTNERS)
            member.first_sequence = self.sequence(member.first_partner)
            self._first_buyers.setdefault(member.first_partner, []).append(member)
            purchases[member.first_partner].append(
                Purchase(member.first_sequence, member.id, FIRST_SPEND_MINOR)
            )
        self.members += made
        bulks = list(self._bulks(0, enrolments))
        for partner, operations in purchases.items():
            bulks += self._bulks(partner, operations)
        return bulks

    def mix(self, mix: Mix, operations: int, *, per_submission: int = OPERATIONS_IN_SUBMISSION) -> list[Bulk]:
        """So many operations, dealt out evenly to the partners, signed; nothing in them is to be refused."""
        make = self._maker(mix)
        partners = CAMPAIGN_PARTNERS if mix is Mix.CAMPAIGN else PARTNERS
        bulks: list[Bulk] = []
        for place, partner in enumerate(partners):
            share = operations // len(partners) + (place < operations % len(partners))
            bulks += self._bulks(partner, [make(partner) for _ in range(share)], per_submission)
        return bulks

    def single(self, count: int) -> list[tuple[int, bytes]]:
        """`count` submissions of one purchase each, with their partner."""
        wires = []
        for place in range(count):
            partner = PARTNERS[place % len(PARTNERS)]
            wires.append((partner, self.sign(partner, [self._purchase(partner)])))
        return wires

    def purchase_of(self, partner: int, member: MemberId) -> bytes:
        """One signed purchase of one member."""
        return self.sign(partner, [Purchase(self.sequence(partner), member, SPEND_MINOR_MAX)])

    def sequence(self, partner: int) -> int:
        """The next sequence number of a partner's own key (of the attester for partner 0)."""
        self._sequences[partner] = self._sequences.get(partner, 0) + 1
        return self._sequences[partner]

    def sign(self, partner: int, operations: Sequence[Operation]) -> bytes:
        """The wire form of a signed submission."""
        coalition = self.coalition
        key = coalition.partner_keys[partner] if partner else coalition.attester_key
        return SignedSubmission.sign(
            operations,
            submitter=Submitter.of(partner, 0 if partner else ATTESTER_SLOT),
            deadline_s=self.deadline_s,
            domain=coalition.domain,
            key=key,
        ).pack()

    def _bulks(
        self, partner: int, operations: Sequence[Operation], per_submission: int = OPERATIONS_IN_SUBMISSION
    ) -> Iterator[Bulk]:
        remaining = iter(operations)
        while some := list(islice(remaining, OPERATIONS_IN_BULK)):
            wires = [
                self.sign(partner, some[start : start + per_submission])
                for start in range(0, len(some), per_submission)
            ]
            yield Bulk(partner, pack_bulk(wires), len(some))

    def _maker(self, mix: Mix) -> Callable[[int], Operation]:
        if mix is Mix.KNOWN:
            return self._known
        if mix is Mix.NEW:
            return lambda partner: self._purchase(partner, MemberId(self._random.randbytes(20)))
        if mix is Mix.HOT:
            return self._hot_member()
        return self._purchase

    def _hot_member(self) -> Callable[[int], Operation]:
        """Every twentieth purchase is one member's, as long as the ledger lets it have more lots."""
        hot = self._random.choice(self.members).id
        turns = count(1)

        def make(partner: int) -> Operation:
            turn = next(turns)
            is_hot = turn % HOT_EVERY == 0 and turn <= HOT_EVERY * HOT_PURCHASES_MAX
            return self._purchase(partner, hot if is_hot else None)

        return make

    def _known(self, partner: int) -> Operation:
        drawn = self._random.randrange(100)
        if drawn < REDEMPTIONS_PERCENT:
            return self._redemption(partner, self._random.choice(self.members))
        if drawn < REDEMPTIONS_PERCENT + RETURNS_PERCENT:
            member = self._random.choice(self._first_buyers[partner])
            return Return(
                self.sequence(partner), member.id, 0, purchase_tag(member.first_sequence), RETURN_MINOR
            )
        return self._purchase(partner)

    def _redemption(self, partner: int, member: Member) -> Operation:
        member.nonce += 1
        points = self._random.randint(1, REDEEM_POINTS_MAX)
        authorisation = RedeemAuthorisation(
            member=member.id, partner=PartnerId(partner), max_points=points, nonce=member.nonce, deadline_s=self.deadline_s
        )  # fmt: skip
        signed = authorisation.sign(self.coalition.domain, member.key)
        return Redeem(self.sequence(partner), member.id, points, signed)

    def _purchase(self, partner: int, member: MemberId | None = None) -> Operation:
        who = member or self._random.choice(self.members).id
        return Purchase(self.sequence(partner), who, self._random.randint(100, SPEND_MINOR_MAX))


def operations_in(bulks: Iterable[Bulk]) -> int:
    """How many operations these requests carry."""
    return sum(bulk.operations for bulk in bulks)
