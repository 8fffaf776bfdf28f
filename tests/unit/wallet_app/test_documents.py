"""The page about the wallet and the vendored files agree with the code."""

from pathlib import Path

from wallet_app.config import WalletSettings
from wallet_app.vendor import FILES, LOCK, differences

DOCUMENT = Path(__file__).parents[3] / "docs" / "wallet.md"


def test_every_setting_is_documented() -> None:
    text = DOCUMENT.read_text(encoding="utf-8")
    settings = {f"COALITION_WALLET_{name.upper()}" for name in WalletSettings.model_fields}
    assert {name for name in settings if f"`{name}`" not in text} == set()


def test_vendored_files_are_those_of_their_lock() -> None:
    assert differences() == []
    assert {file.target for file in FILES} == {
        line.split('"')[3] for line in LOCK.read_text().splitlines() if '"file":' in line
    }
