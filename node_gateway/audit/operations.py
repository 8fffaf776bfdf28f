"""Rebuilds what each settled operation does, from the event that settles it and the ledger rules.

An event gives what the operation was (who, how much, which lot or nonce) and what the chain made of it; the latter is computed anew
and compared.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from node_gateway.audit.accounts import Account, Hold, Lot, Piece, Redemption
from node_gateway.audit.campaigns import Award, Campaign
from node_gateway.audit.clearing import Line, shares
from node_gateway.audit.ledger import RebuiltLedger

Args = Mapping[str, Any]
Handler = Callable[[RebuiltLedger, Args], None]


def purchase(ledger: RebuiltLedger, args: Args) -> None:
    partner, member, key = args["operation"] >> 48, args["member"], (args["operation"],)
    terms = ledger.registry.terms[args["terms"]]
    ledger.check(ledger.registry.partners[partner].terms, args["terms"], "PurchaseSettled", key, "terms")
    points = args["spend"] * terms.earn_rate // 100
    ledger.check(points, args["points"], "PurchaseSettled", key, "points")
    occurred_day = args["expiresDay"] - ledger.rules.lot_validity_days
    is_in_time = 0 <= ledger.moment.day - occurred_day <= ledger.rules.late_posting_days
    ledger.check(True, is_in_time, "PurchaseSettled", key, "expiresDay")

    account = ledger.touched_account(member)
    lot = ledger.issue(
        member,
        args["lot"],
        terms=args["terms"],
        expires_day=args["expiresDay"],
        points=points,
        operation=args["operation"],
    )
    account.issued += points
    lot.spend_minor = lot.kept_minor = args["spend"]
    ledger.post(partner, Line.BASE, points * terms.issue_price_micro)
    counted = [
        campaign for campaign in ledger.campaigns_of(partner) if campaign.counts(partner, occurred_day)
    ]
    lot.counted_in = tuple(campaign.number for campaign in counted)
    for campaign in counted:
        _count_purchase(ledger, campaign, partner, member, args["spend"])
    ledger.repay(member)


def _count_purchase(
    ledger: RebuiltLedger, campaign: Campaign, partner: int, member: bytes, spend_minor: int
) -> None:
    progress = campaign.progress_of(member)
    progress.spend_minor[partner] += spend_minor
    progress.visits += 1
    for number, stage in enumerate(campaign.stages):
        if number in progress.awards or not progress.meets(stage):
            continue
        if campaign.spent_points + stage.bonus_points > campaign.budget_points:
            campaign.refused += 1
            ledger.effects.expect("BonusRefused", (campaign.number, member, number))
        else:
            progress.awards[number] = _award(ledger, campaign, number, member)


def _award(ledger: RebuiltLedger, campaign: Campaign, stage: int, member: bytes) -> Lot:
    points, terms = campaign.stages[stage].bonus_points, campaign.first_terms + stage
    expires_day = ledger.moment.day + ledger.rules.lot_validity_days
    account = ledger.account(member)
    lot = ledger.issue(member, len(account.lots), terms=terms, expires_day=expires_day, points=points)
    account.issued += points
    campaign.spent_points += points
    campaign.awards[member, lot.index] = Award(member, lot, stage)
    for funder, share in zip(campaign.funders, shares(points, campaign.shares_bps), strict=True):
        ledger.post(funder.partner, Line.BONUS, share * campaign.price_micro)
    key = (campaign.number, member, stage, lot.index, expires_day, terms)
    ledger.effects.expect("BonusAwarded", key, points)
    return lot


def take_purchase_back(ledger: RebuiltLedger, args: Args) -> None:
    member, key = args["member"], (args["operation"],)
    account = ledger.touched_account(member)
    lot = account.lots[args["lot"]]
    assert lot.operation is not None, "bonuses and transfers are not returned"
    assert lot.kept_minor is not None, "only purchases are returned"
    partner = lot.operation >> 48
    ledger.check(partner, args["operation"] >> 48, "ReturnSettled", key, "operation")
    ledger.check(True, args["spend"] <= lot.kept_minor, "ReturnSettled", key, "spend")
    purchase_day = lot.expires_day - ledger.rules.lot_validity_days
    is_in_time = ledger.moment.day - purchase_day <= ledger.rules.return_window_days
    ledger.check(True, is_in_time, "ReturnSettled", key, "lot")

    rate = ledger.registry.terms[lot.terms].earn_rate
    kept = lot.kept_minor - args["spend"]
    points = lot.kept_minor * rate // 100 - kept * rate // 100
    lot.kept_minor = kept
    recovered = _take_back(ledger, account, lot, points)
    ledger.check(points, args["points"], "ReturnSettled", key, "points")
    ledger.check(recovered, args["recovered"], "ReturnSettled", key, "recovered")
    for number in lot.counted_in:
        _undo_purchase(ledger, ledger.campaigns[number], partner, member, args["spend"], is_whole=kept == 0)
    ledger.repay(member)


def _take_back(ledger: RebuiltLedger, account: Account, lot: Lot, points: int) -> int:
    recovered = account.take_back(lot, points)
    ledger.credit([Piece(lot, recovered)] if recovered else [])
    return recovered


def _undo_purchase(
    ledger: RebuiltLedger,
    campaign: Campaign,
    partner: int,
    member: bytes,
    spend_minor: int,
    *,
    is_whole: bool,
) -> None:
    progress = campaign.progress_of(member)
    progress.spend_minor[partner] -= spend_minor
    progress.visits -= is_whole
    for number, stage in enumerate(campaign.stages):
        if number not in progress.awards or progress.meets(stage):
            continue
        lot = progress.awards.pop(number)
        recovered = _take_back(ledger, ledger.account(member), lot, lot.points)
        campaign.clawed_back.add((member, lot.index))
        key = (campaign.number, member, number, lot.index)
        ledger.effects.expect("BonusClawedBack", key, lot.points, recovered)


def redeem(ledger: RebuiltLedger, args: Args) -> None:
    account = ledger.touched_account(args["member"])
    ledger.check(
        True, args["points"] <= account.available, "RedemptionSettled", (args["operation"],), "points"
    )
    account.use_nonce(args["nonce"])
    _burn(ledger, account, args)


def _burn(ledger: RebuiltLedger, account: Account, args: Args) -> None:
    """Burns points at a partner, at its redeem price now."""
    partner, points = args["operation"] >> 48, args["points"]
    ledger.check(
        ledger.registry.partners[partner].terms, args["terms"], "terms", (args["operation"],), "terms"
    )
    price_micro = ledger.registry.terms[args["terms"]].redeem_price_micro
    account.take_soonest(points)
    account.burned += points
    ledger.post(partner, Line.REIMBURSED, points * price_micro)
    account.redemptions[args["nonce"]] = Redemption(partner, price_micro, ledger.moment.day, points)


def refund(ledger: RebuiltLedger, args: Args) -> None:
    partner, member, points, key = (
        args["operation"] >> 48,
        args["member"],
        args["points"],
        (args["operation"],),
    )
    account = ledger.touched_account(member)
    redemption = account.redemptions[args["nonce"]]
    ledger.check(redemption.partner, partner, "RefundSettled", key, "operation")
    ledger.check(True, points <= redemption.left, "RefundSettled", key, "points")
    is_in_time = ledger.moment.day - redemption.day <= ledger.rules.return_window_days
    ledger.check(True, is_in_time, "RefundSettled", key, "nonce")
    ledger.check(ledger.registry.partners[partner].refund_terms, args["terms"], "RefundSettled", key, "terms")
    expires_day = redemption.day + ledger.rules.lot_validity_days
    ledger.check(expires_day, args["expiresDay"], "RefundSettled", key, "expiresDay")

    redemption.left -= points
    account.burned -= points
    ledger.post(partner, Line.REIMBURSED, -points * redemption.redeem_price_micro)
    ledger.issue(
        member,
        args["lot"],
        terms=args["terms"],
        expires_day=expires_day,
        points=points,
        operation=args["operation"],
    )
    ledger.repay(member)


def place_hold(ledger: RebuiltLedger, args: Args) -> None:
    account = ledger.touched_account(args["member"])
    ledger.check(True, args["points"] <= account.available, "HoldPlaced", (args["operation"],), "points")
    ledger.check(
        True, args["expiresDay"] >= ledger.moment.day, "HoldPlaced", (args["operation"],), "expiresDay"
    )
    account.use_nonce(args["nonce"])
    account.place_hold(
        Hold(
            nonce=args["nonce"],
            operation=args["operation"],
            partner=args["operation"] >> 48,
            points=args["points"],
            expires_day=args["expiresDay"],
            block_number=ledger.moment.block_number,
        )
    )


def capture(ledger: RebuiltLedger, args: Args) -> None:
    account = ledger.touched_account(args["member"])
    hold = _pending_hold(ledger, account, args)
    account.end_hold(hold, "captured", captured=args["points"])
    ledger.check(hold.released, args["released"], "HoldCaptured", (args["operation"],), "released")
    _burn(ledger, account, args)
    ledger.touch(args["member"], ledger.moment.day)
    ledger.repay(args["member"])


def void(ledger: RebuiltLedger, args: Args) -> None:
    account = ledger.touched_account(args["member"])
    hold = _pending_hold(ledger, account, args)
    account.end_hold(hold, "voided", captured=0)
    ledger.check(hold.released, args["released"], "HoldVoided", (args["operation"],), "released")
    ledger.touch(args["member"], ledger.moment.day)
    ledger.repay(args["member"])


def _pending_hold(ledger: RebuiltLedger, account: Account, args: Args) -> Hold:
    hold = account.holds[args["nonce"]]
    ledger.check(hold.partner, args["operation"] >> 48, "holds", (args["member"], args["nonce"]), "partner")
    return hold


def transfer(ledger: RebuiltLedger, args: Args) -> None:
    sender, receiver = ledger.touched_account(args["member"]), ledger.touched_account(args["to"])
    ledger.check(True, args["points"] <= sender.available, "TransferSettled", (args["operation"],), "points")
    sender.use_nonce(args["nonce"])
    for source, points in sender.take_soonest(args["points"]):
        index = len(receiver.lots)
        ledger.issue(args["to"], index, terms=source.terms, expires_day=source.expires_day, points=points)
        ledger.effects.expect("LotReceived", (args["to"], index, source.expires_day, source.terms), points)
    sender.sent += args["points"]
    receiver.received += args["points"]
    ledger.repay(args["to"])


def grant(ledger: RebuiltLedger, args: Args) -> None:
    partner, member, key = args["operation"] >> 48, args["member"], (args["operation"],)
    if partner:
        ledger.check(ledger.registry.partners[partner].terms, args["terms"], "GrantSettled", key, "terms")
    expires_day = ledger.moment.day + ledger.rules.lot_validity_days
    ledger.check(expires_day, args["expiresDay"], "GrantSettled", key, "expiresDay")
    account = ledger.touched_account(member)
    ledger.issue(
        member,
        args["lot"],
        terms=args["terms"],
        expires_day=expires_day,
        points=args["points"],
        operation=args["operation"],
    )
    account.issued += args["points"]
    ledger.post(partner, Line.BASE, args["points"] * ledger.registry.terms[args["terms"]].issue_price_micro)
    ledger.repay(member)


HANDLERS: dict[str, Handler] = {
    "PurchaseSettled": purchase,
    "ReturnSettled": take_purchase_back,
    "RedemptionSettled": redeem,
    "RefundSettled": refund,
    "HoldPlaced": place_hold,
    "HoldCaptured": capture,
    "HoldVoided": void,
    "TransferSettled": transfer,
    "GrantSettled": grant,
}
