"""No page breaks a rule that axe can check, in any language, light or dark; and all of it is small."""

from pathlib import Path

import pytest
from playwright.sync_api import Page

from tests.e2e.browser_stack import ServedWallet
from tests.e2e.conftest import OpenPage
from tests.unit.wallet_app.wallet_factory import furnish
from wallet_app.catalogues import LANGUAGES

pytestmark = pytest.mark.e2e

AXE = Path(__file__).parents[2] / "node_modules" / "axe-core" / "axe.min.js"
MEMBER_PAGES = (
    "/",
    "/activity",
    "/pay",
    "/transfer",
    "/account",
    "/account/erase",
    "/unlock",
    "/nothing-here",
)
PAGE_BYTES_MAX = 150 * 1024
TARGET_PIXELS_MIN = 24


def violations(page: Page) -> list[str]:
    page.evaluate(AXE.read_text())
    found = page.evaluate("async () => (await axe.run({resultTypes: ['violations']})).violations")
    return [f"{page.url}: {one['id']}: {[node['html'][:120] for node in one['nodes']]}" for one in found]


def sign_in(page: Page, served: ServedWallet, link: str, language: str) -> None:
    page.context.add_cookies([{"name": "wallet_language", "value": language, "url": served.origin}])
    page.goto(served.origin + link)
    page.locator("main button[type=submit]").click()
    page.wait_for_url(lambda address: "/open/" not in address)


@pytest.mark.parametrize(
    ("language", "scheme"), [("en", "light"), ("ru", "light"), ("zh", "light"), ("en", "dark")]
)
def test_no_page_breaks_a_rule(served: ServedWallet, open_page: OpenPage, language: str, scheme: str) -> None:
    wallet = served.wallet
    member = wallet.member()
    furnish(wallet, member)
    phone = open_page(color_scheme=scheme, reduced_motion="reduce")
    found: list[str] = []

    phone.goto(f"{served.origin}/sign-in?lang={language}")
    found += violations(phone)
    sign_in(phone, served, wallet.link(member), language)
    assert phone.evaluate("() => document.documentElement.lang").startswith(language)
    for path in MEMBER_PAGES:
        phone.goto(served.origin + path)
        found += violations(phone)
    phone.goto(served.origin + "/pay")
    phone.locator(".choice").first.click()
    phone.locator("#points").fill("100")
    phone.locator("main form button[type=submit]").click()
    phone.wait_for_url("**/pay/*")
    found += violations(phone)
    code = phone.url.rsplit("/", 1)[1]

    empty = open_page(color_scheme=scheme, reduced_motion="reduce")
    sign_in(empty, served, wallet.link(wallet.member(has_key=False)), language)
    found += violations(empty)
    till = open_page(color_scheme=scheme, reduced_motion="reduce")
    sign_in(till, served, wallet.till_link("Garden & Home"), language)
    found += violations(till)
    till.locator("#code").fill(code)
    till.locator("[data-code-form] button").click()
    till.wait_for_url("**/till/code")
    found += violations(till)
    till.locator("form[action='/till/redeem'] button").click()
    till.wait_for_url("**/till/receipt*")
    found += violations(till)
    assert found == []


def test_nothing_is_wider_than_a_small_phone(served: ServedWallet, open_page: OpenPage) -> None:
    member = served.wallet.member()
    furnish(served.wallet, member)
    for language in LANGUAGES:
        page = open_page(viewport={"width": 320, "height": 640})
        sign_in(page, served, served.wallet.link(member), language)
        for path in MEMBER_PAGES:
            page.goto(served.origin + path)
            assert page.evaluate("() => document.documentElement.scrollWidth") <= 320, (language, path)


def test_what_can_be_tapped_is_large_enough(served: ServedWallet, open_page: OpenPage) -> None:
    member = served.wallet.member()
    furnish(served.wallet, member)
    page = open_page()
    sign_in(page, served, served.wallet.link(member), "en")
    for path in ("/", "/pay", "/account"):
        page.goto(served.origin + path)
        for target in page.locator("main a[role=button], button, nav a").all():
            box = target.bounding_box()
            assert box is None or min(box["width"], box["height"]) >= TARGET_PIXELS_MIN, target


def test_the_home_page_loads_little(served: ServedWallet, open_page: OpenPage) -> None:
    member = served.wallet.member()
    furnish(served.wallet, member)
    page = open_page()
    sign_in(page, served, served.wallet.link(member), "ru")
    page.wait_for_load_state("load")
    total = page.evaluate(
        """() => [...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')]
            .filter((entry) => !entry.name.endsWith('/live'))
            .reduce((sum, entry) => sum + Math.max(entry.transferSize, entry.encodedBodySize), 0)"""
    )
    assert 0 < total <= PAGE_BYTES_MAX
