"""How a replay shows its progress: a bar with rate and time left, or plain lines where nobody watches."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from rich.progress import TaskID

PLAIN_EVERY_S = 5.0


class Progress(Protocol):
    """Told what happens."""

    def say(self, text: str) -> None:
        """A line about what is being done."""

    def begin(self, total: int) -> None:
        """The replay begins: so many operations are to come."""

    def day(self, text: str) -> None:
        """A day begins."""

    def advance(self, operations: int) -> None:
        """So many more operations were answered by the ledger."""


class PlainProgress:
    """Lines on standard error, at most one every few seconds."""

    def __init__(self) -> None:
        self._total = self._done = 0
        self._day = ""
        self._started_s = self._told_s = 0.0

    def say(self, text: str) -> None:
        sys.stderr.write(text + "\n")
        sys.stderr.flush()

    def begin(self, total: int) -> None:
        self._total, self._done = total, 0
        self._started_s = self._told_s = time.monotonic()

    def day(self, text: str) -> None:
        self._day = text

    def advance(self, operations: int) -> None:
        self._done += operations
        now_s = time.monotonic()
        if now_s - self._told_s < PLAIN_EVERY_S and self._done < self._total:
            return
        self._told_s = now_s
        rate = self._done / max(now_s - self._started_s, 0.001)
        left_s = (self._total - self._done) / rate if rate else 0
        self.say(
            f"{self._day}: {self._done:,} of {self._total:,} operations, {rate:,.0f}/s, {left_s:,.0f} s left"
        )


class BarProgress:
    """A bar on the terminal."""

    def __init__(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
        from rich.progress import Progress as RichProgress

        self._console = Console(stderr=True)
        self._bar = RichProgress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[rate]}"),
            TimeRemainingColumn(),
            console=self._console,
            transient=True,
        )
        self._task: TaskID | None = None
        self._started_s = 0.0

    def say(self, text: str) -> None:
        self._console.print(text, markup=False, highlight=False)

    def begin(self, total: int) -> None:
        self._started_s = time.monotonic()
        self._task = self._bar.add_task("", total=total, rate="")
        self._bar.start()

    def day(self, text: str) -> None:
        if self._task is not None:
            self._bar.update(self._task, description=text)

    def advance(self, operations: int) -> None:
        if self._task is None:
            return
        self._bar.update(self._task, advance=operations)
        done = self._bar.tasks[0].completed
        rate = done / max(time.monotonic() - self._started_s, 0.001)
        self._bar.update(self._task, rate=f"{rate:,.0f} operations/s")

    def stop(self) -> None:
        self._bar.stop()


@contextmanager
def shown_progress() -> Iterator[Progress]:
    """A bar on a terminal, plain lines elsewhere."""
    if not sys.stderr.isatty():
        yield PlainProgress()
        return
    bar = BarProgress()
    try:
        yield bar
    finally:
        bar.stop()
