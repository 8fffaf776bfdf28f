"""Campaigns by the ledger rules, rebuilt for the audit."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from node_gateway.audit.accounts import Lot


class Stage(NamedTuple):
    """What a member must do for a bonus."""

    bonus_points: int
    partners_required: int
    min_spend_each: int
    min_spend_total: int
    min_visits: int


class Funder(NamedTuple):
    """Who pays for how much of a bonus; partner 0 is the operator."""

    partner: int
    share_bps: int


@dataclass(slots=True)
class Progress:
    """One member's progress in one campaign. `awards`: the bonus lots that stand, by stage."""

    spend_minor: dict[int, int] = field(default_factory=dict)
    visits: int = 0
    awards: dict[int, Lot] = field(default_factory=dict)

    def meets(self, stage: Stage) -> bool:
        least = max(stage.min_spend_each, 1)
        return (
            sum(spend >= least for spend in self.spend_minor.values()) >= stage.partners_required
            and sum(self.spend_minor.values()) >= stage.min_spend_total
            and self.visits >= stage.min_visits
        )


class Award(NamedTuple):
    """A bonus lot that was ever issued."""

    member: bytes
    lot: Lot
    stage: int


@dataclass(slots=True)
class Campaign:
    """A campaign's terms and what was spent of its budget."""

    number: int
    name: str
    terms_hash: bytes
    first_terms: int
    partners: tuple[int, ...]
    opens_day: int
    closes_day: int
    budget_points: int
    price_micro: int
    stages: tuple[Stage, ...]
    funders: tuple[Funder, ...]
    opened_block: int
    spent_points: int = 0
    refused: int = 0
    closed_early_last_day: int | None = None
    # First day without, first day with again (None: not yet).
    pauses: list[tuple[int, int | None]] = field(default_factory=list)
    progress: dict[bytes, Progress] = field(default_factory=dict)
    awards: dict[tuple[bytes, int], Award] = field(default_factory=dict)
    clawed_back: set[tuple[bytes, int]] = field(default_factory=set)

    def counts(self, partner: int, day: int) -> bool:
        """Whether a purchase at a partner on a day counts."""
        last_day = (
            self.closes_day
            if self.closed_early_last_day is None
            else min(self.closes_day, self.closed_early_last_day)
        )
        if partner not in self.partners or not self.opens_day <= day <= last_day:
            return False
        return not any(start <= day and (end is None or day < end) for start, end in self.pauses)

    def progress_of(self, member: bytes) -> Progress:
        """The member's progress, begun where there is none."""
        return self.progress.setdefault(member, Progress(dict.fromkeys(self.partners, 0)))

    @property
    def shares_bps(self) -> list[int]:
        return [funder.share_bps for funder in self.funders]
