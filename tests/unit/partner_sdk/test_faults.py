"""Nothing is lost and nothing is doubled when the connection, the gateway or this process fails."""

from pathlib import Path

import httpx2
import pytest

import partner_sdk
from partner_sdk.testing import FakeGateway
from tests.unit.partner_sdk.conftest import StandingClock

BROKEN = httpx2.ReadError("connection reset")
UNREACHABLE = httpx2.ConnectError("connection refused")


@pytest.mark.parametrize("failure", [BROKEN, httpx2.ReadTimeout("slow"), 500, 502, UNREACHABLE])
def test_a_request_that_fails_is_sent_again_and_counts_once(
    fake: FakeGateway, failure: Exception | int
) -> None:
    member = fake.new_member().member
    fake.fail_next(failure)
    fake.fail_next(failure, after_work=not isinstance(failure, httpx2.ConnectError))
    with fake.partner() as partner:
        assert partner.purchase(member, 100).points == 100
    assert fake.ledger.accounts[member].balance == 100
    assert fake.requests.count("POST /v1/submissions") == 3


def test_an_answer_that_never_comes_is_told_as_unknown_and_settled_once_by_resume(
    fake: FakeGateway, tmp_path: Path
) -> None:
    member = fake.new_member().member
    for _ in range(4):
        fake.fail_next(BROKEN, after_work=True)
    with (
        fake.partner(sequences=tmp_path / "sequences.db") as partner,
        pytest.raises(partner_sdk.OutcomeUnknownError, match="do not repeat") as unknown,
    ):
        partner.purchase(member, 100)
    with fake.partner(sequences=tmp_path / "sequences.db") as restarted:
        resumed = restarted.resume()
        assert [record.id for record in resumed.settled] == list(unknown.value.operations)
        assert restarted.purchase(member, 100).operation.sequence == 1
    assert fake.ledger.accounts[member].balance == 200


def test_what_never_arrived_is_sent_by_resume_after_a_restart(fake: FakeGateway, tmp_path: Path) -> None:
    member = fake.new_member().member
    for _ in range(4):
        fake.fail_next(BROKEN)
    with (
        fake.partner(sequences=tmp_path / "sequences.db") as partner,
        pytest.raises(partner_sdk.OutcomeUnknownError),
    ):
        partner.purchase(member, 100)
    assert fake.ledger.accounts[member].balance == 0
    with fake.partner(sequences=tmp_path / "sequences.db") as restarted:
        assert [record.status for record in restarted.resume().settled] == ["settled"]
    assert fake.ledger.accounts[member].balance == 100


def test_what_surely_was_not_sent_can_be_called_again(fake: FakeGateway) -> None:
    member = fake.new_member().member
    for _ in range(4):
        fake.fail_next(UNREACHABLE)
    with fake.partner() as partner:
        with pytest.raises(partner_sdk.GatewayConnectionError):
            partner.purchase(member, 100)
        assert partner.resume() == partner_sdk.Resumed((), (), ())
        assert partner.purchase(member, 100).operation.sequence == 1


def test_a_refusal_after_a_broken_try_is_not_taken_for_the_outcome_of_both(fake: FakeGateway) -> None:
    member = fake.new_member().member
    fake.fail_next(BROKEN, after_work=True)
    for _ in range(3):
        fake.fail_next(503)
    with fake.partner() as partner:
        with pytest.raises(partner_sdk.OutcomeUnknownError):
            partner.purchase(member, 100)
        assert len(partner.resume().settled) == 1
    assert fake.ledger.accounts[member].balance == 100


def test_a_submission_that_expired_is_signed_again_with_the_same_sequence(
    fake: FakeGateway, clock: StandingClock
) -> None:
    fake.settles_at_once = False
    member = fake.new_member().member
    with fake.partner(validity_s=60) as partner:
        with pytest.raises(partner_sdk.SettlementPendingError) as pending:
            partner.purchase(member, 100, wait_s=0.01)
        clock.now_s += 3600
        fake.settle()
        assert partner.operation(pending.value.operations[0]).status == "expired"
        fake.settles_at_once = True
        assert [record.id for record in partner.resume().settled] == list(pending.value.operations)
    assert fake.ledger.accounts[member].balance == 100


def test_a_store_that_was_lost_begins_above_what_the_gateway_knows(fake: FakeGateway) -> None:
    member = fake.new_member().member
    for expected in range(3):
        with fake.partner() as partner:
            assert partner.purchase(member, 100).operation.sequence == expected


def test_two_machines_with_one_key_never_double_an_operation(fake: FakeGateway) -> None:
    member = fake.new_member().member
    with fake.partner() as first, fake.partner() as second:
        first.member(member)
        assert first.submit([partner_sdk.drafts.purchase(member, 100)], wait_s=1)[0].id.sequence == 0
        assert second.purchase(member, 100).operation.sequence == 1
        with pytest.raises(partner_sdk.SequenceUsedError):
            first.purchase(member, 7)
    assert fake.ledger.accounts[member].balance == 200


def test_resume_says_that_an_outcome_is_still_open_when_the_gateway_fails_again(fake: FakeGateway) -> None:
    member = fake.new_member().member
    for _ in range(8):
        fake.fail_next(BROKEN)
    with fake.partner() as partner:
        with pytest.raises(partner_sdk.OutcomeUnknownError) as unknown:
            partner.purchase(member, 100)
        assert partner.resume() == partner_sdk.Resumed((), unknown.value.operations, ())
        assert len(partner.resume().settled) == 1


def test_a_bare_503_of_a_proxy_may_hide_an_accepted_submission(fake: FakeGateway) -> None:
    member = fake.new_member().member
    for _ in range(4):
        fake.fail_next(503, after_work=True)
    with fake.partner() as partner:
        with pytest.raises(partner_sdk.OutcomeUnknownError):
            partner.purchase(member, 100)
        assert len(partner.resume().settled) == 1
    assert fake.ledger.accounts[member].balance == 100


def test_no_gateway_at_the_address_is_a_connection_error() -> None:
    with (
        partner_sdk.Partner(
            key="11" * 32, gateway="http://127.0.0.1:9", api_key="x", attempts_max=1
        ) as partner,
        pytest.raises(partner_sdk.GatewayConnectionError),
    ):
        partner.program()


@pytest.mark.parametrize("content", [b"", b"<html>hello</html>", b"[]", b"{}"])
def test_an_answer_of_something_else_is_told_as_such(content: bytes) -> None:
    transport = httpx2.MockTransport(lambda request: httpx2.Response(200, content=content))
    with (
        partner_sdk.Partner(
            key="11" * 32, gateway="http://gateway.test", api_key="x", transport=transport
        ) as partner,
        pytest.raises(partner_sdk.UnexpectedAnswerError, match="/v1/program"),
    ):
        partner.program()


def test_a_problem_without_a_document_still_is_an_error_with_its_status() -> None:
    transport = httpx2.MockTransport(
        lambda request: httpx2.Response(429, text="slow down", headers={"retry-after": "7"})
    )
    with (
        partner_sdk.Partner(
            key="11" * 32, gateway="http://gateway.test", api_key="x", transport=transport, attempts_max=1
        ) as partner,
        pytest.raises(partner_sdk.BusyError) as busy,
    ):
        partner.program()
    assert (busy.value.status, busy.value.code, busy.value.retry_after_s) == (429, "http_429", 7.0)
