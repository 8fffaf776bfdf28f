"""A chain with a rich scenario on it, and a gateway's database that was indexed from it."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest

from node_gateway.audit.run import AuditRequest, Verdict, audit
from node_gateway.chain.artifacts import ledger_events
from node_gateway.chain.rpc import HttpRpc
from node_gateway.jobs.indexer import Indexer
from node_gateway.simulation.run import ScenarioRun
from node_gateway.simulation.scenario_chain import fresh_chain
from node_gateway.simulation.scenario_format import parse_scenario
from node_gateway.simulation.steps import steps
from node_gateway.store.database import create_database
from tests.integration.jobs.gateway_harness import SteadyClock
from tests.scenarios import Event, Scenario, campaign, event, scenario_of

STEPS_MAX = 500


@dataclass
class AuditedProgram:
    """A program on a chain."""

    rpc: HttpRpc
    run: ScenarioRun

    @property
    def url(self) -> str:
        """The chain's address."""
        return self.rpc.url

    async def index(self, database_url: str) -> None:
        """Brings a database to the chain's head."""
        database = create_database(database_url)
        try:
            indexer = Indexer(
                self.rpc,
                database,
                self.run.deployment,
                ledger_events(),
                SteadyClock(),
                has_block_receipts=True,
            )
            for _ in range(STEPS_MAX):
                if (await indexer.step()).is_idle:
                    return
        finally:
            await database.close()
        raise AssertionError("the indexer does not come to rest")

    async def audit(self, database_url: str | None = None, *, sample_members_max: int = 100) -> Verdict:
        """Audits the program, with or without a database."""
        request = AuditRequest(
            ledger=self.run.deployment.ledger,
            first_block=self.run.deployment.deployed_block,
            database_url=database_url,
            sample_members_max=sample_members_max,
        )
        return await audit(self.rpc, request)


async def program_with(rpc: HttpRpc, scenario: Scenario) -> AuditedProgram:
    """Runs a scenario on a fresh chain."""
    parsed = parse_scenario(json.dumps(scenario))
    run = await ScenarioRun.begin(rpc, parsed, lambda _: None)
    for step in steps(parsed.events):
        await run.take(step)
    return AuditedProgram(rpc, run)


def rich_events() -> list[Event]:
    """Something in every table: debts, claw-backs, pending and final holds, statements, refusals."""
    return [
        event("purchase", "p1", spend=1_000),
        event("purchase", "p2", spend=500),
        event("purchase", "p3", partner="B", member="M2", spend=70, day=1, occurred_day=0),
        event("redeem", "r1", day=1, partner="B", points=1_450),
        event("return", "t1", day=2, of="p2", spend=400),
        event("return", "t2", day=2, of="p1", spend=1_000),
        event("hold", "h1", day=3, partner="B", member="M2", points=30, expires_day=4),
        event("hold", "h2", day=3, partner="B", member="M2", points=10, expires_day=20),
        event("hold", "h3", day=3, partner="B", member="M2", points=5, expires_day=20),
        event("capture", "c1", day=4, partner="B", hold="h2", points=7),
        event("void", "v1", day=4, partner="B", hold="h3"),
        event("close_cycle", "cycle", day=5),
        event("refund", "f1", day=6, partner="B", of="r1", points=200),
        event("grant", "g1", day=6, partner="operator", member="M2", points=40),
        event("transfer", "x1", day=6, member="M2", to="M1", points=20),
        event("hold", "h4", day=7, partner="B", member="M2", points=20, expires_day=60),
        event("redeem", "r2", day=7, points=9_999_999),
        event("reprice", "new", day=7, partner="B", redeem_price=7_000),
        event("suspend", "s", day=8, partner="B"),
        event("purchase", "p4", day=9, member="M2", spend=3),
    ]


@pytest.fixture
async def program() -> AsyncIterator[AuditedProgram]:
    """Two partners, two members and a campaign that both have played."""
    scenario = scenario_of(
        *rich_events(), campaigns=[campaign(funding={"A": 3_333, "operator": 6_667}, budget_points=150)]
    )
    async with fresh_chain() as rpc:
        yield await program_with(rpc, scenario)
