"""What a member does with a phone."""

from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.e2e.browser_stack import ServedWallet
from wallet_app.gateway import MemberId


def open_wallet(page: Page, served: ServedWallet, member: MemberId) -> None:
    """Opens a member's wallet by link and waits until it is live."""
    open_link(page, served, served.wallet.link(member))
    wait_until_live(page)


def open_link(page: Page, served: ServedWallet, link: str) -> None:
    page.goto(served.origin + link)
    page.get_by_role("button", name="Open").click()
    expect(page).not_to_have_url(served.origin + link)


def wait_until_live(page: Page) -> None:
    """Waits until the event stream is connected."""
    page.wait_for_function("() => document.getElementById('live')?._htmx?.sse?.reader")


def add_authenticator(page: Page, transport: str = "internal") -> Callable[[], None]:
    """Gives the phone a fingerprint sensor (or, as `usb`, a security key) that says yes; returns what takes it away."""
    session = page.context.new_cdp_session(page)
    session.send("WebAuthn.enable")
    added = session.send(
        "WebAuthn.addVirtualAuthenticator",
        {
            "options": {
                "protocol": "ctap2",
                "transport": transport,
                "hasResidentKey": True,
                "hasUserVerification": True,
                "isUserVerified": True,
                "automaticPresenceSimulation": True,
            }
        },
    )

    def take_away() -> None:
        session.send("WebAuthn.removeVirtualAuthenticator", added)

    return take_away
