"""Events of campaigns, and the progress that purchases and returns make in them."""

from node_gateway.chain.abi import Event
from node_gateway.domain.states import IssuerKind
from node_gateway.jobs.fold.model import ReadModel
from node_gateway.jobs.rows import Row


def record_purchase(model: ReadModel, member: bytes, partner: int, *, day: int, spend_minor: int) -> None:
    """Add a purchase of a program day to the progress in every campaign that it counts in."""
    for campaign in model.campaigns_of(partner):
        if counts_on(model, campaign, day):
            _add_progress(model, member, campaign["campaign"], partner, spend_minor=spend_minor, visits=1)


def undo_purchase(
    model: ReadModel, member: bytes, partner: int, *, day: int, spend_minor: int, is_whole: bool
) -> None:
    """Take a return out of the progress; `is_whole`: nothing of the purchase is left."""
    for campaign in model.campaigns_of(partner):
        if counts_on(model, campaign, day):
            visits = -1 if is_whole else 0
            _add_progress(
                model, member, campaign["campaign"], partner, spend_minor=-spend_minor, visits=visits
            )


def counts_on(model: ReadModel, campaign: Row, day: int) -> bool:
    """Whether purchases of a day count in a campaign."""
    last_day = campaign["closed_early_last_day"]
    closes_day = campaign["closes_day"] if last_day is None else min(last_day, campaign["closes_day"])
    if not campaign["opens_day"] <= day <= closes_day:
        return False
    pauses = model.pauses.get(campaign["campaign"], ())
    return not any(start is not None and day >= start and (end is None or day < end) for start, end in pauses)


def fold_award(model: ReadModel, event: Event) -> None:
    """A bonus was issued: its lot is folded by `accounts`."""
    args = event.args
    campaign = _changed_campaign(model, args["campaign"])
    campaign["spent_points"] += args["points"]
    _progress(model, args["member"], args["campaign"])["awarded_stages"] |= 1 << args["stage"]
    model.rows["awards"].put({
        "member": args["member"],
        "lot": args["lot"],
        "campaign": args["campaign"],
        "stage": args["stage"],
        "points": args["points"],
        "is_clawed_back": False,
        "block_number": model.block_number,
    })  # fmt: skip


def fold_claw_back(model: ReadModel, event: Event) -> None:
    """A bonus was taken back: its points and debt are folded by `accounts`."""
    args = event.args
    _progress(model, args["member"], args["campaign"])["awarded_stages"] &= ~(1 << args["stage"])
    model.rows["awards"].change(args["member"], args["lot"])["is_clawed_back"] = True


def fold_bonus_refused(model: ReadModel, event: Event) -> None:
    _changed_campaign(model, event.args["campaign"])["refused"] += 1


def fold_campaign_opened(model: ReadModel, event: Event) -> None:
    args = event.args
    number, terms = args["campaign"], args["terms"]
    model.campaigns.put({
        "campaign": number,
        "name": terms["name"],
        "terms_hash": args["termsHash"],
        "first_terms": args["firstTerms"],
        "opens_day": terms["opensDay"],
        "closes_day": terms["closesDay"],
        "paused_from_day": None,
        "resumed_from_day": None,
        "closed_early_last_day": None,
        "budget_points": terms["budgetPoints"],
        "spent_points": 0,
        "refused": 0,
        "price_micro": terms["priceMicro"],
        "opened_block": model.block_number,
        "as_of_block": model.block_number,
    })  # fmt: skip
    for position, partner in enumerate(terms["partners"]):
        model.rows["campaign_partners"].put({"campaign": number, "position": position, "partner": partner})
    for position, funder in enumerate(terms["funders"]):
        share = {"partner": funder["partner"], "share_bps": funder["shareBps"]}
        model.rows["campaign_funders"].put({"campaign": number, "position": position, **share})
    for position, stage in enumerate(terms["stages"]):
        _put_stage(model, number, position, stage, args["firstTerms"], terms["priceMicro"])
    model.campaigns_changed()


def fold_campaign_paused(model: ReadModel, event: Event) -> None:
    campaign = _changed_campaign(model, event.args["campaign"])
    campaign["paused_from_day"] = event.args["fromDay"]
    campaign["resumed_from_day"] = None
    model.note_pause(event.name, event.args["campaign"], event.args["fromDay"])


def fold_campaign_resumed(model: ReadModel, event: Event) -> None:
    campaign = _changed_campaign(model, event.args["campaign"])
    campaign["resumed_from_day"] = event.args["fromDay"]
    model.note_pause(event.name, event.args["campaign"], event.args["fromDay"])


def fold_campaign_closed_early(model: ReadModel, event: Event) -> None:
    _changed_campaign(model, event.args["campaign"])["closed_early_last_day"] = event.args["lastDay"]


def _put_stage(
    model: ReadModel, campaign: int, position: int, stage: Row, first_terms: int, price_micro: int
) -> None:
    model.rows["campaign_stages"].put({
        "campaign": campaign,
        "stage": position,
        "bonus_points": stage["bonusPoints"],
        "partners_required": stage["partnersRequired"],
        "min_spend_each": stage["minSpendEach"],
        "min_spend_total": stage["minSpendTotal"],
        "min_visits": stage["minVisits"],
    })  # fmt: skip
    model.terms.put({
        "terms": first_terms + position,
        "issuer_kind": IssuerKind.CAMPAIGN.value,
        "issuer": campaign,
        "stage": position,
        "version": None,
        "issue_price_micro": price_micro,
        "redeem_price_micro": 0,
        "earn_points_per_100_minor": 0,
        "effective_day": None,
        "block_number": model.block_number,
    })  # fmt: skip


def _changed_campaign(model: ReadModel, campaign: int) -> Row:
    row = model.campaigns.change(campaign)
    row["as_of_block"] = model.block_number
    return row


def _progress(model: ReadModel, member: bytes, campaign: int) -> Row:
    if (member, campaign) not in model.progress:
        new = {
            "member": member,
            "campaign": campaign,
            "visits": 0,
            "awarded_stages": 0,
            "as_of_block": model.block_number,
        }
        return model.progress.put(new)
    row = model.progress.change(member, campaign)
    row["as_of_block"] = model.block_number
    return row


def _add_progress(
    model: ReadModel, member: bytes, campaign: int, partner: int, *, spend_minor: int, visits: int
) -> None:
    _progress(model, member, campaign)["visits"] += visits
    key = (member, campaign, partner)
    if key in model.progress_spend:
        model.progress_spend.change(*key)["spend_minor"] += spend_minor
    else:
        model.progress_spend.put(
            {"member": member, "campaign": campaign, "partner": partner, "spend_minor": spend_minor}
        )


HANDLERS = {
    "BonusRefused": fold_bonus_refused,
    "CampaignOpened": fold_campaign_opened,
    "CampaignPaused": fold_campaign_paused,
    "CampaignResumed": fold_campaign_resumed,
    "CampaignClosedEarly": fold_campaign_closed_early,
}
