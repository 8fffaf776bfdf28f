"""Draws all of a random scenario but its events: program, partners, members, campaigns."""

from __future__ import annotations

from random import Random

from .amount_drawing import log_uniform
from .scenario_flavours import Flavour
from .terms import BASIS_POINTS, ID_LENGTH_MAX, NUMBER_MAX, OPERATOR, POINTS_MAX, Scenario

ODD_PARTNER_IDS = ("A", "a", "Ünïted Ŝtores", 'quote"d', "refund:a", "campaign:c1", "店" * ID_LENGTH_MAX, " ")
ODD_MEMBER_IDS = ("operator", "A", "0", "0x00", "line\nbreak", "m" * ID_LENGTH_MAX, "🎟", "🎟 ", "null")
ODD_CAMPAIGN_IDS = ("c1", "operator", "A", "c 1", "campaign:c1", "ß" * ID_LENGTH_MAX)


def draw_terms(rng: Random, flavour: Flavour, events: int) -> Scenario:
    """A scenario without events or as_of_day."""
    validity_days = rng.choice(flavour.lot_validity_days)
    window_days = rng.choice((validity_days, validity_days, rng.randint(0, validity_days)))
    partner_ids, member_ids, campaign_ids = draw_ids(rng, flavour)
    average_step = (1 - flavour.same_day) * sum(flavour.day_steps) / len(flavour.day_steps)
    horizon_days = int(events * average_step) + 1
    return {
        "program": {
            "name": f"Random, {flavour.name}",
            "currency": rng.choice(("USD", "EUR", "JPY", "BHD")),
            "currency_decimals": rng.choice(flavour.currency_decimals),
            "lot_validity_days": validity_days,
            "return_window_days": window_days,
            "late_posting_days": rng.choice((0, window_days, rng.randint(0, window_days))),
        },
        "partners": [
            {
                "id": partner_id,
                "earn_points_per_100_minor": rng.choice(flavour.rates),
                "issue_price": rng.choice(flavour.prices_micro),
                "redeem_price": rng.choice(flavour.prices_micro),
            }
            for partner_id in partner_ids
        ],
        "members": member_ids,
        "campaigns": [
            {"id": campaign_id, **draw_campaign(rng, flavour, partner_ids, horizon_days)}
            for campaign_id in campaign_ids
        ],
    }


def draw_ids(rng: Random, flavour: Flavour) -> tuple[list[str], list[str], list[str]]:
    counts = [rng.randint(*pair) for pair in (flavour.partners, flavour.members, flavour.campaigns)]
    if flavour.has_odd_ids:
        odd = (ODD_PARTNER_IDS, ODD_MEMBER_IDS, ODD_CAMPAIGN_IDS)
        partner_ids, member_ids, campaign_ids = (
            rng.sample(ids, n) for ids, n in zip(odd, counts, strict=True)
        )
    else:
        partner_ids, member_ids, campaign_ids = (
            [f"{letter}{number}" for number in range(1, count + 1)]
            for letter, count in zip("PMc", counts, strict=True)
        )
    return partner_ids, member_ids, campaign_ids


def draw_campaign(rng: Random, flavour: Flavour, partner_ids: list[str], horizon_days: int) -> Scenario:
    most = min(len(partner_ids), 32)
    partners = rng.sample(partner_ids, rng.choice((most, rng.randint(1, most))))
    opens_day = rng.choice((0, rng.randint(0, horizon_days)))
    stages = [draw_stage(rng, flavour, len(partners)) for _ in range(rng.choice((1, 1, 2, 3, 4)))]
    bonuses = [stage["bonus_points"] for stage in stages]
    budgets = (
        *(rng.choice(bonuses) * awards + rng.randint(0, 1) for awards in flavour.awards_in_budget),
        sum(bonuses),
        sum(bonuses) * 100,
        rng.choice((0, NUMBER_MAX, sum(bonuses))),
    )
    return {
        "partners": partners,
        "opens_day": opens_day,
        "closes_day": opens_day + rng.choice(flavour.campaign_days),
        "stages": stages,
        "budget_points": rng.choice(budgets),
        "campaign_price": rng.choice(flavour.prices_micro),
        "funding": draw_funding(rng, flavour, partners),
    }


def draw_stage(rng: Random, flavour: Flavour, partners: int) -> Scenario:
    conditions = {
        "partners_required": rng.choice((1, partners, rng.randint(1, partners), min(partners, 2))),
        "min_spend_each": log_uniform(rng, flavour.spend_most_minor // 2),
        "min_spend_total": log_uniform(rng, flavour.spend_most_minor),
        "min_visits": rng.randint(1, 4),
    }
    kept = rng.sample(sorted(conditions), rng.choice((0, 1, 1, 1, 2, 2, 3, 4)))
    most = flavour.bonus_most_points
    stage = {"bonus_points": rng.choice((log_uniform(rng, most), rng.randint(1, most)))}
    if rng.random() < 10 * flavour.extreme:
        stage["bonus_points"] = rng.choice((1, POINTS_MAX))
    stage.update({name: conditions[name] for name in kept})
    if rng.random() < 0.02:
        stage[rng.choice(sorted(conditions))] = rng.choice((0, partners + 1, NUMBER_MAX))
    return stage


def draw_funding(rng: Random, flavour: Flavour, partners: list[str]) -> dict[str, int]:
    """Shares in basis points, in the order in which ties are decided."""
    funders = [*partners, OPERATOR]
    rng.shuffle(funders)
    telling = [shares for shares in flavour.shares if len(shares) <= len(funders)]
    if telling and rng.random() < flavour.telling:
        shares = list(rng.choice(telling))
        rng.shuffle(shares)
        return dict(zip(funders, shares, strict=False))
    funders = funders[: rng.choice((1, len(funders), rng.randint(1, len(funders))))]
    cuts = sorted(rng.sample(range(1, BASIS_POINTS), len(funders) - 1))
    if len(cuts) > 1 and rng.random() < 0.1:
        cuts[0] = cuts[1]  # someone's share is 0
    return {
        funder: end - start
        for funder, start, end in zip(funders, [0, *cuts], [*cuts, BASIS_POINTS], strict=True)
    }
