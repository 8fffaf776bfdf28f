"""SIGTERM ends a command as Ctrl-C does: in order, with everything that it started."""

import asyncio
import signal
from collections.abc import Coroutine
from typing import Any, TypeVar

Result = TypeVar("Result")


def run_until_stopped(work: Coroutine[Any, Any, Result]) -> Result:
    """Runs a coroutine; SIGINT or SIGTERM cancels it, and then raises KeyboardInterrupt.

    A second signal while it stops is ignored: what was started must be stopped, and every wait in it is bounded.
    """
    return asyncio.run(_cancelled_by_signals(work))


async def _cancelled_by_signals(work: Coroutine[Any, Any, Result]) -> Result:
    task = asyncio.ensure_future(work)
    was_stopped = False

    def stop() -> None:
        nonlocal was_stopped
        if not was_stopped:
            was_stopped = True
            task.cancel()

    loop = asyncio.get_running_loop()
    for sign in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(sign, stop)
    try:
        return await task
    except asyncio.CancelledError:
        if was_stopped:
            raise KeyboardInterrupt from None
        raise
    finally:
        for sign in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(sign)
