"""Real processes under load, killed at random: `coalition serve`, `coalition work`, anvil and PostgreSQL. What was accepted is accounted for."""

import asyncio
import json
import os
import shutil
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from tempfile import mkdtemp
from typing import Any, Final

from stamina.instrumentation import set_on_retry_hooks

from node_gateway.chain.engines.anvil import AnvilOptions, anvil_binary, arguments_of
from node_gateway.chain.engines.process import free_port
from node_gateway.cli.local_chain import KEPT_FILE, WRITTEN_FILE, keep_whole_dump
from tests.faults.till_load import Accounts, TillLoad
from tests.postgres_server import PostgresServer, start_postgres

COMMAND: Final = (sys.executable, "-m", "node_gateway.cli")
PARTNERS: Final = (1, 2)
DUMP_EVERY_S: Final = 10
READY_S_MAX: Final = 300.0
COMMAND_S_MAX: Final = 600.0
ROUND_S: Final = (1.0, 5.0)
TELL_EVERY_ROUNDS: Final = 10
DOWN_S: Final = (0.0, 1.5)
START_PAUSE_S: Final = 0.5
CHAIN, API, WORKER, DATABASE = "chain", "serve", "work", "database"


@dataclass
class Stack:
    """Everything of one run, each process alone.

    Attributes:
        killed: how often each was killed.
        gave_up: how often each ended by itself, as it may while what it needs is away.
    """

    directory: Path
    kind: str
    chain_port: int = field(default_factory=free_port)
    api_port: int = field(default_factory=free_port)
    running: dict[str, "subprocess.Popen[bytes]"] = field(default_factory=dict)
    killed: Counter[str] = field(default_factory=Counter)
    gave_up: Counter[str] = field(default_factory=Counter)
    postgres: PostgresServer | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.api_port}"

    @property
    def names(self) -> list[str]:
        return [CHAIN, API, WORKER] + ([DATABASE] if self.postgres else [])

    def environment(self) -> dict[str, str]:
        database = self.postgres.url("gateway") if self.postgres else ""
        settings = {
            "COALITION_STATE_DIR": str(self.directory / "state"),
            "COALITION_DATABASE_URL": database,
            "COALITION_RPC_URL": f"http://127.0.0.1:{self.chain_port}",
            "COALITION_API_PORT": str(self.api_port),
        }
        return {**os.environ, **settings}

    def command(self, *arguments: str) -> str:
        """Run a `coalition` command to its end; returns what it printed."""
        done = subprocess.run(
            [*COMMAND, *arguments],
            env=self.environment(),
            capture_output=True,
            text=True,
            timeout=COMMAND_S_MAX,
        )
        if done.returncode:
            raise RuntimeError(f"coalition {' '.join(arguments)}: {done.returncode}: {done.stderr[-2000:]}")
        return done.stdout

    def start(self, name: str) -> None:
        """Start one process."""
        if name == DATABASE:
            assert self.postgres is not None
            user = "postgres" if os.geteuid() == 0 else None
            command = self.postgres.process.args
            assert isinstance(command, list)
            self._spawn(name, [str(part) for part in command], user=user)
        elif name == CHAIN:
            self._spawn(name, self._chain_command())
        else:
            self._spawn(name, [*COMMAND, name])

    def _spawn(self, name: str, command: list[str], user: str | None = None) -> None:
        cwd = self.postgres.directory if user and self.postgres else None
        with (self.directory / f"{name}.log").open("ab") as log:
            self.running[name] = subprocess.Popen(
                command, env=self.environment(), stdout=log, stderr=log, user=user, cwd=cwd
            )

    def _chain_command(self) -> list[str]:
        kept, written = self.directory / KEPT_FILE, self.directory / WRITTEN_FILE
        keep_whole_dump(kept, written)
        command = [str(anvil_binary()), *arguments_of(AnvilOptions(port=self.chain_port))]
        command += ["--dump-state", str(written), "--state-interval", str(DUMP_EVERY_S)]
        return command + (["--load-state", str(kept)] if kept.exists() else [])

    def kill(self, name: str) -> None:
        """`kill -9`, of this process alone."""
        process = self.running[name]
        if process.poll() is None:
            process.kill()
            self.killed[name] += 1
        process.wait()

    def start_what_is_down(self) -> None:
        """As systemd would."""
        for name in self.names:
            if self.running[name].poll() is not None:
                self.gave_up[name] += 1
                self.start(name)

    def stop(self) -> None:
        """The end."""
        for name in (API, WORKER, CHAIN, DATABASE):
            if (process := self.running.get(name)) is not None and process.poll() is None:
                process.kill()
                process.wait()
        if self.postgres is not None:
            self.postgres.stop()


def main(rounds: int, *, first: int, kinds: tuple[str, ...], keep: Path | None, as_json: bool) -> int:
    """Run the rounds on each kind of database; 0 where everything was accounted for."""
    # Each try of each till, while what it calls is down, is no news.
    set_on_retry_hooks([])
    reports = []
    for kind in kinds:
        directory = Path(mkdtemp(prefix=f"faults-{kind}-", dir=keep))
        report = run_rounds(rounds, seed=first, kind=kind, directory=directory)
        reports.append(report)
        if not as_json:
            print(f"{kind}: {json.dumps({k: v for k, v in report.items() if k != 'problems'})}", flush=True)
            for problem in report["problems"]:  # type: ignore[attr-defined]
                print(f"  {problem}\n  logs are in {directory}", flush=True)
        if not report["problems"] and keep is None:
            shutil.rmtree(directory, ignore_errors=True)
    if as_json:
        print(json.dumps(reports))
    return 1 if any(report["problems"] for report in reports) else 0


def run_rounds(rounds: int, *, seed: int, kind: str, directory: Path) -> dict[str, object]:
    """One run; the report names what is wrong under `problems`."""
    stack = Stack(directory, kind)
    started_s = time.monotonic()
    try:
        _set_up(stack)
        problems, accounts = asyncio.run(_under_load(stack, rounds, Random(seed)))
        # The chain may still be made again after its last kill: the audit says so, and is asked again.
        audit: dict[str, Any] = _until(lambda: json.loads(stack.command("audit", "--json")), "the audit")
        if audit.get("differences"):
            problems.append(f"the audit differs: {json.dumps(audit)[:600]}")
    finally:
        stack.stop()
    return {
        "database": kind, "seed": seed, "rounds": rounds, "killed": dict(stack.killed), "gave_up": dict(stack.gave_up),
        "operations": accounts.counts(), "seconds": round(time.monotonic() - started_s), "problems": problems,
    }  # fmt: skip


def _set_up(stack: Stack) -> None:
    if stack.kind == "postgresql":
        # Durable: what it has acknowledged must outlive its being killed.
        stack.postgres = start_postgres(is_durable=True)
        stack.postgres.create("gateway")
        stack.running[DATABASE] = stack.postgres.process
    stack.start(CHAIN)
    stack.command("migrate")
    _until(lambda: stack.command("deploy", "--name", "Faults"), "the chain")
    for partner in PARTNERS:
        stack.command("admit", str(partner), f"Partner {partner}")
        stack.command(
            "terms", str(partner), "--earn", "100", "--issue-price", "10000", "--redeem-price", "8000"
        )
        key = json.loads(stack.command("keys", "create", str(partner), "--json"))["key"]
        (stack.directory / f"api-key-{partner}").write_text(key)
    stack.start(WORKER)
    stack.start(API)


def _until(attempt: Callable[[], Any], what: str) -> Any:
    end_s = time.monotonic() + READY_S_MAX
    while True:
        try:
            return attempt()
        except RuntimeError as error:
            if time.monotonic() > end_s:
                raise TimeoutError(what) from error
            time.sleep(START_PAUSE_S)


async def _under_load(stack: Stack, rounds: int, dice: Random) -> tuple[list[str], Accounts]:
    load = TillLoad(stack.url, stack.directory, PARTNERS, dice)
    try:
        await load.until_ready(READY_S_MAX)
        load.start()
        for number in range(1, rounds + 1):
            await asyncio.sleep(dice.uniform(*ROUND_S))
            stack.start_what_is_down()
            await _strike(stack, dice)
            if number % TELL_EVERY_ROUNDS == 0:
                killed = f"{sum(stack.killed.values())} processes killed"
                print(f"{stack.kind}: round {number} of {rounds}, {killed}", file=sys.stderr, flush=True)
        watching = asyncio.create_task(_keep_up(stack))
        await load.stop()
        problems = await load.account(READY_S_MAX)
        watching.cancel()
    finally:
        await load.close()
    return problems, load.accounts


async def _strike(stack: Stack, dice: Random) -> None:
    """Kill one process or two, and start them again."""
    victims = dice.sample(stack.names, 2 if dice.random() < 0.15 else 1)
    for name in victims:
        stack.kill(name)
    await asyncio.sleep(dice.uniform(*DOWN_S))
    for name in victims:
        stack.start(name)


async def _keep_up(stack: Stack) -> None:
    while True:
        stack.start_what_is_down()
        await asyncio.sleep(1.0)
