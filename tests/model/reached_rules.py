"""The rules and reasons that random scenarios must reach, and a count of how often they do."""

from __future__ import annotations

from collections import Counter
from itertools import combinations

KINDS = (
    "purchase",
    "return",
    "redeem",
    "refund",
    "hold",
    "capture",
    "void",
    "transfer",
    "grant",
    "reprice",
    "suspend",
    "reinstate",
    "close_cycle",
)

# Of each kind, in the order in which they are checked. Those in brackets cannot be found together.
REASONS: dict[str, tuple[str | tuple[str, ...], ...]] = {
    "purchase": ("partner_suspended", "invalid_amount", "posted_too_late"),
    "return": (
        "invalid_amount",
        "unknown_operation",
        "not_your_operation",
        "return_too_late",
        "return_exceeds_purchase",
    ),
    "redeem": ("partner_suspended", "invalid_amount", "insufficient_points"),
    "refund": (
        "invalid_amount",
        "unknown_operation",
        "not_your_operation",
        "return_too_late",
        "refund_exceeds_redemption",
    ),
    "hold": ("partner_suspended", "invalid_amount", "hold_expired", "insufficient_points"),
    "capture": (
        "invalid_amount",
        "unknown_hold",
        "not_your_operation",
        ("hold_captured", "hold_voided", "hold_expired"),
        "capture_exceeds_hold",
    ),
    "void": ("unknown_hold", "not_your_operation", ("hold_captured", "hold_voided", "hold_expired")),
    "transfer": ("invalid_amount", "same_member", "insufficient_points"),
    "grant": ("partner_suspended", "invalid_amount"),
}
NOTHING_KNOWN_TO_CHECK_FURTHER = ("unknown_operation", "unknown_hold")


def reasons_alone() -> list[str]:
    return [
        f"rejected: {kind}: {reason}"
        for kind, reasons in REASONS.items()
        for group in reasons
        for reason in ((group,) if isinstance(group, str) else group)
    ]


def reasons_together() -> list[str]:
    """Every two reasons that one operation can have at once."""
    return [
        f"order: {kind}: {first} before {second}"
        for kind, reasons in REASONS.items()
        for first_group, second_group in combinations(reasons, 2)
        for first in ((first_group,) if isinstance(first_group, str) else first_group)
        for second in ((second_group,) if isinstance(second_group, str) else second_group)
        if first not in NOTHING_KNOWN_TO_CHECK_FURTHER
    ]


RULES = (
    *(f"applied: {kind}" for kind in KINDS),
    *reasons_alone(),
    *reasons_together(),
    # ids and references
    "id: repeated after it was applied",
    "id: repeated after it was rejected",
    "id: repeated by another kind of operation",
    "id: repeated by another partner",
    "reference: to a rejected operation",
    "reference: to an operation of another kind",
    "reference: to nothing",
    "rejected: only a touch would make the points insufficient",
    "applied: only the touch makes the points available",
    # touch
    "touch: hold expires",
    "touch: lot lapses",
    "touch: held points of a lapsed lot stay",
    "touch: lot lapses in part, the rest is held",
    "touch: repays debt",
    "touch: what it recovers was due before a cycle closed",
    "touch: at the end, repays debt",
    # taking points
    "take: of lots that expire on the same day, the one that came first",
    "take: from several lots",
    "take: points of a lapsed lot that a hold kept",
    "take back: own lot before a sooner one",
    "take back: from other lots",
    "take back: rest becomes debt",
    "take back: all becomes debt",
    "take back: held points stay",
    "take back: points that came back by transfer are another lot",
    "debt: repaid in part",
    "debt: one repayment pays several",
    "debt: of a second lot",
    "debt: of the same lot again",
    # purchases and returns
    "purchase: posted late",
    "purchase: on the last day for posting late",
    "purchase: earns 0 points",
    "purchase: part of a point is dropped",
    "purchase: most points in a lot",
    "purchase: most spend",
    "purchase: on day 0",
    "purchase: repays debt",
    "purchase: too many points in it",
    "return: in part",
    "return: in full at once",
    "return: in full in several steps",
    "return: takes back no points",
    "return: on the last day of the window",
    "return: lot was transferred in part",
    "return: rate has changed since",
    "return: price has changed since",
    "return: by a suspended partner",
    # redemptions and holds
    "redeem: all that is available",
    "refund: of a redeem",
    "refund: of a capture",
    "refund: in several steps",
    "refund: price has changed since",
    "refund: repays debt",
    "refund: lot expires today",
    "refund: by a suspended partner",
    "hold: last day is today",
    "hold: beside another",
    "capture: all of it",
    "capture: in part",
    "capture: on its last day",
    "capture: by a suspended partner",
    "capture: what is freed lapses",
    "capture: what is freed repays debt",
    "void: by a suspended partner",
    "void: what is freed lapses",
    "void: what is freed repays debt",
    # transfers and grants
    "transfer: repays debt",
    "transfer: of many lots",
    "transfer: of a bonus lot",
    "transfer: points go back",
    "transfer: of points of a lapsed lot",
    "transfer: points of a lapsed lot arrive where points are held",
    "grant: by the operator",
    "grant: repays debt",
    # campaigns
    "campaign: purchase counts in several",
    "campaign: purchase posted after it closed counts",
    "campaign: purchase from before it opened does not count",
    "campaign: 32 partners",
    "campaign: several stages at one purchase",
    "campaign: stage refused",
    "campaign: later stage fits though an earlier was refused",
    "campaign: refused stage is awarded at a later purchase",
    "campaign: stage is refused again",
    "campaign: awarded again after a claw-back",
    "campaign: awarded again while the old award is owed",
    "campaign: refused though this purchase's own points then free the budget",
    "campaign: budget freed by recovery lets an award fit",
    "campaign: budget used up to the last point",
    "campaign: suspended funder is charged",
    "campaign: operator bears a share",
    "campaign: shares leave points over",
    "campaign: tied remainders go to the funder listed first",
    "campaign: award recovered in several steps",
    "campaign: a recovery takes a point from a funder",
    "claw-back: several stages at once",
    "claw-back: in several campaigns at once",
    "claw-back: for visits",
    "claw-back: of a lot that has lapsed",
    "claw-back: after it closed",
    "claw-back: progress undone, award stands",
    # cycles
    "cycle: half rounds up to even",
    "cycle: half rounds down to even",
    "cycle: operator pays",
    "cycle: residual carried in",
    "cycle: residual carried in changes what is payable",
    "cycle: nothing but what was carried",
    "cycle: negative reimbursed",
    "cycle: negative credit",
)


class ReachedRules(Counter[str]):
    def add(self, rule: str, is_reached: bool = True) -> None:
        assert rule in KNOWN_RULES, rule
        if is_reached:
            self[rule] += 1


KNOWN_RULES = frozenset(RULES)
