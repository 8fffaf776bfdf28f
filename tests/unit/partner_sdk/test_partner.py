"""A partner's calls against the fake gateway."""

import pytest

import partner_sdk
from partner_sdk import drafts
from partner_sdk.testing import FakeGateway

MINUTES = 60


def test_a_purchase_gives_a_receipt_that_a_return_can_name(fake: FakeGateway) -> None:
    member = fake.new_member().member
    with fake.partner() as partner:
        receipt = partner.purchase(member.text, 1999)
        returned = partner.return_(receipt, 999)
        assert receipt.balance is not None
        assert (receipt.balance.available, receipt.balance.as_of_block) == (1999, receipt.block_number)
        assert (receipt.operation.text, receipt.member, receipt.spend_minor, receipt.points) == (
            "1.0.0",
            member,
            1999,
            1999,
        )
        assert (returned.lot, returned.points, returned.recovered) == (receipt.lot, 999, 999)
        assert partner.member(member).available == 1000


def test_points_go_through_a_hold_a_capture_and_a_refund(fake: FakeGateway) -> None:
    member = fake.new_member(points=500)
    code = member.hold(
        partner=1, max_points=400, expires_day=fake.ledger.today + 3, nonce=1, deadline_s=fake.deadline_s()
    )
    with fake.partner() as partner:
        held = partner.hold(code, 300)
        assert partner.member(member.member).available == 200
        captured = partner.capture(held, 250)
        assert (captured.points, captured.released) == (250, 50)
        assert partner.refund(captured, 100).points == 100
        assert partner.member(member.member).available == 350


def test_a_void_frees_the_hold(fake: FakeGateway) -> None:
    member = fake.new_member(points=500)
    code = member.hold(
        partner=1, max_points=400, expires_day=fake.ledger.today, nonce=1, deadline_s=fake.deadline_s()
    )
    with fake.partner() as partner:
        assert partner.void(partner.hold(code.text, 300)).released == 300
        with pytest.raises(partner_sdk.HoldVoidedError):
            partner.capture(partner_sdk.HoldReceipt.model_validate(partner.receipt("1.0.0")), 1)


def test_a_redemption_takes_the_code_that_the_till_scanned(fake: FakeGateway) -> None:
    member = fake.new_member(points=500)
    code = member.redeem(partner=1, max_points=300, nonce=1, deadline_s=fake.deadline_s())
    with fake.partner() as partner:
        assert partner.redeem(code.text, 200).points == 200
        with pytest.raises(partner_sdk.NonceUsedError):
            partner.redeem(code, 50)
        assert partner.member(member.member).available == 300


def test_each_reason_raises_an_error_of_its_own_with_the_operation(fake: FakeGateway) -> None:
    member = fake.new_member(points=5)
    code = member.redeem(partner=1, max_points=300, nonce=1, deadline_s=fake.deadline_s())
    with fake.partner() as partner:
        with pytest.raises(partner_sdk.InsufficientPointsError) as refused:
            partner.redeem(code, 200)
        assert refused.value.reason is partner_sdk.Reason.INSUFFICIENT_POINTS
        assert partner.operation(refused.value.operation).status == "rejected"
        with pytest.raises(partner_sdk.InsufficientPointsError):
            partner.receipt(refused.value.operation)
        assert partner.redeem(code, 5).points == 5  # an authorisation that was not used is still good


def test_refuses_a_code_for_another_partner_or_another_act_before_anything_is_sent(fake: FakeGateway) -> None:
    member = fake.new_member(points=500)
    elsewhere = member.redeem(partner=9, max_points=300, nonce=1, deadline_s=fake.deadline_s())
    with fake.partner() as partner:
        with pytest.raises(partner_sdk.WrongTillCodeError, match="partner 9"):
            partner.redeem(elsewhere, 5)
        with pytest.raises(partner_sdk.WrongTillCodeError, match="not for a hold"):
            partner.hold(elsewhere, 5)
    assert not [request for request in fake.requests if request.startswith("POST")]


def test_one_submission_carries_several_operations_and_tells_each_outcome(fake: FakeGateway) -> None:
    member = fake.new_member().member
    with fake.partner() as partner:
        good, bad = partner.submit([drafts.purchase(member, 100), drafts.purchase(member, 0)], wait_s=5)
    assert (good.status, good.reason) == ("settled", None)
    assert (bad.status, bad.reason) == ("rejected", "invalid_amount")


def test_a_bulk_is_cut_into_submissions_and_resume_forgets_what_is_settled(fake: FakeGateway) -> None:
    member = fake.new_member().member
    with fake.partner() as partner:
        results = partner.bulk([drafts.purchase(member, 100)] * 120)
        assert [len(result.operations) for result in results] == [50, 50, 20]
        resumed = partner.resume()
        assert len(resumed.settled) == 120
        assert partner.resume() == partner_sdk.Resumed((), (), ())
        assert partner.member(member).balance == 12_000


def test_a_call_that_is_not_settled_in_time_says_so_and_is_found_by_resume(fake: FakeGateway) -> None:
    fake.settles_at_once = False
    member = fake.new_member().member
    with fake.partner() as partner:
        with pytest.raises(partner_sdk.SettlementPendingError) as pending:
            partner.purchase(member, 100, wait_s=0.01)
        assert partner.receipt(pending.value.operations[0]) is None
        assert partner.resume().waiting == pending.value.operations
        fake.settle()
        assert [record.id for record in partner.resume().settled] == list(pending.value.operations)
        receipt = partner.receipt(pending.value.operations[0])
        assert isinstance(receipt, partner_sdk.PurchaseReceipt)


def test_a_till_far_behind_the_chains_clock_still_sets_a_deadline_that_is_taken(fake: FakeGateway) -> None:
    with fake.partner(wall_clock_s=lambda: 0.0) as partner:
        assert partner.purchase(fake.new_member().member, 100).points == 100


def test_a_till_far_ahead_of_the_chains_clock_learns_the_latest_deadline(fake: FakeGateway) -> None:
    with fake.partner(wall_clock_s=lambda: 4_000_000_000.0) as partner:
        assert partner.purchase(fake.new_member().member, 100).operation.sequence == 0
        assert partner.purchase(fake.new_member().member, 100).operation.sequence == 1
    assert fake.requests.count("POST /v1/submissions") == 3


def test_refuses_a_key_that_is_no_submitters(fake: FakeGateway) -> None:
    stranger = partner_sdk.SigningKey.generate()
    with fake.partner(key=stranger) as partner, pytest.raises(partner_sdk.UnknownSubmitterKeyError):
        partner.purchase(fake.new_member().member, 100)


def test_a_wrong_api_key_is_an_authentication_error(fake: FakeGateway) -> None:
    with fake.partner(api_key="nobody") as partner:
        with pytest.raises(partner_sdk.AuthenticationError) as refused:
            partner.program()
        assert (refused.value.status, refused.value.code) == (401, "unknown_api_key")


def test_an_unknown_member_is_not_found(fake: FakeGateway) -> None:
    with fake.partner() as partner, pytest.raises(partner_sdk.NotFoundError):
        partner.member(partner_sdk.MemberId.random())


def test_the_history_and_the_events_tell_the_same(fake: FakeGateway) -> None:
    member = fake.new_member().member
    with fake.partner() as partner:
        partner.purchase(member, 100)
        partner.grant(member, 7)
        history = partner.history(member)
        stream = partner.events(member=member)
        events = [next(stream), next(stream)]
        assert [event.name for event in events] == ["PurchaseSettled", "GrantSettled"]
        assert tuple(reversed(events)) == history.entries
        resumed = partner.events(member=member, after=events[0].id)
        assert next(resumed) == events[1]


async def test_the_asynchronous_client_does_the_same(fake: FakeGateway) -> None:
    member = fake.new_member(points=50)
    async with fake.async_partner() as partner:
        receipt = await partner.purchase(member.member, 1999)
        assert (await partner.return_(receipt, 1999)).recovered == 1999
        async for event in partner.events(member=member.member):
            assert event.name == "PurchaseSettled"
            break
        async with partner.open_events() as events:
            assert [event.name async for event in events] == ["PurchaseSettled", "ReturnSettled"]
