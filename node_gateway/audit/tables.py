"""The rebuilt ledger as rows of the gateway's tables: only what follows from the chain."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from node_gateway.audit.clearing import LINES
from node_gateway.audit.ledger import RebuiltLedger
from node_gateway.audit.registry import IssuerKind

Row = tuple[tuple[Any, ...], dict[str, Any]]
RowMaker = Callable[[RebuiltLedger], Iterator[Row]]


# Of partners: the column of each limit.
LIMITS = {
    "credit_limit_micro": "creditLimitMicro",
    "operation_points_max": "operationPointsMax",
    "member_day_points_max": "memberDayPointsMax",
    "partner_day_points_max": "partnerDayPointsMax",
}


class Table(NamedTuple):
    """A table of the gateway.

    Attributes:
        name: of the table.
        key: columns of the primary key.
        rows: what must be in it.
        optional_when_zero: the column whose rows may be absent where it is 0.
    """

    name: str
    key: tuple[str, ...]
    rows: RowMaker
    optional_when_zero: str | None = None


def signed64(number: int) -> int:
    """An unsigned 64-bit number as SQL's BIGINT has it."""
    return number - (1 << 64) if number >= 1 << 63 else number


def _members(ledger: RebuiltLedger) -> Iterator[Row]:
    for address in sorted(ledger.accounts.keys() | ledger.registry.members.keys()):
        account, member = ledger.account(address), ledger.registry.member(address)
        yield (
            (address,),
            {
                "balance": account.balance,
                "held": account.held,
                "debt": account.debt,
                "next_lot": len(account.lots),
                "soonest_expires_day": account.order[0][0] if account.order else None,
                "is_enrolled": member.is_enrolled,
                "is_locked": member.is_locked,
                "freeze_reason": member.freeze_reason,
                "allowance_points_per_day": member.allowance_points_per_day,
                "key_active_from_s": member.key_active_from_s,
                "recovery_key": member.recovery_key,
                "recovery_kind": member.recovery_kind,
                "recovery_due_at_s": member.recovery_due_at_s,
            },
        )


def _member_keys(ledger: RebuiltLedger) -> Iterator[Row]:
    for address, member in ledger.registry.members.items():
        for key, kind in member.keys.items():
            yield (address, key), {"kind": kind}


def _lots(ledger: RebuiltLedger) -> Iterator[Row]:
    for member, lot in ledger.lots():
        yield (
            (member, lot.index),
            {
                "terms": lot.terms,
                "arrival": lot.index,
                "expires_day": lot.expires_day,
                "points": lot.points,
                "points_left": lot.left,
                "spend": lot.spend_minor,
                "spend_kept": lot.kept_minor,
                "operation": None if lot.operation is None else signed64(lot.operation),
                "block_number": lot.block_number,
            },
        )


def _holds(ledger: RebuiltLedger) -> Iterator[Row]:
    for member, account in ledger.accounts.items():
        for hold in account.holds.values():
            yield (
                (member, hold.nonce),
                {
                    "operation": signed64(hold.operation),
                    "partner": hold.partner,
                    "points": hold.points,
                    "expires_day": hold.expires_day,
                    "state": hold.state,
                    "captured": hold.captured,
                    "released": hold.released,
                    "block_number": hold.block_number,
                },
            )


def _campaigns(ledger: RebuiltLedger) -> Iterator[Row]:
    for campaign in ledger.campaigns.values():
        yield (
            (campaign.number,),
            {
                "name": campaign.name,
                "terms_hash": campaign.terms_hash,
                "first_terms": campaign.first_terms,
                "opens_day": campaign.opens_day,
                "closes_day": campaign.closes_day,
                "closed_early_last_day": campaign.closed_early_last_day,
                "budget_points": campaign.budget_points,
                "spent_points": campaign.spent_points,
                "refused": campaign.refused,
                "price_micro": campaign.price_micro,
                "opened_block": campaign.opened_block,
            },
        )


def _campaign_partners(ledger: RebuiltLedger) -> Iterator[Row]:
    for campaign in ledger.campaigns.values():
        for position, partner in enumerate(campaign.partners):
            yield (campaign.number, position), {"partner": partner}


def _campaign_stages(ledger: RebuiltLedger) -> Iterator[Row]:
    for campaign in ledger.campaigns.values():
        for number, stage in enumerate(campaign.stages):
            yield (campaign.number, number), stage._asdict()


def _campaign_funders(ledger: RebuiltLedger) -> Iterator[Row]:
    for campaign in ledger.campaigns.values():
        for position, funder in enumerate(campaign.funders):
            yield (campaign.number, position), funder._asdict()


def _progress(ledger: RebuiltLedger) -> Iterator[Row]:
    for campaign in ledger.campaigns.values():
        for member, progress in campaign.progress.items():
            awarded = sum(1 << stage for stage in progress.awards)
            yield (member, campaign.number), {"visits": progress.visits, "awarded_stages": awarded}


def _progress_spend(ledger: RebuiltLedger) -> Iterator[Row]:
    for campaign in ledger.campaigns.values():
        for member, progress in campaign.progress.items():
            for partner, spend_minor in progress.spend_minor.items():
                yield (member, campaign.number, partner), {"spend_minor": spend_minor}


def _awards(ledger: RebuiltLedger) -> Iterator[Row]:
    for campaign in ledger.campaigns.values():
        for (member, index), award in campaign.awards.items():
            yield (
                (member, index),
                {
                    "campaign": campaign.number,
                    "stage": award.stage,
                    "points": award.lot.points,
                    "is_clawed_back": (member, index) in campaign.clawed_back,
                    "block_number": award.lot.block_number,
                },
            )


def _positions(ledger: RebuiltLedger) -> Iterator[Row]:
    for partner, position in ledger.positions.items():
        if any(position.lines_micro.values()):
            yield (partner,), {f"{line}_micro": position.lines_micro[line] for line in LINES}


def _cycles(ledger: RebuiltLedger) -> Iterator[Row]:
    for cycle, closed in ledger.cycles.items():
        yield (cycle,), {"day": closed.day, "block_number": closed.block_number}


def _statements(ledger: RebuiltLedger) -> Iterator[Row]:
    for (cycle, partner), block_number in ledger.issued_statements.items():
        statement = ledger.statements[cycle, partner]
        yield (
            (partner, cycle),
            {
                **{f"{line}_micro": statement.lines_micro[line] for line in LINES},
                "carried_in_micro": statement.carried_in_micro,
                "payable_minor": statement.payable_minor,
                "carried_out_micro": statement.carried_out_micro,
                "block_number": block_number,
            },
        )


def _payments(ledger: RebuiltLedger) -> Iterator[Row]:
    for number, payment in ledger.registry.payments.items():
        yield (
            (number,),
            {
                "partner": payment.partner,
                "is_from_partner": payment.is_from_partner,
                "amount_minor": payment.amount_minor,
                "reference": payment.reference,
                "recorded_block": payment.recorded_block,
                "confirmed_block": payment.confirmed_block,
                "unpaid_minor": payment.unpaid_minor,
            },
        )


def _totals(ledger: RebuiltLedger) -> Iterator[Row]:
    totals = ledger.totals()
    if any(totals.values()):
        yield (1,), totals


def _partners(ledger: RebuiltLedger) -> Iterator[Row]:
    for number, partner in ledger.registry.partners.items():
        limits = {column: partner.limits.get(name) for column, name in LIMITS.items()}
        yield (
            (number,),
            {
                "name": partner.name,
                "key": partner.key,
                "previous_key": partner.previous_key,
                "previous_key_until_s": partner.previous_key_until_s,
                "is_suspended": partner.is_suspended,
                "refund_terms": partner.refund_terms,
                "terms": partner.terms,
                "version": partner.version,
                **limits,
            },
        )


def _terms(ledger: RebuiltLedger) -> Iterator[Row]:
    for number, terms in ledger.registry.terms.items():
        if terms.kind is not IssuerKind.OPERATOR:
            yield (
                (number,),
                {
                    "issuer_kind": terms.kind.value,
                    "issuer": terms.issuer,
                    "stage": terms.stage,
                    "issue_price_micro": terms.issue_price_micro,
                    "redeem_price_micro": terms.redeem_price_micro,
                    "earn_points_per_100_minor": terms.earn_rate,
                },
            )


def _delegates(ledger: RebuiltLedger) -> Iterator[Row]:
    for submitter, terms in ledger.registry.delegates.items():
        yield (
            (submitter,),
            {
                "partner": submitter >> 16,
                "key": terms["key"],
                "valid_until_s": terms["validUntil"],
                "kinds_allowed": terms["kindsAllowed"],
            },
        )


TABLES = (
    Table("members", ("member",), _members),
    Table("member_keys", ("member", "key"), _member_keys),
    Table("lots", ("member", "lot"), _lots),
    Table("holds", ("member", "nonce"), _holds),
    Table("campaigns", ("campaign",), _campaigns),
    Table("campaign_partners", ("campaign", "position"), _campaign_partners),
    Table("campaign_stages", ("campaign", "stage"), _campaign_stages),
    Table("campaign_funders", ("campaign", "position"), _campaign_funders),
    Table("progress", ("member", "campaign"), _progress),
    Table(
        "progress_spend", ("member", "campaign", "partner"), _progress_spend, optional_when_zero="spend_minor"
    ),
    Table("awards", ("member", "lot"), _awards),
    Table("positions", ("partner",), _positions),
    Table("cycles", ("cycle",), _cycles),
    Table("statements", ("partner", "cycle"), _statements),
    Table("payments", ("payment",), _payments),
    Table("totals", ("id",), _totals),
    Table("partners", ("partner",), _partners),
    Table("terms", ("terms",), _terms),
    Table("delegates", ("submitter",), _delegates),
)
