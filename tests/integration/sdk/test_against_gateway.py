"""The SDK against a real gateway on a real ledger."""

import asyncio
import dataclasses
import time

import pytest

import partner_sdk
from partner_sdk import MemberKey, drafts
from partner_sdk.protocol import OperationKind, PartnerId, RedeemAuthorisation, Scheme
from tests.integration.sdk.conftest import Running
from tests.vectors.protocol_vectors import passkey_proof

pytestmark = [pytest.mark.integration, pytest.mark.asyncio(loop_scope="module")]

PARTNER = 1


async def enrolled(running: Running, *, points: int) -> MemberKey:
    """A new member with a key that may spend, and points."""
    member = MemberKey(
        partner_sdk.MemberId.random(), partner_sdk.SigningKey.generate(), running.ledger.domain
    )
    async with running.wallet() as wallet:
        await wallet.enrol(member.member, member.key.address, partner_sdk.KeyKind.SECP256K1)
    async with running.partner() as partner:
        await partner.grant(member.member, points)
    return member


async def deadline_s(running: Running) -> int:
    async with running.partner() as partner:
        program = await partner.program()
    assert program.block_timestamp_s is not None
    return max(program.block_timestamp_s, int(time.time())) + 3600


async def settled_by_resume(
    partner: partner_sdk.AsyncPartner, count: int
) -> list[partner_sdk.OperationRecord]:
    """Resumes, bounded, until so many operations are settled."""
    settled: list[partner_sdk.OperationRecord] = []
    for _ in range(200):
        settled += (await partner.resume()).settled
        if len(settled) >= count:
            break
        await asyncio.sleep(0.05)
    return settled


async def test_a_purchase_and_its_return_settle_on_the_ledger(running: Running) -> None:
    member = partner_sdk.MemberId.random()
    async with running.partner() as partner:
        bought = await partner.purchase(member, 1999)
        returned = await partner.return_(bought, 999)
        assert (bought.points, bought.lot, bought.spend_minor) == (1999, 0, 1999)
        assert (returned.points, returned.recovered) == (999, 999)
        assert (await partner.member(member)).available == 1000
        assert bought.balance is not None
        assert bought.balance.available == 1999
        assert await partner.receipt(bought.operation) == bought.model_copy(update={"balance": None})
        assert await running.ledger.read("balanceOf", member.text) == 1000


async def test_codes_redeem_hold_capture_void_and_refund_on_the_ledger(running: Running) -> None:
    member = await enrolled(running, points=1_000)
    ends_s = await deadline_s(running)
    async with running.partner() as partner:
        today = (await partner.program()).today
        code = member.redeem(partner=PARTNER, max_points=300, nonce=1, deadline_s=ends_s)
        redeemed = await partner.redeem(code.text, 200)
        assert (await partner.refund(redeemed, 50)).points == 50
        first, second = (
            member.hold(
                partner=PARTNER, max_points=500, expires_day=today + 3, nonce=nonce, deadline_s=ends_s
            )
            for nonce in (2, 3)
        )
        captured = await partner.capture(await partner.hold(first.text, 400), 300)
        assert (captured.points, captured.released) == (300, 100)
        assert (await partner.refund(captured, 10)).points == 10
        assert (await partner.void(await partner.hold(second.text, 100))).released == 100
        account = await partner.member(member.member)
        assert (account.available, account.held, account.next_nonce) == (1_000 - 200 + 50 - 300 + 10, 0, 4)
        with pytest.raises(partner_sdk.SubmissionRefusedError, match="nonce_used"):
            await partner.redeem(code, 1)
        with pytest.raises(partner_sdk.InsufficientPointsError):
            await partner.redeem(
                member.redeem(partner=PARTNER, max_points=9_999, nonce=4, deadline_s=ends_s), 9_999
            )


async def test_the_wallet_changes_keys_locks_and_moves_points(running: Running) -> None:
    giver, receiver = await enrolled(running, points=500), await enrolled(running, points=1)
    ends_s = await deadline_s(running)
    other_key = partner_sdk.SigningKey.generate()
    async with running.wallet() as wallet:
        await wallet.add_key(
            giver.member,
            other_key.address,
            partner_sdk.KeyKind.SECP256K1,
            giver.add_key(other_key.address, partner_sdk.KeyKind.SECP256K1, nonce=1, deadline_s=ends_s),
        )
        await wallet.lock(giver.member)
        moved = giver.transfer(to=receiver.member, max_points=60, nonce=2, deadline_s=ends_s)
        with pytest.raises(partner_sdk.MemberLockedError):
            await wallet.transfer(giver.member, receiver.member, 60, moved)
        await wallet.unlock(giver.member, giver.unlock(nonce=3, deadline_s=ends_s))
        assert (await wallet.transfer(giver.member, receiver.member, 60, moved)).points == 60
        await wallet.set_allowance(giver.member, 70, giver.set_allowance(70, nonce=4, deadline_s=ends_s))
        await wallet.remove_key(
            giver.member, other_key.address, giver.remove_key(other_key.address, nonce=5, deadline_s=ends_s)
        )
        account = await wallet.member(giver.member)
        assert (account.available, account.allowance_points_per_day) == (440, 70)
        assert [key.key for key in account.keys] == [giver.key.address]
        assert (await wallet.member(receiver.member)).available == 61
        names = [event.name for event in (await wallet.history(giver.member)).entries]
        assert names[:2] == ["KeyRemoved", "AllowanceSet"]


async def test_a_bulk_settles_and_resume_forgets_it(running: Running) -> None:
    member = partner_sdk.MemberId.random()
    async with running.partner() as partner:
        billed_micro = (await partner.position()).base_micro
        results = await partner.bulk([drafts.purchase(member, 100)] * 120)
        assert [result.problem for result in results] == [None, None, None]
        settled = await settled_by_resume(partner, 120)
        assert [record.status for record in settled] == ["settled"] * 120
        assert (await partner.member(member)).balance == 12_000
        page = await partner.operations(limit=10)
        assert len(page.entries) == 10
        assert page.next_after is not None
        assert (await partner.position()).base_micro - billed_micro == 12_000 * 10_000


async def test_events_come_as_they_happen_and_go_on_where_they_broke(running: Running) -> None:
    member = await enrolled(running, points=5)
    async with running.wallet() as wallet, running.partner() as partner:
        async with wallet.open_events(member=member.member) as events:
            first = await anext(events)
            assert (first.name, first.data["available"]) == ("BalanceChanged", 5)
            await partner.purchase(member.member, 100)
            purchase = await anext(events)
            assert (purchase.name, purchase.data["points"], purchase.member) == (
                "PurchaseSettled",
                100,
                member.member,
            )
            assert (await anext(events)).data["available"] == 105
        await partner.purchase(member.member, 200)
        async with wallet.open_events(member=member.member, after=purchase.id) as events:
            missed = [await anext(events), await anext(events)]
        assert {"PurchaseSettled", "BalanceChanged"} >= {event.name for event in missed}
        assert 200 in [event.data.get("points") for event in missed]


async def test_what_is_not_settled_in_time_is_found_again_by_the_next_process(running: Running) -> None:
    member = partner_sdk.MemberId.random()
    running.is_settling.clear()
    async with running.partner() as partner:
        with pytest.raises(partner_sdk.SettlementPendingError) as pending:
            await partner.purchase(member, 100, wait_s=0.5)
    running.is_settling.set()
    async with running.partner() as restarted:
        settled = await settled_by_resume(restarted, 1)
        assert [record.id for record in settled] == list(pending.value.operations)
        last = pending.value.operations[0].sequence
        assert (await restarted.purchase(member, 100)).operation.sequence == last + 1
        assert (await restarted.member(member)).balance == 200


async def test_one_partner_sees_nothing_of_another(running: Running) -> None:
    member = partner_sdk.MemberId.random()
    async with running.partner(1) as one, running.partner(2) as other:
        bought = await one.purchase(member, 100)
        with pytest.raises(partner_sdk.NotFoundError):
            await other.operation(bought.operation)
        with pytest.raises(partner_sdk.NotYourOperationError):
            await other.return_(bought, 1)


async def test_the_names_of_partners_and_campaigns_can_be_read(running: Running) -> None:
    async with running.wallet() as wallet:
        assert [partner.name for partner in await wallet.partners()] == [
            "Partner 1",
            "Partner 2",
            "Partner 3",
        ]
        assert await wallet.campaigns() == ()
        me = await wallet.me()
        assert [known.submitter.text for known in me.submitters] == ["0.1"]


async def test_a_passkey_pays_at_the_till_and_the_ledger_checks_it(running: Running) -> None:
    member, domain = partner_sdk.MemberId.random(), running.ledger.domain
    key_id = passkey_proof(bytes(32)).key_id
    async with running.wallet() as wallet, running.partner() as partner:
        await wallet.enrol(member, key_id, partner_sdk.KeyKind.PASSKEY)
        await partner.grant(member, 100)
        message = RedeemAuthorisation(
            member=member,
            partner=PartnerId(PARTNER),
            max_points=80,
            nonce=1,
            deadline_s=await deadline_s(running),
        )
        proof = passkey_proof(message.digest(domain))
        authorisation = message.proven(Scheme.PASSKEY, proof.pack())
        code = partner_sdk.TillCode(OperationKind.REDEEM, PartnerId(PARTNER), member, authorisation)
        assert len(code.text) < 700
        redeemed = await partner.redeem(code.text, 80)
        assert redeemed.balance is not None
        assert redeemed.balance.available == 20
        another = dataclasses.replace(message, nonce=2)
        replayed = dataclasses.replace(code, authorisation=another.proven(Scheme.PASSKEY, proof.pack()))
        with pytest.raises(partner_sdk.BadAuthorisationError):
            await partner.redeem(replayed, 1)
