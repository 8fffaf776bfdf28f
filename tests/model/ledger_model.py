"""A deliberately naive model of the ledger rules, written from them alone.

It shares no code with the product. Everything is recomputed, sorted and looped over each time; points and
money are `int`, and fractions are `Fraction`. What it does where the rules leave a choice is in README.md.
"""

from __future__ import annotations

from enum import StrEnum

from .account import Account, Award, Hold, HoldState, Lot, Recovery
from .always_true import assert_always_true
from .campaigns import Campaign, Stage, campaign_on
from .checks import broken_rules
from .clearing import Clearing
from .operations import Program, Purchase, Redemption, partner_on
from .reached_rules import ReachedRules
from .report import report
from .terms import OPERATOR, OPERATOR_ACTS, Event, Report, Scenario, points_for_spend_floor, purchase_day


class ExtraTouches(StrEnum):
    """Whether everyone is touched every day, and after every event, besides the touches of the rules.

    What a touch recovers counts from that touch on. UNCOUNTED extra touches leave what they recover to be
    counted at the account's next touch of the rules, so that the whole report must stay the same. COUNTED
    ones count at once, as a sweep does: then cycles, and the budget at a later award, may differ.
    """

    NONE = "none"
    UNCOUNTED = "uncounted"
    COUNTED = "counted"


def simulate(
    scenario: Scenario, extra_touches: ExtraTouches = ExtraTouches.NONE, *, checked_every: int = 1
) -> Report:
    """The report of a scenario that `scenario_format.problems` finds nothing wrong with.

    "Always true" is asserted after every so many events, and at the end: it looks at everything there is.
    """
    ledger = LedgerModel(scenario, extra_touches, checked_every=checked_every)
    for event in scenario["events"]:
        ledger.apply(event)
    assert_always_true(ledger)
    return report(ledger, as_of_day=scenario["as_of_day"])


class LedgerModel:
    def __init__(
        self, scenario: Scenario, extra_touches: ExtraTouches = ExtraTouches.NONE, *, checked_every: int = 1
    ) -> None:
        """Takes all but the events and the day of the report from the scenario."""
        program = scenario["program"]
        self.reached = ReachedRules()
        self.program = Program(
            program["lot_validity_days"], program["return_window_days"], program["late_posting_days"]
        )
        self.partners = {terms["id"]: partner_on(terms) for terms in scenario["partners"]}
        self.accounts = {member_id: Account(self.reached) for member_id in scenario["members"]}
        self.campaigns = {terms["id"]: campaign_on(terms) for terms in scenario["campaigns"]}
        self.clearing = Clearing(list(self.partners), program["currency_decimals"], self.reached)
        self.applied: dict[str, Purchase | Redemption | Hold] = {}
        self.reason_by_id: dict[str, str | None] = {}  # of every operation so far, None when applied
        self.rejected: list[Report] = []
        self.issued_lots: list[Lot] = []
        self.extra_touches = extra_touches
        self.swept_day = 0
        self.checked_every = checked_every
        self.events_seen = 0

    def apply(self, event: Event) -> str | None:
        """Applies, rejects or ignores one event; returns the reason of a rejection."""
        self.sweep(event["day"])
        reason = self.operate(event)
        self.sweep(event["day"])
        self.events_seen += 1
        if self.events_seen % self.checked_every == 0:
            assert_always_true(self)
        return reason

    def operate(self, event: Event) -> str | None:
        if event["type"] in OPERATOR_ACTS:
            self.apply_operator_act(event)
            return None
        if event["id"] in self.reason_by_id:
            return None
        reasons = broken_rules(self, event)
        self.reason_by_id[event["id"]] = reasons[0] if reasons else None
        if reasons:
            self.rejected.append({"id": event["id"], "reason": reasons[0]})
            return reasons[0]
        {
            "purchase": self.purchase,
            "return": self.take_purchase_back,
            "redeem": self.redeem,
            "refund": self.refund,
            "hold": self.hold,
            "capture": self.capture,
            "void": self.void,
            "transfer": self.transfer,
            "grant": self.grant,
        }[event["type"]](event)
        return None

    def apply_operator_act(self, event: Event) -> None:
        if event["type"] == "close_cycle":
            self.clearing.close_cycle(cycle_id=event["id"], day=event["day"])
            return
        partner = self.partners[event["partner"]]
        if event["type"] == "reprice":
            partner.issue_price_micro = event.get("issue_price", partner.issue_price_micro)
            partner.redeem_price_micro = event.get("redeem_price", partner.redeem_price_micro)
            partner.earn_rate = event.get("earn_points_per_100_minor", partner.earn_rate)
        else:
            partner.is_suspended = event["type"] == "suspend"

    # Touch

    def touch(self, member_id: str, day: int) -> Account:
        account = self.accounts[member_id]
        account.unposted += account.touch(day)
        recoveries, account.unposted = account.unposted, []
        self.post_recoveries(recoveries)
        return account

    def sweep(self, today: int) -> None:
        """The extra touches, if any: everyone, on each day up to today."""
        if self.extra_touches is ExtraTouches.NONE:
            return
        for day in range(self.swept_day, today + 1):
            for account in self.accounts.values():
                account.unposted += account.touch(day)
        self.swept_day = today
        if self.extra_touches is ExtraTouches.COUNTED:
            for member_id in self.accounts:
                self.touch(member_id, today)

    def post_recoveries(self, recoveries: list[Recovery]) -> None:
        for lot, points in recoveries:
            lot.recovered += points
            if lot.award is None:
                self.clearing.post(lot.issuer, "credit", points * lot.price_micro)
            else:
                self.post_recovery_of_award(lot.award, points)

    def post_recovery_of_award(self, award: Award, points: int) -> None:
        campaign = self.campaigns[award.campaign_id]
        credited_before = campaign.shares(award.recovered_points)
        award.recovered_points += points
        campaign.spent_points -= points
        credited = campaign.shares(award.recovered_points)
        for funder in campaign.funding_basis_points:
            step = credited[funder] - credited_before[funder]
            if funder != OPERATOR:
                self.clearing.post(funder, "credit", step * campaign.price_micro)

    # Operations

    def purchase(self, event: Event) -> None:
        partner = self.partners[event["partner"]]
        occurred_day = purchase_day(event)
        account = self.touch(event["member"], event["day"])
        lot = Lot(
            partner.id,
            partner.issue_price_micro,
            occurred_day + self.program.lot_validity_days,
            points_for_spend_floor(event["spend"], partner.earn_rate),
        )
        self.issue_billed(account, lot)
        purchase = Purchase(
            partner.id,
            event["member"],
            occurred_day,
            partner.earn_rate,
            event["spend"],
            event["spend"],
            lot,
            [],
        )
        for campaign in self.campaigns.values():
            if campaign.counts(partner.id, occurred_day):
                purchase.counted_in.append(campaign)
                self.count_purchase(campaign, event, account)
        self.post_recoveries(account.repay_debt())
        self.applied[event["id"]] = purchase

    def count_purchase(self, campaign: Campaign, event: Event, account: Account) -> None:
        progress = campaign.progress_by_member[event["member"]]
        progress.spend_by_partner_minor[event["partner"]] += event["spend"]
        progress.visits += 1
        for number, stage in enumerate(campaign.stages):
            if progress.meets(stage) and number not in progress.bonus_lots:
                if stage.bonus_points > campaign.budget_left_points:
                    campaign.refused += 1
                else:
                    progress.bonus_lots[number] = self.award(campaign, stage, account, event["day"])

    def award(self, campaign: Campaign, stage: Stage, account: Account, day: int) -> Lot:
        points = stage.bonus_points
        award = Award(campaign.id, points)
        lot = Lot(campaign.issuer, campaign.price_micro, day + self.program.lot_validity_days, points, award)
        account.issue(lot)
        self.issued_lots.append(lot)
        campaign.spent_points += points
        for funder, share in campaign.shares(points).items():
            if funder != OPERATOR:
                self.clearing.post(funder, "bonus", share * campaign.price_micro)
        return lot

    def take_purchase_back(self, event: Event) -> None:
        purchase = self.applied[event["of"]]
        assert isinstance(purchase, Purchase)
        account = self.touch(purchase.member_id, event["day"])
        points_before = points_for_spend_floor(purchase.kept_minor, purchase.rate)
        purchase.kept_minor -= event["spend"]
        points = points_before - points_for_spend_floor(purchase.kept_minor, purchase.rate)
        self.post_recoveries(account.take_back(purchase.lot, points))
        for campaign in purchase.counted_in:
            self.undo_purchase(campaign, purchase, event, account)
        self.post_recoveries(account.repay_debt())

    def undo_purchase(self, campaign: Campaign, purchase: Purchase, event: Event, account: Account) -> None:
        progress = campaign.progress_by_member[purchase.member_id]
        progress.spend_by_partner_minor[purchase.partner_id] -= event["spend"]
        if purchase.kept_minor == 0:
            progress.visits -= 1
        for number, stage in enumerate(campaign.stages):
            if number in progress.bonus_lots and not progress.meets(stage):
                lot = progress.bonus_lots.pop(number)
                self.post_recoveries(account.take_back(lot, stage.bonus_points))

    def redeem(self, event: Event) -> None:
        account = self.touch(event["member"], event["day"])
        self.burn(event, event["member"], account)

    def burn(self, event: Event, member_id: str, account: Account) -> None:
        price_micro = self.partners[event["partner"]].redeem_price_micro
        account.burn_soonest(event["points"])
        self.clearing.post(event["partner"], "reimbursed", event["points"] * price_micro)
        self.applied[event["id"]] = Redemption(
            event["partner"], member_id, event["day"], price_micro, event["points"]
        )

    def refund(self, event: Event) -> None:
        redemption = self.applied[event["of"]]
        assert isinstance(redemption, Redemption)
        account = self.touch(redemption.member_id, event["day"])
        redemption.refunded_points += event["points"]
        account.burned -= event["points"]
        self.clearing.post(redemption.partner_id, "reimbursed", -event["points"] * redemption.price_micro)
        expires_day = redemption.day + self.program.lot_validity_days
        account.add_lot(Lot(f"refund:{redemption.partner_id}", 0, expires_day, event["points"]))
        self.post_recoveries(account.repay_debt())

    def hold(self, event: Event) -> None:
        account = self.touch(event["member"], event["day"])
        hold = Hold(event["partner"], event["member"], event["points"], event["expires_day"])
        account.holds.append(hold)
        self.applied[event["id"]] = hold

    def capture(self, event: Event) -> None:
        hold = self.applied[event["hold"]]
        assert isinstance(hold, Hold)
        account = self.touch(hold.member_id, event["day"])
        hold.state = HoldState.CAPTURED
        hold.captured_points = event["points"]
        account.release(hold, hold.points - event["points"])
        self.burn(event, hold.member_id, account)
        self.touch(hold.member_id, event["day"])

    def void(self, event: Event) -> None:
        hold = self.applied[event["hold"]]
        assert isinstance(hold, Hold)
        account = self.touch(hold.member_id, event["day"])
        hold.state = HoldState.VOIDED
        account.release(hold, hold.points)
        self.touch(hold.member_id, event["day"])

    def transfer(self, event: Event) -> None:
        sender = self.touch(event["member"], event["day"])
        receiver = self.touch(event["to"], event["day"])
        pieces = sender.take_soonest(event["points"])
        for lot, points in pieces:
            lot.moved += points
            receiver.add_lot(Lot(lot.issuer, lot.price_micro, lot.expires_day, points, piece_of=lot))
        sender.sent += event["points"]
        receiver.received += event["points"]
        self.post_recoveries(receiver.repay_debt())

    def grant(self, event: Event) -> None:
        account = self.touch(event["member"], event["day"])
        is_operator = event["partner"] == OPERATOR
        price_micro = 0 if is_operator else self.partners[event["partner"]].issue_price_micro
        expires_day = event["day"] + self.program.lot_validity_days
        self.issue_billed(account, Lot(event["partner"], price_micro, expires_day, event["points"]))
        self.post_recoveries(account.repay_debt())

    def issue_billed(self, account: Account, lot: Lot) -> None:
        account.issue(lot)
        self.issued_lots.append(lot)
        if lot.issuer != OPERATOR:
            self.clearing.post(lot.issuer, "base", lot.points * lot.price_micro)
