"""API keys that this machine uses itself, kept in the state directory with mode 0600."""

from collections.abc import Iterable
from pathlib import Path

from node_gateway.cli.commands.keys import party_named
from node_gateway.cli.state_directory import StateDirectory, write_private

DIRECTORY = "api-keys"
WALLET = "wallet"
WALLET_FILE = "wallet_api_key"


def api_key_path(state: StateDirectory, party: str) -> Path:
    """Where the key of a partner's number, `wallet` or `operator` is kept. The wallet reads its own at the top."""
    return state.root / WALLET_FILE if party == WALLET else state.root / DIRECTORY / party


def read_api_key(state: StateDirectory, party: str) -> str:
    """The key's text."""
    return api_key_path(state, party).read_text().strip()


async def ensure_api_keys(state: StateDirectory, database_url: str, parties: Iterable[str]) -> None:
    """Makes the keys that are missing here, or that this database does not know.

    Args:
        state: keeps the keys.
        database_url: the gateway's, at the newest schema.
        parties: partners' numbers, `wallet`, `operator`.
    """
    from node_gateway.domain.errors import UnknownApiKeyError
    from node_gateway.service.api_keys import Authenticator, create_api_key
    from node_gateway.service.clock import SystemClock
    from node_gateway.store.database import create_database

    (state.root / DIRECTORY).mkdir(mode=0o700, exist_ok=True)
    database, clock = create_database(database_url), SystemClock()
    authenticator = Authenticator(database, clock)
    try:
        for party in parties:
            path = api_key_path(state, party)
            if path.exists():
                try:
                    await authenticator.party_of(path.read_text().strip())
                    continue
                except UnknownApiKeyError:
                    pass
            key = await create_api_key(
                database, clock, party=party_named(party), label=f"made on this machine for {party}"
            )
            write_private(path, key + "\n")
    finally:
        await database.close()
