"""What is always true of a ledger, asked of the rebuilt one."""

from __future__ import annotations

from collections.abc import Iterator

from node_gateway.audit.accounts import Account
from node_gateway.audit.campaigns import Campaign
from node_gateway.audit.differences import Difference, Key, Witness, difference
from node_gateway.audit.ledger import RebuiltLedger


def broken_invariants(ledger: RebuiltLedger) -> Iterator[Difference]:
    """Every invariant that does not hold."""
    for member, account in ledger.accounts.items():
        yield from _of_account(member, account)
    for campaign in ledger.campaigns.values():
        yield from _of_campaign(campaign)
    totals = ledger.totals()
    gone = totals["burned"] + totals["cancelled"] + totals["expired"]
    yield from _same("totals", (1,), "issued", totals["issued"], gone + totals["outstanding"])
    for (member, index), lot in (((member, lot.index), lot) for member, lot in ledger.lots()):
        yield from _same("lots", (member, index), "points", lot.points, lot.left + lot.gone)
        yield from _same("lots", (member, index), "recovered at most", True, 0 <= lot.recovered <= lot.points)


def _of_account(member: bytes, account: Account) -> Iterator[Difference]:
    came = account.issued + account.received
    went = account.burned + account.cancelled + account.expired + account.sent
    yield from _same("members", (member,), "balance", came - went, account.balance)
    yield from _same("members", (member,), "balance", sum(lot.left for lot in account.lots), account.balance)
    yield from _same("members", (member,), "available not negative", True, account.available >= 0)
    pending = [hold for hold in account.holds.values() if hold.state == "pending"]
    yield from _same("members", (member,), "held", sum(hold.points for hold in pending), account.held)
    for hold in account.holds.values():
        if hold.state != "pending":
            yield from _same(
                "holds", (member, hold.nonce), "points", hold.points, hold.captured + hold.released
            )


def _of_campaign(campaign: Campaign) -> Iterator[Difference]:
    spent = sum(award.lot.points - award.lot.recovered for award in campaign.awards.values())
    yield from _same("campaigns", (campaign.number,), "spent_points", spent, campaign.spent_points)
    yield from _same(
        "campaigns", (campaign.number,), "spent within budget", True, 0 <= spent <= campaign.budget_points
    )


def _same(table: str, key: Key, column: str, expected: object, found: object) -> Iterator[Difference]:
    if expected != found:
        yield difference(Witness.RULES, table, key, column, chain=found, found=expected)
