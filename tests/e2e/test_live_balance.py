"""The balance moves by itself, says so, and tells when it cannot."""

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.browser_stack import ServedWallet
from tests.e2e.conftest import OpenPage
from tests.e2e.phone import open_wallet

pytestmark = pytest.mark.e2e


def test_a_purchase_moves_the_balance_without_a_touch(served: ServedWallet, open_page: OpenPage) -> None:
    member = served.wallet.member(points=1_000)
    page = open_page()
    open_wallet(page, served, member)
    expect(page.locator("#balance")).to_have_text("1,000")
    served.happen(served.wallet.ledger.purchase, member, partner=2, spend_minor=23_400, points=234)
    expect(page.locator("#balance")).to_have_text("1,234")
    expect(page.locator("#balance-text")).to_have_text("1,234 points")
    expect(page.get_by_role("status").first).to_have_text("You now have 1,234 points (+234).")
    expect(page.locator("#latest .row").first).to_contain_text("Pharmacy")
    expect(page.locator("#latest .row").first).to_contain_text("+234")


def test_the_figure_counts_unless_less_motion_is_asked_for(served: ServedWallet, open_page: OpenPage) -> None:
    for reduced_motion, fewest_figures in (("no-preference", 3), ("reduce", 2)):
        member = served.wallet.member(points=1_000)
        page = open_page(reduced_motion=reduced_motion)
        open_wallet(page, served, member)
        page.evaluate(
            """() => {
                window.seen = new Set();
                const figure = document.getElementById('balance');
                new MutationObserver(() => window.seen.add(figure.textContent))
                    .observe(figure, {childList: true, characterData: true, subtree: true});
            }"""
        )
        served.happen(served.wallet.ledger.purchase, member, partner=2, spend_minor=100_000, points=9_000)
        expect(page.locator("#balance")).to_have_text("10,000")
        page.wait_for_function("() => !document.querySelector('.balance-up')")
        figures = page.evaluate("() => window.seen.size")
        assert figures >= fewest_figures if reduced_motion == "no-preference" else figures <= fewest_figures


def test_a_lost_gateway_is_told_and_what_happened_meanwhile_arrives(
    served: ServedWallet, open_page: OpenPage
) -> None:
    member = served.wallet.member(points=1_000)
    page = open_page()
    open_wallet(page, served, member)
    served.happen(served.wallet.ledger.go_away)
    expect(page.get_by_text("Connection lost.")).to_be_visible()
    expect(page.locator("#balance")).to_have_text("1,000")
    served.happen(served.wallet.ledger.purchase, member, partner=1, spend_minor=500, points=5)
    served.happen(served.wallet.ledger.come_back)
    expect(page.locator("#balance")).to_have_text("1,005")
    expect(page.get_by_text("Connection lost.")).to_be_hidden()


def test_a_phone_without_network_says_so_and_catches_up(served: ServedWallet, open_page: OpenPage) -> None:
    member = served.wallet.member(points=1_000)
    page = open_page()
    open_wallet(page, served, member)
    page.context.set_offline(True)
    served.happen(served.wallet.ledger.purchase, member, partner=1, spend_minor=200, points=2)
    expect(page.locator("#balance")).to_have_text("1,002")
    expect(page.get_by_text("Connection lost.")).to_be_visible()
    cut_stream(page)
    served.happen(served.wallet.ledger.purchase, member, partner=1, spend_minor=500, points=5)
    page.context.set_offline(False)
    expect(page.locator("#balance")).to_have_text("1,007")
    expect(page.get_by_text("Connection lost.")).to_be_hidden()


def test_locking_shows_at_once_on_another_open_phone(served: ServedWallet, open_page: OpenPage) -> None:
    member = served.wallet.member(points=1_000)
    first, second = open_page(), open_page()
    open_wallet(first, served, member)
    open_wallet(second, served, member)
    first.get_by_role("button", name="Lock").click()
    for page in (first, second):
        expect(page.locator("#card")).to_contain_text("Locked")
    second.get_by_role("button", name="Unlock").click()
    second.get_by_role("button", name="Approve").click()
    for page in (first, second):
        expect(page.locator("#card")).not_to_contain_text("Locked")


def test_signing_out_in_one_tab_closes_the_other(served: ServedWallet, open_page: OpenPage) -> None:
    member = served.wallet.member(points=1_000)
    first = open_page()
    open_wallet(first, served, member)
    second = first.context.new_page()
    second.goto(served.origin + "/account")
    second.get_by_role("button", name="Sign out").click()
    expect(second).to_have_url(served.origin + "/sign-in")
    expect(first).to_have_url(served.origin + "/sign-in", timeout=15_000)


def test_older_operations_come_page_by_page(served: ServedWallet, open_page: OpenPage) -> None:
    member = served.wallet.member()
    for number in range(40):
        served.happen(served.wallet.ledger.purchase, member, partner=1, spend_minor=100, points=number + 1)
    page = open_page()
    open_wallet(page, served, member)
    page.get_by_role("link", name="See all").click()
    expect(page.locator(".row")).to_have_count(25)
    page.get_by_role("button", name="Show more").click()
    expect(page.locator(".row")).to_have_count(40)
    expect(page.get_by_text("That is everything.")).to_be_visible()


def cut_stream(page: Page) -> None:
    page.evaluate("() => document.getElementById('live')._htmx?.sse?.reader?.cancel()")


def test_the_page_works_from_the_keyboard(served: ServedWallet, open_page: OpenPage) -> None:
    page = open_page()
    open_wallet(page, served, served.wallet.member(points=1_000))
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to content")).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Pay")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page).to_have_url(served.origin + "/pay")
    wait_for_radio(page)


def wait_for_radio(page: Page) -> None:
    page.get_by_label("Points at most").focus()
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("ArrowDown")
    expect(page.locator("input[name=partner]:checked")).to_have_count(1)
