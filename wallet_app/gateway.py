"""The wallet's whole view of the world outside: one port for members, one for a till. `sdk_gateway.py` serves both
through partner_sdk; tests bring a fake."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NewType, Protocol

MemberId = NewType("MemberId", str)
PartnerId = NewType("PartnerId", int)
CampaignId = NewType("CampaignId", int)

KEY_KIND_SECP256K1 = 1
KEY_KIND_PASSKEY = 2


@dataclass(frozen=True)
class Program:
    """Facts of the program. `today` is a program day; a day starts at `day * 86400 - day_offset_s` Unix seconds.

    `block_timestamp_s` is the ledger's clock, which may be far from ours in a replay; None when it is not known.
    """

    chain_id: int
    ledger: str
    today: int
    day_offset_s: int
    currency: str
    currency_decimals: int
    as_of_block: int
    block_timestamp_s: int | None = None


@dataclass(frozen=True)
class Lot:
    """Points that expire at the end of program day `expires_day`."""

    expires_day: int
    points: int
    issuer: str


@dataclass(frozen=True)
class Hold:
    """Points reserved at a partner until the end of `expires_day`."""

    partner: PartnerId
    points: int
    expires_day: int


@dataclass(frozen=True)
class Account:
    """A member's account as touched today. All amounts are whole points, never negative."""

    member: MemberId
    balance: int
    available: int
    held: int
    debt: int
    lots: tuple[Lot, ...]
    holds: tuple[Hold, ...]
    is_enrolled: bool
    is_locked: bool
    is_frozen: bool
    next_nonce: int
    as_of_block: int


class LineKind(StrEnum):
    """What a line of the history tells."""

    PURCHASE = "purchase"
    RETURN = "return"
    REDEMPTION = "redemption"
    REFUND = "refund"
    HOLD_PLACED = "hold_placed"
    HOLD_CAPTURED = "hold_captured"
    HOLD_VOIDED = "hold_voided"
    HOLD_EXPIRED = "hold_expired"
    TRANSFER_SENT = "transfer_sent"
    TRANSFER_RECEIVED = "transfer_received"
    GRANT = "grant"
    BONUS = "bonus"
    BONUS_CLAWED_BACK = "bonus_clawed_back"
    EXPIRED = "expired"
    DEBT_REPAID = "debt_repaid"
    REJECTED = "rejected"
    ENROLLED = "enrolled"
    LOCKED = "locked"
    UNLOCKED = "unlocked"
    KEY_CHANGED = "key_changed"
    OTHER = "other"


@dataclass(frozen=True)
class HistoryLine:
    """One event of a member. `points_delta` is signed: what came in or went out, 0 where nothing moved.

    `points_concerned` is how many points it is about, also where none moved (a hold).
    """

    id: str
    kind: LineKind
    points_delta: int
    happened_at_s: int
    block_number: int
    partner: PartnerId | None = None
    campaign: CampaignId | None = None
    spend_minor: int | None = None
    other_member: MemberId | None = None
    reason: str | None = None
    tx_hash: str | None = None
    points_concerned: int = 0


@dataclass(frozen=True)
class HistoryPage:
    """Lines, newest first; `next_after` continues the list, None at its end."""

    lines: tuple[HistoryLine, ...]
    next_after: str | None


@dataclass(frozen=True)
class StageProgress:
    """One stage of a campaign; a condition that is 0 does not apply. Spend is in minor units."""

    bonus_points: int
    is_awarded: bool
    partners_required: int = 0
    partners_done: int = 0
    min_spend_each_minor: int = 0
    min_spend_total_minor: int = 0
    spend_minor: int = 0
    min_visits: int = 0
    visits: int = 0


@dataclass(frozen=True)
class CampaignProgress:
    """A member's way through one campaign."""

    campaign: CampaignId
    name: str
    partners: tuple[PartnerId, ...]
    opens_day: int
    closes_day: int
    budget_left_points: int
    stages: tuple[StageProgress, ...]


STREAM_OPENED = "StreamOpened"


@dataclass(frozen=True)
class LedgerEvent:
    """Something happened to a member; `fields` are the event's own, by name."""

    id: str
    name: str
    fields: dict[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class SettledOperation:
    """An operation that took effect."""

    id: str
    points: int
    block_number: int
    tx_hash: str


class MemberGateway(Protocol):
    """What the wallet may ask and do for members.

    Every call raises GatewayUnavailableError; those that act wait for the block and raise OperationRefusedError.
    """

    async def program(self) -> Program: ...
    async def partner_names(self) -> dict[PartnerId, str]: ...
    async def account(self, member: MemberId) -> Account: ...
    async def history(self, member: MemberId, *, after: str | None, limit: int) -> HistoryPage: ...
    async def campaigns(self, member: MemberId) -> tuple[CampaignProgress, ...]: ...
    def events(self, member: MemberId) -> AsyncIterator[LedgerEvent]:
        """One connection to the event stream: first `STREAM_OPENED`, then what happens from then on, until it breaks."""
        ...

    async def enrol(self, member: MemberId, *, key: str, kind: int) -> SettledOperation: ...
    async def add_key(
        self, member: MemberId, *, key: str, kind: int, authorisation: bytes
    ) -> SettledOperation: ...
    async def lock(self, member: MemberId) -> SettledOperation: ...
    async def unlock(self, member: MemberId, *, authorisation: bytes) -> SettledOperation: ...
    async def transfer(
        self, member: MemberId, *, to: MemberId, points: int, authorisation: bytes
    ) -> SettledOperation: ...
    async def close(self) -> None: ...


class TillGateway(Protocol):
    """What a till of one partner may do; signed with that partner's (delegate) key."""

    async def redeem(self, member: MemberId, *, points: int, authorisation: bytes) -> SettledOperation: ...
    async def close(self) -> None: ...
