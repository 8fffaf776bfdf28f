"""In which order a day's operations must be accepted.

Operations of one partner, and of one member, settle in the order in which the gateway accepted them. Purchases do not mind each other, so
partners may send theirs at once; but a redemption must come after the purchases that it draws on, and before those that came later. A day is
cut into waves: each wave is accepted before the next is sent.
"""

from collections.abc import Sequence

from replay.plan import PlannedOperation


def waves(operations: Sequence[PlannedOperation]) -> list[list[PlannedOperation]]:
    """Cuts a day's operations, given in the order of the day, into waves.

    A member's first purchases are in wave 0, and each change between purchases and redemptions begins the member's next wave.
    Within a wave the order of the day is kept.
    """
    cut: list[list[PlannedOperation]] = []
    latest: dict[int, tuple[int, type[PlannedOperation]]] = {}
    for operation in operations:
        wave, kind = latest.get(operation.household, (0, type(operation)))
        if kind is not type(operation):
            wave += 1
        latest[operation.household] = (wave, type(operation))
        while len(cut) <= wave:
            cut.append([])
        cut[wave].append(operation)
    return cut
