"""What became of submissions: deadlines by the chain's clock, refusals, what `resume()` found. Shared by both clients."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from partner_sdk._errors import (
    BusyError,
    GatewayAnswerError,
    GatewayError,
    OutcomeUnknownError,
    PointsError,
    SubmissionRefusedError,
)
from partner_sdk.models import OperationRecord, Program, SubmissionRecord
from partner_sdk.protocol.identities import OperationId
from partner_sdk.protocol.reasons import Reason
from partner_sdk.protocol.submissions import SignedSubmission

_DEADLINE_CODES: Final = frozenset({"deadline_passed", "deadline_too_far"})
_REFUSAL_CODES: Final = frozenset(Reason) | {"not_your_submitter"}
FINAL_STATUSES: Final = frozenset({"settled", "rejected"})


@dataclass(frozen=True, slots=True)
class Resumed:
    """What `resume()` found.

    Attributes:
        settled: operations that are settled or rejected, and need no care any more.
        waiting: accepted, not in a block yet.
        refused: will never settle, and why (a member's authorisation that ran out meanwhile); forgotten, their ids are free.
    """

    settled: tuple[OperationRecord, ...]
    waiting: tuple[OperationId, ...]
    refused: tuple[tuple[OperationId, str], ...]


class Deadlines:
    """Sets deadlines that the chain's clock will accept.

    That clock is the last block's time: hours behind on a chain that was idle, years behind on one that replays old data. So the
    deadline is ahead of both clocks, but no further ahead of the chain's than the gateway says it may be.
    """

    def __init__(self, *, validity_s: int, wall_clock_s: Callable[[], float]) -> None:
        self._validity_s = validity_s
        self._wall_clock_s = wall_clock_s
        self._block_timestamp_s = 0
        self._read_at_s = 0.0
        self._ahead_s_max: int | None = None

    def read(self, program: Program, *, latest_s: int | None = None) -> None:
        """Takes the chain's clock from `program`, and from a refusal the latest deadline that was acceptable."""
        self._block_timestamp_s = program.block_timestamp_s or int(self._wall_clock_s())
        self._read_at_s = time.monotonic()
        if latest_s is not None:
            self._ahead_s_max = max(1, latest_s - self._block_timestamp_s)

    def next_s(self) -> int:
        """Returns the deadline for a submission that is signed now."""
        chain_s = self._block_timestamp_s + int(time.monotonic() - self._read_at_s)
        deadline_s = max(chain_s, int(self._wall_clock_s())) + self._validity_s
        if self._ahead_s_max is not None:
            deadline_s = min(deadline_s, self._block_timestamp_s + self._ahead_s_max)
        return deadline_s


def is_late(code: str) -> bool:
    """Says whether it is the deadline that was refused; the same operations can be signed again."""
    return code in _DEADLINE_CODES


def is_final(operations: Sequence[OperationRecord]) -> bool:
    """Says whether nothing more will happen to any of them."""
    return all(operation.status in FINAL_STATUSES for operation in operations)


def is_free_to_sign_again(state: SubmissionRecord) -> bool:
    """Says whether the submission ended without using up its ids."""
    ended = state.status in ("expired", "skipped")
    return ended and not is_final(state.operations)


def operations_of(state: SubmissionRecord) -> list[OperationRecord]:
    """Returns the submission's operations, each with its member's balance where the answer has it."""
    balances = {balance.member: balance for balance in state.members}
    return [
        operation.model_copy(update={"balance": balances.get(operation.member)})
        if operation.member
        else operation
        for operation in state.operations
    ]


def operation_ids(submissions: Sequence[SignedSubmission]) -> list[OperationId]:
    """Returns the ids of all operations in them."""
    return [
        submission.operation_id(operation)
        for submission in submissions
        for operation in submission.operations()
    ]


def error_for_caller(error: GatewayError, operations: Sequence[OperationId]) -> PointsError:
    """Returns what a submitting call raises for an error of the gateway."""
    if error.may_have_arrived:
        return OutcomeUnknownError(operations, str(error))
    if (
        isinstance(error, GatewayAnswerError)
        and not isinstance(error, BusyError)
        and error.code in _REFUSAL_CODES
    ):
        return SubmissionRefusedError(error.code, operations, error.detail)
    return error
