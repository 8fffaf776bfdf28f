"""Wallets served for a real browser, each on a port of its own."""

import asyncio
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import uvicorn
from fastapi import FastAPI

from tests.unit.wallet_app.wallet_factory import WalletUnderTest, make_wallet

START_S = 30


class ServedWallet:
    """The wallet and its fake ledger, living on the server's own event loop."""

    def __init__(self, wallet: WalletUnderTest, loop: asyncio.AbstractEventLoop, origin: str) -> None:
        self.wallet = wallet
        self.origin = origin
        self._loop = loop

    def happen(self, act: Callable[..., None], *arguments: object, **options: object) -> None:
        """Runs `act` on the server's loop and waits for it."""

        async def run() -> None:
            act(*arguments, **options)

        asyncio.run_coroutine_threadsafe(run(), self._loop).result(START_S)


@contextmanager
def served_wallet(directory: Path, **settings: object) -> Iterator[ServedWallet]:
    """Serves a wallet over a fake ledger until the block ends."""
    with free_port() as listener:
        origin = origin_of(listener)
        wallet = make_wallet(directory, public_origin=origin, heartbeat_s=0.5, **settings)
        with served_app(wallet.app(), listener) as loop:
            yield ServedWallet(wallet, loop, origin)


@contextmanager
def free_port() -> Iterator[socket.socket]:
    """A socket on a port that nobody else has."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        yield listener


def origin_of(listener: socket.socket) -> str:
    return f"http://localhost:{listener.getsockname()[1]}"


@contextmanager
def served_app(app: FastAPI, listener: socket.socket) -> Iterator[asyncio.AbstractEventLoop]:
    """Serves an app on a thread of its own; fails when it does not stop with its streams open."""
    server = uvicorn.Server(
        uvicorn.Config(app, log_level="warning", access_log=False, timeout_graceful_shutdown=2)
    )
    started = threading.Event()
    loops: list[asyncio.AbstractEventLoop] = []

    def run() -> None:
        async def serve() -> None:
            loops.append(asyncio.get_running_loop())
            serving = asyncio.create_task(server.serve(sockets=[listener]))
            while not server.started and not serving.done():  # noqa: ASYNC110 - uvicorn tells it no other way
                await asyncio.sleep(0.01)
            started.set()
            await serving

        asyncio.run(serve())

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    assert started.wait(START_S)
    try:
        yield loops[0]
    finally:
        server.should_exit = True
        thread.join(START_S)
        assert not thread.is_alive(), "the wallet did not stop with its streams open"
