"""Why an operation is rejected: every broken rule of it, in the order in which the rules are checked."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from .account import Hold, HoldState
from .operations import Purchase, Redemption
from .terms import (
    CHECK_ORDER,
    OPERATOR,
    POINTS_MAX,
    SPEND_MAX_MINOR,
    Event,
    points_for_spend_floor,
    purchase_day,
)

if TYPE_CHECKING:
    from .ledger_model import LedgerModel


def broken_rules(ledger: LedgerModel, event: Event) -> list[str]:
    """All that is wrong with the operation; the first gives the reason. Changes nothing."""
    reasons = list(CHECKS[event["type"]](ledger, event))
    assert reasons == sorted(reasons, key=CHECK_ORDER.index)
    return reasons


def is_points_amount(points: int) -> bool:
    return 1 <= points <= POINTS_MAX


def is_spend_amount(spend_minor: int) -> bool:
    return 1 <= spend_minor <= SPEND_MAX_MINOR


def check_purchase(ledger: LedgerModel, event: Event) -> Iterator[str]:
    partner = ledger.partners[event["partner"]]
    if partner.is_suspended:
        yield "partner_suspended"
    points = points_for_spend_floor(event["spend"], partner.earn_rate)
    if not is_spend_amount(event["spend"]) or points > POINTS_MAX:
        yield "invalid_amount"
    if event["day"] - purchase_day(event) > ledger.program.late_posting_days:
        yield "posted_too_late"


def check_return(ledger: LedgerModel, event: Event) -> Iterator[str]:
    if not is_spend_amount(event["spend"]):
        yield "invalid_amount"
    purchase = ledger.applied.get(event["of"])
    if not isinstance(purchase, Purchase):
        yield "unknown_operation"
        return
    if purchase.partner_id != event["partner"]:
        yield "not_your_operation"
    if event["day"] - purchase.day > ledger.program.return_window_days:
        yield "return_too_late"
    if event["spend"] > purchase.kept_minor:
        yield "return_exceeds_purchase"


def check_refund(ledger: LedgerModel, event: Event) -> Iterator[str]:
    if not is_points_amount(event["points"]):
        yield "invalid_amount"
    redemption = ledger.applied.get(event["of"])
    if not isinstance(redemption, Redemption):
        yield "unknown_operation"
        return
    if redemption.partner_id != event["partner"]:
        yield "not_your_operation"
    if event["day"] - redemption.day > ledger.program.return_window_days:
        yield "return_too_late"
    if event["points"] > redemption.points - redemption.refunded_points:
        yield "refund_exceeds_redemption"


def check_redeem(ledger: LedgerModel, event: Event) -> Iterator[str]:
    if ledger.partners[event["partner"]].is_suspended:
        yield "partner_suspended"
    if not is_points_amount(event["points"]):
        yield "invalid_amount"
    yield from check_available(ledger, event)


def check_hold(ledger: LedgerModel, event: Event) -> Iterator[str]:
    if ledger.partners[event["partner"]].is_suspended:
        yield "partner_suspended"
    if not is_points_amount(event["points"]):
        yield "invalid_amount"
    if event["expires_day"] < event["day"]:
        yield "hold_expired"
    yield from check_available(ledger, event)


def check_capture(ledger: LedgerModel, event: Event) -> Iterator[str]:
    if not is_points_amount(event["points"]):
        yield "invalid_amount"
    yield from check_hold_is_open(ledger, event)
    hold = ledger.applied.get(event["hold"])
    if isinstance(hold, Hold) and event["points"] > hold.points:
        yield "capture_exceeds_hold"


def check_hold_is_open(ledger: LedgerModel, event: Event) -> Iterator[str]:
    """What a capture and a void have in common; it is all there is to a void."""
    hold = ledger.applied.get(event["hold"])
    if not isinstance(hold, Hold):
        yield "unknown_hold"
        return
    if hold.partner_id != event["partner"]:
        yield "not_your_operation"
    if hold.state is HoldState.CAPTURED:
        yield "hold_captured"
    if hold.state is HoldState.VOIDED:
        yield "hold_voided"
    if hold.state is HoldState.EXPIRED or (
        hold.state is HoldState.PENDING and hold.expires_day < event["day"]
    ):
        yield "hold_expired"


def check_transfer(ledger: LedgerModel, event: Event) -> Iterator[str]:
    if not is_points_amount(event["points"]):
        yield "invalid_amount"
    if event["member"] == event["to"]:
        yield "same_member"
    yield from check_available(ledger, event)


def check_grant(ledger: LedgerModel, event: Event) -> Iterator[str]:
    if event["partner"] != OPERATOR and ledger.partners[event["partner"]].is_suspended:
        yield "partner_suspended"
    if not is_points_amount(event["points"]):
        yield "invalid_amount"


def check_available(ledger: LedgerModel, event: Event) -> Iterator[str]:
    """Judged as touched, though a rejected operation leaves no touch behind."""
    account = ledger.accounts[event["member"]]
    if event["points"] > account.available_if_touched(event["day"]):
        yield "insufficient_points"


CHECKS: dict[str, Callable[[LedgerModel, Event], Iterator[str]]] = {
    "purchase": check_purchase,
    "return": check_return,
    "redeem": check_redeem,
    "refund": check_refund,
    "hold": check_hold,
    "capture": check_capture,
    "void": check_hold_is_open,
    "transfer": check_transfer,
    "grant": check_grant,
}
