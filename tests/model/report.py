"""The report of a scenario, as the rules describe it."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from .account import Account
from .always_true import assert_positions_add_up
from .terms import Report

if TYPE_CHECKING:
    from .ledger_model import LedgerModel


def report(ledger: LedgerModel, *, as_of_day: int) -> Report:
    """Touches all members on `as_of_day`, then reports."""
    ledger.sweep(as_of_day)
    for member_id in ledger.accounts:
        ledger.touch(member_id, as_of_day)
    assert_positions_add_up(ledger)
    accounts = ledger.accounts.values()
    clearing = {partner_id: ledger.clearing.total(partner_id) for partner_id in ledger.partners}
    return {
        "members": {member_id: member(account) for member_id, account in ledger.accounts.items()},
        "points": {
            "issued": sum(account.issued for account in accounts),
            "burned": sum(account.burned for account in accounts),
            "cancelled": sum(account.cancelled for account in accounts),
            "expired": sum(account.expired for account in accounts),
            "outstanding": sum(account.balance for account in accounts),
        },
        "clearing": clearing,
        "operator_net": sum(lines["net"] for lines in clearing.values()),
        "campaigns": {
            campaign.id: {"awarded_points": campaign.spent_points, "refused": campaign.refused}
            for campaign in ledger.campaigns.values()
        },
        "cycles": ledger.clearing.cycles,
        "rejected": ledger.rejected,
    }


def member(account: Account) -> Report:
    points_by_expiry_and_issuer: Counter[tuple[int, str]] = Counter()
    for lot in account.lots:
        points_by_expiry_and_issuer[lot.expires_day, lot.issuer] += lot.left
    return {
        "available": account.available,
        "held": account.held,
        "debt": account.debt,
        "lots": [
            {"issuer": issuer, "expires_day": expires_day, "points": points}
            for (expires_day, issuer), points in sorted(points_by_expiry_and_issuer.items())
            if points
        ],
    }
