"""Fixtures of the wallet's tests."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from tests.unit.wallet_app.browser import Browser
from tests.unit.wallet_app.wallet_factory import WalletUnderTest, make_wallet


@pytest.fixture
def wallet(tmp_path: Path) -> WalletUnderTest:
    return make_wallet(tmp_path)


@pytest.fixture
def browser(wallet: WalletUnderTest) -> Iterator[Browser]:
    with TestClient(wallet.app(), base_url="http://localhost", follow_redirects=False) as client:
        yield Browser(client)
