"""API keys: 256 random bits, shown once, stored as SHA-256."""

import asyncio
import hashlib
import re
import secrets

from node_gateway.domain.errors import UnknownApiKeyError
from node_gateway.domain.parties import Party
from node_gateway.service.clock import Clock
from node_gateway.store.database import Database
from node_gateway.store.keys import ApiKeyRow, find_party, insert_api_key, list_api_keys, revoke_api_key

KEY_PREFIX = "coalition_"
KEY_BYTES = 32
LABEL_CHARACTERS_MAX = 100
PARTY_CACHE_S = 5.0
PARTY_CACHE_KEYS_MAX = 10_000
_KEY = re.compile(rf"{KEY_PREFIX}[A-Za-z0-9_-]{{43}}")


async def create_api_key(database: Database, clock: Clock, *, party: Party, label: str) -> str:
    """Makes a key and returns its text; it cannot be shown again.

    Args:
        label: at most 100 characters, for the list.
    """
    key = KEY_PREFIX + secrets.token_urlsafe(KEY_BYTES)
    async with database.writing() as connection:
        await insert_api_key(
            connection,
            key_hash=hash_api_key(key),
            party=party,
            label=label[:LABEL_CHARACTERS_MAX],
            created_at_ms=clock.now_ms(),
        )
    return key


async def api_keys(database: Database) -> list[ApiKeyRow]:
    """All keys, oldest first, revoked ones too."""
    async with database.reading() as connection:
        return await list_api_keys(connection)


async def revoke(database: Database, clock: Clock, *, key_hash: bytes) -> bool:
    """Ends a key within PARTY_CACHE_S in all processes. Returns False when there was nothing to end."""
    async with database.writing() as connection:
        return await revoke_api_key(connection, key_hash=key_hash, revoked_at_ms=clock.now_ms())


def hash_api_key(key: str) -> bytes:
    """SHA-256 suffices: the key is 256 random bits, not a password."""
    return hashlib.sha256(key.encode()).digest()


class Authenticator:
    """Tells whose key it is, and remembers it for PARTY_CACHE_S."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._parties: dict[str, tuple[Party, float]] = {}
        self._asking: dict[str, asyncio.Task[Party]] = {}

    def known_party_of(self, key: str) -> Party | None:
        """Whose key it is, if that was found out a moment ago."""
        cached = self._parties.get(key)
        return cached[0] if cached is not None and self._clock.monotonic_s() < cached[1] else None

    async def party_of(self, key: str) -> Party:
        """Raises UnknownApiKeyError when the key is unknown or revoked."""
        known = self.known_party_of(key)
        if known is not None:
            return known
        if not _KEY.fullmatch(key):
            raise UnknownApiKeyError
        # Requests that come at once ask the database once.
        asking = self._asking.get(key)
        if asking is None:
            asking = self._asking[key] = asyncio.create_task(self._find(key))
            asking.add_done_callback(lambda _: self._asking.pop(key, None))
        return await asyncio.shield(asking)

    async def _find(self, key: str) -> Party:
        self._parties.pop(key, None)
        async with self._database.reading() as connection:
            party = await find_party(connection, hash_api_key(key))
        if party is None:
            raise UnknownApiKeyError
        if len(self._parties) >= PARTY_CACHE_KEYS_MAX:
            self._parties.clear()
        self._parties[key] = (party, self._clock.monotonic_s() + PARTY_CACHE_S)
        return party
