"""Mutation test of the arithmetic libraries: does a test notice when one of them is wrong?"""

from __future__ import annotations

import argparse
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
import time
import tomllib
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CONTRACTS = ROOT / "contracts"
TESTS = Path("test/arithmetic")
LIBRARIES = Path("src/libraries")
# What the tests are compiled from, and what compiles them.
COPIED = ["src/libraries", "src/interfaces", "test/Test.sol", str(TESTS), "foundry.toml", "remappings.txt"]
LINKED = ["solc", "lib"]
# Always the same random choices, so that a bug which is caught once is caught again.
FUZZ_SEED = 1
RUN_S_MAX = 600


@dataclass(frozen=True)
class Mutant:
    name: str
    file: str
    replace: str
    by: str
    tests: tuple[str, ...]


class CannotPlantError(Exception):
    """The list of bugs and the sources do not fit together."""


def main() -> int:
    arguments = _arguments()
    try:
        mutants = read_mutants(CONTRACTS / TESTS / "mutants.toml", CONTRACTS / LIBRARIES)
        chosen = [one for one in mutants if arguments.only in one.name or arguments.only in one.file]
        if not chosen:
            raise CannotPlantError(f"no bug has {arguments.only!r} in its name or file (see --list)")
        if arguments.sample is not None:
            print(f"seed {arguments.seed}", flush=True)
            chosen = random.Random(arguments.seed).sample(chosen, min(arguments.sample, len(chosen)))
        if arguments.list:
            for mutant in chosen:
                print(f"{mutant.file}: {mutant.name}\n  - {mutant.replace.strip()}\n  + {mutant.by.strip()}")
            return 0
        survived = run(chosen, arguments.jobs)
    except CannotPlantError as error:
        print(f"mutate: {error}", file=sys.stderr)
        return 2
    for mutant in survived:
        print(f"mutate: no test notices that {mutant.name} ({mutant.file})", file=sys.stderr)
    print(f"{len(chosen) - len(survived)} of {len(chosen)} bugs caught")
    return 1 if survived else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="scripts/mutate", description=__doc__)
    parser.add_argument("--sample", type=int, default=None, help="how many bugs (default: all)")
    parser.add_argument(
        "--seed", type=int, default=random.randrange(2**32), help="decides which bugs a sample has"
    )
    parser.add_argument("--only", default="", help="only bugs with this text in their name or file")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="bugs tried at once")
    parser.add_argument("--list", action="store_true", help="plant nothing")
    return parser.parse_args()


def read_mutants(path: Path, libraries: Path) -> list[Mutant]:
    """The bugs in the list.

    Raises:
        CannotPlantError: the text that one replaces is not, or not only once, in its source; or two have one name.
    """
    content = tomllib.loads(path.read_text())
    tests = content["tests"]
    problems = [
        f"no tests are named for {entry['file']}" for entry in content["mutant"] if entry["file"] not in tests
    ]
    mutants = [Mutant(**entry, tests=tuple(tests.get(entry["file"], ()))) for entry in content["mutant"]]
    for mutant in mutants:
        source = libraries / mutant.file
        count = source.read_text().count(mutant.replace) if source.exists() else 0
        if count != 1:
            problems.append(f"{mutant.file}: found {count} times, not once: {mutant.replace!r}")
        if sum(other.name == mutant.name for other in mutants) > 1:
            problems.append(f"{mutant.name!r} is there twice")
    if problems:
        raise CannotPlantError(f"{path.name} does not fit the sources any more:\n  " + "\n  ".join(problems))
    return mutants


def run(mutants: Sequence[Mutant], jobs: int) -> list[Mutant]:
    """Those of the bugs that no test notices."""
    groups = sorted({mutant.tests for mutant in mutants})
    with (
        tempfile.TemporaryDirectory(prefix="coalition-mutants-") as directory,
        ThreadPoolExecutor(jobs) as pool,
    ):
        copies = pool.map(lambda tests: sound_copy(Path(directory) / "-".join(tests), tests), groups)
        sound = dict(zip(groups, copies, strict=True))
        noticed = pool.map(lambda mutant: is_noticed(sound[mutant.tests], mutant), mutants)
        return [mutant for mutant, was_noticed in zip(mutants, noticed, strict=True) if not was_noticed]


def sound_copy(target: Path, tests: Sequence[str]) -> Path:
    """A project with the named tests and what they need, compiled, in which all of them pass.

    Raises:
        CannotPlantError: one of them fails.
    """
    for name in COPIED:
        source = CONTRACTS / name
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target / name)
        else:
            shutil.copy(source, target / name)
    for test in (target / TESTS).glob("*.t.sol"):
        if test.name.removesuffix(".t.sol") not in tests:
            test.unlink()
    for name in LINKED:
        (target / name).symlink_to(CONTRACTS / name)
    failed = failed_test(target)
    if failed:
        raise CannotPlantError(f"without any bug {failed} fails already; repair that first")
    return target


def is_noticed(sound: Path, mutant: Mutant) -> bool:
    """Plants a bug in a copy of what was compiled without it, so that little is compiled again."""
    started_s = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="mutant-", dir=sound.parent) as directory:
        copy = Path(directory) / "contracts"
        shutil.copytree(sound, copy, symlinks=True)
        source = copy / LIBRARIES / mutant.file
        source.write_text(source.read_text().replace(mutant.replace, mutant.by))
        test = failed_test(copy)
    duration_s = time.monotonic() - started_s
    verdict = f"caught by {test}" if test else "SURVIVED"
    print(f"{mutant.file}: {mutant.name}: {verdict} ({duration_s:.0f} s)", flush=True)
    return test is not None


def failed_test(contracts: Path) -> str | None:
    """The name of a test that fails, or None."""
    forge = subprocess.run(
        ["forge", "test", "--fail-fast", "--fuzz-seed", str(FUZZ_SEED)],
        cwd=contracts,
        env=os.environ | {"FOUNDRY_PROFILE": "arithmetic"},
        capture_output=True,
        text=True,
        timeout=RUN_S_MAX,
        check=False,
    )
    if forge.returncode == 0:
        return None
    failure = re.search(r"^\[FAIL.*?\] (\w+)\(", forge.stdout, re.MULTILINE)
    if failure is None:
        raise CannotPlantError(f"the tests did not run:\n{forge.stdout[-2000:]}{forge.stderr[-2000:]}")
    return failure[1]


if __name__ == "__main__":
    sys.exit(main())
