"""One audit from beginning to end."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field

from node_gateway.audit.chain_reader import ChainMovedError, ChainReader, read_rules
from node_gateway.audit.database import compare_database, snapshot
from node_gateway.audit.differences import Difference, Witness, difference
from node_gateway.audit.invariants import broken_invariants
from node_gateway.audit.ledger import RebuiltLedger
from node_gateway.audit.rebuild import rebuild_block
from node_gateway.audit.views import LedgerViews, compare_views
from node_gateway.chain import node
from node_gateway.chain.rpc import Rpc
from node_gateway.chain.rpc_errors import RpcError

Progress = Callable[[str], None]

PROGRESS_EVERY_EVENTS = 20_000
# A node that keeps no old states answers views only for its newest block: then the audit follows the head, so many times.
VIEW_TRIES_MAX = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditRequest:
    """What to audit.

    Attributes:
        ledger: address of the ledger.
        first_block: the block of its deployment, or any before it.
        database_url: of the gateway's database; None audits the chain against itself.
        sample_members_max: of how many members the views are compared; all are compared with the database.
    """

    ledger: str
    first_block: int
    database_url: str | None = None
    sample_members_max: int = 2_000


@dataclass(slots=True)
class Verdict:
    """What an audit found.

    Attributes:
        differences: everything that does not agree.
        counts: what was looked at.
        database_as_of_block: the block up to which the database was compared, None without one.
        views_as_of_block: the block at which the views were compared, None where the node keeps no state of it.
    """

    as_of_block: int
    differences: list[Difference]
    counts: dict[str, int] = field(default_factory=dict)
    database_as_of_block: int | None = None
    views_as_of_block: int | None = None


async def audit(rpc: Rpc, request: AuditRequest, progress: Progress = lambda _: None) -> Verdict:
    """Rebuilds the ledger from the chain alone, then compares.

    Raises:
        RpcError: the chain is not there, or there is no ledger at that address.
        ChainMovedError: the chain changed its past meanwhile.
        DatabaseUnreadableError: the database is not there, or is no gateway's.
    """
    return await (await Auditor.begin(rpc, request, progress)).verdict()


def counts_of(ledger: RebuiltLedger) -> dict[str, int]:
    """How much was rebuilt."""
    return {
        "blocks": ledger.next_block,
        "operations": len(ledger.operations),
        "rejected": sum(outcome.status == "rejected" for outcome in ledger.operations.values()),
        "members": len(ledger.accounts),
        "lots": sum(len(account.lots) for account in ledger.accounts.values()),
        "partners": len(ledger.registry.partners),
        "campaigns": len(ledger.campaigns),
        "statements": len(ledger.issued_statements),
        "outstanding_points": ledger.totals()["outstanding"],
    }


class Auditor:
    """An audit under way: `rebuild_through` as often as one likes, then `verdict`."""

    def __init__(self, rpc: Rpc, request: AuditRequest, ledger: RebuiltLedger, progress: Progress) -> None:
        self.rpc = rpc
        self.request = request
        self.ledger = ledger
        self.progress = progress
        self.reader = ChainReader(rpc, request.ledger, request.first_block)
        self.found: list[Difference] = []
        self.events = 0
        self.members_checked = 0

    @classmethod
    async def begin(cls, rpc: Rpc, request: AuditRequest, progress: Progress = lambda _: None) -> Auditor:
        """An audit that has seen nothing yet."""
        return cls(rpc, request, RebuiltLedger(await read_rules(rpc, request.ledger)), progress)

    async def verdict(self) -> Verdict:
        """Rebuilds what is left to rebuild, then compares; raises as `audit` does."""
        database_as_of_block = None
        if self.request.database_url is not None:
            database_as_of_block = await self.compare_with_database(self.request.database_url)
        views_as_of_block = await self.compare_with_views()
        self.progress("checking what is always true")
        ledger = self.ledger
        return Verdict(
            as_of_block=ledger.next_block - 1,
            differences=[*ledger.differences, *self.found, *broken_invariants(ledger)],
            counts=counts_of(ledger)
            | {"events": self.events, "members_checked_with_views": self.members_checked},
            database_as_of_block=database_as_of_block,
            views_as_of_block=views_as_of_block,
        )

    async def rebuild_through(self, last_block: int) -> None:
        """Goes on with the chain's events, up to a block."""
        next_told = self.events + PROGRESS_EVERY_EVENTS
        async for block in self.reader.through(last_block):
            rebuild_block(self.ledger, block.number, block.timestamp_s, block.events)
            self.events += len(block.events)
            if self.events >= next_told:
                self.progress(f"block {block.number} of {last_block}, {self.events} events")
                next_told = self.events + PROGRESS_EVERY_EVENTS

    async def compare_with_database(self, url: str) -> int:
        """Rebuilds to where the database is, then compares it in one snapshot."""
        # The long way first, so that the snapshot is held for the short rest only.
        with snapshot(url) as view:
            as_of_block = view.as_of_block()
        await self._require_block(as_of_block)
        self.progress(f"rebuilding {as_of_block + 1 - self.request.first_block} blocks")
        await self.rebuild_through(as_of_block)
        with snapshot(url) as view:
            as_of_block = view.as_of_block()
            if as_of_block < self.ledger.next_block - 1:
                raise ChainMovedError(as_of_block + 1)
            await self._require_block(as_of_block)
            await self.rebuild_through(as_of_block)
            self.progress(f"comparing with the database as of block {as_of_block}")
            followed = view.ledger()
            if followed is not None and followed != self.request.ledger.lower():
                self.found.append(
                    difference(
                        Witness.DATABASE, "cursor", (1,), "ledger", chain=self.request.ledger, found=followed
                    )
                )
            self.found += compare_database(self.ledger, view)
        return as_of_block

    async def _require_block(self, number: int) -> None:
        """A database that is ahead of the chain follows another chain, or one that lost its tail."""
        head = await node.head_number(self.rpc)
        if number > head:
            raise ChainMovedError(number)

    async def compare_with_views(self) -> int | None:
        """Rebuilds to the chain's head and compares with its views there."""
        for _ in range(VIEW_TRIES_MAX):
            head = await node.head_number(self.rpc)
            await self.rebuild_through(head)
            members = self._sample()
            self.progress(f"comparing with the chain's views at block {head}, {len(members)} members")
            views = LedgerViews(self.rpc, self.request.ledger, head)
            try:
                found = [one async for one in compare_views(self.ledger, views, members)]
            except RpcError as error:
                if error.is_transient and not error.is_outcome_unknown:
                    continue
                raise
            self.found += found
            self.members_checked = len(members)
            return head
        return None

    def _sample(self) -> list[bytes]:
        members = sorted(self.ledger.accounts.keys() | self.ledger.registry.members.keys())
        if len(members) <= self.request.sample_members_max:
            return members
        # Another sample at each block, the same one at the same block.
        return random.Random(self.ledger.next_block).sample(members, self.request.sample_members_max)
