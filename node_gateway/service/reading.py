"""Reads: each is one snapshot of the tables, and says of which block."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from node_gateway.domain.account import Account, touched
from node_gateway.domain.errors import (
    CampaignNotFoundError,
    MemberNotFoundError,
    NotIndexedError,
)
from node_gateway.domain.parties import Party
from node_gateway.service import views
from node_gateway.service.views import Json
from node_gateway.store import campaigns, clearing, members
from node_gateway.store import events as event_store
from node_gateway.store.chain_head import ChainHead, read_head_and_program
from node_gateway.store.events import EventFilter, EventPosition
from partner_sdk.protocol.identities import MemberId

SECONDS_OF_DAY = 86_400


@dataclass(frozen=True, slots=True)
class Moment:
    """The block of which a snapshot is, and the program day of it."""

    head: ChainHead
    program: Any

    @property
    def as_of_block(self) -> int:
        return self.head.block_number

    @property
    def today(self) -> int:
        return (self.head.block_timestamp_s + int(self.program.day_offset_s)) // SECONDS_OF_DAY


async def read_moment(connection: AsyncConnection) -> Moment:
    """Raises NotIndexedError before the first block."""
    found = await read_head_and_program(connection)
    if found is None:
        raise NotIndexedError
    head, program = found
    if program.currency is None or head.block_number < 0:
        raise NotIndexedError
    return Moment(head, program)


async def read_program(connection: AsyncConnection) -> Json:
    """What a signer must know."""
    moment = await read_moment(connection)
    program, head = moment.program, moment.head
    return {
        "name": program.name,
        "symbol": program.symbol,
        "chain_id": head.chain_id,
        "ledger": views.hex_text(head.ledger),
        "domain": {
            "name": "Points Coalition",
            "version": "1",
            "chainId": head.chain_id,
            "verifyingContract": views.hex_text(head.ledger),
        },
        "currency": program.currency,
        "currency_decimals": program.currency_decimals,
        "lot_validity_days": program.lot_validity_days,
        "return_window_days": program.return_window_days,
        "late_posting_days": program.late_posting_days,
        "day_offset_s": program.day_offset_s,
        "today": moment.today,
        "block_timestamp_s": head.block_timestamp_s,
        "as_of_block": moment.as_of_block,
    }


async def read_member(connection: AsyncConnection, party: Party, member: MemberId) -> Json:
    """A member touched today. A partner sees sums only: no lots or holds of others, no keys.

    Raises:
        MemberNotFoundError: nothing on the chain names the member.
    """
    moment = await read_moment(connection)
    row = await members.find_member(connection, member)
    if row is None:
        raise MemberNotFoundError(member.text)
    account = touched(await members.read_account(connection, member), moment.today)
    answer = views.balance_view(member, account, as_of_block=moment.as_of_block)
    answer |= {
        "enrolled": row.is_enrolled,
        "locked": row.is_locked,
        "frozen": row.freeze_reason != 0,
        "next_nonce": row.next_nonce,
        "today": moment.today,
    }
    own_holds = [hold for hold in account.holds if party.sees_whole_members or hold.partner == party.partner]
    answer["holds"] = [
        {"nonce": hold.nonce, "partner": hold.partner, "points": hold.points, "expires_day": hold.expires_day}
        for hold in own_holds
    ]
    answer["lots"] = await _lots(connection, party, account)
    if party.sees_whole_members:
        answer |= {
            "freeze_reason": row.freeze_reason,
            "allowance_points_per_day": row.allowance_points_per_day,
            "key_active_from_s": row.key_active_from_s,
            "recovery_key": views.hex_text(row.recovery_key),
            "recovery_due_at_s": row.recovery_due_at_s,
            "keys": [
                {"key": views.hex_text(key.key), "kind": key.kind}
                for key in await members.read_keys(connection, member)
            ],
        }
    return answer


async def _lots(connection: AsyncConnection, party: Party, account: Account) -> list[Json]:
    """Soonest-expiring first. A partner sees those that it issued."""
    issuers = await members.read_issuers(connection, {lot.terms for lot in account.lots})
    return [
        {
            "index": lot.lot,
            "issuer": issuers[lot.terms].text if lot.terms in issuers else f"terms:{lot.terms}",
            "expires_day": lot.expires_day,
            "points": lot.points,
        }
        for lot in account.lots
        if party.sees_whole_members
        or (lot.terms in issuers and issuers[lot.terms].text == f"partner:{party.partner}")
    ]


async def read_history(
    connection: AsyncConnection, party: Party, member: MemberId, *, before: EventPosition | None, limit: int
) -> Json:
    """The member's events, newest first; a partner's own only. `next_after` continues, null at the end."""
    moment = await read_moment(connection)
    wanted = EventFilter(member=member, partner=None if party.sees_whole_members else party.partner)
    found = await event_store.read_history(connection, before=before, limit=limit + 1, wanted=wanted)
    page = found[:limit]
    return {
        "entries": [views.event_view(event) for event in page],
        "next_after": page[-1].position.text if len(found) > limit else None,
        "as_of_block": moment.as_of_block,
    }


async def read_member_campaigns(connection: AsyncConnection, party: Party, member: MemberId) -> Json:
    """Progress in all campaigns; a partner sees the campaigns that it takes part in."""
    moment = await read_moment(connection)
    progress = {row.campaign: row for row in await campaigns.read_progress(connection, member)}
    shown = [
        row
        for row in await campaigns.read_campaigns(connection)
        if party.sees_whole_members or party.partner in row.partners
    ]
    return {
        "member": member.text,
        "campaigns": [views.progress_view(row, progress.get(row.campaign)) for row in shown],
        "as_of_block": moment.as_of_block,
    }


async def read_all_campaigns(connection: AsyncConnection) -> Json:
    moment = await read_moment(connection)
    return {
        "campaigns": [views.campaign_view(row) for row in await campaigns.read_campaigns(connection)],
        "as_of_block": moment.as_of_block,
    }


async def read_campaign(connection: AsyncConnection, campaign: int) -> Json:
    """Raises CampaignNotFoundError."""
    moment = await read_moment(connection)
    rows = await campaigns.read_campaigns(connection, [campaign])
    if not rows:
        raise CampaignNotFoundError(campaign)
    return {**views.campaign_view(rows[0]), "as_of_block": moment.as_of_block}


async def read_partner_list(connection: AsyncConnection) -> Json:
    """Partners with their public terms."""
    moment = await read_moment(connection)
    rows = await clearing.read_partners(connection)
    return {"partners": [views.partner_view(row) for row in rows], "as_of_block": moment.as_of_block}
