"""Group commit: what many requests bring is made durable by one commit, and each is answered after it."""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import sqlalchemy as sa
import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from node_gateway.domain.errors import (
    GatewayError,
    IdempotencyConflictError,
    InternalError,
    OperationUsedError,
    ShuttingDownError,
    StorageUnavailableError,
)
from node_gateway.domain.states import OperationStatus
from node_gateway.domain.submission_checks import CheckedSubmission
from node_gateway.service.clock import Clock
from node_gateway.store import intake
from node_gateway.store.bulk_insert import DuplicateKeyError
from node_gateway.store.database import Database
from node_gateway.store.intake import StoredAnswer
from partner_sdk.protocol.identities import OperationId

CONFLICT_TRIES_MAX = 6
_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Answer:
    """What the caller gets, byte for byte. `is_repeat`: it was stored under the request's Idempotency-Key before."""

    status_code: int
    body: bytes
    is_repeat: bool = False


@dataclass(frozen=True, slots=True)
class IdempotencyRequest:
    """Under which key the answer is to be remembered."""

    party: str
    key: str
    body_hash: bytes


Outcomes = dict[bytes, GatewayError]
"""By submission id: why it was refused. Those that are not in it were accepted."""


@dataclass(slots=True)
class Intake:
    """Submissions of one request, checked.

    Attributes:
        render: makes the answer, once it is known which of them were accepted. Raises the refusal of a single one.
    """

    submissions: Sequence[CheckedSubmission]
    render: Callable[[Outcomes], Answer]
    idempotency: IdempotencyRequest | None = None
    answered: "asyncio.Future[Answer]" = field(
        default_factory=lambda: asyncio.get_running_loop().create_future()
    )

    @property
    def operation_count(self) -> int:
        return sum(len(submission.operations) for submission in self.submissions)


@dataclass(slots=True)
class _Plan:
    """What one commit writes, and what each request of the group is told after it."""

    submissions: list[CheckedSubmission] = field(default_factory=list)
    reopened: set[int] = field(default_factory=set)
    answers: list[StoredAnswer] = field(default_factory=list)
    results: list[Answer | GatewayError] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Known:
    """What the tables already have of a group."""

    submissions: set[bytes] = field(default_factory=set)
    operations: dict[int, OperationStatus] = field(default_factory=dict)
    answers: dict[tuple[str, str], StoredAnswer] = field(default_factory=dict)


class AcceptWriter:
    """The only writer of accepted submissions in this process."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        *,
        group_operations_max: int,
        on_accepted: Callable[[int], None],
    ) -> None:
        """`on_accepted` is called with the number of operations after each commit."""
        self._database = database
        self._clock = clock
        self._group_operations_max = group_operations_max
        self._on_accepted = on_accepted
        self._queue: deque[Intake] = deque()
        self._arrived = asyncio.Event()
        self._is_closing = False

    async def accept(self, request: Intake) -> Answer:
        """Returns after the commit.

        Raises:
            GatewayError: the refusal of a single submission, an idempotency conflict, or StorageUnavailableError.
        """
        if self._is_closing:
            raise ShuttingDownError
        self._queue.append(request)
        self._arrived.set()
        return await request.answered

    async def run(self) -> None:
        """Commits groups until `close`; whatever is queued then is still committed."""
        while True:
            await self._arrived.wait()
            self._arrived.clear()
            while group := self._next_group():
                await self._answer(group)
            if self._is_closing:
                return

    def close(self) -> None:
        """Takes no more; `run` ends when the queue is empty."""
        self._is_closing = True
        self._arrived.set()

    def _next_group(self) -> list[Intake]:
        group: list[Intake] = []
        operations = 0
        while self._queue and (not group or operations < self._group_operations_max):
            request = self._queue.popleft()
            operations += request.operation_count
            group.append(request)
        return group

    async def _answer(self, group: list[Intake]) -> None:
        # An error is a value here: whatever it is, it concerns this group, and the writer goes on to the next.
        (outcome,) = await asyncio.gather(self._commit(group), return_exceptions=True)
        for request, result in zip(group, self._results(outcome, len(group)), strict=True):
            if request.answered.done():
                continue
            if isinstance(result, Answer):
                request.answered.set_result(result)
            else:
                request.answered.set_exception(result)

    def _results(self, outcome: _Plan | BaseException, count: int) -> list[Answer | GatewayError]:
        if isinstance(outcome, _Plan):
            if outcome.submissions:
                self._on_accepted(sum(len(item.operations) for item in outcome.submissions))
            return outcome.results
        _log.error("accept_failed", requests=count, exc_info=outcome)
        if isinstance(outcome, sa.exc.SQLAlchemyError | OSError | DuplicateKeyError):
            return [StorageUnavailableError() for _ in range(count)]
        return [InternalError() for _ in range(count)]

    async def _commit(self, group: list[Intake]) -> _Plan:
        """Hopes first that all is new, which it nearly always is; a taken key shows otherwise, and then it looks."""
        is_first = True
        for tries_left in reversed(range(CONFLICT_TRIES_MAX)):
            try:
                async with self._database.writing() as connection:
                    known = _Known() if is_first else await _read_known(connection, group)
                    plan = _plan(group, known)
                    await self._write(connection, plan)
                return plan
            except (DuplicateKeyError, sa.exc.OperationalError) as error:
                # PostgreSQL tells of a deadlock between two API processes with OperationalError.
                is_deadlock = isinstance(error, DuplicateKeyError) or "deadlock" in str(error.orig)
                if not is_deadlock or not tries_left:
                    raise
                is_first = False
        raise AssertionError("unreachable")

    async def _write(self, connection: AsyncConnection, plan: _Plan) -> None:
        accepted_at_ms = self._clock.now_ms()
        if plan.submissions:
            await intake.insert_submissions(connection, plan.submissions, accepted_at_ms=accepted_at_ms)
            await intake.insert_operations(
                connection, plan.submissions, accepted_at_ms=accepted_at_ms, reopened=plan.reopened
            )
        await intake.insert_answers(connection, plan.answers, created_at_ms=accepted_at_ms)


async def _read_known(connection: AsyncConnection, group: list[Intake]) -> _Known:
    submissions = [item for request in group for item in request.submissions]
    keys = [(r.idempotency.party, r.idempotency.key) for r in group if r.idempotency]
    return _Known(
        submissions=await intake.find_submissions(connection, [item.id for item in submissions]),
        operations=await intake.find_operations(
            connection, [line.id for item in submissions for line in item.operations]
        ),
        answers=await intake.find_answers(connection, keys),
    )


def _plan(group: list[Intake], known: _Known) -> _Plan:
    plan = _Plan()
    submissions, operations, answers = set(known.submissions), dict(known.operations), dict(known.answers)
    for request in group:
        try:
            plan.results.append(_plan_request(request, plan, submissions, operations, answers))
        except GatewayError as refusal:
            plan.results.append(refusal)
    return plan


def _plan_request(
    request: Intake,
    plan: _Plan,
    submissions: set[bytes],
    operations: dict[int, OperationStatus],
    answers: dict[tuple[str, str], StoredAnswer],
) -> Answer:
    wanted = request.idempotency
    if wanted is not None and (stored := answers.get((wanted.party, wanted.key))) is not None:
        if stored.body_hash != wanted.body_hash:
            raise IdempotencyConflictError
        return Answer(stored.status_code, stored.answer, is_repeat=True)
    outcomes: Outcomes = {}
    for item in request.submissions:
        if item.id in submissions:
            continue  # sent before: the same answer again
        refusal = _conflict(item, operations)
        if refusal is not None:
            outcomes[item.id] = refusal
            continue
        for line in item.operations:
            if operations.get(line.id) is OperationStatus.EXPIRED:
                plan.reopened.add(line.id)
            operations[line.id] = OperationStatus.ACCEPTED
        submissions.add(item.id)
        plan.submissions.append(item)
    answer = request.render(outcomes)
    if wanted is not None and len(outcomes) < len(request.submissions):
        stored = StoredAnswer(wanted.party, wanted.key, wanted.body_hash, answer.status_code, answer.body)
        answers[wanted.party, wanted.key] = stored
        plan.answers.append(stored)
    return answer


def _conflict(item: CheckedSubmission, operations: dict[int, OperationStatus]) -> GatewayError | None:
    for line in item.operations:
        status = operations.get(line.id)
        if status is not None and status is not OperationStatus.EXPIRED:
            return OperationUsedError(OperationId(line.id), status=status.value)
    return None
