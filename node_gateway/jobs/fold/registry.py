"""Events of partners, delegates, terms, members' keys and the program."""

from node_gateway.chain.abi import Event
from node_gateway.domain.states import IssuerKind
from node_gateway.jobs.fold.model import PROGRAM_ID, ReadModel
from node_gateway.jobs.rows import Row

FIRST_CYCLE = 1
UNLIMITED_96 = (1 << 96) - 1
UNLIMITED_32 = (1 << 32) - 1
UNLIMITED_48 = (1 << 48) - 1


def fold_program_set(model: ReadModel, event: Event) -> None:
    terms = event.args["terms"]
    model.rows["program"].put({
        "id": PROGRAM_ID,
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
        "operator_key": terms["operatorKey"],
        "proposed_operator_key": None,
        "current_cycle": FIRST_CYCLE,
    })  # fmt: skip


def fold_partner_admitted(model: ReadModel, event: Event) -> None:
    args = event.args
    model.rows["partners"].put({
        "partner": args["partner"],
        "name": args["name"],
        "key": args["key"],
        "previous_key": None,
        "previous_key_until_s": None,
        "is_suspended": False,
        # Until terms are recorded, a purchase earns nothing and a redemption is paid nothing.
        "terms": args["terms"],
        "refund_terms": args["refundTerms"],
        "version": 0,
        "issue_price_micro": 0,
        "redeem_price_micro": 0,
        "earn_points_per_100_minor": 0,
        "credit_limit_micro": None,
        "operation_points_max": None,
        "member_day_points_max": None,
        "partner_day_points_max": None,
        "as_of_block": model.block_number,
    })  # fmt: skip
    model.terms.put(_terms_row(model, args["refundTerms"], IssuerKind.REFUND, args["partner"]))
    model.terms.put(_terms_row(model, args["terms"], IssuerKind.PARTNER, args["partner"]))


def fold_partner_terms_recorded(model: ReadModel, event: Event) -> None:
    args = event.args
    row = _terms_row(model, args["terms"], IssuerKind.PARTNER, args["partner"])
    row |= {
        "version": args["version"],
        "issue_price_micro": args["issuePriceMicro"],
        "redeem_price_micro": args["redeemPriceMicro"],
        "earn_points_per_100_minor": args["earnRate"],
        "effective_day": args["effectiveDay"],
    }
    model.terms.put(row)
    _partner(model, event)["version"] = args["version"]


def fold_partner_terms_in_force(model: ReadModel, event: Event) -> None:
    terms = model.terms.get(event.args["terms"])
    assert terms is not None, "terms come into force after they were recorded"
    partner = _partner(model, event)
    partner["terms"] = event.args["terms"]
    for name in ("issue_price_micro", "redeem_price_micro", "earn_points_per_100_minor"):
        partner[name] = terms[name]


def fold_partner_key_rotated(model: ReadModel, event: Event) -> None:
    args = event.args
    _partner(model, event).update(
        key=args["key"], previous_key=args["previousKey"], previous_key_until_s=args["previousKeyUntil"]
    )


def fold_partner_suspended(model: ReadModel, event: Event) -> None:
    _partner(model, event)["is_suspended"] = True


def fold_partner_reinstated(model: ReadModel, event: Event) -> None:
    _partner(model, event)["is_suspended"] = False


def fold_limits_set(model: ReadModel, event: Event) -> None:
    limits = event.args["limits"]
    _partner(model, event).update(
        credit_limit_micro=_limit(limits["creditLimitMicro"], UNLIMITED_96),
        operation_points_max=_limit(limits["operationPointsMax"], UNLIMITED_32),
        member_day_points_max=_limit(limits["memberDayPointsMax"], UNLIMITED_48),
        partner_day_points_max=_limit(limits["partnerDayPointsMax"], UNLIMITED_48),
    )


def fold_delegate_set(model: ReadModel, event: Event) -> None:
    submitter, terms = event.args["submitter"], event.args["terms"]
    model.rows["delegates"].put({
        "submitter": submitter,
        "partner": submitter >> 16,
        "key": terms["key"],
        "valid_until_s": terms["validUntil"],
        "kinds_allowed": terms["kindsAllowed"],
        "operation_points_max": _limit(terms["operationPointsMax"], UNLIMITED_32),
        "day_points_max": _limit(terms["dayPointsMax"], UNLIMITED_48),
        "as_of_block": model.block_number,
    })  # fmt: skip


def fold_operator_key_proposed(model: ReadModel, event: Event) -> None:
    model.rows["program"].change(PROGRAM_ID)["proposed_operator_key"] = event.args["key"]


def fold_operator_key_changed(model: ReadModel, event: Event) -> None:
    model.rows["program"].change(PROGRAM_ID).update(
        operator_key=event.args["key"], proposed_operator_key=None
    )


def fold_operation_kind_paused(model: ReadModel, event: Event) -> None:
    kind, rows = event.args["kind"], model.rows["paused_kinds"]
    if event.args["paused"]:
        rows.put({"kind": kind, "block_number": model.block_number})
    elif (kind,) in rows:
        rows.remove(kind)


def fold_member_enrolled(model: ReadModel, event: Event) -> None:
    member = model.member(event.args["member"])
    member.update(is_enrolled=True, key_active_from_s=event.args["activeFrom"])
    _put_key(model, event)


def fold_key_added(model: ReadModel, event: Event) -> None:
    model.use_nonce(event.args["member"], event.args["nonce"])
    _put_key(model, event)


def fold_key_removed(model: ReadModel, event: Event) -> None:
    model.use_nonce(event.args["member"], event.args["nonce"])
    model.rows["member_keys"].remove(event.args["member"], event.args["key"])


def fold_member_locked(model: ReadModel, event: Event) -> None:
    model.member(event.args["member"])["is_locked"] = True


def fold_member_unlocked(model: ReadModel, event: Event) -> None:
    member = model.member(event.args["member"])
    member["is_locked"] = False
    model.use_nonce(event.args["member"], event.args["nonce"])


def fold_allowance_set(model: ReadModel, event: Event) -> None:
    member = model.member(event.args["member"])
    member["allowance_points_per_day"] = event.args["pointsPerDay"]
    # A finished recovery sets it to 0 without an authorisation.
    if nonce := event.args["nonce"]:
        model.use_nonce(event.args["member"], nonce)


def fold_recovery_started(model: ReadModel, event: Event) -> None:
    args = event.args
    model.member(args["member"]).update(
        recovery_key=args["key"], recovery_kind=args["kind"], recovery_due_at_s=args["dueAt"]
    )


def fold_recovery_refused(model: ReadModel, event: Event) -> None:
    member = model.member(event.args["member"])
    member.update(recovery_key=None, recovery_kind=None, recovery_due_at_s=None)
    model.use_nonce(event.args["member"], event.args["nonce"])


def fold_recovery_finished(model: ReadModel, event: Event) -> None:
    """The recovered key is the only one from now on."""
    member, keys = event.args["member"], model.rows["member_keys"]
    row = model.member(member)
    kind = row["recovery_kind"]
    for old in [key["key"] for key in keys.values() if key["member"] == member]:
        keys.remove(member, old)
    keys.put({"member": member, "key": event.args["key"], "kind": kind, "block_number": model.block_number})
    row.update(recovery_key=None, recovery_kind=None, recovery_due_at_s=None)


def fold_member_frozen(model: ReadModel, event: Event) -> None:
    model.member(event.args["member"])["freeze_reason"] = event.args["reasonCode"]


def fold_member_unfrozen(model: ReadModel, event: Event) -> None:
    model.member(event.args["member"])["freeze_reason"] = 0


def _partner(model: ReadModel, event: Event) -> Row:
    row = model.rows["partners"].change(event.args["partner"])
    row["as_of_block"] = model.block_number
    return row


def _terms_row(model: ReadModel, terms: int, kind: IssuerKind, issuer: int) -> Row:
    return {
        "terms": terms,
        "issuer_kind": kind.value,
        "issuer": issuer,
        "stage": 0,
        "version": None,
        "issue_price_micro": 0,
        "redeem_price_micro": 0,
        "earn_points_per_100_minor": 0,
        "effective_day": None,
        "block_number": model.block_number,
    }


def _put_key(model: ReadModel, event: Event) -> None:
    args = event.args
    row = {
        "member": args["member"],
        "key": args["key"],
        "kind": args["kind"],
        "block_number": model.block_number,
    }
    model.rows["member_keys"].put(row)


def _limit(value: int, unlimited: int) -> int | None:
    return None if value == unlimited else value


HANDLERS = {
    "ProgramSet": fold_program_set,
    "PartnerAdmitted": fold_partner_admitted,
    "PartnerTermsRecorded": fold_partner_terms_recorded,
    "PartnerTermsInForce": fold_partner_terms_in_force,
    "PartnerKeyRotated": fold_partner_key_rotated,
    "PartnerSuspended": fold_partner_suspended,
    "PartnerReinstated": fold_partner_reinstated,
    "LimitsSet": fold_limits_set,
    "DelegateSet": fold_delegate_set,
    "OperatorKeyProposed": fold_operator_key_proposed,
    "OperatorKeyChanged": fold_operator_key_changed,
    "OperationKindPaused": fold_operation_kind_paused,
    "MemberEnrolled": fold_member_enrolled,
    "KeyAdded": fold_key_added,
    "KeyRemoved": fold_key_removed,
    "MemberLocked": fold_member_locked,
    "MemberUnlocked": fold_member_unlocked,
    "AllowanceSet": fold_allowance_set,
    "RecoveryStarted": fold_recovery_started,
    "RecoveryRefused": fold_recovery_refused,
    "RecoveryFinished": fold_recovery_finished,
    "MemberFrozen": fold_member_frozen,
    "MemberUnfrozen": fold_member_unfrozen,
}
