"""The rules' "Always true", asserted after every event."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from .account import Account, Hold, HoldState, Lot
from .operations import Purchase, Redemption
from .terms import OPERATOR, POINTS_MAX, points_for_spend_floor

if TYPE_CHECKING:
    from .ledger_model import LedgerModel


def assert_always_true(ledger: LedgerModel) -> None:
    for account in ledger.accounts.values():
        assert_account_adds_up(account)
    for operation in ledger.applied.values():
        if isinstance(operation, Hold):
            assert_hold_adds_up(operation)
    assert_points_taken_back_are_recovered_or_owed(ledger)
    for campaign in ledger.campaigns.values():
        awards = [lot.award for lot in ledger.issued_lots if lot.award and lot.issuer == campaign.issuer]
        spent = sum(award.points - award.recovered_points for award in awards)
        assert 0 <= campaign.spent_points == spent <= campaign.budget_points
    accounts = ledger.accounts.values()
    assert sum(account.received for account in accounts) == sum(account.sent for account in accounts)
    assert sum(account.issued for account in accounts) == sum(lot.points for lot in ledger.issued_lots)


def assert_account_adds_up(account: Account) -> None:
    gone = account.sent + account.burned + account.cancelled + account.expired
    assert account.issued + account.received == gone + account.balance
    assert account.available >= 0
    assert all(debt.points > 0 for debt in account.debts)
    assert all(hold.state is HoldState.PENDING for hold in account.holds)
    for lot in account.lots:
        assert 0 <= lot.left <= lot.points <= POINTS_MAX
        assert lot.points == lot.left + lot.burned + lot.cancelled + lot.expired + lot.moved


def assert_hold_adds_up(hold: Hold) -> None:
    if hold.state is HoldState.PENDING:
        assert hold.captured_points == hold.released_points == 0
    else:
        assert hold.captured_points + hold.released_points == hold.points


def assert_points_taken_back_are_recovered_or_owed(ledger: LedgerModel) -> None:
    """Of every lot: what returns and claw-backs took back = what was recovered for it + its debt."""
    taken_back: Counter[Lot] = Counter()
    for operation in ledger.applied.values():
        if isinstance(operation, Purchase):
            points_kept = points_for_spend_floor(operation.kept_minor, operation.rate)
            taken_back[operation.lot] += (
                points_for_spend_floor(operation.spend_minor, operation.rate) - points_kept
            )
    standing = {
        lot
        for campaign in ledger.campaigns.values()
        for progress in campaign.progress_by_member.values()
        for lot in progress.bonus_lots.values()
    }
    for lot in ledger.issued_lots:
        if lot.award and lot not in standing:
            taken_back[lot] += lot.award.points
    accounted: Counter[Lot] = Counter({lot: lot.recovered for lot in ledger.issued_lots})
    for account in ledger.accounts.values():
        for debt in account.debts:
            accounted[debt.lot] += debt.points
        for lot, points in account.unposted:
            accounted[lot] += points
    assert taken_back == accounted


def assert_positions_add_up(ledger: LedgerModel) -> None:
    """The journal's totals once more, from the lots and redemptions themselves."""
    lines: Counter[tuple[str, str]] = Counter()
    for lot in ledger.issued_lots:
        if lot.award:
            campaign = ledger.campaigns[lot.award.campaign_id]
            assert lot.recovered == lot.award.recovered_points
            for funder, points in campaign.shares(lot.points).items():
                lines[funder, "bonus"] += points * campaign.price_micro
            credited = campaign.shares(lot.recovered)
            assert sum(credited.values()) == lot.recovered
            for funder, points in credited.items():
                lines[funder, "credit"] += points * campaign.price_micro
        elif lot.issuer != OPERATOR:
            lines[lot.issuer, "base"] += lot.points * lot.price_micro
            lines[lot.issuer, "credit"] += lot.recovered * lot.price_micro
    for operation in ledger.applied.values():
        if isinstance(operation, Redemption):
            points = operation.points - operation.refunded_points
            lines[operation.partner_id, "reimbursed"] += points * operation.price_micro
    for partner_id in ledger.partners:
        total = ledger.clearing.total(partner_id)
        for line in ("base", "bonus", "credit", "reimbursed"):
            assert total[line] == lines[partner_id, line]
    cancelled = sum(account.cancelled for account in ledger.accounts.values())
    assert cancelled == sum(lot.recovered for lot in ledger.issued_lots)
