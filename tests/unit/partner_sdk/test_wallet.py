"""The wallet's calls against the fake gateway."""

import pytest

import partner_sdk
from partner_sdk.member_keys import MemberKey
from partner_sdk.testing import FakeGateway


def test_a_member_is_enrolled_locked_and_unlocked(fake: FakeGateway) -> None:
    member = MemberKey(partner_sdk.MemberId.random(), partner_sdk.SigningKey.generate(), fake.domain)
    with fake.wallet() as wallet:
        enrolled = wallet.enrol(member.member, member.key.address, partner_sdk.KeyKind.SECP256K1)
        assert (enrolled.operation.text, enrolled.key) == ("0.1.0", member.key.address)
        wallet.lock(member.member)
        assert wallet.member(member.member).locked
        wallet.unlock(member.member, member.unlock(nonce=1, deadline_s=fake.deadline_s()))
        assert not wallet.member(member.member).locked
        with pytest.raises(partner_sdk.AlreadyEnrolledError):
            wallet.enrol(member.member, member.key.address, partner_sdk.KeyKind.SECP256K1)


def test_a_transfer_moves_points_with_the_members_own_signature(fake: FakeGateway) -> None:
    giver, receiver = fake.new_member(points=100), fake.new_member()
    signed = giver.transfer(to=receiver.member, max_points=60, nonce=1, deadline_s=fake.deadline_s())
    with fake.wallet() as wallet:
        assert wallet.transfer(giver.member, receiver.member, 60, signed).points == 60
        assert [wallet.member(key.member).balance for key in (giver, receiver)] == [40, 60]


def test_a_strangers_signature_moves_nothing(fake: FakeGateway) -> None:
    giver, stranger = fake.new_member(points=100), fake.new_member()
    forged = MemberKey(giver.member, stranger.key, fake.domain)
    signed = forged.transfer(to=stranger.member, max_points=60, nonce=1, deadline_s=fake.deadline_s())
    with fake.wallet() as wallet:
        with pytest.raises(partner_sdk.BadAuthorisationError):
            wallet.transfer(giver.member, stranger.member, 60, signed)
        assert wallet.member(giver.member).balance == 100


async def test_the_asynchronous_wallet_does_the_same(fake: FakeGateway) -> None:
    member = fake.new_member(points=10)
    async with fake.async_wallet() as wallet:
        await wallet.set_allowance(
            member.member, 500, member.set_allowance(500, nonce=1, deadline_s=fake.deadline_s())
        )
        assert (await wallet.member(member.member)).next_nonce == 2
