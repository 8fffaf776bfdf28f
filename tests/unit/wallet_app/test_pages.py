"""The pages, without a screen: what they say, what they refuse, what they leave behind."""

import asyncio
import re
from pathlib import Path

import pytest
from starlette.testclient import TestClient
from structlog.testing import capture_logs

from partner_sdk import TillCode
from partner_sdk.protocol import Authorisation, OperationKind
from partner_sdk.protocol import MemberId as MemberBytes
from partner_sdk.protocol import PartnerId as ProtocolPartnerId
from tests.unit.wallet_app.browser import Browser
from tests.unit.wallet_app.fake_gateway import NOON_S
from tests.unit.wallet_app.wallet_factory import WalletUnderTest, furnish
from wallet_app.approvals import MemberKeyring, build_authorisation, domain_of
from wallet_app.gateway import MemberId
from wallet_app.store.challenges import Purpose

PAGE_BYTES_MAX = 150 * 1024
MEMBER_PAGES = ("/", "/activity", "/pay", "/transfer", "/account", "/account/erase", "/unlock")


def pay(browser: Browser, *, partner: str = "1", points: str = "200") -> str:
    """Makes a code and returns it."""
    made = browser.post("/pay", {"partner": partner, "points": points})
    assert made.status == 303, made.text
    return made.headers["location"].removeprefix("/pay/")


def another_browser(browser: Browser) -> Browser:
    browser.client.cookies.clear()
    return Browser(browser.client)


def test_home_shows_balance_operations_and_what_expires(wallet: WalletUnderTest, browser: Browser) -> None:
    member = wallet.member()
    furnish(wallet, member)
    page = browser.open(wallet.link(member)).text
    assert 'data-points="2696"' in page
    for text in (
        "2,696",
        "Grocery",
        "Purchase · $127.80",
        "+128",
        "−300",
        "in 6 days",
        "Three shops in a week",
    ):
        assert text in page
    assert "150 points are held" in page
    assert "40 points are owed back" in page


def test_an_unknown_member_sees_an_empty_wallet(wallet: WalletUnderTest, browser: Browser) -> None:
    page = browser.open(wallet.link(wallet.member(has_key=False))).text
    assert "Nothing here yet" in page
    assert "Add a passkey" in page


@pytest.mark.parametrize("path", MEMBER_PAGES)
def test_a_stranger_is_sent_to_the_door(browser: Browser, path: str) -> None:
    answer = browser.get(path)
    assert (answer.status, answer.headers["location"]) == (303, "/sign-in")


def test_a_stream_without_a_session_is_refused_and_not_led_to_the_door(browser: Browser) -> None:
    assert browser.get("/live", **{"hx-request": "true"}).status == 401


@pytest.mark.parametrize("path", ["/pay", "/lock", "/transfer", "/account/erase", "/account/name", "/unlock"])
def test_a_stranger_changes_nothing(browser: Browser, path: str) -> None:
    assert browser.post(path).status == 401


@pytest.mark.parametrize("path", MEMBER_PAGES)
def test_every_answer_carries_the_security_headers(
    wallet: WalletUnderTest, browser: Browser, path: str
) -> None:
    browser.open(wallet.link(wallet.member(points=5)))
    answer = browser.get(path)
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son[a-z]+=", answer.text)


def test_only_the_till_may_run_webassembly_and_the_camera(wallet: WalletUnderTest, browser: Browser) -> None:
    answer = browser.open(wallet.till_link("Grocery"))
    assert answer.status == 200
    assert "'wasm-unsafe-eval'" in answer.headers["content-security-policy"]
    assert "camera=(self)" in answer.headers["permissions-policy"]


def test_cookies_are_out_of_reach_of_scripts_and_other_sites(
    wallet: WalletUnderTest, browser: Browser
) -> None:
    link = wallet.link(wallet.member())
    browser.get(link)
    cookie = browser.post(link).headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=lax" in cookie


def test_a_form_without_its_token_is_refused(wallet: WalletUnderTest, browser: Browser) -> None:
    member = wallet.member(points=5)
    browser.open(wallet.link(member))
    assert browser.client.post("/lock", data={}).status_code == 403
    assert browser.client.post("/lock", data={"form_token": "0" * 32}).status_code == 403
    assert not wallet.ledger.members[member].is_locked


@pytest.mark.parametrize(
    "headers", [{"sec-fetch-site": "cross-site"}, {"origin": "https://elsewhere.example"}]
)
def test_a_form_from_another_site_is_refused(
    wallet: WalletUnderTest, browser: Browser, headers: dict[str, str]
) -> None:
    member = wallet.member(points=5)
    browser.open(wallet.link(member))
    assert browser.post("/lock", {}, **headers).status == 403
    assert not wallet.ledger.members[member].is_locked


def test_opening_a_link_by_itself_signs_nobody_in(wallet: WalletUnderTest, browser: Browser) -> None:
    browser.get(wallet.link(wallet.member()))
    assert browser.get("/").status == 303


def test_links_open_nothing_unless_development_sign_in_is_on(wallet: WalletUnderTest) -> None:
    link = wallet.link(wallet.member())
    wallet.settings.development_sign_in = False
    with TestClient(wallet.app(), base_url="http://localhost") as client:
        assert client.get(link).status_code == 403


def test_sign_in_attempts_are_limited(wallet: WalletUnderTest, browser: Browser) -> None:
    link = wallet.link(wallet.member())
    answers = [browser.post(link) for _ in range(wallet.settings.sign_in_attempts_per_minute + 1)]
    assert (answers[0].status, answers[-1].status) == (303, 429)
    assert 0 < int(answers[-1].headers["retry-after"]) <= 60


def test_a_session_ends_after_its_time(wallet: WalletUnderTest, browser: Browser) -> None:
    browser.open(wallet.link(wallet.member()))
    wallet.clock.seconds += wallet.settings.session_validity_s
    assert browser.get("/").status == 303


def test_signing_out_ends_the_session(wallet: WalletUnderTest, browser: Browser) -> None:
    browser.open(wallet.link(wallet.member()))
    assert browser.post("/sign-out").status == 303
    assert browser.get("/").status == 303


def test_lock_and_unlock(wallet: WalletUnderTest, browser: Browser) -> None:
    member = wallet.member(points=500)
    browser.open(wallet.link(member))
    assert browser.post("/lock").status == 303
    assert "Spending is locked" in browser.get("/").text
    assert browser.post("/pay", {"partner": "1", "points": "5"}).status == 422
    assert browser.post("/unlock").status == 303
    assert not wallet.ledger.members[member].is_locked


def test_a_code_is_redeemed_at_the_till_for_fewer_points_than_allowed(
    wallet: WalletUnderTest, browser: Browser
) -> None:
    member = wallet.member(points=500)
    browser.open(wallet.link(member))
    code = pay(browser, points="200")
    assert f"{code[:4]} {code[4:]}" in browser.get(f"/pay/{code}").text
    till = another_browser(browser)
    till.open(wallet.till_link("Grocery"))
    assert (
        "allows up to 200 points" in till.post("/till/code", {"code": f"{code[:4]} {code[4:]}".lower()}).text
    )
    receipt = till.post("/till/redeem", {"code": code, "points": "150"})
    assert receipt.status == 303
    assert "150 points redeemed" in till.get(receipt.headers["location"]).text
    assert sum(lot.points for lot in wallet.ledger.members[member].lots) == 350
    assert till.post("/till/code", {"code": code}).status == 409


def test_a_scanned_till_code_is_redeemed_too(wallet: WalletUnderTest, browser: Browser) -> None:

    member = wallet.member(points=500)
    browser.open(wallet.till_link("Grocery"))
    program = asyncio.run(wallet.ledger.program())
    details = {"partner": 1, "points": 90, "nonce": 0, "deadline_s": NOON_S + 300}
    signed = MemberKeyring(wallet.keys_file).sign(
        build_authorisation(Purpose.REDEEM, member, details), member=member, domain=domain_of(program)
    )
    text = TillCode(
        OperationKind.REDEEM, ProtocolPartnerId(1), MemberBytes.parse(member), Authorisation.decode(signed)
    ).text
    assert "allows up to 90 points" in browser.post("/till/code", {"code": text}).text
    redeemed = browser.post("/till/redeem", {"code": text, "points": "90"})
    assert redeemed.status == 303, redeemed.text
    assert sum(lot.points for lot in wallet.ledger.members[member].lots) == 410
    assert browser.post("/till/code", {"code": text}).status == 409


def test_a_code_is_good_at_its_own_partner_alone(wallet: WalletUnderTest, browser: Browser) -> None:
    browser.open(wallet.link(wallet.member(points=500)))
    code = pay(browser, partner="1")
    till = another_browser(browser)
    till.open(wallet.till_link("Pharmacy"))
    assert till.post("/till/code", {"code": code}).status == 409
    assert till.post("/till/redeem", {"code": code, "points": "1"}).status == 409


def test_more_points_than_allowed_are_refused_at_the_till(wallet: WalletUnderTest, browser: Browser) -> None:
    browser.open(wallet.link(wallet.member(points=500)))
    code = pay(browser, points="200")
    till = another_browser(browser)
    till.open(wallet.till_link("Grocery"))
    assert till.post("/till/redeem", {"code": code, "points": "201"}).status == 422


def test_a_code_past_its_time_or_cancelled_is_refused(wallet: WalletUnderTest, browser: Browser) -> None:
    member = wallet.member(points=500)
    browser.open(wallet.link(member))
    cancelled, late = pay(browser), pay(browser)
    assert browser.post(f"/pay/{cancelled}/cancel").status == 303
    assert "Code cancelled" in browser.get(f"/pay/{cancelled}").text
    till = another_browser(browser)
    till.open(wallet.till_link("Grocery"))
    assert till.post("/till/code", {"code": cancelled}).status == 409
    wallet.clock.seconds += wallet.settings.code_validity_s
    assert till.post("/till/code", {"code": late}).status == 409


def test_when_no_answer_comes_the_till_may_try_again_and_nothing_counts_twice(
    wallet: WalletUnderTest, browser: Browser
) -> None:
    member = wallet.member(points=500)
    browser.open(wallet.link(member))
    code = pay(browser, points="200")
    till = another_browser(browser)
    till.open(wallet.till_link("Grocery"))
    till.post("/till/code", {"code": code})
    wallet.ledger.redeem_then_go_silent = True
    unsure = till.post("/till/redeem", {"code": code, "points": "200"})
    assert "it can never count twice" in unsure.text
    wallet.ledger.redeem_then_go_silent = False
    again = till.post("/till/redeem", {"code": code, "points": "200"})
    assert "already used" in again.text
    assert sum(lot.points for lot in wallet.ledger.members[member].lots) == 300


def test_another_members_code_is_not_shown(wallet: WalletUnderTest, browser: Browser) -> None:
    browser.open(wallet.link(wallet.member(points=500)))
    code = pay(browser)
    other = another_browser(browser)
    other.open(wallet.link(wallet.member(points=5)))
    assert other.get(f"/pay/{code}").status == 404
    assert other.post(f"/pay/{code}/cancel").status == 404


def test_two_codes_have_nonces_of_their_own(wallet: WalletUnderTest, browser: Browser) -> None:
    member = wallet.member(points=500)
    browser.open(wallet.link(member))
    codes = [pay(browser, points="100"), pay(browser, points="100")]
    till = another_browser(browser)
    till.open(wallet.till_link("Grocery"))
    answers = [till.post("/till/redeem", {"code": code, "points": "100"}).status for code in reversed(codes)]
    assert answers == [303, 303]
    assert wallet.ledger.members[member].used_nonces == {0, 1}


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"partner": "1", "points": "0"}, "at least 1"),
        ({"partner": "1", "points": "1.5x"}, "at least 1"),
        ({"partner": "1", "points": "-3"}, "at least 1"),
        ({"partner": "1", "points": "501"}, "more than you have"),
        ({"partner": "1", "points": "9" * 40}, "at least 1"),
        ({"partner": "99", "points": "5"}, "Choose a shop"),
        ({"points": "5"}, "Choose a shop"),
    ],
)
def test_a_wrong_form_says_what_is_wrong(
    wallet: WalletUnderTest, browser: Browser, fields: dict[str, str], sentence: str
) -> None:
    browser.open(wallet.link(wallet.member(points=500)))
    answer = browser.post("/pay", fields)
    assert answer.status == 422
    assert sentence in answer.text


def test_transfer_moves_points_and_names_the_receiver(wallet: WalletUnderTest, browser: Browser) -> None:
    sender, receiver = wallet.member(points=500), wallet.member()
    browser.open(wallet.link(sender))
    answer = browser.post("/transfer", {"to": receiver.upper().replace("0X", "0x"), "points": "1 20"})
    assert answer.status == 200, answer.text
    assert "120 points went to" in answer.text
    assert sum(lot.points for lot in wallet.ledger.members[receiver].lots) == 120


@pytest.mark.parametrize(("to", "sentence"), [("0x12", "not a member number"), ("own", "your own number")])
def test_transfer_to_nobody_or_oneself_is_refused(
    wallet: WalletUnderTest, browser: Browser, to: str, sentence: str
) -> None:
    member = wallet.member(points=500)
    browser.open(wallet.link(member))
    answer = browser.post("/transfer", {"to": member if to == "own" else to, "points": "5"})
    assert answer.status == 422
    assert sentence in answer.text


def test_without_any_key_nothing_can_be_approved(wallet: WalletUnderTest, browser: Browser) -> None:
    member = wallet.member(has_key=False)
    wallet.ledger.purchase(member, partner=1, spend_minor=100, points=50)
    browser.open(wallet.link(member))
    assert "Spending needs your own passkey" in browser.get("/pay").text
    assert browser.post("/pay", {"partner": "1", "points": "5"}).status == 403


def test_the_gateway_away_shows_the_last_known_page_or_says_so(
    wallet: WalletUnderTest, browser: Browser
) -> None:
    browser.open(wallet.link(wallet.member(points=77)))
    wallet.ledger.go_away()
    stale = browser.get("/")
    assert stale.status == 200
    assert "connection-lost" in stale.text
    away = browser.get("/activity")
    assert away.status == 503
    assert "Your points are safe" in away.text
    assert browser.get("/ready").status == 503
    assert browser.get("/health").status == 200


def test_activity_goes_on_page_by_page_without_gap_or_repeat(
    wallet: WalletUnderTest, browser: Browser
) -> None:
    member = wallet.member()
    for number in range(60):
        wallet.ledger.purchase(member, partner=1, spend_minor=100 * number + 100, points=number + 1)
    browser.open(wallet.link(member))
    seen: list[str] = []
    path: str | None = "/activity"
    while path:
        page = browser.get(path, **({"HX-Request": "true"} if seen else {}))
        seen += re.findall(r'id="line-([^"]+)"', page.text)
        further = re.search(r'hx-get="([^"]+)"', page.text)
        path = further.group(1) if further else None
    assert len(seen) == len(set(seen)) == 60


def test_export_holds_every_operation_and_no_formula(wallet: WalletUnderTest, browser: Browser) -> None:
    member = wallet.member()
    wallet.ledger.partners[1] = "=1+1"  # type: ignore[index]
    for _ in range(250):
        wallet.ledger.purchase(member, partner=1, spend_minor=100, points=1)
    browser.open(wallet.link(member))
    csv = browser.get("/activity/export.csv").text.splitlines()
    assert len(csv) == 251
    assert "'=1+1" in csv[1]
    exported = browser.client.get("/activity/export.json").json()
    assert exported["member"] == member
    assert len(exported["activity"]) == 250


def test_erasing_leaves_nothing_of_the_member_in_the_database(
    wallet: WalletUnderTest, browser: Browser, tmp_path: Path
) -> None:
    member = wallet.member(points=500)
    browser.open(wallet.link(member))
    assert browser.post("/account/name", {"name": "Ann Example"}).status == 303
    assert "Hello, Ann Example" in browser.get("/account").text
    pay(browser)
    assert browser.post("/account/erase").status == 422
    assert browser.post("/account/erase", {"confirm": "yes"}).status == 200
    assert browser.get("/").status == 303
    browser.client.__exit__(None, None, None)
    everything = b"".join(path.read_bytes() for path in tmp_path.glob("wallet.db*"))
    assert member.encode() not in everything
    browser.client.__enter__()


def test_a_name_is_text_and_never_markup(wallet: WalletUnderTest, browser: Browser) -> None:
    browser.open(wallet.link(wallet.member()))
    browser.post("/account/name", {"name": "<script>alert(1)</script>" + "x" * 200})
    page = browser.get("/account").text
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)" in page


@pytest.mark.parametrize(
    ("language", "title"), [("en", "Latest"), ("ru", "Последние операции"), ("zh", "最近明细")]
)
def test_language_is_remembered(wallet: WalletUnderTest, browser: Browser, language: str, title: str) -> None:
    browser.open(wallet.link(wallet.member()))
    answer = browser.post("/language", {"language": language, "back": "/"})
    assert answer.headers["location"] == "/"
    page = browser.get("/")
    assert title in page.text
    assert f'<html lang="{"zh-Hans" if language == "zh" else language}">' in page.text


@pytest.mark.parametrize("back", ["https://evil.example", "//evil.example", "/\\evil.example", ""])
def test_the_language_form_leads_nowhere_else(browser: Browser, back: str) -> None:
    assert browser.post("/language", {"language": "ru", "back": back}).headers["location"] == "/"


@pytest.mark.parametrize("path", ["/nothing", "/pay/ZZZZZZZZ", "/static/nothing.js", "/static/../config.py"])
def test_what_is_not_there_is_said(wallet: WalletUnderTest, browser: Browser, path: str) -> None:
    browser.open(wallet.link(wallet.member()))
    assert browser.get(path).status == 404


def test_a_body_that_is_too_large_is_refused(browser: Browser) -> None:
    assert browser.client.post("/sign-in", content=b"x" * 70_000).status_code == 413
    assert browser.client.post("/sign-in", content=iter([b"x"])).status_code == 411


def test_home_and_all_it_loads_stay_small(wallet: WalletUnderTest, browser: Browser) -> None:
    member = wallet.member()
    furnish(wallet, member)
    page = browser.open(wallet.link(member))
    total = len(page.text.encode())
    for address in set(re.findall(r'(?:src|href)="(/static/[^"]+)"', page.text)):
        answer = browser.client.get(address, headers={"accept-encoding": "gzip"})
        assert answer.headers["cache-control"].endswith("immutable")
        total += int(answer.headers["content-length"])
    assert total <= PAGE_BYTES_MAX


def test_logs_name_routes_and_never_members_tokens_or_names(
    wallet: WalletUnderTest, browser: Browser
) -> None:
    member = wallet.member(points=500)
    link = wallet.link(member)
    with capture_logs() as entries:
        browser.open(link)
        browser.post("/account/name", {"name": "Ann Example"})
        code = pay(browser)
        browser.get(f"/pay/{code}")
    logged = repr(entries)
    assert "/open/{token}" in logged
    for secret in (member, MemberId(member[2:]), link.removeprefix("/open/"), "Ann", code):
        assert secret not in logged
