"""The model once more, noting which rules a scenario reaches. Observes only: it changes no result."""

from __future__ import annotations

from .account import Account, Hold, Lot
from .campaign_observer import ObservedCampaigns
from .checks import broken_rules
from .operations import Purchase, Redemption
from .reached_rules import ReachedRules
from .report import report
from .terms import OPERATOR, OPERATOR_ACTS, POINTS_MAX, SPEND_MAX_MINOR, Event, Report, Scenario

MANY_LOTS = 15


def reached_rules(scenario: Scenario) -> ReachedRules:
    ledger = ObservedLedger(scenario)
    for event in scenario["events"]:
        ledger.apply(event)
    ledger.finish(scenario["as_of_day"])
    return ledger.reached


class ObservedLedger(ObservedCampaigns):
    def __init__(self, scenario: Scenario) -> None:
        super().__init__(scenario)
        self.first_event_by_id: dict[str, Event] = {}
        self.last_close_day = 0
        self.sender_by_piece: dict[Lot, str] = {}

    def finish(self, as_of_day: int) -> Report:
        debt_before = sum(account.debt for account in self.accounts.values())
        result = report(self, as_of_day=as_of_day)
        debt_after = sum(account.debt for account in self.accounts.values())
        self.reached.add("touch: at the end, repays debt", debt_after < debt_before)
        return result

    def operate(self, event: Event) -> str | None:
        first = self.first_event_by_id.setdefault(event["id"], event)
        if event["type"] in OPERATOR_ACTS:
            self.reached.add(f"applied: {event['type']}")
            if event["type"] == "close_cycle":
                self.last_close_day = event["day"]
        elif event["id"] in self.reason_by_id:
            self.observe_repeat(event, first)
        else:
            self.observe_checks(event)
        return super().operate(event)

    def observe_repeat(self, event: Event, first: Event) -> None:
        was_applied = self.reason_by_id[event["id"]] is None
        self.reached.add("id: repeated after it was applied", was_applied)
        self.reached.add("id: repeated after it was rejected", not was_applied)
        self.reached.add("id: repeated by another kind of operation", event["type"] != first["type"])
        self.reached.add("id: repeated by another partner", event.get("partner") != first.get("partner"))

    def observe_checks(self, event: Event) -> None:
        reasons = broken_rules(self, event)
        if not reasons:
            self.reached.add(f"applied: {event['type']}")
        else:
            self.reached.add(f"rejected: {event['type']}: {reasons[0]}")
        for other in reasons[1:]:
            self.reached.add(f"order: {event['type']}: {reasons[0]} before {other}")
        if "unknown_operation" in reasons or "unknown_hold" in reasons:
            named: str = event["of"] if "of" in event else event["hold"]
            self.reached.add("reference: to a rejected operation", self.reason_by_id.get(named) is not None)
            self.reached.add(
                "reference: to an operation of another kind", self.reason_by_id.get(named, "") is None
            )
            self.reached.add("reference: to nothing", named not in self.first_event_by_id)
        if event["type"] in ("redeem", "hold", "transfer"):
            has_enough_untouched = event["points"] <= self.accounts[event["member"]].available
            only_insufficient = reasons == ["insufficient_points"]
            self.reached.add(
                "rejected: only a touch would make the points insufficient",
                has_enough_untouched and only_insufficient,
            )
            self.reached.add(
                "applied: only the touch makes the points available", not has_enough_untouched and not reasons
            )
        if event["type"] == "purchase" and reasons[:1] == ["invalid_amount"]:
            self.reached.add("purchase: too many points in it", 1 <= event["spend"] <= SPEND_MAX_MINOR)

    def touch(self, member_id: str, day: int) -> Account:
        account = self.accounts[member_id]
        if account.last_touch_day <= self.last_close_day:
            due = account.copy().touch(self.last_close_day)
            self.reached.add("touch: what it recovers was due before a cycle closed", bool(due))
        return super().touch(member_id, day)

    # Purchases

    def purchase(self, event: Event) -> None:
        self.refused_at_this_purchase = []
        account = self.accounts[event["member"]]
        partner = self.partners[event["partner"]]
        debts_before = [debt.lot for debt in account.debts]
        super().purchase(event)
        purchase = self.applied[event["id"]]
        assert isinstance(purchase, Purchase)
        late_days = event["day"] - purchase.day
        self.reached.add("purchase: posted late", late_days > 0)
        self.reached.add(
            "purchase: on the last day for posting late", 0 < late_days == self.program.late_posting_days
        )
        self.reached.add("purchase: earns 0 points", purchase.lot.points == 0)
        self.reached.add("purchase: part of a point is dropped", event["spend"] * partner.earn_rate % 100 > 0)
        self.reached.add("purchase: most points in a lot", purchase.lot.points == POINTS_MAX)
        self.reached.add("purchase: most spend", event["spend"] == SPEND_MAX_MINOR)
        self.reached.add("purchase: on day 0", event["day"] == 0)
        self.reached.add("purchase: repays debt", debts_before != [] and purchase.lot.cancelled > 0)
        self.reached.add("campaign: purchase counts in several", len(purchase.counted_in) > 1)
        for campaign in self.campaigns.values():
            is_counted = campaign in purchase.counted_in
            self.reached.add(
                "campaign: purchase posted after it closed counts",
                is_counted and event["day"] > campaign.closes_day,
            )
            self.reached.add(
                "campaign: purchase from before it opened does not count",
                not is_counted
                and campaign.counts(partner.id, event["day"])
                and purchase.day < campaign.opens_day,
            )
            self.reached.add("campaign: 32 partners", is_counted and len(campaign.partner_ids) == 32)
        self.reached.add(
            "campaign: refused though this purchase's own points then free the budget",
            any(
                stage.bonus_points <= campaign.budget_left_points
                for campaign, stage in self.refused_at_this_purchase
            ),
        )

    def take_purchase_back(self, event: Event) -> None:
        purchase = self.applied[event["of"]]
        assert isinstance(purchase, Purchase)
        partner = self.partners[event["partner"]]
        was_whole = purchase.kept_minor == purchase.spend_minor
        cancelled_before = self.cancelled_or_owed(purchase)
        self.campaigns_clawing_back = 0
        super().take_purchase_back(event)
        is_full = purchase.kept_minor == 0
        self.reached.add("return: in part", not is_full)
        self.reached.add("return: in full at once", is_full and was_whole)
        self.reached.add("return: in full in several steps", is_full and not was_whole)
        self.reached.add("return: takes back no points", self.cancelled_or_owed(purchase) == cancelled_before)
        self.reached.add(
            "return: on the last day of the window",
            event["day"] - purchase.day == self.program.return_window_days > 0,
        )
        self.reached.add("return: lot was transferred in part", purchase.lot.moved > 0)
        self.reached.add("return: rate has changed since", partner.earn_rate != purchase.rate)
        self.reached.add(
            "return: price has changed since", partner.issue_price_micro != purchase.lot.price_micro
        )
        self.reached.add("return: by a suspended partner", partner.is_suspended)
        self.reached.add("claw-back: in several campaigns at once", self.campaigns_clawing_back > 1)

    def cancelled_or_owed(self, purchase: Purchase) -> int:
        debts = self.accounts[purchase.member_id].debts
        return purchase.lot.recovered + sum(debt.points for debt in debts if debt.lot is purchase.lot)

    # Redemptions, holds, transfers, grants

    def observe_take(self, account: Account, points: int, day: int) -> None:
        trial = account.copy()
        trial.touch(day)
        lots = [lot for lot, _ in trial.take_soonest(points)]
        self.reached.add("take: from several lots", len(lots) > 1)
        self.reached.add(
            "take: points of a lapsed lot that a hold kept", any(lot.expires_day < day for lot in lots)
        )

    def redeem(self, event: Event) -> None:
        self.observe_take(self.accounts[event["member"]], event["points"], event["day"])
        super().redeem(event)
        self.reached.add("redeem: all that is available", self.accounts[event["member"]].available == 0)

    def refund(self, event: Event) -> None:
        redemption = self.applied[event["of"]]
        assert isinstance(redemption, Redemption)
        partner = self.partners[event["partner"]]
        is_redeem = self.first_event_by_id[event["of"]]["type"] == "redeem"
        self.reached.add("refund: of a redeem", is_redeem)
        self.reached.add("refund: of a capture", not is_redeem)
        self.reached.add("refund: in several steps", redemption.refunded_points > 0)
        self.reached.add(
            "refund: price has changed since", redemption.price_micro != partner.redeem_price_micro
        )
        self.reached.add(
            "refund: lot expires today", redemption.day + self.program.lot_validity_days == event["day"]
        )
        self.reached.add("refund: by a suspended partner", partner.is_suspended)
        debt_before = self.touched_debt(redemption.member_id, event["day"])
        super().refund(event)
        self.reached.add("refund: repays debt", self.accounts[redemption.member_id].debt < debt_before)

    def touched_debt(self, member_id: str, day: int) -> int:
        trial = self.accounts[member_id].copy()
        trial.touch(day)
        return trial.debt

    def hold(self, event: Event) -> None:
        super().hold(event)
        self.reached.add("hold: last day is today", event["expires_day"] == event["day"])
        self.reached.add("hold: beside another", len(self.accounts[event["member"]].holds) > 1)

    def capture(self, event: Event) -> None:
        hold = self.applied[event["hold"]]
        assert isinstance(hold, Hold)
        self.observe_take(self.accounts[hold.member_id], event["points"], event["day"])
        self.reached.add("capture: all of it", event["points"] == hold.points)
        self.reached.add("capture: in part", event["points"] < hold.points)
        self.reached.add("capture: on its last day", event["day"] == hold.expires_day)
        self.reached.add("capture: by a suspended partner", self.partners[event["partner"]].is_suspended)
        self.observe_freed(event, hold)
        super().capture(event)

    def void(self, event: Event) -> None:
        hold = self.applied[event["hold"]]
        assert isinstance(hold, Hold)
        self.reached.add("void: by a suspended partner", self.partners[event["partner"]].is_suspended)
        self.observe_freed(event, hold)
        super().void(event)

    def observe_freed(self, event: Event, hold: Hold) -> None:
        """Tries the operation on a copy, to see what its second touch does."""
        account = self.accounts[hold.member_id]
        trial = account.copy()
        trial_hold = trial.holds[account.holds.index(hold)]
        trial.touch(event["day"])
        trial.holds.remove(trial_hold)
        trial.burn_soonest(event.get("points", 0))
        expired_before, debt_before = trial.expired, trial.debt
        trial.touch(event["day"])
        self.reached.add(f"{event['type']}: what is freed lapses", trial.expired > expired_before)
        self.reached.add(f"{event['type']}: what is freed repays debt", trial.debt < debt_before)

    def transfer(self, event: Event) -> None:
        receiver = self.accounts[event["to"]]
        lots_before = set(receiver.lots)
        debt_before = self.touched_debt(event["to"], event["day"])
        self.observe_take(self.accounts[event["member"]], event["points"], event["day"])
        super().transfer(event)
        pieces = [lot for lot in receiver.lots if lot not in lots_before]
        has_lapsed_piece = any(piece.expires_day < event["day"] for piece in pieces)
        self.reached.add("transfer: repays debt", receiver.debt < debt_before)
        self.reached.add("transfer: of many lots", len(pieces) >= MANY_LOTS)
        self.reached.add("transfer: of points of a lapsed lot", has_lapsed_piece)
        self.reached.add(
            "transfer: points of a lapsed lot arrive where points are held",
            has_lapsed_piece and receiver.held > 0,
        )
        for piece in pieces:
            assert piece.piece_of is not None
            self.sender_by_piece[piece] = event["member"]
            self.reached.add("transfer: of a bonus lot", piece.issuer.startswith("campaign:"))
            self.reached.add(
                "transfer: points go back", self.sender_by_piece.get(piece.piece_of) == event["to"]
            )

    def grant(self, event: Event) -> None:
        debt_before = self.touched_debt(event["member"], event["day"])
        super().grant(event)
        self.reached.add("grant: by the operator", event["partner"] == OPERATOR)
        self.reached.add("grant: repays debt", self.accounts[event["member"]].debt < debt_before)
