"""Secrets that live beside the database: made on first use, readable by their owner alone."""

import os
import secrets
from pathlib import Path

from wallet_app.errors import ConfigurationError

SECRET_BYTES = 32


def read_or_make_secret(path: Path) -> bytes:
    """32 random bytes kept in hex at `path`.

    Raises:
        ConfigurationError: the file cannot be written, or holds something else.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    except FileExistsError:
        return _read_secret(path)
    except OSError as error:
        raise ConfigurationError(
            f"cannot write {path} ({error.strerror}): give the wallet a state directory it may write"
        ) from error
    secret = secrets.token_bytes(SECRET_BYTES)
    with os.fdopen(descriptor, "w") as file:
        file.write(secret.hex() + "\n")
    return secret


def _read_secret(path: Path) -> bytes:
    try:
        secret = bytes.fromhex(path.read_text().strip())
    except (OSError, ValueError) as error:
        raise ConfigurationError(f"cannot read {path} ({error}): restore it from its backup") from error
    if len(secret) != SECRET_BYTES:
        raise ConfigurationError(
            f"{path} does not hold {SECRET_BYTES} bytes in hex: restore it from its backup"
        )
    return secret
