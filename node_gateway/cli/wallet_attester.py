"""The key with which this machine's wallet signs: made, allowed on the chain, and put where the wallet reads it."""

from node_gateway.cli.operator_acts import allow_attester
from node_gateway.cli.program_session import program_session
from node_gateway.cli.stack import WALLET_ATTESTER_KEY_FILE, WALLET_ATTESTER_SLOT, Stack
from node_gateway.cli.state_directory import write_private
from partner_sdk.protocol import PartnerId, SigningKey, Submitter


async def ensure_wallet_attester(started: Stack) -> None:
    """Lets the wallet's key enrol members, unless the program allows it already. The tables must be there.

    Raises:
        CommandError: where chain or program are not there.
    """
    state = started.state
    key = SigningKey(state.key(f"attester-{WALLET_ATTESTER_SLOT}"))
    submitter = Submitter.of(PartnerId(0), WALLET_ATTESTER_SLOT)
    async with program_session(state, started.options.rpc_url, database=started.database_url) as session:
        known = await session.read("delegateOf", int(submitter))
        assert isinstance(known, list), "terms and version"
        if known[0]["key"] != bytes(key.address):
            started.say("allowing the wallet's key to enrol members")
            await allow_attester(session, slot=WALLET_ATTESTER_SLOT, key=bytes(key.address))
    write_private(state.root / WALLET_ATTESTER_KEY_FILE, key.secret.hex() + "\n")
