"""What the desk does with what the gateway does not take."""

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from node_gateway.cli.state_directory import StateDirectory
from partner_sdk.drafts import Draft
from partner_sdk.models import BulkResult, Problem
from partner_sdk.protocol import Domain, LedgerAddress
from replay.desk import Desk, RefusedSubmissionError
from replay.members import Members
from replay.plan import PlannedOperation, PlannedPurchase, PlannedRedemption
from replay.sequences import PlannedSequences
from replay.settlement import Settlement

COUPON, PURCHASE = PlannedRedemption(1, 1, 1, 5, 0), PlannedPurchase(1, 2, 1, 100)


class Till:
    """Takes purchases, and no coupon."""

    def __init__(self, code: str) -> None:
        self.code = code

    async def submit_bulk(self, drafts: Sequence[Sequence[Draft]]) -> list[BulkResult]:
        return [
            BulkResult(problem=None if place else Problem(code=self.code, detail="no", status=422))
            for place, _ in enumerate(drafts)
        ]


def desk_at(till: Till, directory: Path) -> Desk:
    sequences = cast("PlannedSequences", SimpleNamespace(expect=lambda *_: None))
    domain, members = Domain(1, LedgerAddress(bytes(20))), Members(StateDirectory(directory))
    members.admit([COUPON.household])
    desk = Desk({1: cast("Any", till)}, cast("Any", None), sequences, members, domain)
    desk.open_day(date(2017, 1, 2))
    return desk


async def test_a_coupon_whose_nonce_was_used_in_the_wallet_does_not_end_the_replay(tmp_path: Path) -> None:
    accepted, refused = list[PlannedOperation](), list[tuple[PlannedOperation, str]]()

    await desk_at(Till("nonce_used"), tmp_path).send(
        [COUPON, PURCHASE], accepted.extend, lambda one, reason: refused.append((one, reason))
    )

    assert (accepted, refused) == ([PURCHASE], [(COUPON, "nonce_used")])


async def test_anything_else_that_is_not_taken_does(tmp_path: Path) -> None:
    with pytest.RaisesGroup(RefusedSubmissionError):
        await desk_at(Till("not_permitted"), tmp_path).send(
            [COUPON, PURCHASE], lambda _: None, lambda *_: None
        )


def test_what_was_refused_counts_with_its_reason() -> None:
    counted: list[int] = []
    settlement = Settlement(counted.append)

    settlement.refused("nonce_used")

    assert (settlement.outcomes.refused, counted) == ({"nonce_used": 1}, [1])
