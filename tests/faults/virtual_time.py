"""An event loop whose time jumps to the next timer as soon as nothing else is to be done: ten minutes pass in milliseconds.

Everything in a campaign runs in one thread without real input or output between two awaits, so that a seed repeats itself exactly.
"""

import asyncio
import selectors
import time
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar, TypeVarTuple, Unpack

from node_gateway.service.clock import Clock

Result = TypeVar("Result")
Arguments = TypeVarTuple("Arguments")
CPU_S_MAX = 60.0


class NothingScheduledError(Exception):
    """Every task waits for another: the simulation would stand still for ever."""


class SeedTooLongError(Exception):
    """One seed took too much of the processor."""


class VirtualTimeLoop(asyncio.SelectorEventLoop):
    """Sleeps cost nothing; what is sent to a thread is done at once."""

    def __init__(self, *, cpu_s_max: float = CPU_S_MAX) -> None:
        self.now_s = 0.0
        self._cpu_end_s = time.process_time() + cpu_s_max
        super().__init__(_JumpingSelector(self))

    def time(self) -> float:
        return self.now_s

    def jump(self, timeout_s: float | None) -> None:
        """Let virtual time pass up to the next timer."""
        if timeout_s is None:
            raise NothingScheduledError
        if time.process_time() > self._cpu_end_s:
            raise SeedTooLongError
        self.now_s += timeout_s

    def run_in_executor(
        self, executor: Any, func: Callable[[Unpack[Arguments]], Result], *args: *Arguments
    ) -> asyncio.Future[Result]:
        future = self.create_future()
        try:
            future.set_result(func(*args))
        except Exception as error:  # noqa: BLE001  # as a thread's would, it goes to whoever waits
            future.set_exception(error)
        return future


class _JumpingSelector(selectors.SelectSelector):
    def __init__(self, loop: VirtualTimeLoop) -> None:
        super().__init__()
        self._loop = loop

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None or timeout > 0:
            self._loop.jump(timeout)
        return []


def run_virtually(main: Callable[[], Coroutine[Any, Any, Result]], *, cpu_s_max: float = CPU_S_MAX) -> Result:
    """Run to the end in a loop of its own; tasks that are left are cancelled."""
    loop = VirtualTimeLoop(cpu_s_max=cpu_s_max)
    asyncio.set_event_loop(loop)
    try:
        return loop.run_until_complete(main())
    finally:
        _cancel_all(loop)
        loop.run_until_complete(loop.shutdown_asyncgens())
        asyncio.set_event_loop(None)
        loop.close()


def _cancel_all(loop: VirtualTimeLoop) -> None:
    tasks = asyncio.all_tasks(loop)
    for task in tasks:
        task.cancel()
    if tasks:
        loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))


class SimulatedClock(Clock):
    """A machine's clock: wall time may jump, the monotonic one only goes on."""

    def __init__(self, start_s: int) -> None:
        self._start_s = start_s
        self.offset_s = 0.0

    def now_ms(self) -> int:
        return int((self._start_s + self.offset_s + self.monotonic_s()) * 1000)

    def monotonic_s(self) -> float:
        return asyncio.get_running_loop().time()
