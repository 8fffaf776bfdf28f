"""Campaigns and members' progress in them."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from node_gateway.store import schema


@dataclass(frozen=True, slots=True)
class StageRow:
    """What a stage asks for and gives."""

    stage: int
    bonus_points: int
    partners_required: int
    min_spend_each: int
    min_spend_total: int
    min_visits: int


@dataclass(frozen=True, slots=True)
class CampaignRow:
    """Full terms of a campaign, and where it stands."""

    campaign: int
    name: str
    terms_hash: bytes
    opens_day: int
    closes_day: int
    paused_from_day: int | None
    resumed_from_day: int | None
    closed_early_last_day: int | None
    budget_points: int
    spent_points: int
    refused: int
    price_micro: int
    partners: tuple[int, ...]
    stages: tuple[StageRow, ...]
    funders: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class ProgressRow:
    """A member's progress in one campaign. `awarded_stages`: bit n is set while stage n is awarded."""

    campaign: int
    visits: int
    awarded_stages: int
    spend_minor_by_partner: dict[int, int]


async def read_campaigns(
    connection: AsyncConnection, campaigns: Sequence[int] | None = None
) -> list[CampaignRow]:
    """All campaigns, or these, in the order in which they were opened."""
    query = sa.select(schema.campaigns).order_by(schema.campaigns.c.first_terms, schema.campaigns.c.campaign)
    if campaigns is not None:
        query = query.where(schema.campaigns.c.campaign.in_(campaigns))
    rows = list(await connection.execute(query))
    ids = [row.campaign for row in rows]
    partners = await _parts(connection, schema.campaign_partners, ids)
    stages = await _parts(connection, schema.campaign_stages, ids)
    funders = await _parts(connection, schema.campaign_funders, ids)
    return [
        _campaign(row, partners[row.campaign], stages[row.campaign], funders[row.campaign]) for row in rows
    ]


async def read_progress(connection: AsyncConnection, member: bytes) -> list[ProgressRow]:
    """The member's progress in each campaign that one of its purchases counted in."""
    spend: dict[int, dict[int, int]] = defaultdict(dict)
    rows = await connection.execute(
        sa.select(schema.progress_spend).where(schema.progress_spend.c.member == member)
    )
    for row in rows:
        spend[row.campaign][row.partner] = row.spend_minor
    query = (
        sa.select(schema.progress)
        .where(schema.progress.c.member == member)
        .order_by(schema.progress.c.campaign)
    )
    return [
        ProgressRow(row.campaign, row.visits, row.awarded_stages, spend[row.campaign])
        for row in await connection.execute(query)
    ]


async def _parts(connection: AsyncConnection, table: sa.Table, campaigns: list[int]) -> dict[int, list[Any]]:
    found: dict[int, list[Any]] = defaultdict(list)
    query = sa.select(table).where(table.c.campaign.in_(campaigns)).order_by(*table.primary_key.columns)
    for row in await connection.execute(query):
        found[row.campaign].append(row)
    return found


def _campaign(row: Any, partners: list[Any], stages: list[Any], funders: list[Any]) -> CampaignRow:
    return CampaignRow(
        campaign=row.campaign,
        name=row.name,
        terms_hash=row.terms_hash,
        opens_day=row.opens_day,
        closes_day=row.closes_day,
        paused_from_day=row.paused_from_day,
        resumed_from_day=row.resumed_from_day,
        closed_early_last_day=row.closed_early_last_day,
        budget_points=row.budget_points,
        spent_points=row.spent_points,
        refused=row.refused,
        price_micro=row.price_micro,
        partners=tuple(part.partner for part in partners),
        stages=tuple(
            StageRow(
                part.stage,
                part.bonus_points,
                part.partners_required,
                part.min_spend_each,
                part.min_spend_total,
                part.min_visits,
            )
            for part in stages
        ),
        funders=tuple((part.partner, part.share_bps) for part in funders),
    )
