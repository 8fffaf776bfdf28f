"""Runs a scenario: every event goes to freshly deployed contracts as the party that it belongs to."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import groupby
from typing import cast

from node_gateway.chain.abi import Event as ChainEvent
from node_gateway.chain.deployment import Deployment
from node_gateway.chain.rpc import Rpc
from node_gateway.simulation.book import Book
from node_gateway.simulation.ledger_days import chain_day
from node_gateway.simulation.packing import SUBMISSION_OPERATIONS_MAX, Packer
from node_gateway.simulation.parties import Parties, parties_of
from node_gateway.simulation.program import Prices, record_terms, set_up
from node_gateway.simulation.report import Report, read_report
from node_gateway.simulation.scenario import (
    CloseCycle,
    Operation,
    OperatorAct,
    Reinstate,
    Reprice,
    Scenario,
    Suspend,
)
from node_gateway.simulation.scenario_chain import ScenarioChain
from node_gateway.simulation.steps import Step, steps

Progress = Callable[[str], None]


async def run_scenario(rpc: Rpc, scenario: Scenario, progress: Progress = lambda _: None) -> Report:
    """Deploys, sends all events, and reads the report.

    Args:
        rpc: a fresh development chain whose clock can be set.
        scenario: what `read_scenario` accepts.
        progress: told in words how far it is.

    Raises:
        SubmissionSkippedError: the ledger did not look at a submission.
        TransactionFailedError: the ledger refuses an act of the operator.
        RpcError: where the chain fails.
    """
    run = await ScenarioRun.begin(rpc, scenario, progress)
    for step in steps(scenario.events):
        await run.take(step)
    return await run.report()


class ScenarioRun:
    """A scenario on its chain, step by step.

    Attributes:
        chain: where everything goes; more may be put into its blocks between two steps.
        parties: who takes part.
        book: what the chain has answered so far.
    """

    def __init__(
        self,
        scenario: Scenario,
        chain: ScenarioChain,
        parties: Parties,
        progress: Progress,
        submission_operations_max: int,
    ) -> None:
        self.scenario = scenario
        self.chain = chain
        self.parties = parties
        self._progress = progress
        self.book = Book()
        self._packer = Packer(parties, chain.domain, self.book, submission_operations_max)
        self._prices = {
            partner.id: Prices(partner.issue_price, partner.redeem_price, partner.earn_points_per_100_minor)
            for partner in scenario.partners
        }
        self._versions = {partner.id: 1 for partner in scenario.partners}
        self._cycles: dict[int, CloseCycle] = {}
        self._day = -1
        self._sent = 0

    @classmethod
    async def begin(
        cls,
        rpc: Rpc,
        scenario: Scenario,
        progress: Progress,
        submission_operations_max: int = SUBMISSION_OPERATIONS_MAX,
    ) -> ScenarioRun:
        """Sets the program up; the chain stands before the scenario's day 0.

        Args:
            rpc: a fresh development chain whose clock can be set.
            scenario: what is to be run.
            progress: told in words how far it is.
            submission_operations_max: most operations of one party that go out under one signature. The report does not depend on it.
        """
        parties = parties_of(scenario)
        chain = await set_up(rpc, scenario, parties, progress)
        return cls(scenario, chain, parties, progress, submission_operations_max)

    @property
    def cycles(self) -> list[int]:
        """The numbers of the cycles closed so far, in order."""
        return list(self._cycles)

    @property
    def deployment(self) -> Deployment:
        """The program as deployed."""
        return self.chain.deployment

    async def take(self, step: Step) -> None:
        """Sends a step's operations, and acts as the operator, in one block."""
        day = step[0].day
        self._begin_day(day)
        self._packer.begin_block()
        for is_act, events in groupby(step, lambda event: isinstance(event, OperatorAct)):
            if is_act:
                for act in events:
                    self._act(cast(OperatorAct, act))
            else:
                self.chain.add_batches(self._packer.submissions(cast(Iterable[Operation], events)))
        self._enter(await self.chain.mine(), [act for act in step if isinstance(act, CloseCycle)])
        self._sent += len(step)
        self._progress(f"day {day}: {self._sent} of {len(self.scenario.events)} events")

    def _enter(self, events: Sequence[ChainEvent], closing: Sequence[CloseCycle]) -> None:
        self.book.enter(events)
        closed = [event.args["cycle"] for event in events if event.name == "CycleClosed"]
        self._cycles |= zip(closed, closing, strict=True)

    async def report(self) -> Report:
        """Everyone touched on the day of the report, and every figure read from the chain."""
        self._begin_day(self.scenario.as_of_day)
        self._progress("reading the report")
        return await read_report(self.chain, self.parties, self._cycles, self.book.rejected)

    def _begin_day(self, day: int) -> None:
        if day != self._day:
            self.chain.begin_day(day)
            self._day = day

    def _act(self, act: OperatorAct) -> None:
        match act:
            case Reprice():
                self._reprice(act)
            case Suspend():
                self.chain.add_act("suspendPartner", self.parties.partners[act.partner])
            case Reinstate():
                self.chain.add_act("reinstatePartner", self.parties.partners[act.partner])
            case CloseCycle():
                self.chain.add_act("closeCycle")
                self.chain.add_act("issueStatements", list(self.parties.partners.values()))

    def _reprice(self, act: Reprice) -> None:
        prices = self._prices[act.partner] = self._prices[act.partner]._replace(**act.new_terms)
        self._versions[act.partner] += 1
        record_terms(
            self.chain,
            self.parties,
            act.partner,
            version=self._versions[act.partner],
            prices=prices,
            effective_day=chain_day(act.day),
        )
