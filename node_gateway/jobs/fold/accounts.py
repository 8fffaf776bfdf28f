"""Events that change members' points: lots, holds, debts, totals.

The rules are the chain's (ledger rules page); what is here only repeats where the chain took points from. Every event that states a sum is
checked against what the lots gave.
"""

from collections.abc import Callable

from node_gateway.chain.abi import Event
from node_gateway.domain.states import HoldState, IssuerKind
from node_gateway.jobs.fold.campaigns import fold_award, fold_claw_back, record_purchase, undo_purchase
from node_gateway.jobs.fold.model import ReadModel
from node_gateway.jobs.rows import Row

Handler = Callable[[ReadModel, Event], None]


class FoldMismatchError(Exception):
    """The lots that the read model has do not give what the chain says it took: the read model is wrong."""

    def __init__(self, event: Event, expected_points: int, found_points: int) -> None:
        super().__init__(
            f"{event.name} at log {event.log_index}: expected {expected_points} points, found {found_points}"
        )
        self.event = event
        self.expected_points = expected_points
        self.found_points = found_points


def fold_purchase(model: ReadModel, event: Event) -> None:
    args = event.args
    row = _issue(model, event, operation=args["operation"], spend=args["spend"])
    model.totals["issued"] += args["points"]
    day = row["expires_day"] - model.program["lot_validity_days"]
    record_purchase(model, args["member"], args["operation"] >> 48, day=day, spend_minor=args["spend"])


def fold_grant(model: ReadModel, event: Event) -> None:
    _issue(model, event, operation=event.args["operation"])
    model.totals["issued"] += event.args["points"]


def fold_refund(model: ReadModel, event: Event) -> None:
    _issue(model, event, operation=event.args["operation"])
    model.totals["burned"] -= event.args["points"]
    model.totals["outstanding"] += event.args["points"]


def fold_bonus_awarded(model: ReadModel, event: Event) -> None:
    _issue(model, event, operation=None)
    model.totals["issued"] += event.args["points"]
    fold_award(model, event)


def fold_lot_received(model: ReadModel, event: Event) -> None:
    _issue(model, event, operation=None)


def fold_return(model: ReadModel, event: Event) -> None:
    args = event.args
    lot = model.lots.change(args["member"], args["lot"])
    lot["spend_kept"] -= args["spend"]
    _take_back(model, event, lot)
    day = lot["expires_day"] - model.program["lot_validity_days"]
    undo_purchase(
        model,
        args["member"],
        args["operation"] >> 48,
        day=day,
        spend_minor=args["spend"],
        is_whole=lot["spend_kept"] == 0,
    )


def fold_bonus_clawed_back(model: ReadModel, event: Event) -> None:
    _take_back(model, event, model.lots.change(event.args["member"], event.args["lot"]))
    fold_claw_back(model, event)


def fold_redemption(model: ReadModel, event: Event) -> None:
    args = event.args
    _consume(model, event, args["points"])
    model.use_nonce(args["member"], args["nonce"])
    model.totals["burned"] += args["points"]
    model.totals["outstanding"] -= args["points"]


def fold_transfer(model: ReadModel, event: Event) -> None:
    args = event.args
    _consume(model, event, args["points"])
    model.use_nonce(args["member"], args["nonce"])
    model.member(args["to"])


def fold_points_expired(model: ReadModel, event: Event) -> None:
    args = event.args
    held = model.member(args["member"])["held"]
    _consume(model, event, args["points"], before_day=args["throughDay"], passed_over=held, takes_all=True)
    model.totals["expired"] += args["points"]
    model.totals["outstanding"] -= args["points"]


def fold_debt_repaid(model: ReadModel, event: Event) -> None:
    args = event.args
    _consume(model, event, args["points"])
    member, left = args["member"], args["points"]
    owed = sorted(
        (row for row in model.debts.values() if row["member"] == member), key=lambda row: int(row["position"])
    )
    for debt in owed:
        if left == 0:
            break
        if debt["terms"] != args["terms"]:
            raise FoldMismatchError(event, args["terms"], debt["terms"])
        part = min(debt["points"], left)
        left -= part
        _count_recovered(model, member, debt["lot"], part)
        if part == debt["points"]:
            model.debts.remove(member, debt["position"])
        else:
            model.debts.change(member, debt["position"])["points"] -= part
    if left:
        raise FoldMismatchError(event, args["points"], args["points"] - left)
    model.member(member)["debt"] -= args["points"]
    _cancel(model, args["points"], terms=args["terms"])


def fold_hold_placed(model: ReadModel, event: Event) -> None:
    args = event.args
    member = model.member(args["member"])
    member["held"] += args["points"]
    model.use_nonce(args["member"], args["nonce"])
    model.holds.put({
        "member": args["member"],
        "nonce": args["nonce"],
        "operation": args["operation"],
        "partner": args["operation"] >> 48,
        "points": args["points"],
        "expires_day": args["expiresDay"],
        "state": HoldState.PENDING.value,
        "captured": 0,
        "released": 0,
        "block_number": model.block_number,
    })  # fmt: skip


def fold_hold_captured(model: ReadModel, event: Event) -> None:
    args = event.args
    _end_hold(model, event, HoldState.CAPTURED, captured=args["points"])
    _consume(model, event, args["points"])
    model.totals["burned"] += args["points"]
    model.totals["outstanding"] -= args["points"]


def fold_hold_voided(model: ReadModel, event: Event) -> None:
    _end_hold(model, event, HoldState.VOIDED, captured=0)


def fold_hold_expired(model: ReadModel, event: Event) -> None:
    _end_hold(model, event, HoldState.EXPIRED, captured=0)


def _issue(model: ReadModel, event: Event, *, operation: int | None, spend: int | None = None) -> Row:
    args = event.args
    member, lot, points, expires_day = args["member"], args["lot"], args["points"], args["expiresDay"]
    row = model.lots.put({
        "member": member,
        "lot": lot,
        "terms": args["terms"],
        # Lots of one day are taken in the order of their numbers.
        "arrival": lot,
        "expires_day": expires_day,
        "points": points,
        "points_left": points,
        "spend": spend,
        "spend_kept": spend,
        "recovered": 0,
        "operation": operation,
        "block_number": model.block_number,
    })  # fmt: skip
    account = model.member(member)
    account["next_lot"] = max(account["next_lot"], lot + 1)
    if points:
        account["balance"] += points
        soonest = account["soonest_expires_day"]
        if soonest is None or expires_day < soonest:
            account["soonest_expires_day"] = expires_day
        model.add_open_lot(member, expires_day, lot)
    if event.name in _NEW_POINTS:
        model.totals["outstanding"] += points
    return row


_NEW_POINTS = frozenset({"PurchaseSettled", "GrantSettled", "BonusAwarded"})


def _take_back(model: ReadModel, event: Event, lot: Row) -> None:
    """First from the lot, then soonest first; what was not recovered becomes debt of the lot."""
    args = event.args
    recovered = args["recovered"]
    own = min(lot["points_left"], recovered)
    if own:
        lot["points_left"] -= own
        account = model.member(args["member"])
        account["balance"] -= own
        _set_soonest(model, args["member"], account)
    _consume(model, event, recovered - own)
    lot["recovered"] += recovered
    _cancel(model, recovered, terms=lot["terms"])
    if owed := args["points"] - recovered:
        _owe(model, args["member"], lot, owed)


def _owe(model: ReadModel, member: bytes, lot: Row, points: int) -> None:
    model.member(member)["debt"] += points
    owed = [row for row in model.debts.values() if row["member"] == member]
    last = max(owed, key=lambda row: int(row["position"]), default=None)
    # As on the chain: debts of the same terms in a row are one, but those of an award stay apart.
    if last and last["terms"] == lot["terms"] and model.issuer_kind(lot["terms"]) is not IssuerKind.CAMPAIGN:
        debt = model.debts.change(member, last["position"])
        debt["points"] += points
        debt["lot"] = debt["lot"] if debt["lot"] == lot["lot"] else None
        return
    position = last["position"] + 1 if last else 0
    model.debts.put(
        {"member": member, "position": position, "terms": lot["terms"], "lot": lot["lot"], "points": points}
    )


def _consume(
    model: ReadModel,
    event: Event,
    points: int,
    *,
    before_day: int | None = None,
    passed_over: int = 0,
    takes_all: bool = False,
) -> None:
    """Take points, soonest-expiring first, from lots before a day, after passing over some; check the sum."""
    member = event.args["member"]
    taken = 0
    open_lots = model.open_lots[member]
    for expires_day, index in open_lots:
        if (before_day is not None and expires_day >= before_day) or (taken == points and not takes_all):
            break
        lot = model.lots.change(member, index)
        passed = min(passed_over, lot["points_left"])
        passed_over -= passed
        free = lot["points_left"] - passed
        part = free if takes_all else min(free, points - taken)
        lot["points_left"] -= part
        taken += part
    if taken != points:
        raise FoldMismatchError(event, points, taken)
    if points:
        account = model.member(member)
        account["balance"] -= points
        _set_soonest(model, member, account)


def _set_soonest(model: ReadModel, member: bytes, account: Row) -> None:
    lots = model.open_lots[member]
    open_lots = [entry for entry in lots if _points_left(model, member, entry[1])]
    model.open_lots[member] = open_lots
    account["soonest_expires_day"] = open_lots[0][0] if open_lots else None


def _points_left(model: ReadModel, member: bytes, lot: int) -> int:
    row = model.lots.get(member, lot)
    assert row is not None
    return int(row["points_left"])


def _end_hold(model: ReadModel, event: Event, state: HoldState, *, captured: int) -> None:
    args = event.args
    hold = model.holds.change(args["member"], args["nonce"])
    if hold["state"] != HoldState.PENDING or hold["points"] != captured + args["released"]:
        raise FoldMismatchError(event, hold["points"], captured + args["released"])
    hold["state"] = state.value
    hold["captured"] = captured
    hold["released"] = args["released"]
    model.member(args["member"])["held"] -= hold["points"]


def _count_recovered(model: ReadModel, member: bytes, lot: int | None, points: int) -> None:
    if lot is not None and (member, lot) in model.lots:
        model.lots.change(member, lot)["recovered"] += points


def _cancel(model: ReadModel, points: int, *, terms: int) -> None:
    """Recovered points are cancelled; those of a bonus go back to the campaign's budget."""
    model.totals["cancelled"] += points
    model.totals["outstanding"] -= points
    if points and model.issuer_kind(terms) is IssuerKind.CAMPAIGN:
        row = model.terms.get(terms)
        assert row is not None
        campaign = model.campaigns.change(row["issuer"])
        campaign["spent_points"] -= points
        campaign["as_of_block"] = model.block_number


HANDLERS: dict[str, Handler] = {
    "PurchaseSettled": fold_purchase,
    "ReturnSettled": fold_return,
    "RedemptionSettled": fold_redemption,
    "RefundSettled": fold_refund,
    "HoldPlaced": fold_hold_placed,
    "HoldCaptured": fold_hold_captured,
    "HoldVoided": fold_hold_voided,
    "HoldExpired": fold_hold_expired,
    "TransferSettled": fold_transfer,
    "LotReceived": fold_lot_received,
    "GrantSettled": fold_grant,
    "BonusAwarded": fold_bonus_awarded,
    "BonusClawedBack": fold_bonus_clawed_back,
    "PointsExpired": fold_points_expired,
    "DebtRepaid": fold_debt_repaid,
}
