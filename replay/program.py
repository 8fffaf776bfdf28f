"""The program that the replay deploys: its terms, the eight partners' prices, and its calendar.

A point is worth a cent. A purchase earns five points a dollar, and a coupon of the data becomes a redemption of as many points as the
coupon took cents: with this rate 97 of 100 coupon uses of the year find enough points in their member's account, and the others
are refused as the ledger's rules say.
"""

from datetime import UTC, date, datetime, timedelta

from node_gateway.cli.operator_acts import (
    admit_partner,
    allow_attester,
    allow_delegate,
    partner_key_name,
    partner_signature,
    record_terms,
)
from node_gateway.cli.program_session import ProgramSession
from partner_sdk.protocol import OperationKind, PartnerId, PartnerTerms, SigningKey, Submitter
from replay.departments import REPLAY_PARTNERS
from replay.journey import FIRST_DAY, LOCAL_OFFSET_S, local_midnight_s

EARN_POINTS_PER_100_MINOR = 5
ISSUE_PRICE_MICRO = 10_000
REDEEM_PRICE_MICRO = 10_000
ENROLMENT_ATTESTER_SLOT = 2
"""Slot 1 is the wallet's."""
PROGRAM_NAME = "Coalition Points"
PROGRAM_SYMBOL = "PTS"
TILL_SLOT = 1
"""The wallet's till page signs for a partner as its delegate: the partner's own numbers are the plan's."""
TILL_KINDS = (OperationKind.PURCHASE, OperationKind.REDEEM, OperationKind.REFUND)
OPENING_HOUR_S = 9 * 3600
# Long enough for a replay that is stopped in the middle of a day and goes on with the same signed bytes.
DEADLINE_DAYS = 7
GENESIS_TIMESTAMP_S = local_midnight_s(FIRST_DAY - timedelta(days=2)) - LOCAL_OFFSET_S


def till_key_name(partner: int) -> str:
    """The file that holds the key of a partner's till."""
    return f"till-{partner}"


def opening_time_s(day: date) -> int:
    """Chain time at which a day of the data begins: nine o'clock at the stores."""
    return local_midnight_s(day) - LOCAL_OFFSET_S + OPENING_HOUR_S


def deadline_s(day: date) -> int:
    """Deadline of what is signed on a day of the data."""
    return opening_time_s(day + timedelta(days=DEADLINE_DAYS))


def chain_day(timestamp_s: int) -> date:
    """The day of the data at a chain time."""
    return datetime.fromtimestamp(timestamp_s + LOCAL_OFFSET_S, tz=UTC).date()


async def admit_everyone(session: ProgramSession, attesters: dict[int, bytes]) -> list[int]:
    """Admits the partners that are missing, with their prices, and the attesters.

    Args:
        session: the operator at work.
        attesters: addresses by slot.

    Returns:
        The partners that were admitted now.
    """
    count = await session.read("partnerCount")
    assert isinstance(count, int)
    admitted = []
    for entry in REPLAY_PARTNERS[count:]:
        key = SigningKey(session.state.key(partner_key_name(entry.partner)))
        await admit_partner(session, partner=entry.partner, name=entry.name, key=bytes(key.address))
        admitted.append(entry.partner)
    for entry in REPLAY_PARTNERS:
        await _ensure_terms(session, entry.partner)
    for entry in REPLAY_PARTNERS:
        await _ensure_till(session, entry.partner)
    for slot, key_address in attesters.items():
        known = await session.read("delegateOf", int(Submitter.of(0, slot)))
        assert isinstance(known, list)
        if known[0]["key"] != key_address:
            await allow_attester(session, slot=slot, key=key_address)
    return admitted


async def _ensure_terms(session: ProgramSession, partner: int) -> None:
    view = await session.read("partnerOf", partner)
    assert isinstance(view, dict)
    if view["version"] > 0:
        return
    terms = PartnerTerms(
        partner=PartnerId(partner),
        version=1,
        issue_price_micro=ISSUE_PRICE_MICRO,
        redeem_price_micro=REDEEM_PRICE_MICRO,
        earn_points_per_100_minor=EARN_POINTS_PER_100_MINOR,
        effective_day=await session.today() + 1,
    )
    await record_terms(session, terms, partner_signature=partner_signature(session, terms))


async def _ensure_till(session: ProgramSession, partner: int) -> None:
    submitter = Submitter.of(partner, TILL_SLOT)
    known = await session.read("delegateOf", int(submitter))
    assert isinstance(known, list)
    key = bytes(SigningKey(session.state.key(till_key_name(partner))).address)
    if known[0]["key"] != key:
        await allow_delegate(session, submitter, key=key, kinds=TILL_KINDS)
