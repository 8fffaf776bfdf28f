"""Loads, in a few queries, every row that folding some events will need."""

from collections.abc import Sequence
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from node_gateway.chain.abi import Event
from node_gateway.jobs.fold.model import ReadModel
from node_gateway.store import schema

# Events after which points of `member` are taken from lots that the event does not name.
_TAKES_POINTS: Final = frozenset({
    "ReturnSettled", "RedemptionSettled", "HoldCaptured", "TransferSettled", "BonusClawedBack", "PointsExpired", "DebtRepaid",
})  # fmt: skip
_NAMES_LOT: Final = frozenset({"ReturnSettled", "BonusClawedBack"})
_NAMES_HOLD: Final = frozenset({"HoldCaptured", "HoldVoided", "HoldExpired"})
_CHANGES_DEBT: Final = frozenset({"ReturnSettled", "BonusClawedBack", "DebtRepaid"})
# Beside purchases at partners that have campaigns.
_CHANGES_PROGRESS: Final = frozenset({"ReturnSettled", "BonusAwarded", "BonusClawedBack"})
_CHANGES_KEYS: Final = frozenset({"KeyRemoved", "KeyAdded", "RecoveryFinished"})


async def load_for(model: ReadModel, connection: AsyncConnection, events: Sequence[Event]) -> None:
    """Load what these events touch and is not in memory yet."""
    named = {event.args[name] for event in events for name in ("member", "to") if name in event.args}
    await model.members.load_in(
        connection, ["member"], {member for member in named if (member,) not in model.members}
    )
    await _load_lots(model, connection, events)
    await model.holds.load_in(
        connection,
        ["member", "nonce"],
        {(e.args["member"], e.args["nonce"]) for e in events if e.name in _NAMES_HOLD},
    )
    await model.debts.load_in(connection, ["member"], _members_of(events, _CHANGES_DEBT))
    await model.rows["member_keys"].load_in(connection, ["member"], _members_of(events, _CHANGES_KEYS))
    payments = {event.args["payment"] for event in events if event.name == "PaymentConfirmed"}
    await model.rows["payments"].load_in(connection, ["payment"], payments)
    await _load_progress(model, connection, events)


async def _load_lots(model: ReadModel, connection: AsyncConnection, events: Sequence[Event]) -> None:
    lots = schema.lots
    named = {(event.args["member"], event.args["lot"]) for event in events if event.name in _NAMES_LOT}
    debtors = _members_of(events, {"DebtRepaid"})
    takers = {member for member in _members_of(events, _TAKES_POINTS) if member not in model.open_lots}
    await model.lots.load_in(connection, ["member"], takers, lots.c.points_left > 0)
    await model.lots.load_in(connection, ["member", "lot"], named)
    if debtors:
        await model.debts.load_in(connection, ["member"], debtors)
        owed = {
            (d["member"], d["lot"])
            for d in model.debts.values()
            if d["member"] in debtors and d["lot"] is not None
        }
        await model.lots.load_in(connection, ["member", "lot"], owed)
    for member in takers:
        model.open_lots[member] = []
    for lot in model.lots.values():
        if lot["member"] in takers and lot["points_left"]:
            model.open_lots[lot["member"]].append((lot["expires_day"], lot["lot"]))
    for member in takers:
        model.open_lots[member].sort()


async def _load_progress(model: ReadModel, connection: AsyncConnection, events: Sequence[Event]) -> None:
    if not len(model.campaigns) and not any(event.name == "CampaignOpened" for event in events):
        return
    members = _members_of(events, _CHANGES_PROGRESS) | _buyers_in_campaigns(model, events)
    await model.progress.load_in(connection, ["member"], members)
    await model.progress_spend.load_in(connection, ["member"], members)
    clawed = {
        (event.args["member"], event.args["lot"]) for event in events if event.name == "BonusClawedBack"
    }
    await model.rows["awards"].load_in(connection, ["member", "lot"], clawed)


def _buyers_in_campaigns(model: ReadModel, events: Sequence[Event]) -> set[bytes]:
    """Members who bought at a partner that some campaign has, or gets by these events."""
    partners = {row["partner"] for row in model.rows["campaign_partners"].values()}
    opened = (event.args for event in events if event.name == "CampaignOpened")
    partners.update(partner for args in opened for partner in args["terms"]["partners"])
    purchases = (event.args for event in events if event.name == "PurchaseSettled")
    return {args["member"] for args in purchases if args["operation"] >> 48 in partners}


def _members_of(events: Sequence[Event], names: frozenset[str] | set[str]) -> set[bytes]:
    return {event.args["member"] for event in events if event.name in names}
