"""Random scenarios: the contracts, the independent model of the rules and the auditor come to the same figures.

The long form is scripts/differential.
"""

from __future__ import annotations

import json

import pytest

from node_gateway.audit.run import AuditRequest, audit
from node_gateway.simulation.run import ScenarioRun
from node_gateway.simulation.scenario_chain import fresh_chain
from node_gateway.simulation.scenario_format import parse_scenario
from node_gateway.simulation.steps import steps
from tests.model import ledger_model, scenario_generator

pytestmark = pytest.mark.integration

SEEDS = range(10)
ONE_TILL = next(seed for seed in range(100) if scenario_generator.flavour_of(seed).name == "one till")
EVENTS = 150


@pytest.mark.parametrize("seed", [*SEEDS, ONE_TILL])
async def test_the_contracts_report_what_the_rules_say(seed: int) -> None:
    scenario = scenario_generator.generate(seed, EVENTS)
    parsed = parse_scenario(json.dumps(scenario))
    async with fresh_chain() as rpc:
        run = await ScenarioRun.begin(rpc, parsed, lambda _: None)
        for step in steps(parsed.events):
            await run.take(step)
        report = await run.report()
        verdict = await audit(rpc, AuditRequest(ledger=run.deployment.ledger, first_block=0))
    assert report == ledger_model.simulate(scenario)
    assert [str(one) for one in verdict.differences] == []


@pytest.mark.parametrize(("submission_operations_max", "largest"), [(1, 1), (64, 7)])
async def test_the_report_does_not_depend_on_how_operations_are_put_into_submissions(
    submission_operations_max: int, largest: int
) -> None:
    scenario = scenario_generator.generate(ONE_TILL, EVENTS)
    parsed = parse_scenario(json.dumps(scenario))
    async with fresh_chain() as rpc:
        run = await ScenarioRun.begin(rpc, parsed, lambda _: None, submission_operations_max)
        run.chain.submission_sizes.clear()
        for step in steps(parsed.events):
            await run.take(step)
        report = await run.report()
    assert max(run.chain.submission_sizes) == largest
    assert report == ledger_model.simulate(scenario)


async def test_two_runs_of_a_scenario_are_the_same_to_the_byte() -> None:
    scenario = parse_scenario(json.dumps(scenario_generator.generate(3, 60)))
    reports = []
    for _ in range(2):
        async with fresh_chain() as rpc:
            run = await ScenarioRun.begin(rpc, scenario, lambda _: None)
            for step in steps(scenario.events):
                await run.take(step)
            reports.append(json.dumps(await run.report()))
    assert reports[0] == reports[1]
