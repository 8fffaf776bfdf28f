"""The wallet on the real contracts and gateway: the balance moves, and a passkey's signature is checked on chain."""

import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.e2e.browser_stack import free_port, origin_of, served_app
from tests.e2e.conftest import OpenPage
from tests.e2e.phone import add_authenticator, wait_until_live
from tests.e2e.real_stack import RealStack, real_stack
from wallet_app.app import create_app
from wallet_app.config import WalletSettings
from wallet_app.sign_in_links import till_link

pytestmark = [pytest.mark.e2e, pytest.mark.integration]

BLOCK_MS = 30_000
TILL = "Till one"


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealStack]:
    with real_stack(tmp_path_factory.mktemp("stack")) as running:
        yield running


@pytest.fixture
def own_wallet(stack: RealStack, tmp_path: Path) -> Iterator[WalletSettings]:
    """A second wallet on the same gateway, with a till."""
    stack.write_tills(tmp_path / "tills.json", {TILL: 1})
    with free_port() as listener:
        settings = WalletSettings(
            state_dir=stack.state_dir,
            public_origin=origin_of(listener),
            gateway_url=stack.api_url,
            tills_file=tmp_path / "tills.json",
            development_sign_in=True,
            development_keys_file=stack.state_dir / "member_keys.json",
        )
        with served_app(create_app(settings), listener):
            yield settings


def test_the_balance_moves_when_a_purchase_settles(stack: RealStack, open_page: OpenPage) -> None:
    phone = open_page()
    phone.goto(stack.member_link)
    phone.get_by_role("button", name="Open").click()
    wait_until_live(phone)
    phone.goto(phone.url.rstrip("/") + "/account")
    member = phone.locator("#member-number").inner_text()
    phone.goto(phone.url.removesuffix("/account"))
    wait_until_live(phone)
    before = int(phone.locator("#balance").get_attribute("data-points") or "")
    with stack.partner(2) as shop:
        receipt = shop.purchase(member, 12_345)
    assert receipt.points > 0
    expect(phone.locator("#balance")).to_have_attribute("data-points", str(before + receipt.points))


def test_a_passkey_pays_at_a_till_of_another_partner(
    stack: RealStack, own_wallet: WalletSettings, open_page: OpenPage
) -> None:
    phone, till = open_page(), open_page()
    for page in (phone, till):
        page.set_default_timeout(BLOCK_MS)
    add_authenticator(phone)
    phone.goto(own_wallet.public_origin + "/sign-in")
    phone.get_by_role("button", name="Get a new wallet").click()
    wait_until_live(phone)
    phone.goto(own_wallet.public_origin + "/account")
    member = phone.locator("#member-number").inner_text()
    with stack.partner(2) as shop:
        earned = shop.purchase(member, 50_000).points

    phone.goto(own_wallet.public_origin + "/pay")
    phone.locator("input[name=partner][value='1']").check(force=True)
    phone.get_by_label("Points at most").fill("60")
    phone.get_by_role("button", name="Approve with passkey").click()
    code = phone.locator(".code-text").inner_text()
    till.goto(till_link(own_wallet, TILL, now_s=int(time.time())))
    till.get_by_role("button", name="Open").click()
    till.get_by_label("Code", exact=True).fill(code)
    till.get_by_role("button", name="Next").click()
    till.get_by_label("Points").fill("45")
    till.get_by_role("button", name="Redeem").click()
    expect(till.get_by_role("heading", name="45 points redeemed")).to_be_visible(timeout=BLOCK_MS)
    expect(till.locator(".receipt")).to_contain_text(re.compile(r"1\.0\.\d+"))
    expect(phone.get_by_role("heading", name="Paid")).to_be_visible(timeout=BLOCK_MS)
    with stack.partner(2) as shop:
        assert shop.member(member).available == earned - 45
