"""What an event of the ledger means for one member: a line of the history, or nothing."""

from collections.abc import Iterable
from dataclasses import replace

from partner_sdk import Event
from wallet_app.gateway import CampaignId, HistoryLine, LineKind, MemberId, PartnerId

# Sign of the points, the field that holds them, and the kind of line. A hold moves nothing until it is captured.
_POINTS: dict[str, tuple[LineKind, int, str]] = {
    "PurchaseSettled": (LineKind.PURCHASE, 1, "points"),
    "ReturnSettled": (LineKind.RETURN, -1, "recovered"),
    "RedemptionSettled": (LineKind.REDEMPTION, -1, "points"),
    "RefundSettled": (LineKind.REFUND, 1, "points"),
    "HoldPlaced": (LineKind.HOLD_PLACED, 0, "points"),
    "HoldCaptured": (LineKind.HOLD_CAPTURED, -1, "points"),
    "HoldVoided": (LineKind.HOLD_VOIDED, 0, "released"),
    "HoldExpired": (LineKind.HOLD_EXPIRED, 0, "released"),
    "TransferSettled": (LineKind.TRANSFER_SENT, -1, "points"),
    "LotReceived": (LineKind.TRANSFER_RECEIVED, 1, "points"),
    "GrantSettled": (LineKind.GRANT, 1, "points"),
    "BonusAwarded": (LineKind.BONUS, 1, "points"),
    "BonusClawedBack": (LineKind.BONUS_CLAWED_BACK, -1, "recovered"),
    "PointsExpired": (LineKind.EXPIRED, -1, "points"),
    "DebtRepaid": (LineKind.DEBT_REPAID, -1, "points"),
    "MemberLocked": (LineKind.LOCKED, 0, ""),
    "MemberUnlocked": (LineKind.UNLOCKED, 0, ""),
    "MemberEnrolled": (LineKind.ENROLLED, 0, ""),
    "KeyAdded": (LineKind.KEY_CHANGED, 0, ""),
    "KeyRemoved": (LineKind.KEY_CHANGED, 0, ""),
    "RecoveryFinished": (LineKind.KEY_CHANGED, 0, ""),
    "OperationRejected": (LineKind.REJECTED, 0, ""),
}


def history_lines(events: Iterable[Event], member: MemberId) -> tuple[HistoryLine, ...]:
    """Lines in the order of the events; the lots that one transfer brought become one line."""
    lines: list[HistoryLine] = []
    for event in events:
        line = history_line(event, member)
        if line is None:
            continue
        before = lines[-1] if lines else None
        if (
            before
            and line.kind is before.kind is LineKind.TRANSFER_RECEIVED
            and line.tx_hash == before.tx_hash
        ):
            lines[-1] = replace(before, points_delta=before.points_delta + line.points_delta)
        else:
            lines.append(line)
    return tuple(lines)


def history_line(event: Event, member: MemberId) -> HistoryLine | None:
    """The line of an event; None when it tells the member nothing."""
    if event.name not in _POINTS:
        return None
    # The receiver of a transfer sees the lots that arrived.
    if event.name == "TransferSettled" and event.member is not None and event.member.text != member.lower():
        return None
    kind, sign, field = _POINTS[event.name]
    points = int(event.data.get(field) or 0)
    other = event.data.get("to") if kind is LineKind.TRANSFER_SENT else None
    campaign = event.data.get("campaign")
    return HistoryLine(
        id=event.id,
        kind=kind,
        points_delta=sign * points,
        points_concerned=points,
        happened_at_s=event.block_timestamp_s or 0,
        block_number=event.block_number or 0,
        partner=PartnerId(event.partner) if event.partner else None,
        campaign=CampaignId(int(campaign)) if campaign is not None else None,
        spend_minor=int(event.data["spend"]) if event.data.get("spend") is not None else None,
        other_member=MemberId(str(other)) if other else None,
        reason=str(event.data["reason"]) if "reason" in event.data else None,
        tx_hash=event.tx_hash,
    )
