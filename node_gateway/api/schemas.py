"""Shapes of answers, for the OpenAPI document and the tests. Handlers answer plain JSON values; nothing here runs per operation."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict


class Shape(BaseModel):
    """No field but these."""

    model_config = ConfigDict(extra="forbid")


class Problem(BaseModel):
    """RFC 9457. Further fields carry the error's data."""

    model_config = ConfigDict(extra="allow")

    type: str
    title: str
    status: int
    code: str
    detail: str
    request_id: str | None = None


class AcceptedOperation(Shape):
    id: str
    type: str
    member: str | None
    status: Literal["accepted"]


class AcceptedSubmission(Shape):
    submission_id: str
    status: Literal["accepted"]
    operations: list[AcceptedOperation]


class RefusedSubmission(Shape):
    status: Literal["refused"]
    problem: Problem


class BulkAnswer(Shape):
    accepted: int
    refused: int
    results: list[AcceptedSubmission | RefusedSubmission]


class Operation(Shape):
    id: str
    type: str
    partner: int
    member: str | None
    to: str | None
    status: Literal["accepted", "settled", "rejected", "expired"]
    reason: str | None
    submission_id: str | None
    receipt: dict[str, Any] | None
    tx_hash: str | None
    block_number: int | None
    log_index: int | None
    block_timestamp_s: int | None
    accepted_at_ms: int
    as_of_block: int


class Submission(Shape):
    submission_id: str
    submitter: str
    deadline_s: int
    status: Literal["accepted", "batched", "settled", "skipped", "expired"]
    reason: str | None
    accepted_at_ms: int
    operations: list[Operation]
    as_of_block: int


class Balance(Shape):
    member: str
    balance: int
    available: int
    held: int
    debt: int
    as_of_block: int


class SettledSubmission(Submission):
    members: list[Balance]


class Lot(Shape):
    index: int
    issuer: str
    expires_day: int
    points: int


class Hold(Shape):
    nonce: int
    partner: int
    points: int
    expires_day: int


class MemberKey(Shape):
    key: str
    kind: int


class Member(Balance):
    enrolled: bool
    locked: bool
    frozen: bool
    next_nonce: int
    today: int
    lots: list[Lot]
    holds: list[Hold]
    freeze_reason: int | None = None
    allowance_points_per_day: int | None = None
    key_active_from_s: int | None = None
    recovery_key: str | None = None
    recovery_due_at_s: int | None = None
    keys: list[MemberKey] | None = None


class Event(Shape):
    id: str
    name: str
    member: str | None
    partner: int | None
    operation: str | None
    block_number: int
    log_index: int
    tx_hash: str
    block_timestamp_s: int | None
    data: dict[str, Any]


class Page(Shape):
    next_after: str | None
    as_of_block: int


class EventPage(Page):
    entries: list[Event]


class OperationPage(Page):
    entries: list[Operation]


class Stage(Shape):
    stage: int
    bonus_points: int
    partners_required: int
    min_spend_each_minor: int
    min_spend_total_minor: int
    min_visits: int


class StageProgress(Stage):
    partners_done: int
    is_awarded: bool


class PartnerSpend(Shape):
    partner: int
    spend_minor: int


class CampaignProgress(Shape):
    campaign: int
    name: str
    opens_day: int
    closes_day: int
    partners: list[int]
    budget_left_points: int
    visits: int
    spend_minor: int
    spend: list[PartnerSpend]
    stages: list[StageProgress]


class MemberCampaigns(Shape):
    member: str
    campaigns: list[CampaignProgress]
    as_of_block: int


class Funder(Shape):
    partner: int
    share_bps: int


class CampaignTerms(Shape):
    campaign: int
    name: str
    terms_hash: str
    opens_day: int
    closes_day: int
    paused_from_day: int | None
    resumed_from_day: int | None
    closed_early_last_day: int | None
    budget_points: int
    spent_points: int
    refused: int
    price_micro: str
    partners: list[int]
    stages: list[Stage]
    funders: list[Funder]


class Campaign(CampaignTerms):
    as_of_block: int


class Campaigns(Shape):
    campaigns: list[CampaignTerms]
    as_of_block: int


class Lines(Shape):
    base_micro: str
    bonus_micro: str
    credit_micro: str
    reimbursed_micro: str
    net_micro: str


class Position(Lines):
    partner: int
    since_last_statement: Lines
    carried_in_micro: str
    unpaid_minor: str
    as_of_block: int


class Statement(Lines):
    cycle: int
    day: int
    carried_in_micro: str
    payable_minor: str
    carried_out_micro: str


class StatementPage(Page):
    entries: list[Statement]


class Partner(Shape):
    partner: int
    name: str
    is_suspended: bool
    issue_price_micro: str | None
    redeem_price_micro: str | None
    earn_points_per_100_minor: int | None


class Partners(Shape):
    partners: list[Partner]
    as_of_block: int


class Limits(Shape):
    credit_limit_micro: str | None
    operation_points_max: int | None
    member_day_points_max: int | None
    partner_day_points_max: int | None


class SubmitterKey(Shape):
    submitter: str
    key: str
    next_sequence: int


class Me(Shape):
    party: Literal["partner", "wallet", "operator"]
    partner: int | None
    name: str | None
    is_suspended: bool | None
    limits: Limits | None
    submitters: list[SubmitterKey]
    as_of_block: int


class Domain(Shape):
    name: str
    version: str
    chainId: int  # noqa: N815 - EIP-712 names it so
    verifyingContract: str  # noqa: N815


class Program(Shape):
    name: str
    symbol: str
    chain_id: int
    ledger: str
    domain: Domain
    currency: str
    currency_decimals: int
    lot_validity_days: int
    return_window_days: int
    late_posting_days: int
    day_offset_s: int
    today: int
    block_timestamp_s: int
    as_of_block: int


class Health(Shape):
    status: Literal["ok"]


class Reason(Shape):
    code: str
    detail: str


class Readiness(Shape):
    is_ready: bool
    reasons: list[Reason]


class Webhook(Shape):
    id: str
    url: str
    events: list[str] | None
    is_active: bool
    disabled_reason: Literal["caller", "gone"] | None
    next_event: str
    previous_secret_until_ms: int | None
    created_at_ms: int


class WebhookWithSecret(Webhook):
    secret: str


class Webhooks(Shape):
    webhooks: list[Webhook]


class Delivery(Shape):
    id: str
    event: str
    subject: str
    status: Literal["pending", "delivered", "dead"]
    attempts: int
    next_attempt_at_ms: int | None
    answered_status: int | None
    error: str | None
    created_at_ms: int
    delivered_at_ms: int | None


class DeliveryPage(Page):
    entries: list[Delivery]


class Replayed(Shape):
    id: str
    messages: int
