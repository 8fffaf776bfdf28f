"""Turns a scenario's operations into the bytes that their parties sign. Nothing is judged here: what cannot be named is sent
with numbers that name nothing, and the ledger gives the reason."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from node_gateway.simulation.book import Book
from node_gateway.simulation.ledger_days import chain_day
from node_gateway.simulation.parties import ATTESTER, OPERATOR_POINTS, Parties
from node_gateway.simulation.scenario import (
    OPERATOR,
    Capture,
    EventId,
    Grant,
    Hold,
    Operation,
    PartnerId,
    Purchase,
    Redeem,
    Refund,
    Return,
    Transfer,
    Void,
)
from node_gateway.simulation.steps import referred_id
from partner_sdk import protocol
from partner_sdk.protocol import Authorisation, Domain, MemberId, SignedSubmission, Submitter

POINTS_FIELD_MAX = 2**32 - 1
SPEND_FIELD_MAX = 2**40 - 1
DAY_FIELD_MAX = protocol.OCCURRED_ON_SETTLEMENT
# So that a submission stays within its gas whatever accounts look like.
SUBMISSION_OPERATIONS_MAX = 10
# No clock of a scenario comes near it.
NO_DEADLINE_S = 2**48 - 1
NOBODY = MemberId(b"\xff" * 20)


class Packed(NamedTuple):
    """An operation and who submits it."""

    submitter: Submitter
    operation: protocol.Operation


class Packer:
    """Packs what goes into one block after the other, each with what the chain said about those before it."""

    def __init__(
        self,
        parties: Parties,
        domain: Domain,
        book: Book,
        submission_operations_max: int = SUBMISSION_OPERATIONS_MAX,
    ) -> None:
        self._parties = parties
        self._domain = domain
        self._book = book
        self._submission_operations_max = submission_operations_max
        self._nonces: dict[MemberId, int] = {}

    def begin_block(self) -> None:
        """The chain has answered for all that was packed before."""
        self._nonces.clear()

    def submissions(self, operations: Iterable[Operation]) -> list[SignedSubmission]:
        """Operations in a row as signed submissions: in order, cut where the submitter changes, a number comes again, or one is full."""
        runs: list[list[Packed]] = []
        numbers: set[int] = set()
        for packed in self._packed(operations):
            run = runs[-1] if runs else []
            if (
                not run
                or run[0].submitter != packed.submitter
                or packed.operation.sequence in numbers
                or len(run) == self._submission_operations_max
            ):
                runs.append([])
                numbers.clear()
            runs[-1].append(packed)
            numbers.add(packed.operation.sequence)
        return [self._sign(run) for run in runs]

    def _sign(self, run: list[Packed]) -> SignedSubmission:
        submitter = run[0].submitter
        return SignedSubmission.sign(
            [packed.operation for packed in run],
            submitter=submitter,
            deadline_s=NO_DEADLINE_S,
            domain=self._domain,
            key=self._parties.keys[submitter],
        )

    def _packed(self, operations: Iterable[Operation]) -> Iterator[Packed]:
        for event in operations:
            first_use = self._book.use(event.id, self._submitter_of(event), self._member_of(event))
            # A repeated id goes out once more under its first number, whatever it asks for now.
            submitter = first_use.operation.submitter
            yield Packed(submitter, self._pack(event, first_use.operation.sequence, submitter.partner))

    def _submitter_of(self, event: Operation) -> Submitter:
        if isinstance(event, Transfer):
            return ATTESTER
        if event.partner == OPERATOR:
            return OPERATOR_POINTS
        return self._parties.submitter_of(PartnerId(event.partner))

    def _member_of(self, event: Operation) -> MemberId:
        if isinstance(event, Purchase | Redeem | Hold | Transfer | Grant):
            return self._parties.members[event.member]
        referred = referred_id(event)
        first_use = self._book.first_uses.get(referred) if referred else None
        return first_use.member if first_use else next(iter(self._parties.members.values()), NOBODY)

    def _pack(self, event: Operation, sequence: int, partner: protocol.PartnerId) -> protocol.Operation:
        member = self._member_of(event)
        match event:
            case Purchase():
                occurred_day = (
                    chain_day(event.occurred_day) if event.is_posted_late else protocol.OCCURRED_ON_SETTLEMENT
                )
                return protocol.Purchase(sequence, member, _spend(event.spend), occurred_day)
            case Return():
                lot = self._book.receipt_of(event.of).lot
                return protocol.Return(
                    sequence, member, lot, self._purchase_tag(event.of), _spend(event.spend)
                )
            case Redeem():
                points = _points(event.points)
                return protocol.Redeem(
                    sequence, member, points, self._redeem_authorisation(member, points, partner)
                )
            case Refund():
                nonce = self._book.receipt_of(event.of).nonce
                return protocol.Refund(
                    sequence, member, nonce, self._burn_tag(event.of), _points(event.points)
                )
            case Hold():
                points, expires_day = _points(event.points), min(chain_day(event.expires_day), DAY_FIELD_MAX)
                authorisation = self._hold_authorisation(member, points, partner, expires_day)
                return protocol.Hold(sequence, member, points, expires_day, authorisation)
            case Capture():
                nonce = self._book.receipt_of(event.hold).nonce
                return protocol.Capture(
                    sequence, member, nonce, self._burn_tag(event.hold), _points(event.points)
                )
            case Void():
                nonce = self._book.receipt_of(event.hold).nonce
                return protocol.Void(sequence, member, nonce, self._burn_tag(event.hold))
            case Transfer():
                to, points = self._parties.members[event.to], _points(event.points)
                authorisation = self._transfer_authorisation(member, points, to)
                return protocol.Transfer(sequence, member, to, points, authorisation)
            case Grant():
                return protocol.Grant(sequence, member, _points(event.points))

    def _purchase_tag(self, event_id: EventId) -> int:
        sequence = self._book.sequence_of(event_id)
        return protocol.NO_TAG if sequence is None else protocol.purchase_tag(sequence)

    def _burn_tag(self, event_id: EventId) -> int:
        sequence = self._book.sequence_of(event_id)
        return protocol.NO_TAG if sequence is None else protocol.burn_tag(sequence)

    def _next_nonce(self, member: MemberId) -> int:
        """Goes on from the highest that was used up; within a block each authorisation takes one more, used up or not."""
        nonce = self._nonces.get(member, self._book.highest_nonce(member)) + 1
        self._nonces[member] = nonce
        return nonce

    def _redeem_authorisation(
        self, member: MemberId, points: int, partner: protocol.PartnerId
    ) -> Authorisation:
        return protocol.RedeemAuthorisation(
            member=member,
            nonce=self._next_nonce(member),
            deadline_s=NO_DEADLINE_S,
            partner=partner,
            max_points=points,
        ).sign(self._domain, self._parties.member_keys[member])

    def _hold_authorisation(
        self, member: MemberId, points: int, partner: protocol.PartnerId, expires_day: int
    ) -> Authorisation:
        return protocol.HoldAuthorisation(
            member=member,
            nonce=self._next_nonce(member),
            deadline_s=NO_DEADLINE_S,
            partner=partner,
            max_points=points,
            expires_day=expires_day,
        ).sign(self._domain, self._parties.member_keys[member])

    def _transfer_authorisation(self, member: MemberId, points: int, to: MemberId) -> Authorisation:
        return protocol.TransferAuthorisation(
            member=member, nonce=self._next_nonce(member), deadline_s=NO_DEADLINE_S, to=to, max_points=points
        ).sign(self._domain, self._parties.member_keys[member])


def _points(points: int) -> int:
    # The greatest number of the field is over the ledger's bound, as any greater one would be.
    return min(points, POINTS_FIELD_MAX)


def _spend(spend_minor: int) -> int:
    return min(spend_minor, SPEND_FIELD_MAX)
