"""Clearing, partners and the program as rows of the gateway's tables: only what follows from the chain."""

from __future__ import annotations

from node_gateway.audit.clearing import LINES
from node_gateway.audit.ledger import RebuiltLedger
from node_gateway.audit.rows import Rows, Table

# Of partners: the column of each limit.
LIMITS = {
    "credit_limit_micro": "creditLimitMicro",
    "operation_points_max": "operationPointsMax",
    "member_day_points_max": "memberDayPointsMax",
    "partner_day_points_max": "partnerDayPointsMax",
}


def _positions(ledger: RebuiltLedger) -> Rows:
    for partner, position in ledger.positions.items():
        if any(position.lines_micro.values()):
            yield (partner,), {f"{line}_micro": position.lines_micro[line] for line in LINES}


def _cycles(ledger: RebuiltLedger) -> Rows:
    for cycle, closed in ledger.cycles.items():
        yield (cycle,), {"day": closed.day, "block_number": closed.block_number}


def _statements(ledger: RebuiltLedger) -> Rows:
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


def _payments(ledger: RebuiltLedger) -> Rows:
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


def _totals(ledger: RebuiltLedger) -> Rows:
    yield (1,), ledger.totals()


def _partners(ledger: RebuiltLedger) -> Rows:
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


def _terms(ledger: RebuiltLedger) -> Rows:
    for number, terms in ledger.registry.terms.items():
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


def _program(ledger: RebuiltLedger) -> Rows:
    terms = ledger.registry.program
    if terms:
        yield (
            (1,),
            {
                "name": terms["name"],
                "symbol": terms["symbol"],
                "currency": terms["currency"].decode("ascii", "replace"),
                "currency_decimals": terms["currencyDecimals"],
                "lot_validity_days": terms["lotValidityDays"],
                "return_window_days": terms["returnWindowDays"],
                "late_posting_days": terms["latePostingDays"],
                "day_offset_s": terms["dayOffsetSeconds"],
                "first_key_delay_s": terms["firstKeyDelaySeconds"],
                "recovery_delay_s": terms["recoveryDelaySeconds"],
                "relying_party_id_hash": terms["relyingPartyIdHash"],
                "operator_key": ledger.registry.operator_key,
                "proposed_operator_key": ledger.registry.proposed_operator_key,
                "current_cycle": ledger.running_cycle,
            },
        )


def _paused_kinds(ledger: RebuiltLedger) -> Rows:
    for kind in ledger.registry.paused_kinds:
        yield (kind,), {}


def _delegates(ledger: RebuiltLedger) -> Rows:
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


PROGRAM_TABLES = (
    Table("positions", ("partner",), _positions),
    Table("cycles", ("cycle",), _cycles),
    Table("statements", ("partner", "cycle"), _statements),
    Table("payments", ("payment",), _payments),
    Table("totals", ("id",), _totals),
    Table("partners", ("partner",), _partners),
    Table("terms", ("terms",), _terms),
    Table("delegates", ("submitter",), _delegates),
    Table("program", ("id",), _program),
    Table("paused_kinds", ("kind",), _paused_kinds),
)
