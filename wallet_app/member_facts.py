"""Asks the gateway about a member, and remembers the last answers for when it is away."""

import asyncio
from collections import OrderedDict
from dataclasses import dataclass

from wallet_app.clock import Clock
from wallet_app.errors import GatewayUnavailableError
from wallet_app.gateway import MemberGateway, MemberId, PartnerId, Program
from wallet_app.presentation.home import MemberFacts

LINES_SHOWN = 6
MEMBERS_REMEMBERED_MAX = 5_000
PROGRAM_FRESH_S = 2
PARTNERS_FRESH_S = 60


@dataclass(frozen=True)
class RecentFacts:
    """`is_stale`: the gateway is away and this is what it said last."""

    facts: MemberFacts
    program: Program
    is_stale: bool


class MemberFactsReader:
    """Reads members' facts; keeps program and partners' names for moments, members' last facts for outages."""

    def __init__(self, gateway: MemberGateway, clock: Clock) -> None:
        self._gateway = gateway
        self._clock = clock
        self._program: tuple[int, Program] | None = None
        self._partners: tuple[int, dict[PartnerId, str]] | None = None
        self._last: OrderedDict[MemberId, RecentFacts] = OrderedDict()

    async def program(self) -> Program:
        """The program's facts, at most `PROGRAM_FRESH_S` old."""
        now_s = self._clock.now_s()
        if self._program is None or now_s - self._program[0] > PROGRAM_FRESH_S:
            self._program = (now_s, await self._gateway.program())
        return self._program[1]

    async def program_or_last(self) -> Program | None:
        """The program's facts however old; None when they were never known."""
        try:
            return await self.program()
        except GatewayUnavailableError:
            return self._program[1] if self._program else None

    async def partners(self) -> dict[PartnerId, str]:
        """Partners' names, at most `PARTNERS_FRESH_S` old."""
        now_s = self._clock.now_s()
        if self._partners is None or now_s - self._partners[0] > PARTNERS_FRESH_S:
            self._partners = (now_s, await self._gateway.partner_names())
        return self._partners[1]

    async def read(self, member: MemberId) -> RecentFacts:
        """Facts as of now.

        Raises:
            GatewayUnavailableError: the gateway did not answer.
        """
        program, partners, account, history, campaigns = await asyncio.gather(
            self.program(),
            self.partners(),
            self._gateway.account(member),
            self._gateway.history(member, after=None, limit=LINES_SHOWN),
            self._gateway.campaigns(member),
        )
        facts = MemberFacts(account=account, history=history, campaigns=campaigns, partners=partners)
        recent = RecentFacts(facts=facts, program=program, is_stale=False)
        self._last[member] = recent
        self._last.move_to_end(member)
        while len(self._last) > MEMBERS_REMEMBERED_MAX:
            self._last.popitem(last=False)
        return recent

    async def read_or_last(self, member: MemberId) -> RecentFacts:
        """Facts as of now, else the last known ones marked as stale.

        Raises:
            GatewayUnavailableError: the gateway did not answer, and nothing is known of this member.
        """
        try:
            return await self.read(member)
        except GatewayUnavailableError:
            last = self._last.get(member)
            if last is None:
                raise
            return RecentFacts(facts=last.facts, program=last.program, is_stale=True)

    def forget(self, member: MemberId) -> None:
        """Drops what is remembered of a member."""
        self._last.pop(member, None)
