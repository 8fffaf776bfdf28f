"""Signed links that open a member's wallet, or a till, without a passkey. For development and demonstrations."""

import base64
import hashlib
import hmac
from pathlib import Path

from wallet_app.config import WalletSettings
from wallet_app.errors import LinkInvalidError
from wallet_app.gateway import MemberId
from wallet_app.key_files import read_or_make_secret
from wallet_app.store.sessions import Session, SessionKind

LINK_KEY_FILE = "wallet_link.key"
MAC_BYTES = 16
TOKEN_CHARS_MAX = 200
_KINDS = {SessionKind.MEMBER: "m", SessionKind.TILL: "t"}


def link_key_path(settings: WalletSettings) -> Path:
    """Where the key that signs links is kept."""
    return settings.state_dir / LINK_KEY_FILE


def member_link(settings: WalletSettings, member: MemberId, *, now_s: int) -> str:
    """A URL that opens the wallet of `member` (`0x…`) for `link_validity_s` seconds."""
    return _link(settings, Session(SessionKind.MEMBER, member), now_s)


def till_link(settings: WalletSettings, till: str, *, now_s: int) -> str:
    """A URL that opens the till of that name."""
    return _link(settings, Session(SessionKind.TILL, till), now_s)


def _link(settings: WalletSettings, session: Session, now_s: int) -> str:
    key = read_or_make_secret(link_key_path(settings))
    return f"{settings.public_origin}/open/{sign_link(key, session, expires_at_s=now_s + settings.link_validity_s)}"


def sign_link(key: bytes, session: Session, *, expires_at_s: int) -> str:
    """The token of a link: what it opens and until when, with a keyed hash."""
    payload = f"{_KINDS[session.kind]}.{expires_at_s}.{session.subject}".encode()
    return base64.urlsafe_b64encode(_mac(key, payload) + payload).decode().rstrip("=")


def read_link(key: bytes, token: str, *, now_s: int) -> Session:
    """What a token opens.

    Raises:
        LinkInvalidError: it is forged, damaged or past its time.
    """
    try:
        raw = base64.urlsafe_b64decode(token[:TOKEN_CHARS_MAX] + "=" * (-len(token) % 4))
        mac, payload = raw[:MAC_BYTES], raw[MAC_BYTES:]
        if not hmac.compare_digest(mac, _mac(key, payload)):
            raise LinkInvalidError
        letter, expires_at_s, subject = payload.decode().split(".", 2)
    except ValueError:
        raise LinkInvalidError from None
    if int(expires_at_s) <= now_s:
        raise LinkInvalidError
    kinds = {letter: kind for kind, letter in _KINDS.items()}
    return Session(kinds[letter], subject)


def _mac(key: bytes, payload: bytes) -> bytes:
    return hmac.digest(key, b"wallet link\0" + payload, hashlib.sha256)[:MAC_BYTES]
