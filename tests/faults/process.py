"""A process that can stop dead at every step: nothing it does afterwards has any effect."""

import asyncio
from collections.abc import Callable, Coroutine
from random import Random
from typing import Any

from tests.faults.fault_kinds import Fault, Faults
from tests.faults.virtual_time import SimulatedClock

PAUSE_CHANCE = 0.25
PAUSE_S_MAX = 0.004


class ProcessDiedError(BaseException):
    """Raised wherever a dead process would touch the outside; nothing but the simulation catches it."""


class Process:
    """One incarnation of a process: its tasks, and every step by which it touches the outside.

    Attributes:
        died: set when it stopped dead.
        on_close: what the operating system closes with it.
    """

    def __init__(self, name: str, dice: Random, faults: Faults, clock: SimulatedClock) -> None:
        self.name = name
        self.dice = dice
        self.faults = faults
        self.clock = clock
        self.is_dead = False
        self.died = asyncio.Event()
        self.on_close: list[Callable[[], None]] = []
        self._tasks: set[asyncio.Task[Any]] = set()

    def start(self, work: Coroutine[Any, Any, Any], name: str) -> "asyncio.Task[Any]":
        """A task that ends with the process."""
        task = asyncio.create_task(work, name=f"{self.name}: {name}")
        self._tasks.add(task)
        return task

    def assert_alive(self) -> None:
        """Whatever a dead process still tries has no effect."""
        if self.is_dead:
            raise ProcessDiedError

    async def step(self, *stops: Fault) -> None:
        """A step to the outside: where the process may stop dead, or others may come in between."""
        self.assert_alive()
        if any(self.faults.takes(stop) for stop in stops):
            self.die()
            raise ProcessDiedError
        if self.dice.random() < PAUSE_CHANCE:
            await asyncio.sleep(self.dice.uniform(0, PAUSE_S_MAX))
            self.assert_alive()

    def die(self) -> None:
        """Stop dead, in the middle of whatever is going on."""
        self.is_dead = True
        self.died.set()

    async def bury(self) -> None:
        """Take away what is left of it: its tasks, its connections."""
        self.is_dead = True
        own = asyncio.current_task()
        for _ in range(3):
            left = [task for task in self._tasks if not task.done() and task is not own]
            for task in left:
                task.cancel()
            if left:
                await asyncio.wait(left, timeout=0.5)
        for close in self.on_close:
            close()
        for task in self._tasks:
            if task.done() and not task.cancelled():
                task.exception()
