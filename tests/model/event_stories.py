"""Short sequences of events that random drawing alone seldom hits, woven in among the random ones.

A story yields events without day and id, or a number of days to wait. It looks at the model each time it
goes on, since other events come in between; what it yields may well be rejected by then.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from random import Random

from .account import Hold
from .campaigns import Progress
from .ledger_model import LedgerModel
from .operations import Purchase
from .terms import OPERATOR, POINTS_MAX, Event

Story = Iterator[Event | int]

LONGEST_WAIT_DAYS = 40


def start_story(rng: Random, ledger: LedgerModel) -> Story:
    """A story about the last purchase whose return undoes an award, or about the last of all."""
    purchases = [(name, found) for name, found in ledger.applied.items() if isinstance(found, Purchase)]
    awarding = [pair for pair in purchases if undoes_award(pair[1])]
    stories: list[Callable[[Random, LedgerModel, str, Purchase], Story]]
    if awarding and rng.random() < 0.7:
        name, purchase = awarding[-1]
        stories = [undo_award, undo_award, outlive_award]
    elif purchases:
        name, purchase = purchases[-1]
        stories = [owe_what_is_held, owe_in_turns, send_there_and_back, send_what_has_lapsed]
    else:
        return iter([])
    story: Story = rng.choice(stories)(rng, ledger, name, purchase)
    return story


def undoes_award(purchase: Purchase) -> bool:
    """Whether returning all that is kept of it would leave a stage unmet that was awarded."""
    for campaign in purchase.counted_in:
        progress = campaign.progress_by_member[purchase.member_id]
        without = Progress(progress.spend_by_partner_minor.copy(), progress.visits - 1)
        without.spend_by_partner_minor[purchase.partner_id] -= purchase.kept_minor
        if not all(without.meets(campaign.stages[number]) for number in progress.bonus_lots):
            return True
    return False


def undo_award(rng: Random, ledger: LedgerModel, name: str, purchase: Purchase) -> Story:
    """The points are spent, the purchase returned, and the debt repaid in small steps."""
    if rng.random() < 0.8:
        yield spend_all(rng, ledger, purchase)
    yield return_all(name, purchase)
    for _ in range(rng.choice((0, 5, 20, 40))):
        yield grant(rng, purchase)
        if rng.random() < 0.7:
            yield {"type": "close_cycle"}
    if rng.random() < 0.8:
        again = {"partner": purchase.partner_id, "member": purchase.member_id, "spend": purchase.spend_minor}
        yield {"type": "purchase", **again}


def outlive_award(rng: Random, ledger: LedgerModel, name: str, purchase: Purchase) -> Story:
    """A second purchase keeps the stage met, and is returned when the bonus lot has lapsed."""
    yield rng.randint(2, 5)
    again = {"partner": purchase.partner_id, "member": purchase.member_id, "spend": purchase.spend_minor}
    yield {"type": "purchase", **again}
    again_name, again_purchase = next(reversed(ledger.applied.items()))
    yield return_all(name, purchase)
    bonus_lots = [
        lot
        for campaign in purchase.counted_in
        for lot in campaign.progress_by_member[purchase.member_id].bonus_lots.values()
    ]
    if bonus_lots and isinstance(again_purchase, Purchase):
        today = ledger.accounts[purchase.member_id].last_touch_day
        yield max(0, 1 + min(lot.expires_day for lot in bonus_lots) - today)
        yield return_all(again_name, again_purchase)


def owe_what_is_held(rng: Random, ledger: LedgerModel, name: str, purchase: Purchase) -> Story:
    """A purchase is returned while its points are held; they repay the debt when they are freed."""
    yield from hold_and_return(rng, ledger, name, purchase)
    hold_name = next((key for key, found in reversed(ledger.applied.items()) if isinstance(found, Hold)), "x")
    ending = rng.choice(("nothing", "expiry", "expiry", "capture", "void"))
    if ending == "expiry":
        yield rng.randint(1, 6)
        if rng.random() < 0.6:
            yield {"type": "close_cycle"}
        yield grant(rng, purchase)
    elif ending == "capture":
        yield {"type": "capture", "hold": hold_name, "partner": purchase.partner_id, "points": 1}
    elif ending == "void":
        yield {"type": "void", "hold": hold_name, "partner": purchase.partner_id}


def hold_and_return(rng: Random, ledger: LedgerModel, name: str, purchase: Purchase) -> Story:
    yield {
        "type": "hold",
        "partner": purchase.partner_id,
        "member": purchase.member_id,
        "points": available(ledger, purchase.member_id),
        "expires_day": ledger.accounts[purchase.member_id].last_touch_day + rng.choice((0, 1, 2, 4, 6, 20)),
    }
    yield return_all(name, purchase)


def end_in_debt(rng: Random, ledger: LedgerModel) -> Story:
    """The last two events: a debt that only the touch for the report may find repaid."""
    purchases = [(name, found) for name, found in ledger.applied.items() if isinstance(found, Purchase)]
    return hold_and_return(rng, ledger, *purchases[-1]) if purchases else iter([])


def owe_in_turns(rng: Random, ledger: LedgerModel, name: str, purchase: Purchase) -> Story:
    """Two purchases are returned in turns when all is spent; each repayment ends within the next debt."""
    others = [
        (other_name, other)
        for other_name, other in ledger.applied.items()
        if isinstance(other, Purchase)
        and other.member_id == purchase.member_id
        and other.partner_id != purchase.partner_id
        and other.lot.points
    ]
    if not others or not purchase.lot.points:
        return
    yield spend_all(rng, ledger, purchase)
    for _ in range(2):
        for returned_name, returned in ((name, purchase), others[-1]):
            part = {**return_all(returned_name, returned), "spend": max(1, returned.kept_minor // 3)}
            yield part
    for _ in range(rng.randint(1, 4)):
        owed = [debt.points for debt in ledger.accounts[purchase.member_id].debts[:1]]
        points = min(sum(owed) + 1, POINTS_MAX)
        yield {"type": "grant", "partner": OPERATOR, "member": purchase.member_id, "points": points}
        if rng.random() < 0.7:
            yield {"type": "close_cycle"}


def send_there_and_back(rng: Random, ledger: LedgerModel, name: str, purchase: Purchase) -> Story:
    """Points leave the account and come back; the purchase that earned them is returned."""
    others = [member_id for member_id in ledger.accounts if member_id != purchase.member_id]
    if not others:
        return
    member_id, other_id = purchase.member_id, rng.choice(others)
    for sender, receiver in ((member_id, other_id), (other_id, member_id)):
        points = available(ledger, sender)
        yield {"type": "transfer", "member": sender, "to": receiver, "points": points}
    yield return_all(name, purchase)


def send_what_has_lapsed(rng: Random, ledger: LedgerModel, name: str, purchase: Purchase) -> Story:
    """Held points of a lapsed lot go, as the soonest-expiring, to a member who has points on hold too."""
    today = ledger.accounts[purchase.member_id].last_touch_day
    days = purchase.lot.expires_day + 1 - today
    if days > LONGEST_WAIT_DAYS:
        return
    other_id = rng.choice(list(ledger.accounts))
    for member_id in (purchase.member_id, other_id):
        yield {
            "type": "hold",
            "partner": purchase.partner_id,
            "member": member_id,
            "points": available(ledger, member_id),
            "expires_day": today + days + 5,
        }
    yield max(0, days)
    yield grant(rng, purchase)
    points = available(ledger, purchase.member_id)
    yield {"type": "transfer", "member": purchase.member_id, "to": other_id, "points": points}


def spend_all(rng: Random, ledger: LedgerModel, purchase: Purchase) -> Event:
    points = available(ledger, purchase.member_id)
    event = {"member": purchase.member_id, "points": points}
    if rng.random() < 0.3:
        return {"type": "transfer", **event, "to": rng.choice(list(ledger.accounts))}
    return {"type": "redeem", **event, "partner": purchase.partner_id}


def return_all(name: str, purchase: Purchase) -> Event:
    spend_minor = max(1, purchase.kept_minor)
    return {"type": "return", "of": name, "partner": purchase.partner_id, "spend": spend_minor}


def grant(rng: Random, purchase: Purchase) -> Event:
    granter = rng.choice((OPERATOR, purchase.partner_id))
    return {
        "type": "grant",
        "partner": granter,
        "member": purchase.member_id,
        "points": rng.choice((1, 1, 1, 1, 3)),
    }


def available(ledger: LedgerModel, member_id: str) -> int:
    """As the account stands, at least 1 and no more than one operation may move."""
    return max(1, min(ledger.accounts[member_id].available, POINTS_MAX))
