"""The places where asynchronous and synchronous code differ; `_generate` swaps the names."""

import asyncio
import time
from collections.abc import Callable
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")


async def sleep_async(seconds: float) -> None:
    """Waits without holding up the event loop."""
    await asyncio.sleep(seconds)


def sleep_sync(seconds: float) -> None:
    """Waits."""
    time.sleep(seconds)


async def run_async(call: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """Runs a blocking call (a sync to disk) beside the event loop."""
    return await asyncio.to_thread(call, *args, **kwargs)


def run_sync(call: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """Runs a blocking call."""
    return call(*args, **kwargs)
