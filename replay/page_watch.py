"""Members' pages that stay open while the replay runs: what they show, and how long that takes."""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

import httpx2

from node_gateway.cli.stack import Stack
from partner_sdk.protocol import MemberId
from replay.addresses import wallet_link
from replay.members import ReplayMember
from replay.wallet_page import WalletPageError, wallet_page

PAGES_WATCHED = 12
OPEN_WAIT_MAX_S = 20.0


@dataclass(slots=True)
class PageWatch:
    """What members' open pages showed while the replay ran.

    Attributes:
        seconds_to_page: from the gateway's answer for an operation to the page's next balance.
        shown: the newest balance of each page.
    """

    accepted_at_s: dict[MemberId, float] = field(default_factory=dict)
    seconds_to_page: list[float] = field(default_factory=list)
    shown: dict[MemberId, int] = field(default_factory=dict)

    def accepted(self, member: MemberId) -> None:
        """The gateway has answered for an operation of this member."""
        self.accepted_at_s.setdefault(member, time.monotonic())

    def showed(self, member: MemberId, balance: int) -> None:
        """The member's page shows this."""
        is_open = member in self.shown
        accepted_at_s = self.accepted_at_s.pop(member, None) if is_open else None
        if accepted_at_s is not None:
            self.seconds_to_page.append(time.monotonic() - accepted_at_s)
        self.shown[member] = balance


@asynccontextmanager
async def watched_pages(
    started: Stack, members: Sequence[ReplayMember], watch: PageWatch
) -> AsyncIterator[None]:
    """Keeps these members' pages open while the block runs; entered when all show something."""
    tasks = [asyncio.create_task(_watch(wallet_link(started, member), member, watch)) for member in members]
    try:
        ends_at_s = time.monotonic() + OPEN_WAIT_MAX_S
        while len(watch.shown) < len(members) and time.monotonic() < ends_at_s:  # noqa: ASYNC110  bounded; several tasks set it
            await asyncio.sleep(0.05)
        yield
    finally:
        for task in tasks:
            task.cancel()
        for task in tasks:
            with suppress(asyncio.CancelledError):
                await task


async def _watch(link: str, member: ReplayMember, watch: PageWatch) -> None:
    with suppress(httpx2.HTTPError, WalletPageError):
        async with wallet_page(link) as page:
            async for balance in page.balances():
                watch.showed(member.member, balance)
