"""The checks of a smoke run: what partners were told, what the ledger holds, what the page shows and what the stream brings must agree."""

import asyncio
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

import httpx2

from node_gateway.cli.child_processes import free_port
from node_gateway.cli.stack import Stack, StackOptions
from partner_sdk import AsyncPartner
from partner_sdk.protocol import MemberId
from replay.addresses import wallet_link
from replay.desk import Desk, operation_id
from replay.journal import Journal
from replay.members import ReplayMember
from replay.page_watch import PageWatch
from replay.plan import DayPlan, PlannedOperation
from replay.settlement import own_operations
from replay.wallet_page import WalletPageError, wallet_page

PAGES_COMPARED = 5
ACCOUNTS_AT_ONCE = 16
SETTLE_DOWN_S = 5.0


async def smoke_checks(
    started: Stack,
    desk: Desk,
    journal: Journal,
    days: Sequence[DayPlan],
    lively: Sequence[ReplayMember],
    watch: PageWatch,
) -> dict[str, bool]:
    """Compares everything with everything; what was compared, and whether it agreed."""
    operations = [operation for day in days for operation in day.operations]
    points = await _points_by_receipts(desk, operations)
    balances = await _balances(desk, {operation.household for operation in operations})
    differing = {member for member in balances if balances[member] != points.by_member[member]}
    for member in sorted(differing)[:5]:
        started.say(f"receipts say {points.by_member[member]}, the gateway {balances[member]}: {member.text}")
    return {
        "every_operation_answered": journal.operations == len(operations) == points.answered,
        "receipts_add_up_to_balances": not differing,
        "pages_show_the_balance": await _pages_agree(started, lively[:PAGES_COMPARED], balances),
        "open_pages_moved_by_themselves": await _open_pages_agree(watch, balances),
        "events_arrived": bool(watch.seconds_to_page),
    }


@dataclass(slots=True)
class _Receipts:
    by_member: Counter[MemberId] = field(default_factory=Counter)
    answered: int = 0


async def _points_by_receipts(desk: Desk, operations: Sequence[PlannedOperation]) -> _Receipts:
    """Points by member as the partners' own receipts tell: earned less redeemed."""
    found = _Receipts()
    planned = {operation_id(operation) for operation in operations}

    async def add(client: AsyncPartner) -> None:
        async for record in own_operations(client):
            if record.id not in planned:
                continue
            found.answered += record.status in ("settled", "rejected")
            if record.status == "settled" and record.receipt is not None and record.member is not None:
                sign = 1 if record.type == "purchase" else -1
                found.by_member[record.member] += sign * int(record.receipt["points"])

    await asyncio.gather(*map(add, desk.partners.values()))
    return found


async def _balances(desk: Desk, households: set[int]) -> dict[MemberId, int]:
    gate = asyncio.Semaphore(ACCOUNTS_AT_ONCE)

    async def balance(household: int) -> tuple[MemberId, int]:
        async with gate:
            account = await desk.wallet.member(desk.members[household].member)
        return account.member, account.balance

    return dict(await asyncio.gather(*map(balance, households)))


async def _pages_agree(
    started: Stack, members: Sequence[ReplayMember], balances: dict[MemberId, int]
) -> bool:
    agreed = bool(members)
    for member in members:
        try:
            async with wallet_page(wallet_link(started, member)) as page:
                shown = await page.balance()
        except (WalletPageError, httpx2.HTTPError) as error:
            started.say(f"the page of {member.member.text}: {error}")
            return False
        if shown != balances[member.member]:
            started.say(
                f"the page of {member.member.text} shows {shown}, its balance is {balances[member.member]}"
            )
            agreed = False
    return agreed


async def _open_pages_agree(watch: PageWatch, balances: dict[MemberId, int]) -> bool:
    """Whether every open page has come to show the balance by itself, within a few seconds."""
    ends_at_s = time.monotonic() + SETTLE_DOWN_S
    while time.monotonic() < ends_at_s:
        if watch.shown and all(balances.get(member) == shown for member, shown in watch.shown.items()):
            return True
        await asyncio.sleep(0.1)
    return False


def smoke_options(options: StackOptions) -> StackOptions:
    """The layout of a smoke run: ports of its own, so that it runs beside a coalition that is up."""
    return StackOptions(
        chain=options.chain,
        database_url=options.database_url,
        chain_port=free_port(),
        api_port=free_port(),
        wallet_port=free_port(),
        genesis_timestamp_s=options.genesis_timestamp_s,
    )
