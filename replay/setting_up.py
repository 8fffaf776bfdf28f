"""From an empty state directory to a coalition with eight partners, ready to trade."""

import json

from node_gateway.cli.api_key_files import WALLET, read_api_key
from node_gateway.cli.operator_acts import parameters_of, partner_key_name
from node_gateway.cli.program_session import program_session
from node_gateway.cli.stack import WALLET_ATTESTER_KEY_FILE, WALLET_ATTESTER_SLOT, Stack
from node_gateway.cli.state_directory import StateDirectory, write_private
from partner_sdk.protocol import SigningKey
from replay.departments import REPLAY_PARTNERS
from replay.desk import Keys
from replay.journey import LOCAL_OFFSET_S
from replay.members import MEMBER_KEYS_FILE
from replay.program import (
    ENROLMENT_ATTESTER_SLOT,
    OPENING_HOUR_S,
    PROGRAM_NAME,
    PROGRAM_SYMBOL,
    TILL_SLOT,
    admit_everyone,
    till_key_name,
)

OPERATOR = "operator"
# A day that was begun goes on where its clock was, at most until midnight.
LONGEST_DAY_S = 86_400 - OPENING_HOUR_S
TILLS_FILE = "wallet_tills.json"
# A smoke run opens many members' pages within seconds.
SIGN_IN_ATTEMPTS_PER_MINUTE = 600


async def set_up(started: Stack, *, first_opening_s: int | None) -> Keys:
    """Starts every part and admits the partners; only what is not there yet is made.

    Args:
        started: the stack, with nothing started.
        first_opening_s: chain time at which the replay will go on, None when it is at its end.

    Raises:
        CommandError: where a part does not start; says which.
    """
    state = started.state
    started.require_ports()
    await started.start_chain()
    if first_opening_s is not None:
        await started.require_clock_before(first_opening_s + LONGEST_DAY_S)
    if await started.ensure_program(
        parameters_of(name=PROGRAM_NAME, symbol=PROGRAM_SYMBOL, day_offset_s=LOCAL_OFFSET_S)
    ):
        started.say("the contracts are deployed")
    attesters = {slot: _attester_key(state, slot) for slot in (WALLET_ATTESTER_SLOT, ENROLMENT_ATTESTER_SLOT)}
    async with program_session(state, started.options.rpc_url, database=started.database_url) as session:
        admitted = await admit_everyone(
            session, {slot: bytes(key.address) for slot, key in attesters.items()}
        )
    if admitted:
        started.say(f"{len(admitted)} partners are admitted")
    write_private(state.root / WALLET_ATTESTER_KEY_FILE, attesters[WALLET_ATTESTER_SLOT].secret.hex() + "\n")
    partners = [entry.partner for entry in REPLAY_PARTNERS]
    await started.ensure_database([*map(str, partners), WALLET, OPERATOR])
    _write_tills(state)
    started.wallet_environment |= {
        "COALITION_WALLET_DEVELOPMENT_SIGN_IN": "true",
        "COALITION_WALLET_DEVELOPMENT_KEYS_FILE": str(state.root / MEMBER_KEYS_FILE),
        "COALITION_WALLET_PROGRAM_NAME": PROGRAM_NAME,
        "COALITION_WALLET_SIGN_IN_ATTEMPTS_PER_MINUTE": str(SIGN_IN_ATTEMPTS_PER_MINUTE),
    }
    await started.start_gateway()
    await started.start_wallet()
    return Keys(
        partner_keys={partner: SigningKey(state.key(partner_key_name(partner))) for partner in partners},
        api_keys={partner: read_api_key(state, str(partner)) for partner in partners},
        attester_key=attesters[ENROLMENT_ATTESTER_SLOT],
        wallet_api_key=read_api_key(state, WALLET),
    )


def _attester_key(state: StateDirectory, slot: int) -> SigningKey:
    return SigningKey(state.key(f"attester-{slot}"))


def _write_tills(state: StateDirectory) -> None:
    tills = [
        {
            "name": entry.name,
            "partner": entry.partner,
            "slot": TILL_SLOT,
            "key": state.key(till_key_name(entry.partner)).hex(),
            "api_key": read_api_key(state, str(entry.partner)),
        }
        for entry in REPLAY_PARTNERS
    ]
    write_private(state.root / TILLS_FILE, json.dumps(tills, indent=1) + "\n")
