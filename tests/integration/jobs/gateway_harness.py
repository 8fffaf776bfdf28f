"""A gateway without its API: submissions written into the outbox, relay and indexer stepped by hand, tables compared with the chain."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from node_gateway.chain.artifacts import ledger_events
from node_gateway.chain.deployment import Deployment
from node_gateway.chain.engines.clock import ChainClock
from node_gateway.domain.submission_checks import read_form
from node_gateway.jobs.indexer import Indexer, IndexStep
from node_gateway.jobs.rebuilding import ChainRebuild
from node_gateway.jobs.relay import Relay
from node_gateway.jobs.relay_limits import RelayLimits
from node_gateway.store import intake, schema
from node_gateway.store.database import Database
from partner_sdk.protocol import Operation, SignedSubmission
from tests.chain_fixtures import START_S, DeployedLedger

DEADLINE_S = START_S + 10**9
STEPS_MAX = 400


class SteadyClock:
    """The gateway's clock, moved by hand."""

    def __init__(self) -> None:
        self.time_ms = START_S * 1000

    def now_ms(self) -> int:
        return self.time_ms

    def monotonic_s(self) -> float:
        return self.time_ms / 1000

    def advance(self, duration_ms: int) -> None:
        self.time_ms += duration_ms


@dataclass
class Gateway:
    """One gateway on one ledger and one database."""

    ledger: DeployedLedger
    database: Database
    limits: RelayLimits = field(default_factory=RelayLimits)
    lane_count: int = 1
    owner: str = "test"
    clock: SteadyClock = field(default_factory=SteadyClock)
    has_block_receipts: bool = True
    chain_clock: ChainClock | None = None
    state_dir: Path | None = None
    """Given: the chain is made again where it lost what the tables have."""

    def __post_init__(self) -> None:
        self.restart()

    def restart(self) -> None:
        """As after a crash: nothing in memory."""
        ledger = self.ledger
        self.indexer = Indexer(
            ledger.rpc,
            self.database,
            ledger.deployment,
            ledger_events(),
            self.clock,
            has_block_receipts=self.has_block_receipts,
            chain_rebuild=self.chain_rebuild(),
        )
        self.relay = Relay(
            ledger.rpc,
            self.database,
            ledger.deployment,
            ledger.lanes[: self.lane_count],
            self.clock,
            owner=self.owner,
            limits=self.limits,
            chain_clock=self.chain_clock,
        )

    def chain_rebuild(self) -> ChainRebuild | None:
        """What makes the chain again, where this gateway may."""
        state_dir = self.state_dir
        if state_dir is None:
            return None

        def save(deployment: Deployment) -> None:
            self.ledger.deployment = deployment
            deployment.save(state_dir)

        ledger = self.ledger
        return ChainRebuild(
            ledger.rpc, self.database, ledger.deployment, ledger_events(), self.clock,
            owner=self.owner, save=save,
        )  # fmt: skip

    async def accept(
        self, partner: int, operations: Sequence[Operation], *, deadline_s: int = DEADLINE_S
    ) -> bytes:
        """Sign and accept a submission; returns its id."""
        ledger = self.ledger
        signed = SignedSubmission.sign(
            operations,
            submitter=ledger.submitter(partner),
            deadline_s=deadline_s,
            domain=ledger.domain,
            key=ledger.key(partner),
        )
        return await self.accept_signed(signed)

    async def accept_signed(self, signed: SignedSubmission) -> bytes:
        """Accept a submission as it is."""
        checked = read_form(signed.pack(), domain=self.ledger.domain, chain_time_s=0)
        async with self.database.writing() as connection:
            await intake.insert_submissions(connection, [checked], accepted_at_ms=self.clock.now_ms())
            await intake.insert_operations(connection, [checked], accepted_at_ms=self.clock.now_ms())
        return checked.id

    async def index(self) -> IndexStep:
        """Index until nothing is left."""
        for _ in range(STEPS_MAX):
            step = await self.indexer.step()
            if step.is_idle:
                return step
            self.relay.learn(step.batches)
        raise AssertionError("the indexer does not come to rest")

    async def settle(self) -> None:
        """Relay and index until every submission has ended."""
        deadline_s = time.monotonic() + 60
        while time.monotonic() < deadline_s:
            self.clock.advance(self.limits.batch_age_ms + 1)
            await self.relay.step()
            await self.index()
            if not await self.count_open():
                return
            await asyncio.sleep(0.01)
        raise AssertionError(f"submissions do not end: {await self.statuses()}")

    async def count_open(self) -> int:
        """Submissions that have not ended."""
        submissions = schema.submissions
        async with self.database.reading() as connection:
            statement = sa.select(sa.func.count()).where(submissions.c.status.in_(("accepted", "batched")))
            return int((await connection.execute(statement)).scalar_one())

    async def statuses(self) -> dict[tuple[str, str | None], int]:
        """How many operations have which status and reason."""
        operations = schema.operations
        async with self.database.reading() as connection:
            statement = sa.select(operations.c.status, operations.c.reason, sa.func.count()).group_by(
                operations.c.status, operations.c.reason
            )
            return {(row[0], row[1]): row[2] for row in (await connection.execute(statement)).all()}

    async def rows(self, table: sa.Table, *order: str) -> list[dict[str, Any]]:
        """A whole table."""
        async with self.database.reading() as connection:
            statement = sa.select(table).order_by(*(table.c[name] for name in order))
            return [dict(row) for row in (await connection.execute(statement)).mappings()]


async def assert_equals_chain(gateway: Gateway) -> None:
    """Balances, holds, debts, totals, positions and campaigns of the tables are the chain's."""
    ledger = gateway.ledger
    for row in await gateway.rows(schema.members, "member"):
        member = row["member"]
        account = await ledger.read("accountOf", member)
        assert row["balance"] == account["posted"], member
        assert row["next_lot"] == account["lotCount"], member
        view = await ledger.read("memberOf", member)
        assert row["is_enrolled"] == (view["keyCount"] > 0)
        if view["keyCount"]:
            assert row["next_nonce"] == view["nextNonce"]
    totals = await ledger.read("totals")
    (stored,) = await gateway.rows(schema.totals, "id")
    assert {name: stored[name] for name in totals} == totals
    for row in await gateway.rows(schema.positions, "partner"):
        position = await ledger.read("positionOf", row["partner"])
        for name in ("base", "bonus", "credit", "reimbursed"):
            assert row[f"{name}_micro"] == position[name], (row["partner"], name)
    for row in await gateway.rows(schema.campaigns, "campaign"):
        campaign = await ledger.read("campaignOf", row["campaign"])
        assert row["spent_points"] == campaign["spentPoints"]
        assert row["refused"] == campaign["refused"]
    for row in await gateway.rows(schema.progress, "member", "campaign"):
        progress = await ledger.read("progressOf", row["campaign"], row["member"])
        assert (row["visits"], row["awarded_stages"]) == (progress["visits"], progress["awardedStages"])
    await _assert_sums(gateway)


async def _assert_sums(gateway: Gateway) -> None:
    """A member's balance, hold and debt are the sums of the rows that make them."""
    lots: dict[bytes, int] = {}
    holds: dict[bytes, int] = {}
    debts: dict[bytes, int] = {}
    for row in await gateway.rows(schema.lots, "member", "lot"):
        lots[row["member"]] = lots.get(row["member"], 0) + row["points_left"]
    for row in await gateway.rows(schema.holds, "member", "nonce"):
        if row["state"] == "pending":
            holds[row["member"]] = holds.get(row["member"], 0) + row["points"]
    for row in await gateway.rows(schema.debts, "member", "position"):
        debts[row["member"]] = debts.get(row["member"], 0) + row["points"]
    for row in await gateway.rows(schema.members, "member"):
        found = tuple(sums.get(row["member"], 0) for sums in (lots, holds, debts))
        assert (row["balance"], row["held"], row["debt"]) == found
