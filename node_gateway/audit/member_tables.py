"""Members' accounts and campaigns as rows of the gateway's tables: only what follows from the chain."""

from __future__ import annotations

from node_gateway.audit.ledger import RebuiltLedger
from node_gateway.audit.rows import Rows, Table, signed64


def _members(ledger: RebuiltLedger) -> Rows:
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
                "next_nonce": account.highest_nonce + 1,
                "nonce_window": account.nonce_window,
                "allowance_points_per_day": member.allowance_points_per_day,
                "key_active_from_s": member.key_active_from_s,
                "recovery_key": member.recovery_key,
                "recovery_kind": member.recovery_kind,
                "recovery_due_at_s": member.recovery_due_at_s,
            },
        )


def _member_keys(ledger: RebuiltLedger) -> Rows:
    for address, member in ledger.registry.members.items():
        for key, kind in member.keys.items():
            yield (address, key), {"kind": kind}


def _lots(ledger: RebuiltLedger) -> Rows:
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


def _holds(ledger: RebuiltLedger) -> Rows:
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


def _campaigns(ledger: RebuiltLedger) -> Rows:
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


def _campaign_partners(ledger: RebuiltLedger) -> Rows:
    for campaign in ledger.campaigns.values():
        for position, partner in enumerate(campaign.partners):
            yield (campaign.number, position), {"partner": partner}


def _campaign_stages(ledger: RebuiltLedger) -> Rows:
    for campaign in ledger.campaigns.values():
        for number, stage in enumerate(campaign.stages):
            yield (campaign.number, number), stage._asdict()


def _campaign_funders(ledger: RebuiltLedger) -> Rows:
    for campaign in ledger.campaigns.values():
        for position, funder in enumerate(campaign.funders):
            yield (campaign.number, position), funder._asdict()


def _progress(ledger: RebuiltLedger) -> Rows:
    for campaign in ledger.campaigns.values():
        for member, progress in campaign.progress.items():
            awarded = sum(1 << stage for stage in progress.awards)
            yield (member, campaign.number), {"visits": progress.visits, "awarded_stages": awarded}


def _progress_spend(ledger: RebuiltLedger) -> Rows:
    for campaign in ledger.campaigns.values():
        for member, progress in campaign.progress.items():
            for partner, spend_minor in progress.spend_minor.items():
                yield (member, campaign.number, partner), {"spend_minor": spend_minor}


def _awards(ledger: RebuiltLedger) -> Rows:
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


MEMBER_TABLES = (
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
)
