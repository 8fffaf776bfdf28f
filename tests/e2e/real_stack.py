"""A whole coalition for a test: chain, contracts, gateway, wallet and a day of the replay, in processes of their own."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from partner_sdk import Partner

ROOT = Path(__file__).parents[2]
START_MAX_S = 400
STOP_MAX_S = 60
RUNNING = "running; Ctrl-C stops everything"


@dataclass(frozen=True)
class RealStack:
    """Where everything is."""

    state_dir: Path
    api_url: str
    member_link: str

    def partner(self, partner: int) -> Partner:
        """A client with the partner's own key; close it after use."""
        return Partner(
            key=self._secret("keys", f"partner-{partner}"),
            gateway=self.api_url,
            api_key=self._secret("api-keys", str(partner)),
        )

    def write_tills(self, path: Path, tills: dict[str, int]) -> None:
        """Writes a file of tills, partner by name."""
        entries = [
            {
                "name": name,
                "partner": partner,
                "api_key": self._secret("api-keys", str(partner)),
                "key": self._secret("keys", f"partner-{partner}"),
            }
            for name, partner in tills.items()
        ]
        path.write_text(json.dumps(entries))

    def _secret(self, *parts: str) -> str:
        return self.state_dir.joinpath(*parts).read_text().strip()


@contextmanager
def real_stack(directory: Path) -> Iterator[RealStack]:
    """Runs one day of the replay and stays up until the block ends."""
    ports = free_ports(3)
    environment = {
        **os.environ,
        "COALITION_STATE_DIR": str(directory / "state"),
        "COALITION_CHAIN_PORT": str(ports[0]),
        "COALITION_API_PORT": str(ports[1]),
        "COALITION_WALLET_PORT": str(ports[2]),
    }
    log = directory / "replay.log"
    with log.open("w") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "replay", "--days", "1", "--members", "10", "--fresh"],
            cwd=ROOT,
            env=environment,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        try:
            wait_until_running(process, log)
            yield RealStack(
                state_dir=directory / "state",
                api_url=f"http://127.0.0.1:{ports[1]}",
                member_link=line_that_starts(log, "member"),
            )
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(STOP_MAX_S)


def wait_until_running(process: "subprocess.Popen[bytes]", log: Path) -> None:
    end_s = time.monotonic() + START_MAX_S
    while RUNNING not in log.read_text():
        assert process.poll() is None, log.read_text()
        assert time.monotonic() < end_s, log.read_text()
        time.sleep(0.5)


def line_that_starts(log: Path, word: str) -> str:
    [line] = [line for line in log.read_text().splitlines() if line.startswith(word + " ")]
    return line.removeprefix(word).strip()


def free_ports(count: int) -> list[int]:
    listeners = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [listener.getsockname()[1] for listener in listeners]
    for listener in listeners:
        listener.close()
    return ports
