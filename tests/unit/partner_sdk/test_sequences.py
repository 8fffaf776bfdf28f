"""Sequence stores: a number is given once, whatever happens."""

import sqlite3
import threading
from pathlib import Path

import pytest

from partner_sdk import MemorySequenceStore, SequenceStoreError, SqliteSequenceStore
from partner_sdk.protocol import Purchase, SignedSubmission, Submitter
from partner_sdk.sequences import Numbered, SequenceStore
from tests.unit.partner_sdk.factories import DEADLINE_S, DOMAIN, MEMBER, PARTNER_KEY

SUBMITTER = Submitter.of(3)


def sign_one_from(first: int) -> SignedSubmission:
    return SignedSubmission.sign(
        [Purchase(first, MEMBER, 100)],
        submitter=SUBMITTER,
        deadline_s=DEADLINE_S,
        domain=DOMAIN,
        key=PARTNER_KEY,
    )


ONE = Numbered(1, sign_one_from)


def sequence_of(submission: SignedSubmission) -> int:
    return submission.operations()[0].sequence


@pytest.fixture(params=["memory", "sqlite"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> SequenceStore:
    return (
        MemorySequenceStore() if request.param == "memory" else SqliteSequenceStore(tmp_path / "sequences.db")
    )


def test_numbers_go_up_and_begin_where_the_gateway_says(store: SequenceStore) -> None:
    begun = store.begin(SUBMITTER, [ONE, ONE], first=17) + store.begin(SUBMITTER, [ONE], first=0)
    assert [sequence_of(one.submission) for one in begun] == [17, 18, 19]
    assert store.unfinished(SUBMITTER) == begun
    assert store.unfinished(Submitter.of(4)) == []


def test_what_is_finished_is_forgotten_and_its_number_is_not_given_again(store: SequenceStore) -> None:
    begun = store.begin(SUBMITTER, [ONE, ONE], first=0)
    store.finish(begun)
    assert store.unfinished(SUBMITTER) == []
    assert sequence_of(store.begin(SUBMITTER, [ONE], first=0)[0].submission) == 2


def test_a_new_signature_replaces_the_old_one_under_a_new_idempotency_key(store: SequenceStore) -> None:
    (begun,) = store.begin(SUBMITTER, [ONE], first=0)
    replaced = store.replace(begun, sign_one_from(0))
    assert replaced.idempotency_key != begun.idempotency_key
    assert store.unfinished(SUBMITTER) == [replaced]


def test_a_signature_that_fails_gives_no_number_away(store: SequenceStore) -> None:
    def fail(first: int) -> SignedSubmission:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        store.begin(SUBMITTER, [ONE, Numbered(1, fail)], first=0)
    assert store.unfinished(SUBMITTER) == []
    assert sequence_of(store.begin(SUBMITTER, [ONE], first=0)[0].submission) == 0


def test_refuses_when_all_numbers_are_used_up(store: SequenceStore) -> None:
    store.begin(SUBMITTER, [ONE], first=2**32 - 1)
    with pytest.raises(SequenceStoreError, match="used up"):
        store.begin(SUBMITTER, [ONE], first=0)


def test_threads_get_different_numbers(store: SequenceStore) -> None:
    given: list[int] = []

    def take() -> None:
        for _ in range(20):
            given.append(sequence_of(store.begin(SUBMITTER, [ONE], first=0)[0].submission))

    threads = [threading.Thread(target=take) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    assert sorted(given) == list(range(80))


def test_the_file_survives_a_restart(tmp_path: Path) -> None:
    path = tmp_path / "sequences.db"
    before = SqliteSequenceStore(path)
    begun = before.begin(SUBMITTER, [ONE], first=5)
    after = SqliteSequenceStore(path)
    assert after.unfinished(SUBMITTER) == begun
    assert sequence_of(after.begin(SUBMITTER, [ONE], first=0)[0].submission) == 6
    before.close()
    after.close()


def test_the_file_is_synced_to_disk_before_anything_is_sent(tmp_path: Path) -> None:
    store = SqliteSequenceStore(tmp_path / "sequences.db")
    (synchronous,) = store._connection.execute("PRAGMA synchronous").fetchone()
    assert synchronous == 2
    store.close()


def test_refuses_a_file_that_is_no_database(tmp_path: Path) -> None:
    path = tmp_path / "sequences.db"
    path.write_text("this is no database, and long enough to be seen as none" * 20)
    with pytest.raises(SequenceStoreError, match=r"sequences\.db"):
        SqliteSequenceStore(path)


def test_refuses_a_directory_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(SequenceStoreError, match="missing"):
        SqliteSequenceStore(tmp_path / "missing" / "sequences.db")


def test_a_store_that_cannot_write_raises_before_anything_is_sent(tmp_path: Path) -> None:
    path = tmp_path / "sequences.db"
    store = SqliteSequenceStore(path)
    store._connection.execute("PRAGMA query_only = ON")
    with pytest.raises(SequenceStoreError):
        store.begin(SUBMITTER, [ONE], first=0)
    store.close()
    reader = sqlite3.connect(path)
    assert reader.execute("SELECT count(*) FROM unfinished").fetchone() == (0,)
    reader.close()
