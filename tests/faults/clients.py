"""Partners and a wallet that sign operations, send them as the SDK would, repeat what was not answered, and remember what they were told."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any, Final

import orjson

from partner_sdk.protocol import (
    Authorisation,
    Capture,
    Enrol,
    Grant,
    Hold,
    KeyKind,
    MemberId,
    Operation,
    Purchase,
    Redeem,
    SignedSubmission,
    Submitter,
    Void,
    burn_tag,
    pack_bulk,
)
from tests.faults.asgi_calls import Answer, NoAnswerError, request
from tests.faults.chain import DOMAIN
from tests.faults.databases import WALLET
from tests.faults.fault_kinds import Fault, Faults
from tests.faults.gateway import GatewayUnderTest
from tests.faults.ledger import ATTESTER, ATTESTER_KEY, DAY_S, PARTNER_KEYS, PARTNERS
from tests.faults.node import Network

WIRE: Final = "application/octet-stream"
BULK: Final = "application/vnd.coalition.submissions"
MEMBERS: Final = 6
DEADLINES_S: Final = (25, 90, 300, 3_600)
RETRY_S: Final = (0.4, 3.0)
REPEAT_CHANCE: Final = 0.3
SECOND_GATEWAY_CHANCE: Final = 0.35
REORDER_CHANCE: Final = 0.25
WAITING_CHANCE: Final = 0.2
BULK_CHANCE: Final = 0.2
LATER_S_MAX: Final = 12.0


@dataclass
class Sent:
    """One submission and what was answered, by gateway."""

    party: str
    wire: bytes
    operations: tuple[int, ...]
    digest: bytes
    accepted_by: set[str] = field(default_factory=set)


@dataclass
class Wallets:
    """What members have, as far as it makes the traffic likely to be right."""

    members: list[MemberId]
    nonces: dict[bytes, int] = field(default_factory=dict)
    holds: list[tuple[int, MemberId, int, int, int]] = field(default_factory=list)

    def nonce(self, member: MemberId) -> int:
        self.nonces[member] = self.nonces.get(member, 0) + 1
        return self.nonces[member]


class Clients:
    """All who send to the gateways of a seed.

    Attributes:
        sent: every submission that was ever signed.
        complaints: answers that no gateway may give.
        faults: counts duplicated and reordered submissions.
    """

    def __init__(
        self, gateways: Sequence[GatewayUnderTest], network: Network, dice: Random, faults: Faults
    ) -> None:
        self._gateways = list(gateways)
        self._network = network
        self._dice = dice
        self.faults = faults
        self.sent: list[Sent] = []
        self.complaints: list[str] = []
        self._sequences: dict[int, int] = {}
        self._wallets = Wallets([MemberId(dice.randbytes(20)) for _ in range(MEMBERS)])
        self._keys = 0
        self._on_their_way: set[asyncio.Task[None]] = set()
        self.is_open = True

    async def enrol(self) -> None:
        """Most members get a key, as the first of all traffic."""
        members = self._wallets.members[:-1]
        operations = [
            Enrol(self._sequence(0), member, PARTNER_KEYS[1].address, KeyKind.SECP256K1) for member in members
        ]
        self._dispatch(0, operations)

    async def shop(self, rate_s: float) -> None:
        """Send until closed."""
        while self.is_open:
            partner = self._dice.choice(PARTNERS)
            self._dispatch(partner, [self._operation(partner) for _ in range(self._dice.randint(1, 4))])
            await asyncio.sleep(self._dice.uniform(0.1, 2) * rate_s)

    async def finish(self) -> None:
        """Take no more, and wait until all that was sent is answered."""
        self.is_open = False
        while self._on_their_way:
            await asyncio.wait(self._on_their_way)

    def sign_again(self, operations: set[int]) -> int:
        """Sign what expired anew, under the same sequence numbers; returns how many submissions that made."""
        count = 0
        for old in list(self.sent):
            if set(old.operations) <= operations and self._dice.random() < 0.7:
                submission = SignedSubmission.unpack(old.wire)
                self._dispatch(submission.submitter.partner, submission.operations())
                operations -= set(old.operations)
                count += 1
        return count

    def _dispatch(self, partner: int, operations: Sequence[Operation]) -> None:
        submitter = Submitter.of(partner, 0) if partner else ATTESTER
        signed = SignedSubmission.sign(
            operations, submitter=submitter,
            deadline_s=self._network.chain.head.timestamp_s + self._dice.choice(DEADLINES_S), domain=DOMAIN,
            key=PARTNER_KEYS[partner] if partner else ATTESTER_KEY,
        )  # fmt: skip
        ids = tuple(int(signed.operation_id(operation)) for operation in operations)
        sent = Sent(f"partner:{partner}" if partner else WALLET, signed.pack(), ids, signed.digest(DOMAIN))
        self.sent.append(sent)
        self._start(self._deliver(sent))

    def _start(self, work: Any) -> None:
        task = asyncio.create_task(work)
        self._on_their_way.add(task)
        task.add_done_callback(self._on_their_way.discard)

    async def _deliver(self, sent: Sent) -> None:
        first, *others = self._dice.sample(self._gateways, len(self._gateways))
        if self._dice.random() < REORDER_CHANCE:
            self.faults.count(Fault.REORDERED)
            await asyncio.sleep(self._dice.uniform(0, LATER_S_MAX))
        for other in others:
            if self._dice.random() < SECOND_GATEWAY_CHANCE:
                self.faults.count(Fault.TWO_GATEWAYS)
                self._start(self._send(other, sent, self._dice.uniform(0, LATER_S_MAX)))
        await self._send(first, sent, 0.0)

    async def _send(self, gateway: GatewayUnderTest, sent: Sent, after_s: float) -> None:
        """As the SDK does: one Idempotency-Key, and again until there is an answer."""
        await asyncio.sleep(after_s)
        self._keys += 1
        headers = {"idempotency-key": f"key-{self._keys}", "content-type": WIRE}
        is_bulk = self._dice.random() < BULK_CHANCE
        path, body, query = "/v1/submissions", sent.wire, ""
        if is_bulk:
            path, body, headers["content-type"] = f"{path}/bulk", pack_bulk([sent.wire]), BULK
        elif self._dice.random() < WAITING_CHANCE:
            query = f"wait=settled&wait_s={self._dice.choice([2, 8])}"
        answer = await self._until_answered(gateway, sent, path, query, body, headers)
        if answer is None:
            return
        if _is_accepted(answer):
            sent.accepted_by.add(gateway.name)
            if sent.digest.hex().encode() not in answer.body:
                self.complaints.append(f"{sent.digest.hex()} was answered {answer.body[:200]!r}")
        while self._dice.random() < REPEAT_CHANCE:
            await asyncio.sleep(self._dice.uniform(0, LATER_S_MAX))
            await self._repeat(gateway, sent, path, query, body, headers, answer)

    async def _until_answered(
        self,
        gateway: GatewayUnderTest,
        sent: Sent,
        path: str,
        query: str,
        body: bytes,
        headers: dict[str, str],
    ) -> Answer | None:
        while True:
            try:
                answer = await request(
                    self._dice.choice(gateway.apis), "POST", path,
                    party=sent.party, query=query, body=body, headers=headers,
                )  # fmt: skip
            except NoAnswerError:
                answer = None
            if answer is not None and answer.status == 500:
                self.complaints.append(f"{gateway.name} answered 500: {answer.body[:200].decode()}")
            if answer is not None and answer.status < 500 and not _is_in_flight(answer):
                return answer
            await asyncio.sleep(self._dice.uniform(*RETRY_S))

    async def _repeat(
        self,
        gateway: GatewayUnderTest,
        sent: Sent,
        path: str,
        query: str,
        body: bytes,
        headers: dict[str, str],
        first: Answer,
    ) -> None:
        """The same request has the same answer, another body under the same key has none."""
        self.faults.count(Fault.REPEATED)
        if self._dice.random() < 0.15 and _is_accepted(first):
            body = body[:-1] + bytes([body[-1] ^ 1])
            answer = await self._until_answered(gateway, sent, path, query, body, headers)
            if answer is not None and answer.status != 422:
                self.complaints.append(
                    f"another body under {headers['idempotency-key']} was answered {answer.status}: {answer.body[:200]!r}"
                )
            return
        answer = await self._until_answered(gateway, sent, path, query, body, headers)
        if (
            answer is not None
            and _is_accepted(first)
            and (answer.status, answer.body) != (first.status, first.body)
        ):
            self.complaints.append(
                f"{headers['idempotency-key']} was answered {first.status} {first.body[:300]!r},"
                f" then {answer.status} {answer.body[:300]!r}"
            )

    def _operation(self, partner: int) -> Operation:
        member = self._dice.choice(self._wallets.members)
        kind = self._dice.random()
        if kind < 0.5:
            return Purchase(self._sequence(partner), member, self._dice.randint(1, 5_000))
        if kind < 0.58:
            return Grant(self._sequence(partner), member, self._dice.randint(1, 500))
        if kind < 0.75:
            points = self._dice.randint(1, 2_000)
            return Redeem(self._sequence(partner), member, points, self._authorisation(member, points))
        if kind < 0.87:
            return self._hold(partner, member)
        return self._end_of_hold(partner) or Purchase(self._sequence(partner), member, 100)

    def _hold(self, partner: int, member: MemberId) -> Operation:
        sequence, points = self._sequence(partner), self._dice.randint(1, 800)
        authorisation = self._authorisation(member, points)
        self._wallets.holds.append((partner, member, authorisation.nonce, burn_tag(sequence), points))
        day = self._network.chain.head.timestamp_s // DAY_S + 30
        return Hold(sequence, member, points, day, authorisation)

    def _end_of_hold(self, partner: int) -> Operation | None:
        mine = [hold for hold in self._wallets.holds if hold[0] == partner]
        if not mine:
            return None
        hold = self._dice.choice(mine)
        self._wallets.holds.remove(hold)
        _, member, nonce, tag, points = hold
        if self._dice.random() < 0.3:
            return Void(self._sequence(partner), member, nonce, tag)
        return Capture(self._sequence(partner), member, nonce, tag, self._dice.randint(1, points))

    def _authorisation(self, member: MemberId, points: int) -> Authorisation:
        return Authorisation(1, self._wallets.nonce(member), 2**40, points, bytes(64))

    def _sequence(self, partner: int) -> int:
        self._sequences[partner] = self._sequences.get(partner, 0) + 1
        return self._sequences[partner]


def _is_accepted(answer: Answer) -> bool:
    if answer.status not in (200, 202):
        return False
    told = orjson.loads(answer.body)
    return bool(told.get("submission_id")) or told.get("accepted") == 1


def _is_in_flight(answer: Answer) -> bool:
    return answer.status in (409, 429) and orjson.loads(answer.body)["code"] in (
        "idempotency_in_flight",
        "rate_limited",
    )
