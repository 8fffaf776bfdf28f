"""What is sent for an event: who signs, under which number, and how it names what it is about."""

from __future__ import annotations

import json
from collections.abc import Sequence

import pytest

from node_gateway.chain.abi import Event as ChainEvent
from node_gateway.simulation.book import Book, SubmissionSkippedError
from node_gateway.simulation.packing import (
    POINTS_FIELD_MAX,
    SPEND_FIELD_MAX,
    SUBMISSION_OPERATIONS_MAX,
    Packer,
)
from node_gateway.simulation.parties import ATTESTER, OPERATOR_POINTS, Parties, parties_of
from node_gateway.simulation.scenario import EventId, Operation
from node_gateway.simulation.scenario import MemberId as ScenarioMemberId
from node_gateway.simulation.scenario_format import parse_scenario
from partner_sdk import protocol
from partner_sdk.protocol import Domain, LedgerAddress, SignedSubmission, burn_tag, purchase_tag
from tests.scenarios import Event, event, scenario_of

DOMAIN = Domain(31337, LedgerAddress(b"\x11" * 20))


class Sender:
    """A packer with its book, fed with events by hand."""

    def __init__(self) -> None:
        self.parties: Parties = parties_of(parse_scenario(json.dumps(scenario_of())))
        self.book = Book()
        self.packer = Packer(self.parties, DOMAIN, self.book)

    def send(self, *events: Event) -> list[SignedSubmission]:
        scenario = parse_scenario(json.dumps(scenario_of(*events)))
        operations: list[Operation] = list(scenario.events)  # type: ignore[arg-type]  # no acts among them
        self.packer.begin_block()
        return self.packer.submissions(operations)

    def operations(self, *events: Event) -> Sequence[protocol.Operation]:
        return [operation for submission in self.send(*events) for operation in submission.operations()]

    def settled(self, name: str, event_id: str, **args: object) -> None:
        operation = self.book.first_uses[EventId(event_id)].operation
        self.book.enter([ChainEvent(name, {"operation": operation, **args}, 0, "0x")])


@pytest.fixture
def sender() -> Sender:
    return Sender()


def test_signs_as_the_party_that_the_event_belongs_to(sender: Sender) -> None:
    submissions = sender.send(
        event("purchase", "a", spend=1),
        event("purchase", "b", partner="B", spend=1),
        event("transfer", "t", points=1),
        event("grant", "g", partner="operator", points=1),
    )
    submitters = [submission.submitter for submission in submissions]
    assert submitters == [1 << 16, 2 << 16, ATTESTER, OPERATOR_POINTS]
    for submission in submissions:
        assert submission.signer(DOMAIN) == sender.parties.keys[submission.submitter].address


def test_puts_operations_in_a_row_of_one_party_into_one_submission(sender: Sender) -> None:
    kinds = ("A", "A", "B", "A")
    submissions = sender.send(
        *(event("purchase", f"p{n}", partner=who, spend=1) for n, who in enumerate(kinds))
    )
    assert [len(submission.operations()) for submission in submissions] == [2, 1, 1]


def test_cuts_a_run_where_a_submission_is_full(sender: Sender) -> None:
    submissions = sender.send(
        *(event("purchase", f"p{n}", spend=1) for n in range(SUBMISSION_OPERATIONS_MAX + 1))
    )
    assert [len(submission.operations()) for submission in submissions] == [SUBMISSION_OPERATIONS_MAX, 1]


def test_sends_a_repeated_id_again_under_its_first_number_and_submitter(sender: Sender) -> None:
    first, second = sender.send(event("purchase", "x", spend=1), event("redeem", "x", partner="B", points=1))
    assert (first.submitter, first.operations()[0].sequence) == (
        second.submitter,
        second.operations()[0].sequence,
    )
    assert isinstance(second.operations()[0], protocol.Redeem)


def test_numbers_operations_of_all_parties_by_one_counter(sender: Sender) -> None:
    operations = sender.operations(
        event("purchase", "a", spend=1),
        event("purchase", "b", partner="B", spend=1),
        event("grant", "c", points=1),
    )
    assert [operation.sequence for operation in operations] == [1, 2, 3]


def test_names_a_purchase_by_the_lot_of_its_receipt(sender: Sender) -> None:
    sender.send(event("purchase", "p", member="M2", spend=5))
    sender.settled("PurchaseSettled", "p", member=sender.parties.members[ScenarioMemberId("M2")], lot=7)
    (returned,) = sender.operations(event("return", "r", of="p", spend=5))
    assert returned == protocol.Return(
        2, sender.parties.members[ScenarioMemberId("M2")], 7, purchase_tag(1), 5
    )


def test_names_a_hold_by_its_nonce_and_a_captures_refund_by_the_captures_tag(sender: Sender) -> None:
    member = sender.parties.members[ScenarioMemberId("M1")]
    sender.send(event("hold", "h", points=5, expires_day=3))
    sender.settled("HoldPlaced", "h", member=member, nonce=4)
    (capture,) = sender.operations(event("capture", "c", hold="h", points=5))
    assert capture == protocol.Capture(2, member, 4, burn_tag(1), 5)
    sender.settled("HoldCaptured", "c", member=member, nonce=4)
    (refund,) = sender.operations(event("refund", "f", of="c", points=5))
    assert refund == protocol.Refund(3, member, 4, burn_tag(2), 5)


def test_names_what_has_no_receipt_with_numbers_that_name_nothing(sender: Sender) -> None:
    sender.send(event("redeem", "rejected", member="M2", points=5))
    member = sender.parties.members[ScenarioMemberId("M2")]
    (of_rejected,) = sender.operations(event("return", "r", of="rejected", spend=5))
    assert of_rejected == protocol.Return(2, member, 0, purchase_tag(1), 5)
    (of_nothing,) = sender.operations(event("void", "v", hold="never"))
    assert of_nothing == protocol.Void(3, sender.parties.members[ScenarioMemberId("M1")], 0, protocol.NO_TAG)


def test_takes_amounts_beyond_their_field_to_its_greatest_number(sender: Sender) -> None:
    operations = sender.operations(
        event("purchase", "p", spend=2**63 - 1),
        event("redeem", "r", points=2**63 - 1),
        event("hold", "h", points=1, expires_day=2**63 - 1),
    )
    purchase, redeem, hold = operations
    assert isinstance(purchase, protocol.Purchase)
    assert isinstance(redeem, protocol.Redeem)
    assert isinstance(hold, protocol.Hold)
    assert purchase.spend_minor == SPEND_FIELD_MAX > protocol.SPEND_MINOR_MAX
    assert redeem.points == POINTS_FIELD_MAX > protocol.POINTS_MAX
    assert hold.expires_day == 2**24 - 1


def test_counts_days_from_the_chains_third(sender: Sender) -> None:
    today, late = sender.operations(
        event("purchase", "p", day=9, spend=1), event("purchase", "q", day=9, spend=1, occurred_day=0)
    )
    assert isinstance(today, protocol.Purchase)
    assert isinstance(late, protocol.Purchase)
    assert (today.occurred_day, late.occurred_day) == (protocol.OCCURRED_ON_SETTLEMENT, 2)


def test_goes_on_from_the_nonce_that_was_used_up(sender: Sender) -> None:
    member = sender.parties.members[ScenarioMemberId("M1")]
    in_one_block = sender.operations(event("redeem", "a", points=1), event("redeem", "b", points=1))
    assert [_nonce(operation) for operation in in_one_block] == [1, 2]
    (after_rejections,) = sender.operations(event("redeem", "c", points=1))
    assert _nonce(after_rejections) == 1
    sender.settled("RedemptionSettled", "c", member=member, nonce=1)
    (after_success,) = sender.operations(event("transfer", "d", points=1))
    assert _nonce(after_success) == 2


def test_binds_the_members_authorisation_to_the_submitting_partner(sender: Sender) -> None:
    (operation,) = sender.operations(event("redeem", "r", partner="B", points=9))
    assert isinstance(operation, protocol.Redeem)
    member = sender.parties.members[ScenarioMemberId("M1")]
    expected = protocol.RedeemAuthorisation(
        member=member,
        nonce=1,
        deadline_s=operation.authorisation.deadline_s,
        partner=protocol.PartnerId(2),
        max_points=9,
    )
    assert operation.authorisation == expected.sign(DOMAIN, sender.parties.member_keys[member])


def test_reports_rejections_in_the_chains_order_by_the_files_ids(sender: Sender) -> None:
    sender.send(event("purchase", "x", spend=0), event("purchase", "y", spend=0))
    for event_id in ("y", "x"):
        sender.settled("OperationRejected", event_id, reason=b"invalid_amount".ljust(32, b"\0"))
    assert sender.book.rejected == [
        {"id": "y", "reason": "invalid_amount"},
        {"id": "x", "reason": "invalid_amount"},
    ]


def test_fails_when_a_submission_was_skipped(sender: Sender) -> None:
    args = {"submitter": 1 << 16, "position": 0, "reason": b"out_of_gas".ljust(32, b"\0")}
    with pytest.raises(SubmissionSkippedError, match=r"1\.0: out_of_gas"):
        sender.book.enter([ChainEvent("SubmissionSkipped", args, 0, "0x")])


def _nonce(operation: protocol.Operation) -> int:
    assert isinstance(operation, protocol.Redeem | protocol.Transfer | protocol.Hold)
    return operation.authorisation.nonce
