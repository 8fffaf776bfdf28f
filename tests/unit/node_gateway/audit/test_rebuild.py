"""A chain whose events do not follow from its operations is told so."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.node_gateway.audit.chain_events import (
    MEMBER,
    OTHER,
    REFUND_TERMS,
    STAGE_TERMS,
    TERMS,
    History,
    campaign_opened,
    position,
)


@pytest.fixture
def history() -> History:
    return History()


def bought(history: History, spend: int = 1_000) -> History:
    history.mine(history.purchase(spend, lot=0), position(base=spend * 10_000))
    return history


def test_finds_nothing_in_an_honest_history(history: History) -> None:
    bought(history)
    history.mine(history.redemption(300, nonce=1), position(base=10_000_000, reimbursed=2_400_000))
    history.day = 32
    history.mine(("PointsExpired", {"member": MEMBER, "points": 700, "throughDay": 32}))
    assert history.found() == []
    assert history.ledger.totals() == {
        "issued": 1_000,
        "burned": 300,
        "cancelled": 0,
        "expired": 700,
        "outstanding": 0,
    }


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        ({"points": 1_001}, "PurchaseSettled.points"),
        ({"terms": 3}, "PurchaseSettled.terms"),
        ({"expiresDay": 99}, "PurchaseSettled.expiresDay"),
        ({"expiresDay": 25}, "PurchaseSettled.expiresDay"),
        ({"lot": 4}, "lots.lot"),
    ],
)
def test_finds_a_purchase_that_breaks_a_rule(history: History, changes: dict[str, Any], found: str) -> None:
    history.mine(history.purchase(1_000, **{"lot": 0} | changes), position(base=10_000_000))
    assert found in history.found()


def test_finds_a_position_that_does_not_follow(history: History) -> None:
    history.mine(history.purchase(1_000, lot=0), position(base=10_000_001))
    assert history.found() == ["PositionChanged.base"]


def test_finds_a_position_that_changed_in_silence_or_without_cause(history: History) -> None:
    history.mine(history.purchase(1_000, lot=0))
    assert set(history.found()) == {
        f"PositionChanged.{line}" for line in ("base", "bonus", "credit", "reimbursed")
    }
    other = History()
    other.mine(position(credit=5))
    assert other.found() == ["PositionChanged.credit"]


def test_finds_points_that_expired_too_early_or_in_silence(history: History) -> None:
    bought(history).day = 31
    history.mine(("PointsExpired", {"member": MEMBER, "points": 1_000, "throughDay": 31}))
    assert history.found() == ["PointsExpired.points"]
    silent = bought(History())
    silent.day = 32
    silent.mine(silent.purchase(5, lot=1), position(base=10_050_000))
    assert silent.found() == ["PointsExpired.points"]


def test_finds_a_redemption_of_more_than_there_was(history: History) -> None:
    bought(history)
    history.mine(history.redemption(1_001, nonce=1), position(base=10_000_000, reimbursed=8_008_000))
    assert "RedemptionSettled.points" in history.found()


def test_finds_an_operation_that_was_settled_twice(history: History) -> None:
    bought(history)
    history.operations -= 1
    history.mine(history.purchase(5, lot=1), position(base=10_050_000))
    assert history.found() == ["operations.settled twice"]


def test_finds_a_return_of_more_than_was_kept_and_wrong_points(history: History) -> None:
    bought(history)
    returned = {
        "operation": history.operation(),
        "member": MEMBER,
        "lot": 0,
        "spend": 400,
        "points": 401,
        "recovered": 400,
    }
    history.mine(("ReturnSettled", returned), position(base=10_000_000, credit=4_000_000))
    assert history.found() == ["ReturnSettled.points"]
    again = returned | {"operation": history.operation(), "spend": 700, "points": 700, "recovered": 600}
    history.mine(("ReturnSettled", again), position(base=10_000_000, credit=10_000_000))
    assert "ReturnSettled.spend" in history.found()


def test_finds_a_refund_by_another_partners_terms(history: History) -> None:
    bought(history)
    history.mine(history.redemption(300, nonce=1), position(base=10_000_000, reimbursed=2_400_000))
    refund = {
        "operation": history.operation(),
        "member": MEMBER,
        "points": 100,
        "nonce": 1,
        "lot": 1,
        "expiresDay": 31,
        "terms": TERMS,
    }
    history.mine(("RefundSettled", refund), position(base=10_000_000, reimbursed=1_600_000))
    assert history.found() == ["RefundSettled.terms"]
    assert REFUND_TERMS in history.ledger.registry.terms


def test_finds_a_hold_that_ended_twice(history: History) -> None:
    bought(history)
    placed = {"operation": history.operation(), "member": MEMBER, "points": 10, "nonce": 1, "expiresDay": 9}
    history.mine(("HoldPlaced", placed))
    for _ in range(2):
        voided = {"operation": history.operation(), "member": MEMBER, "nonce": 1, "released": 10}
        history.mine(("HoldVoided", voided))
    assert history.found() == ["HoldVoided.row"]


def test_finds_a_transfer_that_lost_a_point(history: History) -> None:
    bought(history)
    sent = {"operation": history.operation(), "member": MEMBER, "to": OTHER, "points": 10, "nonce": 1}
    received = {"member": OTHER, "lot": 0, "points": 9, "expiresDay": 31, "terms": TERMS}
    history.mine(("TransferSettled", sent), ("LotReceived", received))
    assert history.found() == ["LotReceived.points"]


class TestCampaign:
    def test_agrees_with_an_award_and_its_claw_back(self, history: History) -> None:
        history.mine(campaign_opened(opens_day=2))
        self.visit_twice(history, self.awarded(lot=2), position(base=2_000_000, bonus=450_000))
        returned = {
            "operation": history.operation(),
            "member": MEMBER,
            "lot": 0,
            "spend": 100,
            "points": 100,
            "recovered": 100,
        }
        clawed_back = {"campaign": 1, "member": MEMBER, "stage": 0, "lot": 2, "points": 100, "recovered": 100}
        history.mine(
            ("ReturnSettled", returned),
            ("BonusClawedBack", clawed_back),
            position(base=2_000_000, bonus=450_000, credit=1_450_000),
        )
        assert history.found() == []
        assert history.ledger.campaigns[1].spent_points == 0

    def test_finds_a_bonus_that_was_not_awarded(self, history: History) -> None:
        history.mine(campaign_opened(opens_day=2))
        self.visit_twice(history, position(base=2_000_000, bonus=450_000))
        assert history.found() == ["BonusAwarded.count", "BonusAwarded.points"]

    def test_finds_a_bonus_that_was_awarded_beyond_the_budget(self, history: History) -> None:
        history.mine(campaign_opened(opens_day=2, budget_points=99))
        self.visit_twice(history, self.awarded(lot=2), position(base=2_000_000, bonus=450_000))
        assert {"BonusAwarded.points", "BonusRefused.count", "PositionChanged.bonus"} <= set(history.found())

    def test_finds_shares_that_were_rounded_otherwise(self, history: History) -> None:
        """A third of 100 points is 33, and the point left over goes to the larger remainder, the operator's."""
        history.mine(campaign_opened(opens_day=2, share_bps=3_333))
        self.visit_twice(history, self.awarded(lot=2), position(base=2_000_000, bonus=34 * 9_000))
        assert history.found() == ["PositionChanged.bonus"]

    def test_finds_a_campaign_that_opened_too_late(self, history: History) -> None:
        history.mine(campaign_opened(opens_day=1))
        assert history.found() == ["CampaignOpened.opensDay"]

    def test_counts_nothing_while_it_is_paused(self, history: History) -> None:
        history.mine(campaign_opened(opens_day=2))
        history.mine(("CampaignPaused", {"campaign": 1, "fromDay": 2}))
        self.visit_twice(history, position(base=2_000_000))
        assert history.found() == []

    @staticmethod
    def visit_twice(history: History, *last: tuple[str, dict[str, Any]]) -> None:
        history.day = 2
        history.mine(history.purchase(100, lot=0), position(base=1_000_000))
        history.mine(history.purchase(100, lot=1), *last)

    @staticmethod
    def awarded(*, lot: int) -> tuple[str, dict[str, Any]]:
        args = {"campaign": 1, "member": MEMBER, "stage": 0, "points": 100, "lot": lot, "expiresDay": 32}
        return "BonusAwarded", args | {"terms": STAGE_TERMS}


def test_finds_a_statement_that_was_rounded_otherwise(history: History) -> None:
    bought(history, 3)
    history.mine(("CycleClosed", {"cycle": 1, "day": 1}))
    lines = {"base": 30_000, "bonus": 0, "credit": 0, "reimbursed": 0, "carriedIn": 0}
    history.mine(
        ("StatementIssued", {"cycle": 1, "partner": 1, **lines, "payableMinor": 4, "carriedOut": -10_000})
    )
    assert history.found() == ["statements.payable_minor", "statements.carried_out"]


def test_agrees_with_a_touch_in_steps(history: History) -> None:
    """What a touch through an earlier day leaves is what was due by then."""
    bought(history)
    history.day = 10
    history.mine(history.purchase(50, lot=1), position(base=10_500_000))
    history.day = 60
    history.mine(("PointsExpired", {"member": MEMBER, "points": 1_000, "throughDay": 33}))
    assert history.found() == []
    assert history.ledger.account(MEMBER).balance == 50
    history.mine(("PointsExpired", {"member": MEMBER, "points": 50, "throughDay": 60}))
    assert history.found() == []


def test_goes_on_after_an_event_that_cannot_be(history: History) -> None:
    history.mine(
        ("HoldVoided", {"operation": history.operation(), "member": MEMBER, "nonce": 7, "released": 1})
    )
    bought(history)
    assert history.found() == ["HoldVoided.row"]
    assert history.ledger.account(MEMBER).balance == 1_000
