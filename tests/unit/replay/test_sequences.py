"""Numbers that the plan gave, behind the SDK's port."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from partner_sdk.protocol import (
    Domain,
    LedgerAddress,
    MemberId,
    Purchase,
    SignedSubmission,
    SigningKey,
    Submitter,
)
from partner_sdk.sequences import Numbered
from replay.sequences import PlannedSequences

SUBMITTER = Submitter.of(3)
DOMAIN = Domain(31_337, LedgerAddress(b"\x11" * 20))
KEY = SigningKey(b"\x01" * 32)
MEMBER = MemberId(b"\x22" * 20)


def numbered(*, deadline_s: int = 1_500_000_000) -> Numbered:
    return Numbered(
        1,
        lambda first: SignedSubmission.sign(
            [Purchase(first, MEMBER, 100)], submitter=SUBMITTER, deadline_s=deadline_s, domain=DOMAIN, key=KEY
        ),
    )


@pytest.fixture
def sequences(tmp_path: Path) -> Iterator[PlannedSequences]:
    store = PlannedSequences(tmp_path / "replay.db")
    yield store
    store.close()


def test_gives_the_numbers_of_the_plan_gaps_included(sequences: PlannedSequences) -> None:
    sequences.expect(SUBMITTER, [4, 9])

    begun = sequences.begin(SUBMITTER, [numbered(), numbered()], first=1_000)

    assert [one.submission.operations()[0].sequence for one in begun] == [4, 9]
    assert sequences.unfinished(SUBMITTER) == begun


def test_gives_back_what_was_signed_before_byte_for_byte_even_after_a_restart(tmp_path: Path) -> None:
    before = PlannedSequences(tmp_path / "replay.db")
    before.expect(SUBMITTER, [4])
    (first,) = before.begin(SUBMITTER, [numbered(deadline_s=1)], first=0)
    before.close()
    after = PlannedSequences(tmp_path / "replay.db")
    after.expect(SUBMITTER, [4, 5])

    again, new = after.begin(SUBMITTER, [numbered(deadline_s=2), numbered(deadline_s=2)], first=0)
    after.close()

    assert again == first
    assert new.submission.deadline_s == 2


def test_keeps_what_is_signed_again(sequences: PlannedSequences) -> None:
    sequences.expect(SUBMITTER, [4])
    (first,) = sequences.begin(SUBMITTER, [numbered(deadline_s=1)], first=0)

    replaced = sequences.replace(first, numbered(deadline_s=9).sign_from(4))

    assert sequences.unfinished(SUBMITTER) == [replaced]
    assert replaced.idempotency_key != first.idempotency_key


def test_forgets_what_is_finished(sequences: PlannedSequences) -> None:
    sequences.expect(SUBMITTER, [1, 2])
    first, second = sequences.begin(SUBMITTER, [numbered(), numbered()], first=0)

    sequences.finish([first])
    assert sequences.unfinished(SUBMITTER) == [second]

    sequences.forget_all()
    assert sequences.unfinished(SUBMITTER) == []


def test_stores_nothing_of_a_request_that_cannot_be_signed(sequences: PlannedSequences) -> None:
    def broken(first: int) -> SignedSubmission:
        raise ValueError(first)

    sequences.expect(SUBMITTER, [1, 2])
    with pytest.raises(ValueError, match="2"):
        sequences.begin(SUBMITTER, [numbered(), Numbered(1, broken)], first=0)

    assert sequences.unfinished(SUBMITTER) == []
