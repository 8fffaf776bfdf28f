"""Random scenarios through the contracts and through the independent model of the rules, which must agree to the last micro-unit;
then the auditor rebuilds the ledger from the events of the same chain, and must find nothing. How many operations of one party go out
under one signature differs from seed to seed, and must make no difference."""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import signal
import sys
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from node_gateway.audit.run import AuditRequest, audit  # noqa: E402
from node_gateway.simulation.packing import SUBMISSION_OPERATIONS_MAX  # noqa: E402
from node_gateway.simulation.run import ScenarioRun  # noqa: E402
from node_gateway.simulation.scenario_chain import fresh_chain  # noqa: E402
from node_gateway.simulation.scenario_format import parse_scenario  # noqa: E402
from node_gateway.simulation.steps import steps  # noqa: E402
from tests.model import ledger_model, scenario_generator  # noqa: E402

Scenario = dict[str, Any]
Report = dict[str, Any]
DIFFERENCES_SHOWN_MAX = 12
# Each alone, as `coalition simulate` has it, and all that stand in a row.
SUBMISSION_SIZES = (1, SUBMISSION_OPERATIONS_MAX, 64)


def main() -> int:
    # As an exit, so that the chain of the run does not outlive it.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    arguments = _arguments()
    started_s, differing = time.monotonic(), []
    seeds = range(arguments.first, arguments.first + arguments.seeds)
    for done, seed in enumerate(seeds, start=1):
        scenario = scenario_generator.generate(seed, arguments.events)
        size = arguments.submission or random.Random(seed).choice(SUBMISSION_SIZES)
        differences = asyncio.run(_differences(scenario, size))
        verdict = "differs" if differences else "agrees"
        pace_s = (time.monotonic() - started_s) / done
        print(
            f"seed {seed}: {len(scenario['events'])} events, up to {size} a submission, {verdict} ({pace_s:.1f} s a seed)",
            flush=True,
        )
        if differences:
            differing.append(seed)
            _tell(differences)
            if arguments.minimise:
                scenario = asyncio.run(_minimised(scenario, size))
            if arguments.keep:
                arguments.keep.mkdir(parents=True, exist_ok=True)
                path = arguments.keep / f"seed-{seed}.json"
                path.write_text(json.dumps(scenario, indent=1))
                print(f"  scenario kept in {path}", flush=True)
    print(json.dumps({"seeds": len(seeds), "first": arguments.first, "differing": differing}))
    return 1 if differing else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="scripts/differential", description=__doc__)
    parser.add_argument("--seeds", type=int, default=100, help="how many (default 100)")
    parser.add_argument("--first", type=int, default=0, help="the first seed (default 0)")
    parser.add_argument(
        "--events", type=int, default=None, help="events in each scenario (default: as the seed says)"
    )
    parser.add_argument(
        "--submission",
        type=int,
        default=None,
        help="most operations in one submission (default: as the seed says)",
    )
    parser.add_argument("--keep", type=Path, default=None, help="where scenarios that differ are written")
    parser.add_argument(
        "--minimise", action="store_true", help="leave out events as long as a scenario differs"
    )
    return parser.parse_args()


async def _differences(scenario: Scenario, size: int) -> list[str]:
    expected = ledger_model.simulate(scenario)
    try:
        async with fresh_chain() as rpc:
            run = await ScenarioRun.begin(rpc, parse_scenario(json.dumps(scenario)), lambda _: None, size)
            for step in steps(run.scenario.events):
                await run.take(step)
            report = await run.report()
            verdict = await audit(rpc, AuditRequest(ledger=run.deployment.ledger, first_block=0))
    except Exception as error:  # noqa: BLE001 - whatever it is, the seed that shows it is what counts
        return [f"the run failed: {type(error).__name__}: {error}"]
    return [*differences_of("", expected, report), *(f"audit: {one}" for one in verdict.differences)]


def differences_of(place: str, expected: Any, found: Any) -> list[str]:
    """Where two reports differ, `place: the model says …, the contracts say …`."""
    if isinstance(expected, dict) and isinstance(found, dict) and expected.keys() == found.keys():
        return [
            one for key in expected for one in differences_of(f"{place}.{key}", expected[key], found[key])
        ]
    if isinstance(expected, list) and isinstance(found, list) and len(expected) == len(found):
        pairs = enumerate(zip(expected, found, strict=True))
        return [one for n, (left, right) in pairs for one in differences_of(f"{place}[{n}]", left, right)]
    return [] if expected == found else [f"{place[1:]}: the model says {expected}, the contracts say {found}"]


async def _minimised(scenario: Scenario, size: int) -> Scenario:
    """Leaves out ever smaller runs of events while the scenario still differs."""
    length = len(scenario["events"]) // 2
    while length:
        start = 0
        while start < len(scenario["events"]):
            events = scenario["events"][:start] + scenario["events"][start + length :]
            candidate = {**scenario, "events": events}
            if await _differences(candidate, size):
                scenario = candidate
            else:
                start += length
        print(f"  {len(scenario['events'])} events left", flush=True)
        length //= 2
    return scenario


def _tell(differences: list[str]) -> None:
    for line in differences[:DIFFERENCES_SHOWN_MAX]:
        print(f"  {line}", flush=True)
    if len(differences) > DIFFERENCES_SHOWN_MAX:
        print(f"  and {len(differences) - DIFFERENCES_SHOWN_MAX} more", flush=True)


if __name__ == "__main__":
    sys.exit(main())
