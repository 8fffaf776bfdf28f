"""Command line of the fault campaign (tests/faults): seeds, planted bugs, or rounds of real processes."""

from __future__ import annotations

import argparse
import json
import signal
import sys
import time
import warnings
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

import pytest  # noqa: E402

from tests.faults import processes  # noqa: E402
from tests.faults.campaign import Outcome, run_seed  # noqa: E402
from tests.faults.databases import PostgresStorage, SqliteStorage, Storage  # noqa: E402
from tests.faults.fault_kinds import Fault  # noqa: E402
from tests.faults.planted import BUGS, PlantedBug  # noqa: E402
from tests.postgres_server import start_postgres  # noqa: E402

SEEDS = 1_000
STRUCK_MIN = 50
PLANTED_SEEDS = 80
ENDED_EARLY = 130
MEMORY_FILES = Path("/dev/shm")


def main() -> int:
    # As an exit, so that a server of the run does not outlive it.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    # What a process leaves open when it stops dead is not worth a word.
    warnings.simplefilter("ignore")
    arguments = _arguments()
    if arguments.processes is not None:
        return processes.main(
            arguments.processes, first=arguments.first, kinds=_kinds(arguments.database), keep=arguments.keep, as_json=arguments.json
        )  # fmt: skip
    if arguments.planted:
        return _run_planted(arguments)
    return _run_seeds(arguments)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="scripts/faults", description=__doc__)
    what = parser.add_mutually_exclusive_group()
    what.add_argument(
        "--planted", action="store_true", help="plant each bug, and look for a seed that finds it"
    )
    what.add_argument("--processes", type=int, metavar="ROUNDS", help="kill real processes, so many times")
    parser.add_argument(
        "--seeds", type=int, help=f"how many ({SEEDS}; with --planted at most {PLANTED_SEEDS} a bug)"
    )
    parser.add_argument("--first", type=int, default=0, help="the first seed (0)")
    parser.add_argument("--database", choices=["sqlite", "postgresql", "both"], default="sqlite")
    parser.add_argument("--keep", type=Path, help="directory for the databases of seeds that fail")
    parser.add_argument("--only", default="", help="with --planted: bugs whose name contains this")
    parser.add_argument(
        "--complete",
        action="store_true",
        help=f"fail as well where a fault struck fewer than {STRUCK_MIN} times",
    )
    parser.add_argument("--json", action="store_true", help="the result as one line of JSON")
    return parser.parse_args()


def _kinds(database: str) -> tuple[str, ...]:
    return ("sqlite", "postgresql") if database == "both" else (database,)


@contextmanager
def _storage(kind: str, keep: Path | None) -> Iterator[Storage]:
    """Databases in memory where there is room for files, else in a temporary directory."""
    parent = MEMORY_FILES if MEMORY_FILES.is_dir() else None
    with TemporaryDirectory(prefix="coalition-faults-", dir=parent) as directory:
        storage: Storage = (
            SqliteStorage(keep or Path(directory)) if kind == "sqlite" else PostgresStorage(start_postgres())
        )
        try:
            yield storage
        finally:
            storage.close()


def _run_seeds(arguments: argparse.Namespace) -> int:
    count = arguments.seeds or SEEDS
    outcomes: list[Outcome] = []
    ended_early = False
    try:
        for outcome in _outcomes(arguments, count):
            outcomes.append(outcome)
    except (KeyboardInterrupt, SystemExit):
        ended_early = True
        print(f"ended early, after {len(outcomes)} seeds", file=sys.stderr)
    struck: Counter[Fault] = sum((outcome.struck for outcome in outcomes), Counter())
    rare = [fault for fault in Fault if struck[fault] < STRUCK_MIN]
    failed = [outcome for outcome in outcomes if outcome.problems]
    if arguments.json:
        print(json.dumps(_summary(outcomes, struck)))
    else:
        _tell_table(outcomes, struck)
    if arguments.complete and rare:
        print(f"struck fewer than {STRUCK_MIN} times: {', '.join(rare)}", file=sys.stderr)
    if ended_early:
        return ENDED_EARLY
    return 1 if failed or (arguments.complete and rare) else 0


def _outcomes(arguments: argparse.Namespace, count: int) -> Iterator[Outcome]:
    for kind in _kinds(arguments.database):
        with _storage(kind, arguments.keep) as storage:
            for seed in range(arguments.first, arguments.first + count):
                started_s = time.monotonic()
                outcome = run_seed(seed, storage, keep=arguments.keep is not None)
                if not arguments.json or outcome.problems:
                    _tell(outcome, time.monotonic() - started_s)
                yield outcome


def _tell(outcome: Outcome, took_s: float) -> None:
    verdict = "FAILS" if outcome.problems else "holds"
    print(
        f"seed {outcome.seed} on {outcome.database}: {outcome.operations} operations, {outcome.settled} on the chain, "
        f"{outcome.simulated_s:.0f} s simulated, quiet after {outcome.quiet_after_s:.0f} s: {verdict} ({took_s:.1f} s)",
        flush=True,
    )
    for problem in outcome.problems:
        print(f"  {problem[:600]}", flush=True)
    if outcome.problems:
        print(
            f"  again: scripts/faults --seeds 1 --first {outcome.seed} --database {outcome.database}",
            flush=True,
        )


def _summary(outcomes: list[Outcome], struck: Counter[Fault]) -> dict[str, object]:
    return {
        "seeds": len(outcomes),
        "failed": [[outcome.database, outcome.seed] for outcome in outcomes if outcome.problems],
        "operations": sum(outcome.operations for outcome in outcomes),
        "states_compared": sum(outcome.blocks_compared for outcome in outcomes),
        "quiet_after_s_max": max((outcome.quiet_after_s for outcome in outcomes), default=0),
        "struck": {fault.value: struck[fault] for fault in Fault},
    }


def _tell_table(outcomes: list[Outcome], struck: Counter[Fault]) -> None:
    seeds_with = Counter(fault for outcome in outcomes for fault in outcome.struck)
    print(f"\n{'fault':48} {'struck':>8} {'in seeds':>9}")
    for fault in Fault:
        print(f"{fault.value:48} {struck[fault]:8} {seeds_with[fault]:9}")
    summary = _summary(outcomes, struck)
    print(
        f"\n{summary['seeds']} seeds, {summary['operations']} operations, {summary['states_compared']} states compared with the chain, "
        f"quiet after at most {summary['quiet_after_s_max']:.0f} s; failed: {summary['failed'] or 'none'}"
    )


def _run_planted(arguments: argparse.Namespace) -> int:
    found: dict[str, int | None] = {}
    bugs = [bug for bug in BUGS if arguments.only in bug.name]
    for kind in ("sqlite", "postgresql"):
        if not (of_kind := [bug for bug in bugs if bug.database == kind]):
            continue
        with _storage(kind, None) as storage:
            for bug in of_kind:
                found[bug.name] = seed = _finding_seed(bug, storage, arguments)
                if not arguments.json:
                    words = f"found by seed {seed}" if seed is not None else "SURVIVES"
                    print(f"{bug.name}: {words}", flush=True)
    survivors = [name for name, seed in found.items() if seed is None]
    if arguments.json:
        print(json.dumps({"planted": len(found), "found": found, "survivors": survivors}))
    else:
        print(f"\n{len(found)} bugs planted, {len(found) - len(survivors)} found")
    return 1 if survivors else 0


def _finding_seed(bug: PlantedBug, storage: Storage, arguments: argparse.Namespace) -> int | None:
    first = arguments.first or bug.first_seed
    for seed in range(first, first + (arguments.seeds or PLANTED_SEEDS)):
        with pytest.MonkeyPatch.context() as patch:
            bug.plant(patch)
            if run_seed(seed, storage).problems:
                return seed
    return None


if __name__ == "__main__":
    sys.exit(main())
