"""A retailer's year through the contracts and through the independent model of the rules, which must agree to the last micro-unit; then the
auditor rebuilds the ledger from the events of the same chain, and must find nothing."""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import resource
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from differential import DIFFERENCES_SHOWN_MAX, differences_of  # noqa: E402
from year_figures import events_line, report_lines  # noqa: E402
from year_payments import Payments  # noqa: E402

from node_gateway.audit.run import Auditor, AuditRequest  # noqa: E402
from node_gateway.simulation.run import ScenarioRun  # noqa: E402
from node_gateway.simulation.scenario import Scenario  # noqa: E402
from node_gateway.simulation.scenario_chain import fresh_chain  # noqa: E402
from node_gateway.simulation.scenario_format import read_scenario  # noqa: E402
from node_gateway.simulation.steps import steps  # noqa: E402
from replay.journey import DAYS_MAX, FIRST_DAY, read_journey  # noqa: E402
from replay.plan import plan_days  # noqa: E402
from replay.progress import Progress, shown_progress  # noqa: E402
from replay.year.scenario import year_scenario  # noqa: E402

Report = dict[str, Any]

DAYS_MIN = 3
# The model looks at everything there is when it checks what is always true.
MODEL_CHECKED_EVERY = 20_000
MODEL_WAIT_MAX_S = 3_600.0
EXIT_DIFFERS, EXIT_INTERRUPTED, EXIT_TERMINATED = 1, 130, 143


def main() -> int:
    # As an exit, so that the chain of the run does not outlive it.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(EXIT_TERMINATED))
    # Started in the background by a shell, it would inherit that Ctrl-C is ignored.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    arguments = _arguments()
    print(f"seed {arguments.seed}", flush=True)
    with TemporaryDirectory(prefix="coalition-year-") as directory, shown_progress() as progress:
        folder: Path = arguments.keep or Path(directory)
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / "scenario.json"
        try:
            _write_scenario(arguments, path, progress)
            scenario = read_scenario(path)
            # It stays as it is to the end: the collector need not look at its million objects again and again.
            gc.freeze()
            with _model(path) as model:
                differences = asyncio.run(Year(scenario, folder, model, progress).differences())
        except (KeyboardInterrupt, asyncio.CancelledError) as error:
            progress.say("stopped before the end")
            return EXIT_INTERRUPTED if isinstance(error, KeyboardInterrupt) else EXIT_TERMINATED
    own, children = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    print(
        f"processor time: {own.ru_utime + own.ru_stime:.0f} s here, {children.ru_utime + children.ru_stime:.0f} s chain and model; "
        f"most memory here {own.ru_maxrss // 1024:,} MB, of chain or model {children.ru_maxrss // 1024:,} MB"
    )
    for line in differences[:DIFFERENCES_SHOWN_MAX]:
        print(f"  {line}")
    if differences:
        print(f"differs in {len(differences)} places")
        return EXIT_DIFFERS
    print("equal")
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="scripts/year", description=__doc__)
    parser.add_argument("--households", type=int, help="only those that shop first (all)")
    parser.add_argument("--days", type=int, default=DAYS_MAX, help="from 1 January 2017 (365)")
    parser.add_argument("--seed", type=int, default=secrets.randbelow(10**6), help="of everything made up")
    parser.add_argument("--keep", type=Path, help="where the scenario and the reports are left")
    arguments = parser.parse_args()
    if not DAYS_MIN <= arguments.days <= DAYS_MAX:
        parser.error(f"--days: a number from {DAYS_MIN} to {DAYS_MAX}, not {arguments.days}")
    if arguments.households is not None and arguments.households < 1:
        parser.error(f"--households: a number from 1 on, not {arguments.households}")
    return arguments


def _write_scenario(arguments: argparse.Namespace, path: Path, progress: Progress) -> None:
    progress.say(f"reading {arguments.days} days of the data")
    plans = list(plan_days(read_journey(days=arguments.days), members_max=arguments.households))
    scenario = year_scenario(plans, days=arguments.days, seed=arguments.seed)
    progress.say(f"writing a scenario of {len(scenario['events']):,} events")
    path.write_text(json.dumps(scenario))


@contextmanager
def _model(path: Path) -> Iterator[subprocess.Popen[bytes]]:
    """The model at work on the same file, in a process of its own."""
    command = [sys.executable, "-m", "tests.model", "simulate", str(path), str(MODEL_CHECKED_EVERY)]
    with path.with_name("model.json").open("wb") as report:
        # A session of its own: Ctrl-C is for this process, which then ends the model.
        model = subprocess.Popen(command, stdout=report, cwd=ROOT, start_new_session=True)
        try:
            yield model
        finally:
            model.kill()
            model.wait()


class Year:
    """One year on its chain, beside a model at work."""

    def __init__(
        self, scenario: Scenario, folder: Path, model: subprocess.Popen[bytes], progress: Progress
    ) -> None:
        self.scenario = scenario
        self.folder = folder
        self.model = model
        self.progress = progress

    async def differences(self) -> list[str]:
        """Runs the scenario, prints what it came to, and compares."""
        task = asyncio.current_task()
        assert task is not None
        # An exit out of a signal's handler may end up where exceptions are ignored.
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
        async with fresh_chain() as rpc:
            started_s = time.monotonic()
            run = await ScenarioRun.begin(rpc, self.scenario, lambda _: None)
            request = AuditRequest(ledger=run.deployment.ledger, first_block=0)
            auditor = await Auditor.begin(rpc, request, self.progress.say)
            payments = Payments(run)
            await self._send(run, payments, auditor)
            sent_s = time.monotonic() - started_s
            report = await run.report()
            (self.folder / "contracts.json").write_text(json.dumps(report, indent=1))
            verdict = await auditor.verdict()
            self._tell(run, report, payments)
            counts = ", ".join(f"{count:,} {what}" for what, count in verdict.counts.items())
            print(f"audit: {counts}")
            print(
                f"time: {sent_s:.0f} s to send and follow, {len(self.scenario.events) / sent_s:,.0f} events/s; "
                f"{time.monotonic() - started_s:.0f} s with report and audit",
                flush=True,
            )
            expected = await self._expected()
            return [
                *differences_of("", expected, report),
                *await payments.differences(expected),
                *(f"audit: {one}" for one in verdict.differences),
            ]

    async def _send(self, run: ScenarioRun, payments: Payments, auditor: Auditor) -> None:
        self.progress.begin(len(self.scenario.events))
        for step in steps(self.scenario.events):
            self.progress.day((FIRST_DAY + timedelta(days=step[0].day)).isoformat())
            closed = len(run.cycles)
            # The auditor goes through the blocks that are there while the chain makes the next one.
            await asyncio.gather(run.take(step), auditor.rebuild_through(run.chain.last_block))
            for cycle in run.cycles[closed:]:
                await payments.pay_statements(cycle)
            self.progress.advance(len(step))

    def _tell(self, run: ScenarioRun, report: Report, payments: Payments) -> None:
        chain = run.chain
        for line in report_lines(self.scenario, report):
            print(line)
        print(events_line(chain.event_counts))
        print(f"payments: {payments.recorded} recorded, {payments.confirmed} confirmed")
        print(
            f"chain: {chain.last_block:,} blocks, {chain.transactions:,} transactions, {chain.gas_used:,} gas, "
            f"{chain.gas_used // len(self.scenario.events):,} an event",
        )

    async def _expected(self) -> Report:
        self.progress.say("waiting for the model")
        status = await asyncio.to_thread(self.model.wait, MODEL_WAIT_MAX_S)
        if status != 0:
            raise SystemExit(f"the model ended with status {status}; what it said is above")
        expected: Report = json.loads((self.folder / "model.json").read_text())
        return expected


if __name__ == "__main__":
    sys.exit(main())
