"""What the gateway calls certain, the ledger rejects for the same reason; what it lets through may settle."""

import sqlalchemy as sa

from node_gateway.domain.certain_rejections import certain_rejection
from node_gateway.store import schema
from node_gateway.store.database import Database
from node_gateway.store.keys import read_keyring
from partner_sdk.protocol import (
    Enrol,
    Grant,
    Hold,
    HoldAuthorisation,
    KeyKind,
    MemberId,
    Operation,
    OperationId,
    PartnerId,
    Purchase,
    Redeem,
    RedeemAuthorisation,
    Transfer,
    TransferAuthorisation,
)
from tests.chain_fixtures import DeployedLedger
from tests.integration.jobs.gateway_harness import DEADLINE_S, Gateway
from tests.integration.jobs.shopping import Shopper, Shopping

SUSPENDED, LIMITED, POINTS_MAX = 2, 3, 500
NO_LIMITS = {
    "creditLimitMicro": 2**63 - 1,
    "operationPointsMax": 2**32 - 1,
    "memberDayPointsMax": 2**48 - 1,
    "partnerDayPointsMax": 2**48 - 1,
}


class Desk:
    """Operations on the edge."""

    def __init__(self, ledger: DeployedLedger, shopper: Shopper, other: Shopper, today: int) -> None:
        self.ledger, self.shopper, self.other, self.today = ledger, shopper, other, today

    def of_partner(self, partner: int) -> list[Operation]:
        today = self.today
        return [
            *(Purchase(self._sequence(partner), self.shopper.member, 100, occurred_day=day) for day in (today, today - 7, today - 8)),
            *(self._redeem(partner, points, most) for points, most in ((10, 10), (11, 10), (POINTS_MAX, 900), (POINTS_MAX + 1, 900))),
            *(self._hold(partner, 5, day) for day in (today - 1, today, today + 3)),
            Grant(self._sequence(partner), self.shopper.member, POINTS_MAX + 1),
        ]  # fmt: skip

    def of_attester(self) -> list[Operation]:
        return [
            self._transfer(self.shopper.member, 1),
            self._transfer(self.other.member, 1),
            Grant(self._sequence(0), self.shopper.member, 5),
        ]

    def _sequence(self, partner: int) -> int:
        return self.ledger.sequence(partner)

    def _nonce(self) -> int:
        self.shopper.nonce += 1
        return self.shopper.nonce

    def _redeem(self, partner: int, points: int, most: int) -> Operation:
        signed = RedeemAuthorisation(
            member=self.shopper.member, partner=PartnerId(partner), max_points=most, nonce=self._nonce(), deadline_s=DEADLINE_S
        ).sign(self.ledger.domain, self.shopper.key)  # fmt: skip
        return Redeem(self._sequence(partner), self.shopper.member, points, signed)

    def _hold(self, partner: int, points: int, day: int) -> Operation:
        signed = HoldAuthorisation(
            member=self.shopper.member, partner=PartnerId(partner), max_points=points, expires_day=day, nonce=self._nonce(),
            deadline_s=DEADLINE_S,
        ).sign(self.ledger.domain, self.shopper.key)  # fmt: skip
        return Hold(self._sequence(partner), self.shopper.member, points, day, signed)

    def _transfer(self, to: MemberId, points: int) -> Operation:
        signed = TransferAuthorisation(
            member=self.shopper.member, to=to, max_points=points, nonce=self._nonce(), deadline_s=DEADLINE_S
        ).sign(self.ledger.domain, self.shopper.key)  # fmt: skip
        return Transfer(self._sequence(0), self.shopper.member, to, points, signed)


async def test_the_ledger_rejects_what_is_called_certain_for_the_same_reason(
    deployed_ledger: DeployedLedger, sqlite_database: Database
) -> None:
    ledger = deployed_ledger
    gateway = Gateway(ledger, sqlite_database)
    shopping = Shopping(gateway, seed=5, members=2)
    giver, receiver = shopping.shoppers
    await gateway.accept(0, [Enrol(ledger.sequence(0), giver.member, giver.key.address, KeyKind.SECP256K1)])
    await gateway.accept(1, [Purchase(ledger.sequence(1), giver.member, 10_000)])
    await gateway.settle()
    await ledger.administration.act("setLimits", LIMITED, NO_LIMITS | {"operationPointsMax": POINTS_MAX})
    await ledger.administration.act("suspendPartner", SUSPENDED)
    desk = Desk(ledger, giver, receiver, await ledger.read("today"))
    lots = {
        **{partner: desk.of_partner(partner) for partner in (1, SUSPENDED, LIMITED)},
        0: desk.of_attester(),
    }
    expected, stored = await _foretold_and_settled(gateway, lots)

    certain = {identity: reason for identity, reason in expected.items() if reason is not None}
    assert {identity: stored[identity] for identity in certain} == certain
    assert set(certain.values()) == {
        "posted_too_late", "authorisation_exceeded", "hold_expired", "partner_suspended", "operation_limit_exceeded",
        "same_member", "not_permitted",
    }  # fmt: skip
    # And nothing else was that the gateway could have known.
    assert {stored[identity] for identity in expected if identity not in certain} <= {
        None,
        "insufficient_points",
    }


async def test_the_ledger_rejects_what_is_over_a_limit_of_a_day_by_itself(
    deployed_ledger: DeployedLedger, sqlite_database: Database
) -> None:
    ledger = deployed_ledger
    gateway = Gateway(ledger, sqlite_database)
    members = [shopper.member for shopper in Shopping(gateway, seed=6, members=6).shoppers]
    await ledger.administration.act("setLimits", 2, NO_LIMITS | {"memberDayPointsMax": POINTS_MAX})
    await ledger.administration.act("setLimits", 3, NO_LIMITS | {"partnerDayPointsMax": POINTS_MAX})
    lots: dict[int, list[Operation]] = {}
    for partner in (1, 2, 3):
        # A point for each minor unit. What fits comes last: it uses up the day.
        lots[partner] = [
            Purchase(ledger.sequence(partner), members[0], POINTS_MAX + 1),
            Grant(ledger.sequence(partner), members[1], POINTS_MAX + 1),
            Purchase(ledger.sequence(partner), members[2], POINTS_MAX),
            Grant(ledger.sequence(partner), members[2], 1),
        ]
    expected, stored = await _foretold_and_settled(gateway, lots)

    of_member, of_partner = "member_day_limit_exceeded", "partner_day_limit_exceeded"
    assert list(expected.values()) == [
        *(None, None, None, None), *(of_member, of_member, None, None), *(of_partner, of_partner, None, None),
    ]  # fmt: skip
    assert [stored[identity] for identity in expected] == [
        *(None, None, None, None), *(of_member, of_member, None, of_member), *(of_partner, of_partner, None, of_partner),
    ]  # fmt: skip


async def _foretold_and_settled(
    gateway: Gateway, lots: dict[int, list[Operation]]
) -> tuple[dict[int, str | None], dict[int, str | None]]:
    """By operation, why the gateway calls it certain to be rejected, and why the ledger rejected it."""
    await gateway.index()
    async with gateway.database.reading() as connection:
        keyring = await read_keyring(connection)
        newest = sa.select(schema.blocks).order_by(schema.blocks.c.number.desc()).limit(1)
        block = (await connection.execute(newest)).one()
    assert keyring is not None
    expected: dict[int, str | None] = {}
    for partner, operations in lots.items():
        for operation in operations:
            identity = OperationId.of(gateway.ledger.submitter(partner), operation.sequence)
            framed = operation.encode()
            found = certain_rejection(
                framed[2],
                framed[7:],
                operation=int(identity),
                standing=keyring.standing,
                chain_time_s=block.timestamp_s,
            )
            expected[int(identity)] = None if found is None else found.code
        await gateway.accept(partner, operations)
    await gateway.settle()
    return expected, {row["id"]: row["reason"] for row in await gateway.rows(schema.operations, "id")}
