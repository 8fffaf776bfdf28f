"""Events of partners, terms, campaigns, clearing and members' keys, folded into the rebuilt ledger."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from node_gateway.audit.campaigns import Campaign, Funder, Stage
from node_gateway.audit.clearing import LINES, Position
from node_gateway.audit.ledger import RebuiltLedger
from node_gateway.audit.registry import LIMIT_TYPES, NO_LIMIT, IssuerKind, Partner, Payment, Terms

Args = Mapping[str, Any]
Handler = Callable[[RebuiltLedger, Args], None]


def _program_set(ledger: RebuiltLedger, args: Args) -> None:
    ledger.registry.program = dict(args["terms"])
    ledger.registry.operator_key = args["terms"]["operatorKey"]


def _operator_key_proposed(ledger: RebuiltLedger, args: Args) -> None:
    ledger.registry.proposed_operator_key = args["key"]


def _operator_key_changed(ledger: RebuiltLedger, args: Args) -> None:
    ledger.registry.operator_key, ledger.registry.proposed_operator_key = args["key"], None


def _partner_admitted(ledger: RebuiltLedger, args: Args) -> None:
    number, block = args["partner"], ledger.moment.block_number
    # Until terms are recorded a purchase earns nothing.
    ledger.registry.partners[number] = Partner(args["name"], args["key"], args["refundTerms"], args["terms"])
    ledger.registry.terms[args["refundTerms"]] = Terms(IssuerKind.REFUND, number, block)
    ledger.registry.terms[args["terms"]] = Terms(IssuerKind.PARTNER, number, block)
    ledger.positions[number] = Position()
    ledger.registry.unpaid_minor[number] = 0


def _partner_terms_recorded(ledger: RebuiltLedger, args: Args) -> None:
    ledger.registry.terms[args["terms"]] = Terms(
        IssuerKind.PARTNER,
        args["partner"],
        ledger.moment.block_number,
        issue_price_micro=args["issuePriceMicro"],
        redeem_price_micro=args["redeemPriceMicro"],
        earn_rate=args["earnRate"],
        version=args["version"],
        effective_day=args["effectiveDay"],
    )
    ledger.registry.partners[args["partner"]].version = args["version"]


def _partner_terms_in_force(ledger: RebuiltLedger, args: Args) -> None:
    terms = ledger.registry.terms[args["terms"]]
    key = (args["partner"], args["terms"])
    ledger.check(args["partner"], terms.issuer, "PartnerTermsInForce", key, "partner")
    ledger.check(
        True, (terms.effective_day or 0) <= ledger.moment.day, "PartnerTermsInForce", key, "effectiveDay"
    )
    ledger.registry.partners[args["partner"]].terms = args["terms"]


def _partner_key_rotated(ledger: RebuiltLedger, args: Args) -> None:
    partner = ledger.registry.partners[args["partner"]]
    ledger.check(partner.key, args["previousKey"], "PartnerKeyRotated", (args["partner"],), "previousKey")
    partner.key, partner.previous_key = args["key"], args["previousKey"]
    partner.previous_key_until_s = args["previousKeyUntil"]


def _partner_suspended(ledger: RebuiltLedger, args: Args) -> None:
    ledger.registry.partners[args["partner"]].is_suspended = True


def _partner_reinstated(ledger: RebuiltLedger, args: Args) -> None:
    ledger.registry.partners[args["partner"]].is_suspended = False


def limit(name: str, value: int) -> int | None:
    """A limit, None where there is none."""
    return None if value == NO_LIMIT[LIMIT_TYPES[name]] else value


def _limits_set(ledger: RebuiltLedger, args: Args) -> None:
    limits = {name: limit(name, value) for name, value in args["limits"].items()}
    ledger.registry.partners[args["partner"]].limits = limits


def _delegate_set(ledger: RebuiltLedger, args: Args) -> None:
    ledger.registry.delegates[args["submitter"]] = dict(args["terms"])


def _operation_kind_paused(ledger: RebuiltLedger, args: Args) -> None:
    if args["paused"]:
        ledger.registry.paused_kinds.add(args["kind"])
    else:
        ledger.registry.paused_kinds.discard(args["kind"])


def _campaign_opened(ledger: RebuiltLedger, args: Args) -> None:
    number, block, terms = args["campaign"], ledger.moment.block_number, args["terms"]
    campaign = Campaign(
        number=number,
        name=terms["name"],
        terms_hash=args["termsHash"],
        first_terms=args["firstTerms"],
        partners=tuple(terms["partners"]),
        opens_day=terms["opensDay"],
        closes_day=terms["closesDay"],
        budget_points=terms["budgetPoints"],
        price_micro=terms["priceMicro"],
        stages=tuple(
            Stage(
                s["bonusPoints"], s["partnersRequired"], s["minSpendEach"], s["minSpendTotal"], s["minVisits"]
            )
            for s in terms["stages"]
        ),
        funders=tuple(Funder(funder["partner"], funder["shareBps"]) for funder in terms["funders"]),
        opened_block=block,
    )
    ledger.check(True, ledger.moment.day < campaign.opens_day, "CampaignOpened", (number,), "opensDay")
    ledger.add_campaign(campaign)
    for stage in range(len(campaign.stages)):
        ledger.registry.terms[campaign.first_terms + stage] = Terms(
            IssuerKind.CAMPAIGN, number, block, issue_price_micro=campaign.price_micro, stage=stage
        )


def _campaign_paused(ledger: RebuiltLedger, args: Args) -> None:
    ledger.campaigns[args["campaign"]].pauses.append((args["fromDay"], None))


def _campaign_resumed(ledger: RebuiltLedger, args: Args) -> None:
    pauses = ledger.campaigns[args["campaign"]].pauses
    pauses[-1] = (pauses[-1][0], args["fromDay"])


def _campaign_closed_early(ledger: RebuiltLedger, args: Args) -> None:
    ledger.campaigns[args["campaign"]].closed_early_last_day = args["lastDay"]


def _cycle_closed(ledger: RebuiltLedger, args: Args) -> None:
    cycle = args["cycle"]
    ledger.check(ledger.running_cycle, cycle, "cycles", (cycle,), "cycle")
    ledger.check(ledger.moment.day, args["day"], "cycles", (cycle,), "day")
    ledger.cycles[cycle] = ledger.moment
    ledger.running_cycle = cycle + 1
    for partner, position in ledger.positions.items():
        statement = position.close(ledger.rules.currency_decimals)
        ledger.statements[cycle, partner] = statement
        ledger.registry.unpaid_minor[partner] += statement.payable_minor


def _statement_issued(ledger: RebuiltLedger, args: Args) -> None:
    key = (args["cycle"], args["partner"])
    statement = ledger.statements[key]
    for line in LINES:
        ledger.check(statement.lines_micro[line], args[line], "statements", key, line)
    ledger.check(statement.carried_in_micro, args["carriedIn"], "statements", key, "carried_in")
    ledger.check(statement.payable_minor, args["payableMinor"], "statements", key, "payable_minor")
    ledger.check(statement.carried_out_micro, args["carriedOut"], "statements", key, "carried_out")
    ledger.issued_statements[key] = ledger.moment.block_number


def _payment_recorded(ledger: RebuiltLedger, args: Args) -> None:
    ledger.registry.payments[args["payment"]] = Payment(
        args["partner"],
        args["fromPartner"],
        args["amountMinor"],
        args["reference_"],
        ledger.moment.block_number,
    )


def _payment_confirmed(ledger: RebuiltLedger, args: Args) -> None:
    payment = ledger.registry.payments[args["payment"]]
    ledger.check(None, payment.confirmed_block, "payments", (args["payment"],), "confirmed_block")
    amount = payment.amount_minor if payment.is_from_partner else -payment.amount_minor
    ledger.registry.unpaid_minor[payment.partner] -= amount
    unpaid = ledger.registry.unpaid_minor[payment.partner]
    ledger.check(unpaid, args["unpaidMinor"], "payments", (args["payment"],), "unpaid_minor")
    payment.confirmed_block, payment.unpaid_minor = ledger.moment.block_number, unpaid


def _member_enrolled(ledger: RebuiltLedger, args: Args) -> None:
    member = ledger.registry.member(args["member"])
    member.is_enrolled, member.key_active_from_s = True, args["activeFrom"]
    member.keys[args["key"]] = args["kind"]


def _key_added(ledger: RebuiltLedger, args: Args) -> None:
    ledger.account(args["member"]).use_nonce(args["nonce"])
    ledger.registry.member(args["member"]).keys[args["key"]] = args["kind"]


def _key_removed(ledger: RebuiltLedger, args: Args) -> None:
    ledger.account(args["member"]).use_nonce(args["nonce"])
    ledger.registry.member(args["member"]).keys.pop(args["key"], None)


def _member_locked(ledger: RebuiltLedger, args: Args) -> None:
    ledger.registry.member(args["member"]).is_locked = True


def _member_unlocked(ledger: RebuiltLedger, args: Args) -> None:
    ledger.account(args["member"]).use_nonce(args["nonce"])
    ledger.registry.member(args["member"]).is_locked = False


def _allowance_set(ledger: RebuiltLedger, args: Args) -> None:
    ledger.account(args["member"]).use_nonce(args["nonce"])
    ledger.registry.member(args["member"]).allowance_points_per_day = args["pointsPerDay"]


def _recovery_started(ledger: RebuiltLedger, args: Args) -> None:
    member = ledger.registry.member(args["member"])
    member.recovery_key, member.recovery_kind = args["key"], args["kind"]
    member.recovery_due_at_s = args["dueAt"]


def _recovery_refused(ledger: RebuiltLedger, args: Args) -> None:
    ledger.account(args["member"]).use_nonce(args["nonce"])
    member = ledger.registry.member(args["member"])
    member.recovery_key = member.recovery_kind = member.recovery_due_at_s = None


def _recovery_finished(ledger: RebuiltLedger, args: Args) -> None:
    member = ledger.registry.member(args["member"])
    assert member.recovery_kind is not None, "a recovery that was never started"
    # What the lost keys allowed is void with them.
    member.keys = {args["key"]: member.recovery_kind}
    member.allowance_points_per_day = 0
    member.recovery_key = member.recovery_kind = member.recovery_due_at_s = None


def _member_frozen(ledger: RebuiltLedger, args: Args) -> None:
    ledger.registry.member(args["member"]).freeze_reason = args["reasonCode"]


def _member_unfrozen(ledger: RebuiltLedger, args: Args) -> None:
    ledger.registry.member(args["member"]).freeze_reason = 0


HANDLERS: dict[str, Handler] = {
    "ProgramSet": _program_set,
    "OperatorKeyProposed": _operator_key_proposed,
    "OperatorKeyChanged": _operator_key_changed,
    "PartnerAdmitted": _partner_admitted,
    "PartnerTermsRecorded": _partner_terms_recorded,
    "PartnerTermsInForce": _partner_terms_in_force,
    "PartnerKeyRotated": _partner_key_rotated,
    "PartnerSuspended": _partner_suspended,
    "PartnerReinstated": _partner_reinstated,
    "LimitsSet": _limits_set,
    "DelegateSet": _delegate_set,
    "OperationKindPaused": _operation_kind_paused,
    "CampaignOpened": _campaign_opened,
    "CampaignPaused": _campaign_paused,
    "CampaignResumed": _campaign_resumed,
    "CampaignClosedEarly": _campaign_closed_early,
    "CycleClosed": _cycle_closed,
    "StatementIssued": _statement_issued,
    "PaymentRecorded": _payment_recorded,
    "PaymentConfirmed": _payment_confirmed,
    "MemberEnrolled": _member_enrolled,
    "KeyAdded": _key_added,
    "KeyRemoved": _key_removed,
    "MemberLocked": _member_locked,
    "MemberUnlocked": _member_unlocked,
    "AllowanceSet": _allowance_set,
    "RecoveryStarted": _recovery_started,
    "RecoveryRefused": _recovery_refused,
    "RecoveryFinished": _recovery_finished,
    "MemberFrozen": _member_frozen,
    "MemberUnfrozen": _member_unfrozen,
}
