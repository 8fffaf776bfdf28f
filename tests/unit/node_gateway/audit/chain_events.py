"""A chain's events made by hand: an honest little history that tests then falsify."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from node_gateway.audit.invariants import broken_invariants
from node_gateway.audit.ledger import ProgramRules, RebuiltLedger
from node_gateway.audit.rebuild import SECONDS_PER_DAY, rebuild_block
from node_gateway.chain.abi import Event

MEMBER, OTHER = b"\x01" * 20, b"\x02" * 20
KEY = b"\x0a" * 20
REFUND_TERMS, FIRST_TERMS, TERMS = 2, 3, 4
STAGE_TERMS = 5
RULES = ProgramRules(
    currency_decimals=2, lot_validity_days=30, return_window_days=30, late_posting_days=5, day_offset_s=0
)


@dataclass
class History:
    """Blocks of one transaction each. Partner 1 issues at 10,000 micro, redeems at 8,000, gives a point for a minor unit."""

    ledger: RebuiltLedger = field(default_factory=lambda: RebuiltLedger(RULES))
    day: int = 1
    blocks: int = 0
    operations: int = 0

    def __post_init__(self) -> None:
        terms = {"issuePriceMicro": 10_000, "redeemPriceMicro": 8_000, "earnRate": 100}
        self.mine(
            (
                "PartnerAdmitted",
                {"partner": 1, "name": "A", "key": KEY, "refundTerms": REFUND_TERMS, "terms": FIRST_TERMS},
            ),
            (
                "PartnerTermsRecorded",
                {"partner": 1, "version": 1, "terms": TERMS, "effectiveDay": 1, **terms},
            ),
            ("PartnerTermsInForce", {"partner": 1, "terms": TERMS}),
        )

    def mine(self, *events: tuple[str, dict[str, Any]]) -> None:
        """One block today with one transaction."""
        self.blocks += 1
        tx_hash = f"0x{self.blocks:064x}"
        decoded = [Event(name, args, index, tx_hash) for index, (name, args) in enumerate(events)]
        rebuild_block(self.ledger, self.blocks, self.day * SECONDS_PER_DAY, decoded)

    def operation(self) -> int:
        """The next operation of partner 1."""
        self.operations += 1
        return (1 << 48) | self.operations

    def purchase(self, spend: int, *, lot: int, **changes: Any) -> tuple[str, dict[str, Any]]:
        """A purchase of the member today."""
        args = {
            "operation": self.operation(),
            "member": MEMBER,
            "spend": spend,
            "points": spend,
            "lot": lot,
            "expiresDay": self.day + RULES.lot_validity_days,
            "terms": TERMS,
        }
        return "PurchaseSettled", args | changes

    def redemption(self, points: int, *, nonce: int, **changes: Any) -> tuple[str, dict[str, Any]]:
        """A redemption of the member today."""
        args = {
            "operation": self.operation(),
            "member": MEMBER,
            "points": points,
            "nonce": nonce,
            "terms": TERMS,
        }
        return "RedemptionSettled", args | changes

    def found(self) -> list[str]:
        """`table.column` of everything that does not agree."""
        found = [*self.ledger.differences, *broken_invariants(self.ledger)]
        return [f"{one.table}.{one.column}" for one in found]


def position(
    base: int = 0, bonus: int = 0, credit: int = 0, reimbursed: int = 0
) -> tuple[str, dict[str, Any]]:
    """Partner 1's lines since the start."""
    lines = {"base": base, "bonus": bonus, "credit": credit, "reimbursed": reimbursed}
    return "PositionChanged", {"partner": 1, **lines}


def campaign_opened(
    *, opens_day: int, budget_points: int = 100, share_bps: int = 5_000
) -> tuple[str, dict[str, Any]]:
    """Campaign 1 at partner 1: 100 points for the second visit, the operator pays what partner 1 does not."""
    stage = {"bonusPoints": 100, "partnersRequired": 0, "minSpendEach": 0, "minSpendTotal": 0, "minVisits": 2}
    terms = {
        "campaign": 1,
        "name": "c",
        "partners": [1],
        "opensDay": opens_day,
        "closesDay": 100,
        "budgetPoints": budget_points,
        "priceMicro": 9_000,
        "stages": [stage],
        "funders": [{"partner": 1, "shareBps": share_bps}, {"partner": 0, "shareBps": 10_000 - share_bps}],
    }
    return "CampaignOpened", {
        "campaign": 1,
        "termsHash": b"\x05" * 32,
        "firstTerms": STAGE_TERMS,
        "terms": terms,
    }
