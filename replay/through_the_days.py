"""The replay proper: a day is opened, sent in waves, settled to the last operation, written into the journal; then the next."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date

from node_gateway.cli.errors import CommandError
from node_gateway.cli.exit_codes import ExitCode
from node_gateway.cli.local_chain import set_clock
from node_gateway.cli.program_session import ProgramSession
from node_gateway.cli.state_directory import StateDirectory
from replay.desk import Desk, operation_id
from replay.journal import Journal, write_journal
from replay.journey import FIRST_DAY
from replay.page_watch import PageWatch
from replay.plan import DayPlan, PlannedOperation
from replay.program import chain_day, opening_time_s
from replay.progress import Progress
from replay.sequences import PlannedSequences
from replay.settlement import Settlement
from replay.waves import waves


@dataclass(slots=True)
class Replayed:
    """What this run did, besides what the journal counts.

    Attributes:
        operations: answered by the ledger in this run.
        seconds: from the first day's opening to the last day's end.
        first_settled_at_s: Unix time of the first answer, None without any.
        seconds_to_settle: of operations whose block was told by a stream.
    """

    operations: int = 0
    seconds: float = 0.0
    first_settled_at_s: float | None = None
    seconds_to_settle: list[float] = field(default_factory=list)


@dataclass(slots=True)
class DayBook:
    """Where the replay writes, and on which day of the data it is.

    Attributes:
        watch: told of accepted operations, where members' pages are watched.
    """

    state: StateDirectory
    session: ProgramSession
    sequences: PlannedSequences
    journal: Journal
    progress: Progress
    watch: PageWatch | None = None
    today: date = FIRST_DAY
    replayed: Replayed = field(default_factory=Replayed)

    def left_of(self, days: Sequence[DayPlan]) -> list[DayPlan]:
        """The days that the journal has not got."""
        last_day = self.journal.last_day
        return [day for day in days if last_day is None or day.day > last_day]

    async def open_day(self, day: date) -> None:
        """Sets the chain's clock on a day of the data.

        Raises:
            CommandError: where it is past that day, or cannot be set.
        """
        self.today = day
        now_s = await set_clock(self.session.rpc, opening_time_s(day))
        if chain_day(now_s) != day:
            raise CommandError(
                f"the chain's clock is on {chain_day(now_s)} and cannot go back to {day}",
                "use a chain whose first block is before 2017 (anvil --timestamp 1483000000), or --chain anvil",
                ExitCode.CHAIN,
            )


async def replay_days(book: DayBook, desk: Desk, days: Sequence[DayPlan]) -> None:
    """Replays the days that the journal has not got.

    Raises:
        CommandError: where the chain's clock cannot be on a day of the data.
        NothingSettlesError, RefusedSubmissionError, PointsError: where the gateway stops answering for what it got.
    """
    left = book.left_of(days)
    settlement = Settlement(lambda count: _advance(book, count))
    book.progress.begin(sum(len(day.operations) for day in left))
    started_s = time.monotonic()
    async with settlement.following(list(desk.partners.values())):
        for day in left:
            book.progress.day(day.day.isoformat())
            await _replay_day(book, desk, settlement, day)
            book.replayed.seconds = time.monotonic() - started_s


async def _replay_day(book: DayBook, desk: Desk, settlement: Settlement, day: DayPlan) -> None:
    started_s = time.monotonic()
    await book.open_day(day.day)
    desk.open_day(day.day)
    settlement.begin_day()

    def accepted(part: Sequence[PlannedOperation]) -> None:
        for operation in part:
            settlement.accepted(desk.partners[operation.partner], operation_id(operation))
            if book.watch is not None:
                book.watch.accepted(desk.members[operation.household].member)

    def refused(_: PlannedOperation, reason: str) -> None:
        settlement.refused(reason)

    for wave in waves(day.operations):
        await desk.send(wave, accepted, refused)
    await settlement.all_settled()
    outcomes, journal = settlement.outcomes, book.journal
    journal.last_day = day.day
    journal.settled.update(outcomes.settled)
    journal.refused.update(outcomes.refused)
    journal.seconds += time.monotonic() - started_s
    write_journal(book.state, journal)
    book.sequences.forget_all()
    book.replayed.operations += outcomes.settled.total() + outcomes.refused.total()
    book.replayed.seconds_to_settle += outcomes.seconds_to_settle


def _advance(book: DayBook, operations: int) -> None:
    if book.replayed.first_settled_at_s is None:
        book.replayed.first_settled_at_s = time.time()
    book.progress.advance(operations)
