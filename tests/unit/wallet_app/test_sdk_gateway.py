"""The adapter over partner_sdk, against the SDK's own fake gateway."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from pydantic import SecretStr

from partner_sdk import AsyncWallet
from partner_sdk.protocol import KeyId, SigningKey
from partner_sdk.testing import FakeGateway as FakeSdkGateway
from wallet_app.app import create_app
from wallet_app.approvals import build_authorisation, domain_of
from wallet_app.config import WalletSettings
from wallet_app.errors import ConfigurationError, GatewayUnavailableError, OperationRefusedError
from wallet_app.gateway import KEY_KIND_SECP256K1, LineKind, MemberId, PartnerId
from wallet_app.sdk_gateway import SdkMemberGateway, SdkTillGateway
from wallet_app.store.challenges import Purpose

ANN = MemberId("0x" + "a1" * 20)
BOB = MemberId("0x" + "b2" * 20)


@pytest.fixture
def fake() -> FakeSdkGateway:
    return FakeSdkGateway()


@pytest.fixture
async def gateway(fake: FakeSdkGateway) -> AsyncIterator[SdkMemberGateway]:
    opened = SdkMemberGateway(fake.async_wallet(), fake.async_wallet())
    yield opened
    await opened.close()


async def authorise(
    gateway: SdkMemberGateway, key: SigningKey, purpose: Purpose, member: MemberId, **details: object
) -> bytes:
    program = await gateway.program()
    nonce = (await gateway.account(member)).next_nonce
    authorisation = build_authorisation(purpose, member, {**details, "nonce": nonce, "deadline_s": 2**40})
    return authorisation.sign(domain_of(program), key).encode()


async def test_an_id_that_nothing_names_is_an_empty_wallet(gateway: SdkMemberGateway) -> None:
    account = await gateway.account(ANN)
    assert (account.balance, account.is_enrolled, account.lots) == (0, False, ())
    assert (await gateway.history(ANN, after=None, limit=5)).lines == ()
    assert await gateway.campaigns(ANN) == ()


async def test_a_member_earns_redeems_and_gives(fake: FakeSdkGateway, gateway: SdkMemberGateway) -> None:
    key = SigningKey.generate()
    await gateway.enrol(ANN, key=KeyId(key.address).text, kind=KEY_KIND_SECP256K1)
    partner = fake.async_partner()
    earned = (await partner.purchase(ANN, 100_000)).points
    till = SdkTillGateway(partner, PartnerId(1))
    authorisation = await authorise(gateway, key, Purpose.REDEEM, ANN, partner=1, points=50)
    settled = await till.redeem(ANN, points=20, authorisation=authorisation)
    assert settled.points == 20
    with pytest.raises(OperationRefusedError) as refused:
        await till.redeem(ANN, points=20, authorisation=authorisation)
    assert refused.value.reason == "nonce_used"
    transfer = await authorise(gateway, key, Purpose.TRANSFER, ANN, to=BOB, points=30)
    await gateway.transfer(ANN, to=BOB, points=30, authorisation=transfer)
    account = await gateway.account(ANN)
    assert account.available == earned - 20 - 30
    lines = (await gateway.history(ANN, after=None, limit=10)).lines
    assert {line.kind for line in lines} >= {LineKind.PURCHASE, LineKind.REDEMPTION, LineKind.TRANSFER_SENT}
    await till.close()


async def test_lock_and_unlock(gateway: SdkMemberGateway) -> None:
    key = SigningKey.generate()
    await gateway.enrol(ANN, key=KeyId(key.address).text, kind=KEY_KIND_SECP256K1)
    await gateway.lock(ANN)
    assert (await gateway.account(ANN)).is_locked
    await gateway.unlock(ANN, authorisation=await authorise(gateway, key, Purpose.UNLOCK, ANN))
    assert not (await gateway.account(ANN)).is_locked


async def test_a_gateway_that_is_not_there_is_unavailable() -> None:
    client = AsyncWallet(
        key=SigningKey.generate(), gateway="http://127.0.0.1:9", api_key="x", timeout_s=1, attempts_max=1
    )
    nowhere = SdkMemberGateway(client, client)
    with pytest.raises(GatewayUnavailableError):
        await nowhere.program()
    with pytest.raises(GatewayUnavailableError):
        await anext(nowhere.events(ANN))
    await nowhere.close()


def test_a_wallet_without_its_keys_says_where_they_come_from(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="coalition up"):
        create_app(WalletSettings(state_dir=tmp_path))


def test_a_key_that_is_none_is_told_and_not_shown(tmp_path: Path) -> None:
    settings = WalletSettings(
        state_dir=tmp_path, gateway_api_key=SecretStr("key"), attester_key=SecretStr("not hexadecimal")
    )
    with pytest.raises(ConfigurationError) as refused:
        create_app(settings)
    assert "not hexadecimal" not in str(refused.value)


@pytest.mark.parametrize(
    "text", ["[{}]", "no json", '[{"name": "a", "partner": 1, "api_key": "k", "key": "x"}]']
)
def test_a_file_of_tills_that_is_wrong_is_told(tmp_path: Path, text: str) -> None:
    (tmp_path / "wallet_tills.json").write_text(text)
    settings = WalletSettings(
        state_dir=tmp_path, gateway_api_key=SecretStr("key"), attester_key=SecretStr("11" * 32)
    )
    with pytest.raises(ConfigurationError, match="tills"):
        create_app(settings)
