"""What the gateway answers, typed. Unknown fields are ignored, so that a newer gateway does not break an older SDK."""

from typing import Annotated, Any, Generic, Literal, TypeVar

from pydantic import AliasChoices, BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer

from partner_sdk.protocol.eip712 import Domain
from partner_sdk.protocol.identities import KeyId, LedgerAddress, MemberId, OperationId, PartnerId, Submitter

_IdType = type[MemberId] | type[KeyId] | type[LedgerAddress] | type[OperationId] | type[Submitter]


def _from_text(id_type: _IdType) -> BeforeValidator:
    def validate(value: Any) -> Any:
        return id_type.parse(value) if isinstance(value, str) else value

    return BeforeValidator(validate)


_AS_TEXT = PlainSerializer(lambda value: value.text, return_type=str)

Member = Annotated[MemberId, _from_text(MemberId), _AS_TEXT]
Key = Annotated[KeyId, _from_text(KeyId), _AS_TEXT]
Ledger = Annotated[LedgerAddress, _from_text(LedgerAddress), _AS_TEXT]
Operation = Annotated[OperationId, _from_text(OperationId), _AS_TEXT]
SubmitterText = Annotated[Submitter, _from_text(Submitter), _AS_TEXT]


class Answer(BaseModel):
    """Common to all: immutable, unknown fields ignored."""

    model_config = ConfigDict(
        frozen=True, extra="ignore", populate_by_name=True, arbitrary_types_allowed=True
    )


class Program(Answer):
    """The program and its chain. `today` is a program day, `block_timestamp_s` the chain's clock."""

    chain_id: int
    ledger: Ledger
    name: str = ""
    currency: str = ""
    currency_decimals: int = Field(default=2, validation_alias=AliasChoices("currency_decimals", "decimals"))
    lot_validity_days: int | None = None
    return_window_days: int | None = None
    late_posting_days: int | None = None
    day_offset_s: int = 0
    today: int
    as_of_block: int
    block_timestamp_s: int | None = None

    @property
    def domain(self) -> Domain:
        """The EIP-712 domain that everything is signed for."""
        return Domain(self.chain_id, self.ledger)


class SubmitterKey(Answer):
    """A submitter, its key, and the sequence number above the highest that the gateway knows."""

    submitter: SubmitterText
    key: Key
    next_sequence: int = 0


class Me(Answer):
    """Whose API key it is."""

    party: Literal["partner", "wallet", "operator"]
    partner: int | None = None
    name: str | None = None
    submitters: tuple[SubmitterKey, ...] = ()


class PartnerName(Answer):
    """A partner of the program."""

    partner: PartnerId
    name: str
    is_suspended: bool = False


class Balance(Answer):
    """A member's points after a block, as touched on its day."""

    member: Member
    balance: int
    available: int
    held: int
    debt: int
    as_of_block: int


class OperationRecord(Answer):
    """An operation as the gateway knows it. `receipt` are the arguments of its event, once it is settled.

    `balance` is the member's after the block, where the answer that told of the settlement had it.
    """

    id: Operation
    type: str
    member: Member | None = None
    status: Literal["accepted", "settled", "rejected", "expired"]
    reason: str | None = None
    receipt: dict[str, Any] | None = None
    submission_id: str | None = None
    tx_hash: str | None = None
    block_number: int | None = None
    log_index: int | None = None
    as_of_block: int | None = None
    balance: Balance | None = None


class SubmissionRecord(Answer):
    """A submission as the gateway knows it."""

    submission_id: str
    status: Literal["accepted", "batched", "settled", "skipped", "expired"]
    reason: str | None = None
    operations: tuple[OperationRecord, ...] = ()
    members: tuple[Balance, ...] = ()


class Lot(Answer):
    """Points that expire together, at the end of `expires_day`."""

    index: int | None = None
    issuer: str
    expires_day: int
    points: int


class PendingHold(Answer):
    """Points reserved at a partner."""

    nonce: int
    partner: int
    points: int
    expires_day: int


class MemberKeyRecord(Answer):
    """One of a member's keys; kind 1 is secp256k1, 2 a passkey."""

    key: Key
    kind: int


class Account(Answer):
    """A member's account in whole points, as touched today. A partner sees no lots of others' issue, no keys, no recovery."""

    member: Member
    balance: int
    available: int
    held: int
    debt: int
    lots: tuple[Lot, ...] = ()
    holds: tuple[PendingHold, ...] = ()
    enrolled: bool
    locked: bool
    frozen: bool
    next_nonce: int
    allowance_points_per_day: int | None = None
    recovery_key: Key | None = None
    recovery_due_at_s: int | None = None
    keys: tuple[MemberKeyRecord, ...] = ()
    as_of_block: int


class Event(Answer):
    """Something that happened on chain (past tense), or `BalanceChanged`. `id` is `block-logindex`; in a stream, what resumes after it."""

    id: str = ""
    name: str = ""
    data: dict[str, Any] = {}
    block_number: int | None = None
    log_index: int | None = None
    block_timestamp_s: int | None = None
    tx_hash: str | None = None
    operation: Operation | None = None
    partner: int | None = None
    member: Member | None = None


EntryT = TypeVar("EntryT")


class Page(Answer, Generic[EntryT]):
    """A page of a list, newest first. `next_after` asks for the next one; None at the end."""

    entries: tuple[EntryT, ...]
    next_after: str | None = None
    as_of_block: int | None = None


class StageProgress(Answer):
    """How far a member is in one stage. A condition of 0 does not apply."""

    bonus_points: int
    partners_required: int = 0
    partners_done: int = 0
    min_spend_each_minor: int = 0
    min_spend_total_minor: int = 0
    min_visits: int = 0
    is_awarded: bool = False


class CampaignProgress(Answer):
    """How far a member is in one campaign."""

    campaign: int
    name: str = ""
    partners: tuple[int, ...] = ()
    opens_day: int
    closes_day: int
    budget_left_points: int | None = None
    visits: int = 0
    spend_minor: int = 0
    stages: tuple[StageProgress, ...] = ()


class CampaignRecord(Answer):
    """A campaign's terms, and what of its budget is spent. `refused`: bonuses that the budget no longer covered."""

    campaign: int
    name: str
    partners: tuple[int, ...] = ()
    opens_day: int
    closes_day: int
    budget_points: int
    spent_points: int | None = None
    refused: int | None = None


class PartnerList(Answer):
    """Answer of `GET /v1/partners`."""

    partners: tuple[PartnerName, ...]


class CampaignList(Answer):
    """Answer of `GET /v1/campaigns`."""

    campaigns: tuple[CampaignRecord, ...]


class CampaignProgressList(Answer):
    """Answer of `GET /v1/members/{member}/campaigns`."""

    campaigns: tuple[CampaignProgress, ...]


class Problem(Answer):
    """A problem (RFC 9457) inside a bulk answer."""

    model_config = ConfigDict(frozen=True, extra="allow")

    status: int = 422
    code: str = ""
    detail: str = ""
    latest_s: int | None = None


class BulkResult(Answer):
    """One submission's part of a bulk answer."""

    submission_id: str | None = None
    status: str | None = None
    operations: tuple[OperationRecord, ...] = ()
    problem: Problem | None = None


class BulkAnswer(Answer):
    """Answer of `POST /v1/submissions/bulk`, in the order in which they were sent."""

    results: tuple[BulkResult, ...]


class Position(Answer):
    """A partner's clearing lines since the start, in micro-units. `net_micro` > 0: the partner pays."""

    partner: int
    base_micro: int
    bonus_micro: int
    credit_micro: int
    reimbursed_micro: int
    net_micro: int
    unpaid_minor: int | None = None
    as_of_block: int | None = None


class Statement(Answer):
    """One clearing cycle. `payable_minor` > 0: the partner pays."""

    cycle: int
    day: int
    base_micro: int
    bonus_micro: int
    credit_micro: int
    reimbursed_micro: int
    net_micro: int
    carried_in_micro: int
    payable_minor: int
    carried_out_micro: int


class Webhook(Answer):
    """Where events are sent. `events` None: all. `next_event`: up to there messages were made."""

    id: str
    url: str
    events: tuple[str, ...] | None = None
    is_active: bool
    disabled_reason: str | None = None
    next_event: str
    previous_secret_until_ms: int | None = None
    created_at_ms: int


class WebhookWithSecret(Webhook):
    """Just made, or with a secret just made: it is not shown again. For `verify_webhook`."""

    secret: str = Field(repr=False)


class WebhookList(Answer):
    """Answer of `GET /v1/webhooks`."""

    webhooks: tuple[Webhook, ...]


class WebhookDelivery(Answer):
    """One message. `event` is the id of its event, `error` what was wrong with the last attempt."""

    id: str
    event: str
    subject: str
    status: Literal["pending", "delivered", "dead"]
    attempts: int
    next_attempt_at_ms: int | None = None
    answered_status: int | None = None
    error: str | None = None
    created_at_ms: int
    delivered_at_ms: int | None = None


class WebhookReplay(Answer):
    """Answer of `POST /v1/webhooks/{id}/replay`."""

    messages: int
