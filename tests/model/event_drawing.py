"""Draws one event at a time, looking at the model's state so that it hits what is worth hitting."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import TypeVar

from .account import Hold, HoldState
from .amount_drawing import log_uniform, some_points, some_spend_minor, wrong_points, wrong_spend_minor
from .event_stories import Story, end_in_debt, start_story, undoes_award
from .ledger_model import LedgerModel
from .operations import Purchase, Redemption
from .scenario_flavours import Flavour
from .terms import (
    NUMBER_MAX,
    OPERATOR,
    PARTNER_TERMS,
    POINTS_MAX,
    RATE_MAX,
    SPEND_MAX_MINOR,
    Event,
)

T = TypeVar("T")

LAST_STORIES = 0.3
TAIL_EVENTS = 60  # the last ones leave points in the accounts, since only what is left is in the report


class EventDrawer:
    """`ledger` is the model as it stands after the events drawn so far; drawing changes nothing in it."""

    def __init__(self, rng: Random, flavour: Flavour, ledger: LedgerModel) -> None:
        self.rng = rng
        self.flavour = flavour
        self.ledger = ledger
        self.member_ids: list[str] = list(ledger.accounts)
        self.today = 0
        self.is_hostile = False
        self.stories: list[Story] = []
        self.story_pace = flavour.story_pace
        self.all_points = flavour.all_points
        self.last_transfer = (self.member_ids[0], self.member_ids[-1])
        self.draw_by_kind: dict[str, Callable[[], Event]] = {
            "purchase": self.purchase,
            "return": self.return_,
            "redeem": self.redeem,
            "refund": self.refund,
            "hold": self.hold,
            "capture": self.capture,
            "void": self.void,
            "transfer": self.transfer,
            "grant": self.grant,
            "reprice": self.reprice,
            "suspend": lambda: {"partner": self.rng.choice(list(self.ledger.partners))},
            "reinstate": self.reinstate,
            "close_cycle": dict,
        }

    def draw(self, today: int, events_left: int) -> Event:
        """An event but for its id, of today or later: the next one of a story, or one drawn by itself."""
        self.today = today
        self.is_hostile = self.rng.random() < self.flavour.hostile
        if events_left == TAIL_EVENTS:
            self.all_points = 0.0
        if events_left == 2 and self.rng.random() < LAST_STORIES:
            self.stories, self.story_pace = [end_in_debt(self.rng, self.ledger)], 1.0
        elif self.rng.random() < self.flavour.stories:
            self.stories.append(start_story(self.rng, self.ledger))
        while self.stories and self.rng.random() < self.story_pace:
            story = self.rng.choice(self.stories)
            step = next(story, None)
            if step is None:
                self.stories.remove(story)
            elif isinstance(step, int):
                self.today += step
            else:
                return {"day": self.today, **step}
        return {"day": self.today, **self.draw_alone()}

    def draw_alone(self) -> Event:
        weights = self.flavour.weights
        suspended = sum(partner.is_suspended for partner in self.ledger.partners.values())
        kind = self.rng.choices(list(weights), list(weights.values()))[0]
        if kind == "suspend" and 2 * suspended >= len(self.ledger.partners):
            kind = "reinstate"
        return {"type": kind, **self.draw_by_kind[kind]()}

    # What is named

    def is_wrong(self) -> bool:
        return self.is_hostile and self.rng.random() < 0.5

    def partner(self, wanted: list[str] | None = None) -> str:
        partners = self.ledger.partners
        is_suspended = self.is_wrong()
        fitting = [
            partner_id
            for partner_id in wanted or partners
            if partners[partner_id].is_suspended == is_suspended
        ]
        return self.rng.choice(fitting or list(partners))

    def partner_of(self, operation: Purchase | Redemption | Hold | None) -> str:
        if operation is None or self.is_wrong():
            return self.partner()
        return operation.partner_id

    def member(self) -> str:
        """Some members are seen far more often than others."""
        return self.member_ids[
            min(self.rng.randrange(len(self.member_ids)), self.rng.randrange(len(self.member_ids)))
        ]

    def member_and_available(self) -> tuple[str, int]:
        member_id = self.member()
        return member_id, self.ledger.accounts[member_id].available_if_touched(self.today)

    def member_with_points(self) -> tuple[str, int]:
        member_id, available = self.member_and_available()
        for _ in range(3):
            if available == 0:
                member_id, available = self.member_and_available()
        return member_id, available

    def points(self, limit: int) -> int:
        if self.is_wrong():
            return wrong_points(self.rng, limit)
        return some_points(self.rng, limit, all_points=self.all_points)

    def reference(self, kind: type[T], is_fitting: Callable[[T], bool]) -> tuple[str, T] | tuple[str, None]:
        """The id of an applied operation that fits, else of any of the kind, else of nothing of the kind."""
        of_kind = [(name, found) for name, found in self.ledger.applied.items() if isinstance(found, kind)]
        fitting = [pair for pair in of_kind if is_fitting(pair[1])]
        if self.is_wrong() and self.rng.random() < 0.4:
            of_kind = fitting = []
        elif self.is_wrong() or not fitting:
            fitting = of_kind
        if fitting:
            return self.rng.choice((fitting[-1], self.rng.choice(fitting)))
        others = [
            name for name in self.ledger.reason_by_id if not isinstance(self.ledger.applied.get(name), kind)
        ]
        return self.rng.choice(("nowhere", "e1000000", self.rng.choice(others or ["x"]))), None

    # Purchases

    def purchase(self) -> Event:
        open_campaigns = [
            campaign
            for campaign in self.ledger.campaigns.values()
            if campaign.opens_day <= self.today <= campaign.closes_day
        ]
        wanted = (
            self.rng.choice(open_campaigns).partner_ids
            if open_campaigns and self.rng.random() < 0.8
            else None
        )
        partner_id = self.partner(wanted)
        event = {"partner": partner_id, "member": self.member(), "spend": self.spend(partner_id)}
        program = self.ledger.program
        if self.is_wrong():
            event["occurred_day"] = max(0, self.today - program.late_posting_days - self.rng.randint(1, 3))
        elif self.rng.random() < 0.35:
            earliest = max(0, self.today - program.late_posting_days)
            boundaries = [
                day
                for campaign in self.ledger.campaigns.values()
                for day in (campaign.opens_day - 1, campaign.opens_day, campaign.closes_day)
                if earliest <= day <= self.today
            ]
            days = [earliest, self.today, self.rng.randint(earliest, self.today), *boundaries]
            event["occurred_day"] = self.rng.choice(days)
        return event

    def spend(self, partner_id: str) -> int:
        rate = self.ledger.partners[partner_id].earn_rate
        if self.is_wrong():
            return wrong_spend_minor(self.rng, rate)
        thresholds_minor = [
            threshold
            for campaign in self.ledger.campaigns.values()
            for stage in campaign.stages
            for threshold in (stage.min_spend_each, stage.min_spend_total)
        ]
        return some_spend_minor(self.rng, self.flavour, rate=rate, thresholds_minor=thresholds_minor)

    def return_(self) -> Event:
        window_days = self.ledger.program.return_window_days
        must_undo_award = self.rng.random() < 0.5

        def is_returnable(found: Purchase) -> bool:
            is_in_time = self.today - found.day <= window_days
            return found.kept_minor > 0 and is_in_time and (not must_undo_award or undoes_award(found))

        name, purchase = self.reference(Purchase, is_returnable)
        kept = purchase.kept_minor if purchase else 0
        if self.is_wrong():
            spend = self.rng.choice((0, SPEND_MAX_MINOR + 1, kept + 1, NUMBER_MAX))
        elif kept == 0:
            spend = self.rng.randint(1, 1000)
        else:
            spend = self.rng.choice((kept, kept, 1, self.rng.randint(1, kept), log_uniform(self.rng, kept)))
        return {"of": name, "partner": self.partner_of(purchase), "spend": spend}

    # Redemptions and holds

    def redeem(self) -> Event:
        member_id, available = self.member_with_points()
        return {"partner": self.partner(), "member": member_id, "points": self.points(available)}

    def refund(self) -> Event:
        window_days = self.ledger.program.return_window_days

        def is_refundable(found: Redemption) -> bool:
            return found.refunded_points < found.points and self.today - found.day <= window_days

        name, redemption = self.reference(Redemption, is_refundable)
        left = redemption.points - redemption.refunded_points if redemption else 0
        return {"of": name, "partner": self.partner_of(redemption), "points": self.points(left)}

    def hold(self) -> Event:
        member_id, available = self.member_with_points()
        event = {"partner": self.partner(), "member": member_id, "points": self.points(available)}
        soonest_days = [lot.expires_day for lot in self.ledger.accounts[member_id].soonest_first()[:1]]
        days = [
            self.today,
            self.today + 1,
            self.today + self.rng.randint(0, 6),
            self.today + self.rng.randint(0, 2 * self.ledger.program.lot_validity_days),
            *(max(self.today, day + self.rng.randint(0, 4)) for day in soonest_days),
        ]
        event["expires_day"] = self.rng.choice(days)
        if self.is_wrong():
            event["expires_day"] = max(0, self.today - self.rng.randint(1, 3))
        elif self.rng.random() < 0.01:
            event["expires_day"] = NUMBER_MAX
        return event

    def open_or_any_hold(self) -> tuple[str, Hold | None]:
        is_open_wanted = self.rng.random() < 0.9
        return self.reference(
            Hold,
            lambda hold: (
                (hold.state is HoldState.PENDING and hold.expires_day >= self.today) == is_open_wanted
            ),
        )

    def capture(self) -> Event:
        name, hold = self.open_or_any_hold()
        points = self.points(hold.points if hold else 0)
        return {"hold": name, "partner": self.partner_of(hold), "points": points}

    def void(self) -> Event:
        name, hold = self.open_or_any_hold()
        return {"hold": name, "partner": self.partner_of(hold)}

    # The rest

    def transfer(self) -> Event:
        member_id, available = self.member_with_points()
        to = self.rng.choice(self.member_ids)
        if self.rng.random() < 0.4:
            to, member_id = self.last_transfer
            available = self.ledger.accounts[member_id].available_if_touched(self.today)
        others = [other for other in self.member_ids if other != member_id]
        if self.is_wrong():
            to = member_id
        elif to == member_id and others:
            to = self.rng.choice(others)
        self.last_transfer = (member_id, to)
        return {"member": member_id, "to": to, "points": self.points(available)}

    def grant(self) -> Event:
        partner_id = OPERATOR if self.rng.random() < 0.4 else self.partner()
        limit = self.flavour.spend_most_minor // 100
        if self.rng.random() < self.flavour.extreme:
            limit = POINTS_MAX
        return {"partner": partner_id, "member": self.member(), "points": self.points(limit)}

    def reprice(self) -> Event:
        event: Event = {"partner": self.rng.choice(list(self.ledger.partners))}
        for name in self.rng.sample(PARTNER_TERMS, self.rng.randint(1, len(PARTNER_TERMS))):
            choices = self.flavour.rates if name == PARTNER_TERMS[2] else self.flavour.prices_micro
            event[name] = self.rng.choice(choices)
        if self.rng.random() < 0.02:
            event["earn_points_per_100_minor"] = self.rng.choice((0, RATE_MAX))
        return event

    def reinstate(self) -> Event:
        partners = self.ledger.partners
        suspended = [partner_id for partner_id in partners if partners[partner_id].is_suspended]
        return {"partner": self.rng.choice(suspended or list(partners))}
