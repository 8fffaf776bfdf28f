"""The keyring, kept current without asking the database for each submission."""

from sqlalchemy.ext.asyncio import AsyncConnection

from node_gateway.domain.errors import NotIndexedError
from node_gateway.domain.keyring import Keyring
from node_gateway.service.clock import Clock, Since
from node_gateway.store.chain_head import ChainHead
from node_gateway.store.database import Database
from node_gateway.store.keys import read_keyring

REFRESH_MS = 1_000
"""A moved head leads to a new look at the keys at most this often."""
DOUBT_MS = 250
"""So does a signature that no known key explains."""


class KeyringCache:
    """Keys as of about a second ago, or as of now when there is doubt."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._keyring: Keyring | None = None
        self._since_read = Since(clock)

    @property
    def current(self) -> Keyring:
        """Raises NotIndexedError before the program is indexed."""
        if self._keyring is None:
            raise NotIndexedError
        return self._keyring

    async def on_turn(self, connection: AsyncConnection, head: ChainHead, *, has_moved: bool) -> None:
        if self._keyring is None or self._since_read.ms >= REFRESH_MS:
            await self._read(connection)

    async def refresh_in_doubt(self) -> bool:
        """Reads the keys again, unless that was done a moment ago. Returns whether it did."""
        if self._since_read.ms < DOUBT_MS:
            return False
        async with self._database.reading() as connection:
            await self._read(connection)
        return True

    async def _read(self, connection: AsyncConnection) -> None:
        self._since_read.begin()
        self._keyring = await read_keyring(connection)
