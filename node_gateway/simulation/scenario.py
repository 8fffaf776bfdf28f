"""A scenario file's shape: what each field may hold by itself. Days are the scenario's own, amounts are as written."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal, NewType

from pydantic import BaseModel, ConfigDict, Field

NUMBER_MAX = 2**63 - 1
PRICE_MAX_MICRO = 10**9
EARN_RATE_MAX = 10_000
BONUS_MAX_POINTS = 4 * 10**9
BASIS_POINTS = 10_000
OPERATOR = "operator"
REPRICED_FIELDS = ("issue_price", "redeem_price", "earn_points_per_100_minor")

PartnerId = NewType("PartnerId", str)
MemberId = NewType("MemberId", str)
EventId = NewType("EventId", str)

Number = Annotated[int, Field(ge=0, le=NUMBER_MAX)]
Price = Annotated[int, Field(ge=0, le=PRICE_MAX_MICRO)]
EarnRate = Annotated[int, Field(ge=0, le=EARN_RATE_MAX)]
PartnerName = Annotated[PartnerId, Field(min_length=1, max_length=64)]
MemberName = Annotated[MemberId, Field(min_length=1, max_length=64)]
EventName = Annotated[EventId, Field(min_length=1, max_length=64)]
CampaignName = Annotated[str, Field(min_length=1, max_length=64)]


class EventType(StrEnum):
    PURCHASE = "purchase"
    RETURN = "return"
    REDEEM = "redeem"
    REFUND = "refund"
    HOLD = "hold"
    CAPTURE = "capture"
    VOID = "void"
    TRANSFER = "transfer"
    GRANT = "grant"
    REPRICE = "reprice"
    SUSPEND = "suspend"
    REINSTATE = "reinstate"
    CLOSE_CYCLE = "close_cycle"


class Strict(BaseModel):
    """Every field as written: no conversion, nothing unknown."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


class Program(Strict):
    name: str
    currency: str
    currency_decimals: Annotated[int, Field(ge=0, le=3)]
    lot_validity_days: Number
    return_window_days: Number
    late_posting_days: Number


class Partner(Strict):
    id: PartnerName
    earn_points_per_100_minor: EarnRate
    issue_price: Price
    redeem_price: Price


class Stage(Strict):
    """Conditions that are missing are 0."""

    bonus_points: Annotated[int, Field(ge=1, le=BONUS_MAX_POINTS)]
    partners_required: Number = 0
    min_spend_each: Number = 0
    min_spend_total: Number = 0
    min_visits: Number = 0


class Campaign(Strict):
    """`funding` is in basis points by partner or `operator`, in the order in which they are listed."""

    id: CampaignName
    partners: Annotated[list[PartnerName], Field(min_length=1)]
    opens_day: Number
    closes_day: Number
    stages: Annotated[list[Stage], Field(min_length=1)]
    budget_points: Number
    campaign_price: Price
    funding: Annotated[dict[PartnerName, Annotated[int, Field(ge=0, le=BASIS_POINTS)]], Field(min_length=1)]


class Happening(Strict):
    day: Number
    id: EventName


class Purchase(Happening):
    type: Literal["purchase"]
    partner: PartnerName
    member: MemberName
    spend: Number
    occurred_day: Number = 0

    @property
    def is_posted_late(self) -> bool:
        """Whether it names its day itself; without, its day is the day of posting."""
        return "occurred_day" in self.model_fields_set


class Return(Happening):
    type: Literal["return"]
    of: EventName
    partner: PartnerName
    spend: Number


class Redeem(Happening):
    type: Literal["redeem"]
    partner: PartnerName
    member: MemberName
    points: Number


class Refund(Happening):
    type: Literal["refund"]
    of: EventName
    partner: PartnerName
    points: Number


class Hold(Happening):
    type: Literal["hold"]
    partner: PartnerName
    member: MemberName
    points: Number
    expires_day: Number


class Capture(Happening):
    type: Literal["capture"]
    hold: EventName
    partner: PartnerName
    points: Number


class Void(Happening):
    type: Literal["void"]
    hold: EventName
    partner: PartnerName


class Transfer(Happening):
    type: Literal["transfer"]
    member: MemberName
    to: MemberName
    points: Number


class Grant(Happening):
    type: Literal["grant"]
    partner: PartnerName
    member: MemberName
    points: Number


class Reprice(Happening):
    type: Literal["reprice"]
    partner: PartnerName
    issue_price: Price = 0
    redeem_price: Price = 0
    earn_points_per_100_minor: EarnRate = 0

    @property
    def new_terms(self) -> dict[str, int]:
        """The terms that it names, by field; the others stay as they are."""
        return {field: getattr(self, field) for field in REPRICED_FIELDS if field in self.model_fields_set}


class Suspend(Happening):
    type: Literal["suspend"]
    partner: PartnerName


class Reinstate(Happening):
    type: Literal["reinstate"]
    partner: PartnerName


class CloseCycle(Happening):
    type: Literal["close_cycle"]


Operation = Purchase | Return | Redeem | Refund | Hold | Capture | Void | Transfer | Grant
OperatorAct = Reprice | Suspend | Reinstate | CloseCycle
Event = Annotated[Operation | OperatorAct, Field(discriminator="type")]


class Scenario(Strict):
    program: Program
    partners: list[Partner]
    members: list[MemberName]
    campaigns: list[Campaign]
    events: list[Event]
    as_of_day: Number
