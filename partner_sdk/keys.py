"""Encrypted key files. A partner's signing key at rest is useless without its password."""

import json
import os
from base64 import b64decode, b64encode
from pathlib import Path
from typing import Final

from partner_sdk.protocol.signatures import SigningKey

FORMAT: Final = "points-coalition-key-1"
_SCRYPT_LOG2_N: Final = 15
_SCRYPT_LOG2_N_MAX: Final = 20
_KEY_FILE_BYTES_MAX: Final = 4_096


class KeyFileError(Exception):
    """A key file that cannot be read or written; the message says what to do."""


class WrongPasswordError(KeyFileError):
    """The password does not open the key file, or the file was changed."""


def save_key(path: Path | str, key: SigningKey, password: str) -> None:
    """Writes `key` to a new file (mode 0600), encrypted with scrypt and AES-256-GCM.

    Raises:
        KeyFileError: the file exists (it is never overwritten) or cannot be written.
    """
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    salt, nonce = os.urandom(16), os.urandom(12)
    address = key.address.text
    sealed = AESGCM(_derive(password, salt, _SCRYPT_LOG2_N)).encrypt(nonce, key.secret, address.encode())
    content = {
        "format": FORMAT,
        "address": address,
        "scrypt_log2_n": _SCRYPT_LOG2_N,
        "salt": b64encode(salt).decode(),
        "nonce": b64encode(nonce).decode(),
        "sealed": b64encode(sealed).decode(),
    }
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            json.dump(content, file, indent=1)
            file.write("\n")
            file.flush()
            os.fsync(file.fileno())
    except FileExistsError:
        raise KeyFileError(
            f"{path} exists already; a key file is never overwritten, choose another name"
        ) from None
    except OSError as error:
        raise KeyFileError(f"cannot write {path}: {error.strerror}") from error


def load_key(path: Path | str, password: str) -> SigningKey:
    """Reads a key that `save_key` wrote.

    Raises:
        WrongPasswordError: the password is wrong, or the file was changed.
        KeyFileError: the file cannot be read, or is no key file.
    """
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    content = _read(Path(path))
    try:
        salt, nonce, sealed = (
            b64decode(content[name], validate=True) for name in ("salt", "nonce", "sealed")
        )
        log2_n, address = int(content["scrypt_log2_n"]), str(content["address"])
    except (KeyError, TypeError, ValueError):
        raise KeyFileError(f"{path} is not a key file of this program") from None
    if not 10 <= log2_n <= _SCRYPT_LOG2_N_MAX or len(nonce) != 12:
        raise KeyFileError(f"{path} is not a key file of this program")
    try:
        secret = AESGCM(_derive(password, salt, log2_n)).decrypt(nonce, sealed, address.encode())
    except InvalidTag:
        raise WrongPasswordError(f"the password does not open {path} (or the file was changed)") from None
    return SigningKey(secret)


def _read(path: Path) -> dict[str, str]:
    try:
        with path.open("rb") as file:
            content = json.loads(file.read(_KEY_FILE_BYTES_MAX))
    except OSError as error:
        raise KeyFileError(f"cannot read {path}: {error.strerror}") from error
    except ValueError:
        raise KeyFileError(f"{path} is not a key file of this program") from None
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise KeyFileError(f"{path} is not a key file of this program")
    return content


def _derive(password: str, salt: bytes, log2_n: int) -> bytes:
    from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

    derived: bytes = Scrypt(salt=salt, length=32, n=1 << log2_n, r=8, p=1).derive(password.encode())
    return derived
