"""Operations that the ledger is certain to reject, told apart before they are accepted.

Certain is what follows from the bytes alone, from a day that only goes on, and, like keys, from what the operator set, as far as it is indexed; and
a nonce that is used up (`nonces`). An operation that is over a limit of a day by itself is over it whatever came before. What depends on what settles
before (points, holds, what is left of a day's limits, credit) only the ledger can say. Order and names are the ledger's.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from node_gateway.domain.certain_rejection_errors import (
    AuthorisationExceededError,
    CertainRejectionError,
    DelegateLimitExceededError,
    HoldExpiredError,
    InvalidAmountError,
    MemberDayLimitExceededError,
    NotPermittedError,
    OperationLimitExceededError,
    OperationPausedError,
    PartnerDayLimitExceededError,
    PartnerSuspendedError,
    PostedTooLateError,
    SameMemberError,
)
from partner_sdk.protocol.bounds import OCCURRED_ON_SETTLEMENT, POINTS_MAX, SPEND_MINOR_MAX
from partner_sdk.protocol.identities import OPERATOR, Submitter
from partner_sdk.protocol.operation_bodies import OperationKind

SECONDS_OF_DAY: Final = 86_400
_OF_ATTESTERS: Final = frozenset({
    OperationKind.TRANSFER, OperationKind.ENROL, OperationKind.ADD_KEY, OperationKind.REMOVE_KEY, OperationKind.LOCK,
    OperationKind.UNLOCK, OperationKind.SET_ALLOWANCE, OperationKind.START_RECOVERY, OperationKind.REFUSE_RECOVERY,
    OperationKind.FINISH_RECOVERY,
})  # fmt: skip
_NOT_WHILE_SUSPENDED: Final = frozenset(
    {OperationKind.PURCHASE, OperationKind.REDEEM, OperationKind.HOLD, OperationKind.GRANT}
)
# Where the points are, and where the authorisation begins; in it `max_points` is the 10th to 13th byte.
_POINTS_AT: Final = {
    OperationKind.REDEEM: 20, OperationKind.HOLD: 20, OperationKind.GRANT: 20, OperationKind.TRANSFER: 40,
}  # fmt: skip
_AUTHORISATION_AT: Final = {OperationKind.REDEEM: 24, OperationKind.HOLD: 27, OperationKind.TRANSFER: 44}
_LIMITED: Final = frozenset(
    {OperationKind.PURCHASE, OperationKind.REDEEM, OperationKind.HOLD, OperationKind.GRANT}
)
_ISSUING: Final = frozenset({OperationKind.PURCHASE, OperationKind.GRANT})


@dataclass(frozen=True, slots=True)
class Standing:
    """What the operator set, as far as it is indexed.

    Attributes:
        suspended: partners.
        paused_kinds: operation types.
        kinds_allowed: of delegates, by submitter; bit n allows type n.
        least_earn_rates: by partner, points for 100 minor units, the least of its terms in force and those to come: when those begin, the
            ledger knows before the first event tells.
        operation_points_max: by partner, where there is a limit.
        delegate_points_max: by submitter, where there is a limit: of one operation or of a day, whichever is less.
        member_day_points_max: by partner, where there is a limit of what it issues to one member in a day.
        partner_day_points_max: by partner, where there is a limit of what it issues in a day.
    """

    late_posting_days: int
    day_offset_s: int
    suspended: frozenset[int] = frozenset()
    paused_kinds: frozenset[int] = frozenset()
    kinds_allowed: Mapping[int, int] = field(default_factory=dict)
    least_earn_rates: Mapping[int, int] = field(default_factory=dict)
    operation_points_max: Mapping[int, int] = field(default_factory=dict)
    delegate_points_max: Mapping[int, int] = field(default_factory=dict)
    member_day_points_max: Mapping[int, int] = field(default_factory=dict)
    partner_day_points_max: Mapping[int, int] = field(default_factory=dict)


def certain_rejection(
    kind: int, body: bytes, *, operation: int, standing: Standing, chain_time_s: int
) -> CertainRejectionError | None:
    """Why the ledger will reject an operation whose body fits its type; None when it may settle.

    Args:
        kind: the type byte.
        body: of the operation.
        operation: its id.
        standing: as far as indexed.
        chain_time_s: of the last indexed block.
    """
    found = _of_submitter(kind, operation, standing)
    if found is None:
        today = (chain_time_s + standing.day_offset_s) // SECONDS_OF_DAY
        points = _points(kind, body, operation, standing)
        found = _of_body(kind, body, points, today, standing)
        if found is None and kind in _LIMITED:
            found = _of_limits(kind, points, operation, standing)
    return None if found is None else found(operation)


def _of_submitter(kind: int, operation: int, standing: Standing) -> type[CertainRejectionError] | None:
    submitter = Submitter(operation >> 32)
    is_attesters = kind in _OF_ATTESTERS
    if submitter.partner == OPERATOR:
        is_allowed = kind == OperationKind.GRANT if submitter.slot == 0 else is_attesters
    else:
        is_allowed = not is_attesters and bool(standing.kinds_allowed.get(submitter, -1) >> kind & 1)
    if not is_allowed:
        return NotPermittedError
    if kind in standing.paused_kinds:
        return OperationPausedError
    if kind in _NOT_WHILE_SUSPENDED and submitter.partner in standing.suspended:
        return PartnerSuspendedError
    return None


def _points(kind: int, body: bytes, operation: int, standing: Standing) -> int:
    """How many points the operation is about, of a purchase at least so many; 0 where it is about none."""
    if kind == OperationKind.PURCHASE:
        return int.from_bytes(body[20:25]) * standing.least_earn_rates.get(operation >> 48, 0) // 100
    at = _POINTS_AT.get(OperationKind(kind))
    return 0 if at is None else int.from_bytes(body[at : at + 4])


def _of_body(
    kind: int, body: bytes, points: int, today: int, standing: Standing
) -> type[CertainRejectionError] | None:
    if kind == OperationKind.PURCHASE:
        if not 1 <= int.from_bytes(body[20:25]) <= SPEND_MINOR_MAX or points > POINTS_MAX:
            return InvalidAmountError
        day = int.from_bytes(body[25:28])
        is_late = day != OCCURRED_ON_SETTLEMENT and today - day > standing.late_posting_days
        return PostedTooLateError if is_late else None
    if kind not in _POINTS_AT:
        return None
    if not 1 <= points <= POINTS_MAX:
        return InvalidAmountError
    if kind == OperationKind.HOLD and int.from_bytes(body[24:27]) < today:
        return HoldExpiredError
    if kind == OperationKind.TRANSFER and body[:20] == body[20:40]:
        return SameMemberError
    begin = _AUTHORISATION_AT.get(OperationKind(kind))
    if begin is not None and points > int.from_bytes(body[begin + 10 : begin + 14]):
        return AuthorisationExceededError
    return None


def _of_limits(
    kind: int, points: int, operation: int, standing: Standing
) -> type[CertainRejectionError] | None:
    partner = operation >> 48
    if points > standing.operation_points_max.get(partner, points):
        return OperationLimitExceededError
    if points > standing.delegate_points_max.get(operation >> 32, points):
        return DelegateLimitExceededError
    if kind not in _ISSUING:
        return None
    if points > standing.member_day_points_max.get(partner, points):
        return MemberDayLimitExceededError
    if points > standing.partner_day_points_max.get(partner, points):
        return PartnerDayLimitExceededError
    return None
