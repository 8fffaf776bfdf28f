"""A ledger in memory behind the wallet's port. It checks authorisations as the contracts do, and tells what happens."""

import asyncio
import itertools
from collections import defaultdict
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field, replace

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed, encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

from partner_sdk.protocol import Authorisation, PasskeyProof, Scheme, recover_key
from wallet_app.approvals import AnyAuthorisation, build_authorisation, domain_of
from wallet_app.errors import GatewayUnavailableError, OperationRefusedError
from wallet_app.gateway import (
    STREAM_OPENED,
    Account,
    CampaignProgress,
    HistoryLine,
    HistoryPage,
    Hold,
    LedgerEvent,
    LineKind,
    Lot,
    MemberId,
    PartnerId,
    Program,
    SettledOperation,
)
from wallet_app.store.challenges import Purpose

TODAY = 20_780
NOON_S = TODAY * 86_400 + 12 * 3_600
LOT_VALIDITY_DAYS = 365


@dataclass
class FakeMember:
    """What the fake ledger knows of a member."""

    lots: list[Lot] = field(default_factory=list)
    holds: list[Hold] = field(default_factory=list)
    lines: list[HistoryLine] = field(default_factory=list)
    keys: set[str] = field(default_factory=set)
    used_nonces: set[int] = field(default_factory=set)
    debt: int = 0
    is_locked: bool = False
    is_frozen: bool = False


class FakeGateway:
    """Implements the wallet's MemberGateway; tests add what happens at the tills."""

    def __init__(self) -> None:
        self.members: dict[MemberId, FakeMember] = defaultdict(FakeMember)
        self.partners = {PartnerId(1): "Grocery", PartnerId(2): "Pharmacy", PartnerId(3): "Garden & Home"}
        self.progress: tuple[CampaignProgress, ...] = ()
        self.is_away = False
        self.redeem_then_go_silent = False
        self.block = 1_200
        self.now_s = NOON_S
        self._sequence = itertools.count(1)
        self._queues: dict[MemberId, set[asyncio.Queue[LedgerEvent | None]]] = defaultdict(set)

    # --- what happens at the tills

    def purchase(self, member: MemberId, *, partner: int, spend_minor: int, points: int) -> None:
        self.members[member].lots.append(
            Lot(expires_day=self.today + LOT_VALIDITY_DAYS, points=points, issuer=str(partner))
        )
        self.add_line(member, LineKind.PURCHASE, points, partner=PartnerId(partner), spend_minor=spend_minor)

    def add_line(self, member: MemberId, kind: LineKind, points_delta: int, **fields: object) -> None:
        self.block += 1
        line = HistoryLine(
            id=f"{self.block}-0",
            kind=kind,
            points_delta=points_delta,
            happened_at_s=self.now_s,
            block_number=self.block,
            tx_hash="0x" + "ab" * 32,
            **fields,  # type: ignore[arg-type]
        )
        self.members[member].lines.insert(0, line)
        self._tell(member, LedgerEvent(id=line.id, name="BalanceChanged"))

    def go_away(self) -> None:
        """The gateway stops answering and its streams break."""
        self.is_away = True
        for queues in self._queues.values():
            for queue in queues:
                queue.put_nowait(None)

    def come_back(self) -> None:
        self.is_away = False

    @property
    def today(self) -> int:
        return self.now_s // 86_400

    # --- the port

    async def program(self) -> Program:
        self._answer()
        return Program(
            chain_id=31_337,
            ledger="0x" + "11" * 20,
            today=self.today,
            day_offset_s=0,
            currency="USD",
            currency_decimals=2,
            as_of_block=self.block,
            block_timestamp_s=self.now_s,
        )

    async def partner_names(self) -> dict[PartnerId, str]:
        self._answer()
        return dict(self.partners)

    async def account(self, member: MemberId) -> Account:
        self._answer()
        known = self.members[member]
        balance = sum(lot.points for lot in known.lots)
        held = sum(hold.points for hold in known.holds)
        return Account(
            member=member,
            balance=balance,
            available=balance - held,
            held=held,
            debt=known.debt,
            lots=tuple(known.lots),
            holds=tuple(known.holds),
            is_enrolled=bool(known.keys),
            is_locked=known.is_locked,
            is_frozen=known.is_frozen,
            next_nonce=max(known.used_nonces, default=-1) + 1,
            as_of_block=self.block,
        )

    async def history(self, member: MemberId, *, after: str | None, limit: int) -> HistoryPage:
        self._answer()
        lines = self.members[member].lines
        ids = [line.id for line in lines]
        start = ids.index(after) + 1 if after else 0
        page = tuple(lines[start : start + limit])
        return HistoryPage(lines=page, next_after=page[-1].id if start + limit < len(lines) else None)

    async def campaigns(self, member: MemberId) -> tuple[CampaignProgress, ...]:
        self._answer()
        return self.progress

    async def events(self, member: MemberId) -> AsyncIterator[LedgerEvent]:
        self._answer()
        queue: asyncio.Queue[LedgerEvent | None] = asyncio.Queue()
        self._queues[member].add(queue)
        try:
            yield LedgerEvent(id="", name=STREAM_OPENED)
            while (event := await queue.get()) is not None:
                yield event
        finally:
            self._queues[member].discard(queue)
        raise GatewayUnavailableError("the stream broke")

    async def enrol(self, member: MemberId, *, key: str, kind: int) -> SettledOperation:
        self._answer()
        if self.members[member].keys:
            raise OperationRefusedError("already_enrolled")
        self.members[member].keys.add(key)
        return self._settle(member, LineKind.KEY_CHANGED, 0)

    async def add_key(
        self, member: MemberId, *, key: str, kind: int, authorisation: bytes
    ) -> SettledOperation:
        self._answer()
        self._check(Purpose.ADD_KEY, member, {"key": key}, authorisation)
        self.members[member].keys.add(key)
        return self._settle(member, LineKind.KEY_CHANGED, 0)

    async def lock(self, member: MemberId) -> SettledOperation:
        self._answer()
        self.members[member].is_locked = True
        return self._settle(member, LineKind.LOCKED, 0)

    async def unlock(self, member: MemberId, *, authorisation: bytes) -> SettledOperation:
        self._answer()
        self._check(Purpose.UNLOCK, member, {}, authorisation)
        self.members[member].is_locked = False
        return self._settle(member, LineKind.UNLOCKED, 0)

    async def transfer(
        self, member: MemberId, *, to: MemberId, points: int, authorisation: bytes
    ) -> SettledOperation:
        self._answer()
        self._check(Purpose.TRANSFER, member, {"to": to, "points": points}, authorisation)
        self._take(member, points)
        self.members[to].lots.append(Lot(expires_day=self.today + 90, points=points, issuer="1"))
        self.add_line(to, LineKind.TRANSFER_RECEIVED, points, other_member=member)
        return self._settle(member, LineKind.TRANSFER_SENT, -points, other_member=to)

    async def close(self) -> None:
        self._queues.clear()

    # --- what tills use

    def redeem(
        self, partner: PartnerId, member: MemberId, points: int, authorisation: bytes
    ) -> SettledOperation:
        self._answer()
        details = {"partner": partner, "points": Authorisation.decode(authorisation).max_points}
        if points > details["points"]:
            raise OperationRefusedError("authorisation_exceeded")
        nonce = self._check(Purpose.REDEEM, member, details, authorisation)
        self._take(member, points)
        if self.redeem_then_go_silent:
            raise GatewayUnavailableError("the answer was lost")
        settled = self._settle(member, LineKind.REDEMPTION, -points, partner=partner)
        self._tell(member, LedgerEvent(id=settled.id, name="RedemptionSettled", fields={"nonce": nonce}))
        return replace(settled, id=f"{partner}.0.{next(self._sequence)}")

    def _check(
        self, purpose: Purpose, member: MemberId, details: Mapping[str, object], authorisation: bytes
    ) -> int:
        known = self.members[member]
        if known.is_locked and purpose is not Purpose.UNLOCK:
            raise OperationRefusedError("member_locked")
        given = Authorisation.decode(authorisation)
        if given.deadline_s < self.now_s:
            raise OperationRefusedError("authorisation_expired")
        if given.nonce in known.used_nonces:
            raise OperationRefusedError("nonce_used")
        expected = build_authorisation(
            purpose, member, {**details, "nonce": given.nonce, "deadline_s": given.deadline_s}
        )
        if self._signer(given, expected) not in known.keys:
            raise OperationRefusedError("bad_authorisation")
        known.used_nonces.add(given.nonce)
        return given.nonce

    def _signer(self, given: Authorisation, expected: AnyAuthorisation) -> str:
        program = Program(31_337, "0x" + "11" * 20, self.today, 0, "USD", 2, self.block)
        digest = expected.digest(domain_of(program))
        if given.scheme == Scheme.KEY:
            return recover_key(digest, given.proof).text
        proof = PasskeyProof.unpack(given.proof)
        numbers = ec.EllipticCurvePublicNumbers(
            int.from_bytes(proof.x, "big"), int.from_bytes(proof.y, "big"), ec.SECP256R1()
        )
        numbers.public_key().verify(
            encode_dss_signature(proof.r, proof.s), proof.signed_message_hash(), ec.ECDSA(Prehashed(SHA256()))
        )
        return proof.key_id.text

    def _take(self, member: MemberId, points: int) -> None:
        known = self.members[member]
        if points > sum(lot.points for lot in known.lots) - sum(hold.points for hold in known.holds):
            raise OperationRefusedError("insufficient_points")
        left = points
        for index, lot in enumerate(sorted(known.lots, key=lambda lot: lot.expires_day)):
            taken = min(left, lot.points)
            known.lots[known.lots.index(lot)] = replace(lot, points=lot.points - taken)
            left -= taken
            if left == 0 or index > len(known.lots):
                return

    def _settle(
        self, member: MemberId, kind: LineKind, points_delta: int, **fields: object
    ) -> SettledOperation:
        self.add_line(member, kind, points_delta, **fields)
        return SettledOperation(
            id=f"0.1.{next(self._sequence)}",
            points=abs(points_delta),
            block_number=self.block,
            tx_hash="0x" + "ab" * 32,
        )

    def _tell(self, member: MemberId, event: LedgerEvent) -> None:
        for queue in self._queues[member]:
            queue.put_nowait(event)

    def _answer(self) -> None:
        if self.is_away:
            raise GatewayUnavailableError("nothing listens there")


class FakeTillGateway:
    """Redeems for one partner on the fake ledger."""

    def __init__(self, ledger: FakeGateway, partner: PartnerId) -> None:
        self._ledger = ledger
        self._partner = partner

    async def redeem(self, member: MemberId, *, points: int, authorisation: bytes) -> SettledOperation:
        return self._ledger.redeem(self._partner, member, points, authorisation)

    async def close(self) -> None:
        return
