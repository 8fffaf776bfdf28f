"""Passkeys from the first one to a redemption at the till. The fake ledger checks every signature as the contracts do."""

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.browser_stack import ServedWallet
from tests.e2e.conftest import OpenPage
from tests.e2e.phone import add_authenticator, open_link, open_wallet
from wallet_app.gateway import MemberId

pytestmark = pytest.mark.e2e


def join(page: Page, served: ServedWallet) -> MemberId:
    """Gets a new wallet with a passkey and returns its member."""
    page.goto(served.origin + "/sign-in")
    page.get_by_role("button", name="Get a new wallet").click()
    expect(page).to_have_url(served.origin + "/")
    page.goto(served.origin + "/account")
    return MemberId(page.locator("#member-number").inner_text())


def make_code(page: Page, served: ServedWallet, *, partner: str, points: int) -> str:
    page.goto(served.origin + "/pay")
    page.get_by_text(partner, exact=True).click()
    page.get_by_label("Points at most").fill(str(points))
    page.get_by_role("button", name="Approve").click()
    expect(page.get_by_role("heading", name=f"Show this at {partner}")).to_be_visible()
    return page.locator(".code-text").inner_text()


def redeem(till: Page, code: str, *, points: int) -> None:
    till.get_by_label("Code", exact=True).fill(code)
    till.get_by_role("button", name="Next").click()
    till.get_by_label("Points").fill(str(points))
    till.get_by_role("button", name="Redeem").click()
    expect(till.get_by_role("heading", name=f"{points} points redeemed")).to_be_visible()


def test_a_new_member_joins_pays_with_a_passkey_and_sees_it(
    served: ServedWallet, open_page: OpenPage
) -> None:
    phone, till = open_page(), open_page()
    add_authenticator(phone)
    member = join(phone, served)
    served.happen(served.wallet.ledger.purchase, member, partner=2, spend_minor=50_000, points=500)
    code = make_code(phone, served, partner="Grocery", points=300)
    open_link(till, served, served.wallet.till_link("Grocery"))
    redeem(till, code, points=250)
    expect(phone.get_by_role("heading", name="Paid")).to_be_visible()
    expect(phone.get_by_text("250 points at Grocery.")).to_be_visible()
    phone.get_by_role("button", name="To my wallet").click()
    expect(phone.locator("#balance")).to_have_text("250")


def test_signing_in_again_with_the_passkey(served: ServedWallet, open_page: OpenPage) -> None:
    phone = open_page()
    add_authenticator(phone)
    member = join(phone, served)
    phone.get_by_role("button", name="Sign out").click()
    phone.get_by_role("button", name="Sign in with a passkey").click()
    expect(phone).to_have_url(served.origin + "/")
    phone.goto(served.origin + "/account")
    assert phone.locator("#member-number").inner_text() == member


def test_a_passkey_locks_unlocks_and_transfers(served: ServedWallet, open_page: OpenPage) -> None:
    phone = open_page()
    add_authenticator(phone)
    member, other = join(phone, served), served.wallet.member()
    served.happen(served.wallet.ledger.purchase, member, partner=2, spend_minor=50_000, points=500)
    phone.goto(served.origin + "/")
    phone.get_by_role("button", name="Lock").click()
    expect(phone.locator("#card")).to_contain_text("Locked")
    phone.get_by_role("button", name="Unlock").click()
    phone.get_by_role("button", name="Approve with passkey").click()
    expect(phone.locator("#card")).not_to_contain_text("Locked")
    phone.get_by_role("button", name="Send").click()
    phone.get_by_label("Member number").fill(other)
    phone.get_by_label("Points").fill("120")
    phone.get_by_role("button", name="Approve with passkey").click()
    expect(phone.get_by_role("heading", name="Sent")).to_be_visible()
    assert sum(lot.points for lot in served.wallet.ledger.members[other].lots) == 120


def test_a_member_of_the_replay_adds_a_passkey_and_pays_with_it(
    served: ServedWallet, open_page: OpenPage
) -> None:
    member = served.wallet.member(points=800)
    phone = open_page()
    add_authenticator(phone)
    open_wallet(phone, served, member)
    phone.goto(served.origin + "/account")
    phone.get_by_label("Name of the device").fill("Blue phone")
    phone.get_by_role("button", name="Add a passkey").click()
    expect(phone.get_by_text("Blue phone")).to_be_visible()
    assert len(served.wallet.ledger.members[member].keys) == 2
    make_code(phone, served, partner="Pharmacy", points=100)


def test_a_second_passkey_is_approved_with_the_first(served: ServedWallet, open_page: OpenPage) -> None:
    phone = open_page()
    add_authenticator(phone)
    member = join(phone, served)
    first_keys = set(served.wallet.ledger.members[member].keys)
    # The first authenticator refuses to hold two passkeys of one member.
    take_away = add_authenticator(phone, "usb")
    phone.get_by_label("Name of the device").fill("Tablet")
    phone.get_by_role("button", name="Add a passkey").click()
    expect(phone.get_by_role("heading", name="One more step")).to_be_visible()
    take_away()
    phone.get_by_role("button", name="Approve with passkey").click()
    expect(phone).to_have_url(served.origin + "/account")
    expect(phone.get_by_text("Tablet")).to_be_visible()
    assert first_keys < set(served.wallet.ledger.members[member].keys)


def test_refusing_on_the_phone_changes_nothing(served: ServedWallet, open_page: OpenPage) -> None:
    phone = open_page()
    phone.goto(served.origin + "/sign-in")
    phone.evaluate(
        "() => { navigator.credentials.get = async () => { throw new DOMException('', 'NotAllowedError'); }; }"
    )
    phone.get_by_role("button", name="Sign in with a passkey").click()
    expect(phone.get_by_text("Nothing was approved.")).to_be_visible()
    expect(phone.get_by_role("button", name="Sign in with a passkey")).to_be_enabled()


def test_the_till_reads_the_code_with_its_camera(served: ServedWallet, open_page: OpenPage) -> None:
    member = served.wallet.member(points=800)
    phone, till = open_page(), open_page()
    open_wallet(phone, served, member)
    make_code(phone, served, partner="Grocery", points=100)
    picture = phone.locator(".qr-frame svg").evaluate("svg => svg.outerHTML")
    till.add_init_script(
        """
        navigator.mediaDevices.getUserMedia = async () => {
            const canvas = document.createElement('canvas');
            canvas.width = canvas.height = 720;
            const picture = new Image();
            picture.src = 'data:image/svg+xml;base64,' + btoa(window.name);
            await picture.decode();
            const context = canvas.getContext('2d');
            setInterval(() => {
                context.fillStyle = '#fff';
                context.fillRect(0, 0, 720, 720);
                context.drawImage(picture, 40, 40, 640, 640);
            }, 50);
            return canvas.captureStream(20);
        };
        """
    )
    open_link(till, served, served.wallet.till_link("Grocery"))
    till.evaluate("svg => { window.name = svg; }", picture.replace("<svg ", '<svg width="640" height="640" '))
    till.get_by_role("button", name="Scan code").click()
    expect(till.get_by_text("allows up to 100 points")).to_be_visible(timeout=20_000)
