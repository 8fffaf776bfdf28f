"""Made-up stories around the real purchases and coupons: what members bring back, reserve, give away, and get wrong."""

from collections.abc import Callable
from typing import Final

from replay.year.scene import Scene, Story, Written
from replay.year.terms import PARTNER_IDS

PARTNER_NAMES: Final = tuple(PARTNER_IDS.values())
ANOTHER_PARTNER_CHANCE: Final = 0.02
TOO_LATE_CHANCE: Final = 0.05
TOO_MUCH_CHANCE: Final = 0.06


def some_days(scene: Scene) -> int:
    """Mostly within the return window, soon rather than late; now and then past it."""
    window = scene.windows.return_window_days
    if scene.rng.random() < TOO_LATE_CHANCE:
        return window + scene.rng.randint(1, 3)
    return scene.later(min(int(scene.rng.expovariate(4 / window)), window))


def partner_of(scene: Scene, written: Written) -> str:
    """The partner of an earlier event, rarely another one."""
    return scene.rng.choice(PARTNER_NAMES) if scene.rng.random() < ANOTHER_PARTNER_CHANCE else written.partner


def part_of(scene: Scene, amount: int) -> int:
    """All of it, as often a part."""
    return amount if scene.rng.random() < 0.5 else scene.rng.randint(1, max(amount, 1))


def bring_back(scene: Scene, purchase: Written) -> Story:
    """A purchase is returned, in part or in whole; of the first part there may be a second."""
    yield some_days(scene)
    spend = part_of(scene, purchase.amount)
    scene.write("return", of=purchase.id, partner=partner_of(scene, purchase), spend=spend)
    if scene.rng.random() < 0.3:
        yield some_days(scene)
        rest = max(purchase.amount - spend, 1)
        more = scene.rng.randint(1, 500) if scene.rng.random() < TOO_MUCH_CHANCE else 0
        scene.write("return", of=purchase.id, partner=purchase.partner, spend=rest + more)


def spend_and_bring_back(scene: Scene, purchase: Written) -> Story:
    """All points are spent or given away before the purchase is returned: what is taken back becomes debt."""
    yield scene.later(scene.rng.randint(0, scene.windows.return_window_days // 2))
    points = max(scene.purse(purchase.member).left(scene.today), 1)
    scene.purse(purchase.member).spend(points)
    if scene.rng.random() < 0.3:
        scene.write("transfer", member=purchase.member, to=scene.rng.choice(scene.members), points=points)
    else:
        where = scene.rng.choice(PARTNER_NAMES)
        redemption = scene.write("redeem", partner=where, member=purchase.member, points=points)
        scene.begin(give_back(scene, redemption))
    yield scene.later(0)
    scene.write("return", of=purchase.id, partner=purchase.partner, spend=purchase.amount)


def give_back(scene: Scene, redemption: Written) -> Story:
    """A redemption, or a capture, is refunded now and then."""
    if scene.rng.random() < 0.85:
        return
    yield some_days(scene)
    points = part_of(scene, redemption.amount)
    scene.write("refund", of=redemption.id, partner=partner_of(scene, redemption), points=points)
    if scene.rng.random() < 0.2:
        yield some_days(scene)
        scene.write("refund", of=redemption.id, partner=redemption.partner, points=redemption.amount)


def reserve(scene: Scene, purchase: Written) -> Story:
    """Points are held at some partner, and then captured, voided, forgotten, or asked for once too often."""
    yield scene.later(0)
    left = scene.purse(purchase.member).left(scene.today)
    points = scene.rng.randint(1, max(left // 2, 1))
    lasts_days = scene.rng.choice((0, 1, 3, 7, 14))
    if scene.rng.random() < TOO_LATE_CHANCE:
        lasts_days = -min(scene.today, 1)
    hold = scene.write(
        "hold",
        partner=scene.rng.choice(PARTNER_NAMES),
        member=purchase.member,
        points=points,
        expires_day=scene.today + lasts_days,
    )
    yield scene.later(scene.rng.randint(0, max(lasts_days, 0) + 1))
    yield from _end_hold(scene, hold)


def _end_hold(scene: Scene, hold: Written) -> Story:
    what = scene.rng.random()
    if what < 0.55:
        yield from _capture(scene, hold)
    elif what < 0.8:
        scene.write("void", hold=hold.id, partner=partner_of(scene, hold))
        if scene.rng.random() < 0.1:
            yield scene.later(0)
            scene.write("capture", hold=hold.id, partner=hold.partner, points=1)


def _capture(scene: Scene, hold: Written) -> Story:
    points = part_of(scene, hold.amount)
    if scene.rng.random() < TOO_MUCH_CHANCE:
        points = hold.amount + 1
    captured = scene.write("capture", hold=hold.id, partner=partner_of(scene, hold), points=points)
    scene.purse(hold.member).spend(points)
    scene.begin(give_back(scene, Written(captured.id, hold.partner, hold.member, points)))
    if scene.rng.random() < 0.1:
        yield 1
        scene.write("capture", hold=hold.id, partner=hold.partner, points=1)


def give_away(scene: Scene, purchase: Written) -> Story:
    """Points go to another household, seldom to oneself, seldom more than there are."""
    yield scene.rng.randint(0, 5)
    left = scene.purse(purchase.member).left(scene.today)
    points = scene.rng.randint(1, max(left, 1))
    if scene.rng.random() < TOO_MUCH_CHANCE:
        points = 10 * left + 1
    to = purchase.member if scene.rng.random() < 0.02 else scene.rng.choice(scene.members)
    scene.write("transfer", member=purchase.member, to=to, points=points)
    if points <= left:
        scene.purse(purchase.member).spend(points)


def reward(scene: Scene, purchase: Written) -> Story:
    """The partner, or the operator, gives points as a goodwill; nothing, once in a while."""
    yield scene.rng.randint(0, 3)
    giver = scene.rng.choice((purchase.partner, purchase.partner, "operator"))
    points = 0 if scene.rng.random() < TOO_MUCH_CHANCE else scene.rng.randint(5, 500)
    scene.write("grant", partner=giver, member=purchase.member, points=points)


def send_again(scene: Scene, purchase: Written) -> Story:
    """A till that got no answer sends the purchase once more."""
    event = scene.events[-1]
    assert event["id"] == purchase.id
    yield scene.rng.randint(0, 1)
    scene.repeat(event)


def get_it_wrong(scene: Scene, purchase: Written) -> Story:
    """A reference to something that is of another kind, or to nothing."""
    yield 1
    kind = scene.rng.choice(("return", "refund", "capture", "void"))
    if kind == "return":
        scene.write("return", of=f"lost-{purchase.id}", partner=purchase.partner, spend=purchase.amount)
    elif kind == "refund":
        scene.write("refund", of=purchase.id, partner=purchase.partner, points=1)
    elif kind == "capture":
        scene.write("capture", hold=purchase.id, partner=purchase.partner, points=1)
    else:
        scene.write("void", hold=f"lost-{purchase.id}", partner=purchase.partner)


STORIES: Final[tuple[tuple[float, Callable[[Scene, Written], Story]], ...]] = (
    (0.022, bring_back),
    (0.004, spend_and_bring_back),
    (0.012, reserve),
    (0.006, give_away),
    (0.003, reward),
    (0.001, send_again),
    (0.0005, get_it_wrong),
)
"""Of a hundred purchases of a whole year 2.2 are brought back, and so on; a purchase begins at most one story."""


def begin_story(scene: Scene, purchase: Written) -> None:
    """What comes of a purchase, most often nothing."""
    luck = scene.rng.random() / scene.windows.liveliness
    for chance, story in STORIES:
        luck -= chance
        if luck < 0:
            scene.begin(story(scene, purchase))
            return
