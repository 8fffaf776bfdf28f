"""A real browser: Debian's chromium, driven by playwright."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from tests.e2e.browser_stack import ServedWallet, served_wallet

PHONE = {"width": 390, "height": 844}
ACT_MS = 30_000

OpenPage = Callable[..., Page]


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    path = shutil.which("chromium")
    assert path, "chromium is missing: apt-get install chromium"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=path,
            args=["--no-sandbox", "--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream"],
        )
        yield browser
        browser.close()


@pytest.fixture
def served(tmp_path: Path) -> Iterator[ServedWallet]:
    with served_wallet(tmp_path) as wallet:
        yield wallet


@pytest.fixture
def open_page(chromium: Browser) -> Iterator[OpenPage]:
    """Opens a phone of its own (cookies and all); fails the test on any error of a page's script."""
    errors: list[str] = []
    with ExitStack() as stack:

        def open_one(**options: object) -> Page:
            settings = {"viewport": PHONE, "locale": "en-US", **options}
            context: BrowserContext = chromium.new_context(**settings)  # type: ignore[arg-type]
            stack.callback(context.close)
            context.set_default_timeout(ACT_MS)
            page = context.new_page()
            page.on("pageerror", lambda error: errors.append(str(error)))
            page.on(
                "console",
                lambda message: (
                    errors.append(message.text) if "Content Security Policy" in message.text else None
                ),
            )
            return page

        yield open_one
    assert errors == []
