"""The short form of the fault campaign (scripts/faults): some seeds, some planted bugs, some killed processes."""

import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.campaign import Outcome, run_seed
from tests.faults.databases import PostgresStorage, SqliteStorage, Storage
from tests.faults.fault_kinds import Fault
from tests.faults.planted import BUGS
from tests.faults.processes import run_rounds
from tests.postgres_server import start_postgres

# Of the first ones, and those that have found something: what, docs/faults.md tells.
SQLITE_SEEDS = (*range(8), 39, 118, 121, 161, 186, 20_072, 20_080)
POSTGRES_SEEDS = range(2)
ROUNDS = 2

pytestmark = [pytest.mark.integration, pytest.mark.filterwarnings("ignore")]


@pytest.fixture(scope="module")
def sqlite_storage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Storage]:
    storage = SqliteStorage(tmp_path_factory.mktemp("databases"))
    yield storage
    storage.close()


@pytest.fixture(scope="module")
def postgres_storage() -> Iterator[Storage]:
    storage = PostgresStorage(start_postgres())
    yield storage
    storage.close()


def _assert_holds(outcome: Outcome) -> None:
    again = f"scripts/faults --seeds 1 --first {outcome.seed} --database {outcome.database}"
    assert not outcome.problems, [*outcome.problems, again]
    assert outcome.settled > 0
    assert outcome.blocks_compared > 0


@pytest.mark.parametrize("seed", SQLITE_SEEDS)
def test_nothing_is_lost_or_doubled_on_sqlite(seed: int, sqlite_storage: Storage) -> None:
    _assert_holds(run_seed(seed, sqlite_storage))


@pytest.mark.parametrize("seed", POSTGRES_SEEDS)
def test_nothing_is_lost_or_doubled_on_postgresql(seed: int, postgres_storage: Storage) -> None:
    _assert_holds(run_seed(seed, postgres_storage))


def test_a_seed_repeats_itself(sqlite_storage: Storage) -> None:
    first, second = (run_seed(2, sqlite_storage) for _ in range(2))
    assert (first.struck, first.settled, first.quiet_after_s) == (
        second.struck,
        second.settled,
        second.quiet_after_s,
    )
    assert first.struck[Fault.REPEATED] > 0


@pytest.mark.parametrize(
    "name", ["voided holds stay held", "requests are answered before the commit", "streams do not resume"]
)
def test_a_planted_bug_is_found(name: str, sqlite_storage: Storage, monkeypatch: pytest.MonkeyPatch) -> None:
    (bug,) = [bug for bug in BUGS if bug.name == name]
    with warnings.catch_warnings(), monkeypatch.context() as patch:
        bug.plant(patch)
        assert any(run_seed(seed, sqlite_storage).problems for seed in range(6))


def test_killed_processes_lose_and_double_nothing(tmp_path: Path) -> None:
    report = run_rounds(ROUNDS, seed=1, kind="sqlite", directory=tmp_path)
    assert not report["problems"], report
