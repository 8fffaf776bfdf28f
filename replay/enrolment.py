"""Members are enrolled with keys of their own before the first day on which they shop."""

import asyncio
import time

from node_gateway.cli.state_directory import StateDirectory
from partner_sdk.protocol import OperationId
from replay.desk import Desk
from replay.journal import Journal, write_journal
from replay.progress import Progress
from replay.settlement import GIVE_UP_AFTER_SILENCE_S, NothingSettlesError

POLL_S = 0.05


async def enrol_everyone(desk: Desk, journal: Journal, state: StateDirectory, progress: Progress) -> None:
    """Enrols the members that the journal has not got, and waits until all are settled.

    Raises:
        NothingSettlesError: they are accepted and do not settle.
    """
    groups = desk.members.enrolling(enrolled=journal.enrolled)
    if not groups:
        return
    progress.say(f"enrolling {sum(map(len, groups)):,} members")
    last: list[OperationId] = []
    for group in groups:
        last.append((await desk.enrol(group))[-1].id)
    ends_at_s = time.monotonic() + GIVE_UP_AFTER_SILENCE_S
    for operation in last:
        while (await desk.wallet.operation(operation)).status == "accepted":
            if time.monotonic() > ends_at_s:
                raise NothingSettlesError(
                    f"the enrolment {operation.text} has no block after {GIVE_UP_AFTER_SILENCE_S:.0f} s"
                )
            await asyncio.sleep(POLL_S)
    journal.enrolled = len(desk.members)
    write_journal(state, journal)
