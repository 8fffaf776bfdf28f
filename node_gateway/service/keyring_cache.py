"""The keyring, kept current without asking the database for each submission."""

from sqlalchemy.ext.asyncio import AsyncConnection

from node_gateway.domain.errors import NotIndexedError
from node_gateway.domain.keyring import Keyring
from node_gateway.service.clock import Clock
from node_gateway.store.chain_head import ChainHead
from node_gateway.store.database import Database
from node_gateway.store.keys import read_keyring

REFRESH_S = 1.0
"""A moved head leads to a new look at the keys at most this often."""
DOUBT_S = 0.25
"""So does a signature that no known key explains."""


class KeyringCache:
    """Keys as of about a second ago, or as of now when there is doubt."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._keyring: Keyring | None = None
        self._read_at_s = float("-inf")

    @property
    def current(self) -> Keyring:
        """Raises NotIndexedError before the program is indexed."""
        if self._keyring is None:
            raise NotIndexedError
        return self._keyring

    async def on_turn(self, connection: AsyncConnection, head: ChainHead, *, has_moved: bool) -> None:
        if self._keyring is None or self._clock.monotonic_s() - self._read_at_s >= REFRESH_S:
            await self._read(connection)

    async def refresh_in_doubt(self) -> bool:
        """Reads the keys again, unless that was done a moment ago. Returns whether it did."""
        if self._clock.monotonic_s() - self._read_at_s < DOUBT_S:
            return False
        async with self._database.reading() as connection:
            await self._read(connection)
        return True

    async def _read(self, connection: AsyncConnection) -> None:
        self._read_at_s = self._clock.monotonic_s()
        self._keyring = await read_keyring(connection)
