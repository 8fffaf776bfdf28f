"""Campaign progress as steps that a member can follow."""

from dataclasses import dataclass

from wallet_app.formatting import Formatter
from wallet_app.gateway import CampaignProgress, PartnerId, StageProgress
from wallet_app.presentation.activity import partner_name

PARTNERS_NAMED_MAX = 6


@dataclass(frozen=True)
class Condition:
    """One condition of a stage; `done` never exceeds `needed`. `progress` is what is done, as text."""

    label: str
    progress: str
    done: int
    needed: int

    @property
    def is_met(self) -> bool:
        return self.done >= self.needed


@dataclass(frozen=True)
class StageCard:
    bonus: str
    is_awarded: bool
    conditions: tuple[Condition, ...]


@dataclass(frozen=True)
class CampaignCard:
    name: str
    when: str
    partners: tuple[str, ...]
    partners_more: int
    stages: tuple[StageCard, ...]
    is_budget_used: bool
    is_finished: bool


def campaign_cards(
    campaigns: tuple[CampaignProgress, ...], *, partners: dict[PartnerId, str], formatter: Formatter
) -> tuple[CampaignCard, ...]:
    """Cards of campaigns that are open or about to open, soonest end first; closed ones are left out."""
    current = sorted(
        (campaign for campaign in campaigns if campaign.closes_day >= formatter.today),
        key=lambda campaign: (campaign.opens_day > formatter.today, campaign.closes_day),
    )
    return tuple(_campaign_card(campaign, partners, formatter) for campaign in current)


def _campaign_card(
    campaign: CampaignProgress, partners: dict[PartnerId, str], formatter: Formatter
) -> CampaignCard:
    text = formatter.catalogue.text
    when = (
        text("campaign.opens", when=formatter.day_relative(campaign.opens_day))
        if campaign.opens_day > formatter.today
        else text("campaign.closes", when=formatter.day_relative(campaign.closes_day))
    )
    named = tuple(
        partner_name(partner, partners, formatter) for partner in campaign.partners[:PARTNERS_NAMED_MAX]
    )
    return CampaignCard(
        name=campaign.name,
        when=when,
        partners=named,
        partners_more=len(campaign.partners) - len(named),
        stages=tuple(_stage_card(stage, formatter) for stage in campaign.stages),
        is_budget_used=_is_budget_used(campaign),
        is_finished=all(stage.is_awarded for stage in campaign.stages),
    )


def _is_budget_used(campaign: CampaignProgress) -> bool:
    waiting = [stage.bonus_points for stage in campaign.stages if not stage.is_awarded]
    return bool(waiting) and campaign.budget_left_points < min(waiting)


def _stage_card(stage: StageProgress, formatter: Formatter) -> StageCard:
    text = formatter.catalogue.text
    conditions = []
    if stage.partners_required:
        key = "campaign.partners_with_spend" if stage.min_spend_each_minor else "campaign.partners"
        label = text(
            key,
            count=stage.partners_required,
            spend=formatter.money(stage.min_spend_each_minor) if stage.min_spend_each_minor else "",
        )
        conditions.append(_counted(label, stage.partners_done, stage.partners_required, stage.is_awarded))
    if stage.min_spend_total_minor:
        label = text("campaign.spend", spend=formatter.money(stage.min_spend_total_minor))
        spend = "" if stage.is_awarded else formatter.money(stage.spend_minor)
        conditions.append(_condition(label, spend, stage.spend_minor, stage.min_spend_total_minor))
    if stage.min_visits:
        label = text("campaign.visits", count=stage.min_visits)
        conditions.append(_counted(label, stage.visits, stage.min_visits, stage.is_awarded))
    return StageCard(
        bonus=formatter.signed_points(stage.bonus_points),
        is_awarded=stage.is_awarded,
        conditions=tuple(conditions),
    )


def _counted(label: str, done: int, needed: int, is_awarded: bool) -> Condition:
    return _condition(label, "" if is_awarded else f"{min(done, needed)}/{needed}", done, needed)


def _condition(label: str, progress: str, done: int, needed: int) -> Condition:
    return Condition(label=label, progress=progress, done=min(done, needed), needed=needed)
