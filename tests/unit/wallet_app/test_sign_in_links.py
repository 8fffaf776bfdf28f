"""Signed links open what they were signed for, for a while."""

import pytest

from wallet_app.errors import LinkInvalidError
from wallet_app.sign_in_links import read_link, sign_link
from wallet_app.store.sessions import Session, SessionKind

KEY = bytes(range(32))
MEMBER = Session(SessionKind.MEMBER, "0x" + "ab" * 20)
EXPIRES_AT_S = 1_000


def test_opens_what_was_signed() -> None:
    assert read_link(KEY, sign_link(KEY, MEMBER, expires_at_s=EXPIRES_AT_S), now_s=EXPIRES_AT_S - 1) == MEMBER


def test_keeps_a_tills_name_whole() -> None:
    till = Session(SessionKind.TILL, "Café No. 1.2")
    assert read_link(KEY, sign_link(KEY, till, expires_at_s=EXPIRES_AT_S), now_s=0) == till


def test_rejects_a_link_past_its_time() -> None:
    with pytest.raises(LinkInvalidError):
        read_link(KEY, sign_link(KEY, MEMBER, expires_at_s=EXPIRES_AT_S), now_s=EXPIRES_AT_S)


def test_rejects_another_key() -> None:
    with pytest.raises(LinkInvalidError):
        read_link(bytes(32), sign_link(KEY, MEMBER, expires_at_s=EXPIRES_AT_S), now_s=0)


def test_rejects_any_changed_character() -> None:
    token = sign_link(KEY, MEMBER, expires_at_s=EXPIRES_AT_S)
    for index in range(len(token) - 1):
        changed = token[:index] + ("A" if token[index] != "A" else "B") + token[index + 1 :]
        with pytest.raises(LinkInvalidError):
            read_link(KEY, changed, now_s=0)


@pytest.mark.parametrize("token", ["", "x", "é", "====", "A" * 5_000])
def test_rejects_what_is_no_token(token: str) -> None:
    with pytest.raises(LinkInvalidError):
        read_link(KEY, token, now_s=0)
