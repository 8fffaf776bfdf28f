"""Writes the scenario: day after day the operator's acts, the stories that go on, the data's baskets and coupons, the evening."""

from collections.abc import Sequence
from random import Random
from typing import Any, Final

from replay.journey import FIRST_DAY
from replay.plan import DayPlan, PlannedPurchase, PlannedRedemption
from replay.year.campaigns import campaigns
from replay.year.operator_acts import acts_by_day
from replay.year.scene import Scene, Story
from replay.year.stories import begin_story, give_back
from replay.year.terms import PARTNER_IDS, partners, program_of, windows_of

Scenario = dict[str, Any]

WELCOME_POINTS: Final = 100
POSTED_LATE_CHANCE: Final = 0.004
LATE_DAYS_BEYOND: Final = 2


def year_scenario(plans: Sequence[DayPlan], *, days: int, seed: int) -> Scenario:
    """The scenario, in the format of the ledger rules.

    Args:
        plans: what the data's days hold, of the households wanted.
        days: how many days, 1 … 365.
        seed: of everything that is made up.
    """
    windows = windows_of(days)
    rng = Random(seed)
    offers = partners()
    scene = Scene(rng, windows, {offer["id"]: offer["earn_points_per_100_minor"] for offer in offers})
    acts = acts_by_day(windows, rng)
    by_day = {(plan.day - FIRST_DAY).days: plan for plan in plans}
    for day in range(days):
        scene.today = day
        for act in acts.get(day, ()):
            scene.write(act["type"], **{name: value for name, value in act.items() if name != "type"})
            if "earn_points_per_100_minor" in act:
                scene.rates[act["partner"]] = act["earn_points_per_100_minor"]
        scene.begin_day(day)
        if day in by_day:
            _write_day(scene, by_day[day])
        scene.go_on()
    scene.write("close_cycle")
    return {
        "program": program_of(windows),
        "partners": offers,
        "members": scene.members,
        "campaigns": campaigns(windows, households=len(scene.members)),
        "events": scene.events,
        "as_of_day": windows.as_of_day,
    }


def _write_day(scene: Scene, plan: DayPlan) -> None:
    for operation in plan.operations:
        member = f"household-{operation.household}"
        partner = PARTNER_IDS[operation.partner]
        known = len(scene.members)
        scene.purse(member)
        if len(scene.members) > known:
            scene.write("grant", partner="operator", member=member, points=WELCOME_POINTS)
        if isinstance(operation, PlannedPurchase):
            _write_purchase(scene, partner, member, operation.spend_minor)
        else:
            _write_redemption(scene, partner, member, operation)


def _write_purchase(scene: Scene, partner: str, member: str, spend_minor: int) -> None:
    if scene.rng.random() < POSTED_LATE_CHANCE:
        scene.begin(_post_late(scene, partner, member, spend_minor, scene.today))
        return
    purchase = scene.write("purchase", partner=partner, member=member, spend=spend_minor)
    points = spend_minor * scene.rates[partner] // 100
    scene.purse(member).earn(points, expires_day=scene.today + scene.windows.lot_validity_days)
    begin_story(scene, purchase)


def _post_late(scene: Scene, partner: str, member: str, spend_minor: int, occurred_day: int) -> Story:
    """A shop that was cut off posts its purchases when it is back, seldom too late."""
    yield scene.rng.randint(1, scene.windows.late_posting_days + LATE_DAYS_BEYOND)
    purchase = scene.write(
        "purchase", partner=partner, member=member, spend=spend_minor, occurred_day=occurred_day
    )
    begin_story(scene, purchase)


def _write_redemption(scene: Scene, partner: str, member: str, coupon: PlannedRedemption) -> None:
    redemption = scene.write("redeem", partner=partner, member=member, points=coupon.points)
    scene.purse(member).spend(coupon.points)
    scene.begin(give_back(scene, redemption))
