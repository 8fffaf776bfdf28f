"""The model once more, noting which campaign rules a scenario reaches. It changes no result."""

from __future__ import annotations

from collections import defaultdict

from .account import Account, Award, Lot
from .campaigns import Campaign, Stage
from .ledger_model import LedgerModel
from .operations import Purchase
from .terms import BASIS_POINTS, OPERATOR, Event, Scenario


class ObservedCampaigns(LedgerModel):
    def __init__(self, scenario: Scenario) -> None:
        super().__init__(scenario)
        self.refused_stages: defaultdict[tuple[str, str], set[int]] = defaultdict(set)
        self.clawed_back: defaultdict[tuple[str, str, int], list[Lot]] = defaultdict(list)
        self.awarded_ever_points: defaultdict[str, int] = defaultdict(int)
        self.refused_at_this_purchase: list[tuple[Campaign, Stage]] = []
        self.campaigns_clawing_back = 0

    def count_purchase(self, campaign: Campaign, event: Event, account: Account) -> None:
        standing_before = set(campaign.progress_by_member[event["member"]].bonus_lots)
        super().count_purchase(campaign, event, account)
        progress = campaign.progress_by_member[event["member"]]
        awarded = set(progress.bonus_lots) - standing_before
        refused = {
            number
            for number, stage in enumerate(campaign.stages)
            if progress.meets(stage) and number not in progress.bonus_lots
        }
        refused_before = self.refused_stages[campaign.id, event["member"]]
        self.reached.add("campaign: several stages at one purchase", len(awarded) > 1)
        self.reached.add("campaign: stage refused", bool(refused))
        self.reached.add(
            "campaign: later stage fits though an earlier was refused",
            any(later > earlier for later in awarded for earlier in refused),
        )
        self.reached.add(
            "campaign: refused stage is awarded at a later purchase", bool(awarded & refused_before)
        )
        self.reached.add("campaign: stage is refused again", bool(refused & refused_before))
        refused_before |= refused
        for number in awarded:
            old_lots = self.clawed_back[campaign.id, event["member"], number]
            owed_lots = [debt.lot for debt in account.debts]
            self.reached.add("campaign: awarded again after a claw-back", bool(old_lots))
            self.reached.add(
                "campaign: awarded again while the old award is owed",
                any(lot in owed_lots for lot in old_lots),
            )
        self.refused_at_this_purchase += [(campaign, campaign.stages[number]) for number in refused]

    def award(self, campaign: Campaign, stage: Stage, account: Account, day: int) -> Lot:
        points = stage.bonus_points
        self.awarded_ever_points[campaign.id] += points
        self.reached.add(
            "campaign: budget freed by recovery lets an award fit",
            self.awarded_ever_points[campaign.id] > campaign.budget_points,
        )
        self.reached.add("campaign: budget used up to the last point", points == campaign.budget_left_points)
        remainders = [points * part % BASIS_POINTS for part in campaign.funding_basis_points.values()]
        remainders.sort(reverse=True)
        left_over = sum(remainders) // BASIS_POINTS
        self.reached.add("campaign: shares leave points over", left_over > 0)
        self.reached.add(
            "campaign: tied remainders go to the funder listed first",
            left_over > 0 and remainders[left_over - 1] == remainders[left_over],
        )
        for funder, share in campaign.shares(points).items():
            self.reached.add("campaign: operator bears a share", funder == OPERATOR and share > 0)
            self.reached.add(
                "campaign: suspended funder is charged",
                funder != OPERATOR and share > 0 and self.partners[funder].is_suspended,
            )
        return super().award(campaign, stage, account, day)

    def undo_purchase(self, campaign: Campaign, purchase: Purchase, event: Event, account: Account) -> None:
        progress = campaign.progress_by_member[purchase.member_id]
        standing_before = dict(progress.bonus_lots)
        super().undo_purchase(campaign, purchase, event, account)
        taken = set(standing_before) - set(progress.bonus_lots)
        for number in taken:
            self.clawed_back[campaign.id, purchase.member_id, number].append(standing_before[number])
            self.reached.add("claw-back: for visits", progress.visits < campaign.stages[number].min_visits)
            self.reached.add("claw-back: of a lot that has lapsed", standing_before[number].expired > 0)
            self.reached.add("claw-back: after it closed", event["day"] > campaign.closes_day)
        self.reached.add("claw-back: several stages at once", len(taken) > 1)
        self.reached.add("claw-back: progress undone, award stands", bool(progress.bonus_lots))
        self.campaigns_clawing_back += bool(taken)

    def post_recovery_of_award(self, award: Award, points: int) -> None:
        self.reached.add("campaign: award recovered in several steps", award.recovered_points > 0)
        entries_before = len(self.clearing.journal)
        super().post_recovery_of_award(award, points)
        credits = self.clearing.journal[entries_before:]
        self.reached.add(
            "campaign: a recovery takes a point from a funder",
            any(entry.amount_micro < 0 for entry in credits),
        )
