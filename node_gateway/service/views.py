"""What callers are shown: JSON values made from rows. Names and shapes are those of docs/api.md."""

from typing import Any, Final

from node_gateway.domain.account import Account
from node_gateway.domain.submission_checks import CheckedSubmission
from node_gateway.store.campaigns import CampaignRow, ProgressRow, StageRow
from node_gateway.store.clearing import Lines, PartnerRow, StatementRow
from node_gateway.store.events import ChainEvent
from node_gateway.store.operations import OperationRow
from partner_sdk.protocol.bounds import SEQUENCE_MAX
from partner_sdk.protocol.identities import OperationId, Submitter
from partner_sdk.protocol.operation_bodies import OperationKind
from partner_sdk.protocol.submissions import kind_name

Json = dict[str, Any]

# Looked up for each operation of a bulk; `kind_name` asks an enum.
_KIND_NAMES: Final = {kind.value: kind_name(kind) for kind in OperationKind}


def hex_text(value: bytes | None) -> str | None:
    """`0x…`, or None."""
    return None if value is None else "0x" + value.hex()


def accepted_view(submission: CheckedSubmission) -> Json:
    """A submission just accepted. Depends on its bytes alone, so that a repeat is answered alike."""
    submitter = submitter_text(submission.submitter)
    return {
        "submission_id": "0x" + submission.id.hex(),
        "status": "accepted",
        "operations": [
            {
                "id": f"{submitter}.{line.id & SEQUENCE_MAX}",
                "type": _KIND_NAMES[line.kind],
                "member": None if line.member is None else "0x" + line.member.hex(),
                "status": "accepted",
            }
            for line in submission.operations
        ],
    }


def operation_view(operation: OperationRow, receipt: ChainEvent | None, *, as_of_block: int) -> Json:
    """An operation and, once it has a block, its receipt."""
    return {
        "id": OperationId(operation.id).text,
        "type": kind_name(operation.kind),
        "partner": operation.partner,
        "member": hex_text(operation.member),
        "to": hex_text(operation.counterparty),
        "status": operation.status.value,
        "reason": operation.reason,
        "submission_id": hex_text(operation.submission_id),
        "receipt": None if receipt is None else {"event": receipt.name, **receipt.data},
        "tx_hash": None if receipt is None else hex_text(receipt.tx_hash),
        "block_number": None if operation.position is None else operation.position.block_number,
        "log_index": None if operation.position is None else operation.position.log_index,
        "block_timestamp_s": None if receipt is None else receipt.block_timestamp_s,
        "accepted_at_ms": operation.accepted_at_ms,
        "as_of_block": as_of_block,
    }


def event_view(event: ChainEvent) -> Json:
    """An event of the chain."""
    return {
        "id": event.position.text,
        "name": event.name,
        "member": hex_text(event.member),
        "partner": event.partner,
        "operation": None if event.operation is None else OperationId(event.operation).text,
        "block_number": event.position.block_number,
        "log_index": event.position.log_index,
        "tx_hash": hex_text(event.tx_hash),
        "block_timestamp_s": event.block_timestamp_s,
        "data": event.data,
    }


def balance_view(member: bytes, account: Account, *, as_of_block: int) -> Json:
    """What may be known by everyone who knows the member's id. `account` is touched today."""
    return {
        "member": hex_text(member),
        "balance": account.balance,
        "available": account.available,
        "held": account.held,
        "debt": account.debt,
        "as_of_block": as_of_block,
    }


def lines_view(lines: Lines) -> Json:
    """Micro-units, as decimal text."""
    return {
        "base_micro": str(lines.base_micro),
        "bonus_micro": str(lines.bonus_micro),
        "credit_micro": str(lines.credit_micro),
        "reimbursed_micro": str(lines.reimbursed_micro),
        "net_micro": str(lines.net_micro),
    }


def statement_view(statement: StatementRow) -> Json:
    return {
        "cycle": statement.cycle,
        "day": statement.day,
        **lines_view(statement.lines),
        "carried_in_micro": str(statement.carried_in_micro),
        "payable_minor": str(statement.payable_minor),
        "carried_out_micro": str(statement.carried_out_micro),
    }


def partner_view(partner: PartnerRow) -> Json:
    """What every party may know of a partner: its name, whether it sells, and its terms."""
    return {
        "partner": partner.partner,
        "name": partner.name,
        "is_suspended": partner.is_suspended,
        "issue_price_micro": _text(partner.issue_price_micro),
        "redeem_price_micro": _text(partner.redeem_price_micro),
        "earn_points_per_100_minor": partner.earn_points_per_100_minor,
    }


def limits_view(partner: PartnerRow) -> Json:
    """Null means none."""
    return {
        "credit_limit_micro": _text(partner.credit_limit_micro),
        "operation_points_max": partner.operation_points_max,
        "member_day_points_max": partner.member_day_points_max,
        "partner_day_points_max": partner.partner_day_points_max,
    }


def campaign_view(campaign: CampaignRow) -> Json:
    """Full terms, which everyone may know, and where the budget stands."""
    return {
        "campaign": campaign.campaign,
        "name": campaign.name,
        "terms_hash": hex_text(campaign.terms_hash),
        "opens_day": campaign.opens_day,
        "closes_day": campaign.closes_day,
        "paused_from_day": campaign.paused_from_day,
        "resumed_from_day": campaign.resumed_from_day,
        "closed_early_last_day": campaign.closed_early_last_day,
        "budget_points": campaign.budget_points,
        "spent_points": campaign.spent_points,
        "refused": campaign.refused,
        "price_micro": str(campaign.price_micro),
        "partners": list(campaign.partners),
        "stages": [_stage_view(stage) for stage in campaign.stages],
        "funders": [{"partner": partner, "share_bps": share_bps} for partner, share_bps in campaign.funders],
    }


def progress_view(campaign: CampaignRow, progress: ProgressRow | None) -> Json:
    """A member's standing in a campaign: what counts so far, and each stage with what it asks for."""
    spend = {} if progress is None else progress.spend_minor_by_partner
    awarded = 0 if progress is None else progress.awarded_stages
    return {
        "campaign": campaign.campaign,
        "name": campaign.name,
        "opens_day": campaign.opens_day,
        "closes_day": campaign.closes_day,
        "partners": list(campaign.partners),
        "budget_left_points": campaign.budget_points - campaign.spent_points,
        "visits": 0 if progress is None else progress.visits,
        "spend_minor": sum(spend.values()),
        "spend": [
            {"partner": partner, "spend_minor": spend_minor} for partner, spend_minor in sorted(spend.items())
        ],
        "stages": [
            {
                **_stage_view(stage),
                "partners_done": sum(amount >= max(stage.min_spend_each, 1) for amount in spend.values()),
                "is_awarded": bool(awarded >> stage.stage & 1),
            }
            for stage in campaign.stages
        ],
    }


def _stage_view(stage: StageRow) -> Json:
    """A condition of 0 does not apply."""
    return {
        "stage": stage.stage,
        "bonus_points": stage.bonus_points,
        "partners_required": stage.partners_required,
        "min_spend_each_minor": stage.min_spend_each,
        "min_spend_total_minor": stage.min_spend_total,
        "min_visits": stage.min_visits,
    }


def submitter_text(submitter: int) -> str:
    """`partner.slot`."""
    return Submitter(submitter).text


def _text(number: int | None) -> str | None:
    return None if number is None else str(number)
