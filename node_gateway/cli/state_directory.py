"""The state directory: everything that a program leaves on this machine, in one place.

deployment.json   addresses and terms of the program
gateway.db        the gateway's tables (SQLite); wallet.db the wallet's
keys/             private keys, one a file, mode 0600 in a directory of mode 0700
chain/            what a local chain keeps
logs/             one file for each process
"""

import json
import os
import re
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from node_gateway.cli.errors import CommandError

DEFAULT_STATE_DIR = ".coalition"
STATE_DIR_VARIABLE = "COALITION_STATE_DIR"
_KEY_PATTERN = re.compile(r"[0-9a-f]{64}")


class StateDirectory:
    """Paths and small files below one directory."""

    def __init__(self, root: Path) -> None:
        self.root = root.expanduser().resolve()

    @property
    def chain(self) -> Path:
        return self.root / "chain"

    @property
    def logs(self) -> Path:
        return self.root / "logs"

    @property
    def keys(self) -> Path:
        return self.root / "keys"

    def create(self) -> None:
        """Makes the directories.

        Raises:
            OSError: where the disk is read-only or full, or the place belongs to someone else.
        """
        for path in (self.root, self.chain, self.logs, self.keys):
            path.mkdir(mode=0o700, parents=True, exist_ok=True)

    def key(self, name: str) -> bytes:
        """A private key by name, made when it is asked for the first time.

        Raises:
            CommandError: where the file holds something else.
        """
        path = self.keys / name
        if not path.exists():
            write_private(path, secrets.token_bytes(32).hex() + "\n")
        text = path.read_text().strip()
        if not _KEY_PATTERN.fullmatch(text):
            raise CommandError(
                f"{path} holds no private key", "restore it from a backup; it is 64 hexadecimal digits"
            )
        return bytes.fromhex(text)

    def has_key(self, name: str) -> bool:
        return (self.keys / name).exists()

    def read_json(self, name: str) -> Any:
        """The value of a JSON file, None where there is none.

        Raises:
            CommandError: where it cannot be read as JSON.
        """
        path = self.root / name
        try:
            return json.loads(path.read_text())
        except FileNotFoundError:
            return None
        except ValueError as error:
            raise CommandError(
                f"{path} is damaged: {error}", "restore it from a backup, or start anew with --fresh"
            ) from error

    def write_json(self, name: str, value: Mapping[str, Any]) -> None:
        """Writes a JSON file whole or not at all, for this user's eyes."""
        write_private(self.root / name, json.dumps(value, indent=1) + "\n")


def state_directory() -> StateDirectory:
    """The state directory that the environment names, `.coalition` in the current directory by default."""
    return StateDirectory(Path(os.environ.get(STATE_DIR_VARIABLE) or DEFAULT_STATE_DIR))


def write_private(path: Path, text: str) -> None:
    """Replaces a file in one step; mode 0600 from its first byte on."""
    part = path.with_name(f"{path.name}.part")
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    os.replace(part, path)
