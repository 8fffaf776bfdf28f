"""A wallet over a fake ledger, served for a real browser on a port of its own."""

import asyncio
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import uvicorn

from tests.unit.wallet_app.wallet_factory import WalletUnderTest, make_wallet

START_S = 20


class ServedWallet:
    """The wallet and its ledger, living on the server's own event loop."""

    def __init__(self, wallet: WalletUnderTest, loop: asyncio.AbstractEventLoop, origin: str) -> None:
        self.wallet = wallet
        self.origin = origin
        self._loop = loop

    def happen(self, act: object, *arguments: object, **options: object) -> None:
        """Runs `act` on the server's loop and waits for it."""

        async def run() -> None:
            act(*arguments, **options)  # type: ignore[operator]

        asyncio.run_coroutine_threadsafe(run(), self._loop).result(START_S)


@contextmanager
def served_wallet(directory: Path, **settings: object) -> Iterator[ServedWallet]:
    """Serves a wallet until the block ends."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    origin = f"http://localhost:{listener.getsockname()[1]}"
    wallet = make_wallet(directory, public_origin=origin, heartbeat_s=0.5, **settings)
    server = uvicorn.Server(
        uvicorn.Config(wallet.app(), log_level="warning", access_log=False, timeout_graceful_shutdown=2)
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
        yield ServedWallet(wallet, loops[0], origin)
    finally:
        server.should_exit = True
        thread.join(START_S)
        listener.close()
        assert not thread.is_alive(), "the wallet did not stop with its streams open"
