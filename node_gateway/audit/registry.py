"""The program's parties as the events tell of them, rebuilt for the audit."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

NO_LIMIT = {"uint96": 2**96 - 1, "uint48": 2**48 - 1, "uint32": 2**32 - 1}
OPERATOR_TERMS = 1
LIMIT_TYPES = {
    "creditLimitMicro": "uint96",
    "operationPointsMax": "uint32",
    "memberDayPointsMax": "uint48",
    "partnerDayPointsMax": "uint48",
}


class IssuerKind(StrEnum):
    """What kind of issuer a lot has, in the order of the contract's enum."""

    OPERATOR = "operator"
    PARTNER = "partner"
    CAMPAIGN = "campaign"
    REFUND = "refund"


@dataclass(slots=True)
class Terms:
    """What lots and redemptions refer to."""

    kind: IssuerKind
    issuer: int
    block_number: int
    issue_price_micro: int = 0
    redeem_price_micro: int = 0
    earn_rate: int = 0
    stage: int = 0
    version: int | None = None
    effective_day: int | None = None


@dataclass(slots=True)
class Partner:
    """A partner as registered. `terms`: those in force."""

    name: str
    key: bytes
    refund_terms: int
    terms: int | None = None
    version: int = 0
    is_suspended: bool = False
    previous_key: bytes | None = None
    previous_key_until_s: int | None = None
    limits: dict[str, int | None] = field(default_factory=dict)


@dataclass(slots=True)
class Member:
    """A member's keys and locks; points are in the account. Keys by kind."""

    keys: dict[bytes, int] = field(default_factory=dict)
    is_enrolled: bool = False
    is_locked: bool = False
    freeze_reason: int = 0
    allowance_points_per_day: int = 0
    key_active_from_s: int | None = None
    recovery_key: bytes | None = None
    recovery_kind: int | None = None
    recovery_due_at_s: int | None = None


@dataclass(slots=True)
class Payment:
    """A payment between a partner and the operator."""

    partner: int
    is_from_partner: bool
    amount_minor: int
    reference: bytes
    recorded_block: int
    confirmed_block: int | None = None
    unpaid_minor: int | None = None


@dataclass(slots=True)
class Registry:
    """All parties and their terms."""

    partners: dict[int, Partner] = field(default_factory=dict)
    terms: dict[int, Terms] = field(default_factory=dict)
    members: dict[bytes, Member] = field(default_factory=dict)
    delegates: dict[int, dict[str, Any]] = field(default_factory=dict)
    paused_kinds: set[int] = field(default_factory=set)
    program: dict[str, Any] = field(default_factory=dict)
    operator_key: bytes | None = None
    proposed_operator_key: bytes | None = None
    payments: dict[int, Payment] = field(default_factory=dict)
    unpaid_minor: dict[int, int] = field(default_factory=dict)

    def member(self, address: bytes) -> Member:
        """The member, begun where there is none."""
        return self.members.setdefault(address, Member())
