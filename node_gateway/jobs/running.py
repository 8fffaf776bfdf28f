"""The loop around a job: steps until it is told to stop; what goes wrong is logged, counted, and tried again later."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Final

import structlog

BACKOFF_FIRST_S: Final = 0.1
BACKOFF_MAX_S: Final = 10.0


@dataclass
class JobHealth:
    """How a job is.

    Attributes:
        name: of the job.
        problem: what its last step failed with, None while all is well.
        failures: failed steps since it last went well.
        failures_total: failed steps ever.
    """

    name: str
    problem: str | None = None
    failures: int = 0
    failures_total: int = 0


@dataclass
class Stop:
    """Tells all jobs to stop after their step."""

    _event: asyncio.Event = field(default_factory=asyncio.Event)

    def request(self) -> None:
        self._event.set()

    @property
    def is_requested(self) -> bool:
        return self._event.is_set()

    async def wait(self, timeout_s: float) -> None:
        """Return when stopping is asked for, or after a time."""
        try:
            await asyncio.wait_for(self._event.wait(), timeout_s)
        except TimeoutError:
            return


async def run_job(
    health: JobHealth,
    step: Callable[[], Awaitable[bool]],
    stop: Stop,
    *,
    idle_s: float,
    recover: Callable[[Exception], Awaitable[None]] | None = None,
) -> None:
    """Step until asked to stop.

    Args:
        health: kept up to date.
        step: does one piece of work; True when there may be more at once.
        stop: ends the loop between two steps.
        idle_s: pause when there was nothing to do.
        recover: told of each failure before the pause.
    """
    log = structlog.get_logger(job=health.name)
    while not stop.is_requested:
        try:
            has_more = await step()
        except Exception as error:  # noqa: BLE001  # the top of a job loop
            health.problem = f"{type(error).__name__}: {error}"
            health.failures += 1
            health.failures_total += 1
            # A chain that is away for an hour is one line now and then, not one for each attempt.
            if health.failures & (health.failures - 1) == 0:
                log.warning("job step failed", problem=health.problem, failures=health.failures)
            if recover is not None:
                await recover(error)
            await stop.wait(_backoff_s(health.failures))
            continue
        if health.failures:
            log.info("job recovered", failures=health.failures)
        health.failures, health.problem = 0, None
        if not has_more:
            await stop.wait(idle_s)


def _backoff_s(failures: int) -> float:
    longest = min(BACKOFF_MAX_S, BACKOFF_FIRST_S * 2 ** min(failures - 1, 16))
    return random.uniform(longest / 2, longest)
