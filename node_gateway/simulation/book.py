"""What the chain has answered so far: enough to name earlier operations and to choose nonces. It judges nothing."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from node_gateway.chain.abi import Event, reason_text
from node_gateway.simulation.scenario import EventId
from partner_sdk.protocol import MemberId, OperationId, Submitter

# Events that use up the nonce of a member's authorisation.
AUTHORISED_EVENTS = frozenset({"RedemptionSettled", "HoldPlaced", "TransferSettled"})


class Receipt(NamedTuple):
    """By what later operations name an applied one; 0 where the chain gave it none."""

    lot: int
    nonce: int


NO_RECEIPT = Receipt(0, 0)


class FirstUse(NamedTuple):
    """Under which number an id of the file went to the chain first, and whose account it is about."""

    operation: OperationId
    member: MemberId


class SubmissionSkippedError(Exception):
    """The ledger did not take a submission: a fault of the run itself, for which there is no report."""

    def __init__(self, submitter: int, reason: str) -> None:
        self.submitter = Submitter(submitter)
        self.reason = reason
        super().__init__(f"the ledger skipped a submission of {self.submitter.text}: {reason}")


@dataclass
class Book:
    """The operations of a run.

    Attributes:
        first_uses: of each id of the file that went to the chain.
        rejected: ids and reasons in the order of the chain's events.
        next_sequence: one counter for all submitters, so that an operation of the wrong kind can be named too.
    """

    first_uses: dict[EventId, FirstUse] = field(default_factory=dict)
    rejected: list[dict[str, str]] = field(default_factory=list)
    next_sequence: int = 1
    _event_ids: dict[int, EventId] = field(default_factory=dict)
    _receipts: dict[int, Receipt] = field(default_factory=dict)
    _highest_nonces: dict[bytes, int] = field(default_factory=dict)

    def take_sequence(self) -> int:
        """The next sequence number."""
        sequence = self.next_sequence
        self.next_sequence += 1
        return sequence

    def use(self, event_id: EventId, submitter: Submitter, member: MemberId) -> FirstUse:
        """The number under which this id goes to the chain: that of its first use, however often it comes."""
        if event_id not in self.first_uses:
            first_use = FirstUse(OperationId.of(submitter, self.take_sequence()), member)
            self.first_uses[event_id] = first_use
            self._event_ids[first_use.operation] = event_id
        return self.first_uses[event_id]

    def receipt_of(self, event_id: EventId) -> Receipt:
        """What the chain answered to an operation; zeros where it has not applied it."""
        first_use = self.first_uses.get(event_id)
        return self._receipts.get(first_use.operation, NO_RECEIPT) if first_use else NO_RECEIPT

    def sequence_of(self, event_id: EventId) -> int | None:
        """The sequence number of an id, None for one that has not been used."""
        first_use = self.first_uses.get(event_id)
        return first_use.operation.sequence if first_use else None

    def highest_nonce(self, member: MemberId) -> int:
        """The highest nonce that an applied authorisation of this member has used up."""
        return self._highest_nonces.get(member, 0)

    def enter(self, events: Iterable[Event]) -> None:
        """Takes in what a transaction has emitted.

        Raises:
            SubmissionSkippedError: the ledger did not look at a whole submission.
        """
        for event in events:
            args = event.args
            if event.name == "SubmissionSkipped":
                raise SubmissionSkippedError(args["submitter"], reason_text(args["reason"]))
            if event.name == "OperationRejected":
                event_id = self._event_ids.get(args["operation"])
                if event_id is None:
                    raise SubmissionSkippedError(args["operation"] >> 32, reason_text(args["reason"]))
                self.rejected.append({"id": event_id, "reason": reason_text(args["reason"])})
            elif "operation" in args:
                # Of one operation's events the last one is its receipt.
                self._receipts[args["operation"]] = Receipt(args.get("lot", 0), args.get("nonce", 0))
            if event.name in AUTHORISED_EVENTS:
                member = args["member"]
                self._highest_nonces[member] = max(self._highest_nonces.get(member, 0), args["nonce"])
