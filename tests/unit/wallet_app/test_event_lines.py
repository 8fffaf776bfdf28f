"""Events of the ledger as lines of a history."""

from typing import Any

import pytest

from partner_sdk import Event, MemberId
from wallet_app.event_lines import history_lines
from wallet_app.gateway import LineKind
from wallet_app.gateway import MemberId as WalletMember

ANN = WalletMember("0x" + "a1" * 20)
BOB = WalletMember("0x" + "b2" * 20)


def event(name: str, member: str = ANN, tx_hash: str = "0x1", **data: Any) -> Event:
    return Event(
        id="7-3",
        name=name,
        data=data,
        member=MemberId.parse(member),
        partner=2,
        block_number=7,
        block_timestamp_s=1_000,
        tx_hash=tx_hash,
    )


@pytest.mark.parametrize(
    ("name", "data", "kind", "points_delta"),
    [
        ("PurchaseSettled", {"spend": 1_000, "points": 10}, LineKind.PURCHASE, 10),
        ("ReturnSettled", {"spend": 1_000, "points": 10, "recovered": 4}, LineKind.RETURN, -4),
        ("RedemptionSettled", {"points": 25, "nonce": 1}, LineKind.REDEMPTION, -25),
        ("RefundSettled", {"points": 25}, LineKind.REFUND, 25),
        ("HoldPlaced", {"points": 30}, LineKind.HOLD_PLACED, 0),
        ("HoldCaptured", {"points": 20, "released": 10}, LineKind.HOLD_CAPTURED, -20),
        ("HoldVoided", {"released": 30}, LineKind.HOLD_VOIDED, 0),
        ("BonusAwarded", {"campaign": 4, "points": 500}, LineKind.BONUS, 500),
        (
            "BonusClawedBack",
            {"campaign": 4, "points": 500, "recovered": 480},
            LineKind.BONUS_CLAWED_BACK,
            -480,
        ),
        ("PointsExpired", {"points": 9}, LineKind.EXPIRED, -9),
        ("DebtRepaid", {"points": 6, "debt_left": 0}, LineKind.DEBT_REPAID, -6),
        ("TransferSettled", {"to": BOB, "points": 8}, LineKind.TRANSFER_SENT, -8),
        ("MemberLocked", {}, LineKind.LOCKED, 0),
    ],
)
def test_each_event_becomes_its_line(
    name: str, data: dict[str, Any], kind: LineKind, points_delta: int
) -> None:
    [line] = history_lines([event(name, **data)], ANN)
    assert (line.kind, line.points_delta, line.happened_at_s) == (kind, points_delta, 1_000)


def test_events_that_tell_a_member_nothing_are_left_out() -> None:
    assert history_lines([event("BonusRefused"), event("AllowanceSet"), event("SomethingNew")], ANN) == ()


def test_receiver_of_a_transfer_sees_its_lots_as_one_line_and_not_the_senders() -> None:
    lines = history_lines(
        [
            event("LotReceived", points=5),
            event("LotReceived", points=7),
            event("TransferSettled", member=BOB, to=ANN, points=12),
            event("LotReceived", tx_hash="0x2", points=1),
        ],
        ANN,
    )
    assert [(line.kind, line.points_delta) for line in lines] == [
        (LineKind.TRANSFER_RECEIVED, 12),
        (LineKind.TRANSFER_RECEIVED, 1),
    ]
