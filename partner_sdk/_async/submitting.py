"""From drafts to outcomes: number, sign, store, send, wait; and after a crash, find again."""

import time
from collections.abc import Callable, Sequence
from typing import Final

from partner_sdk._async.http import AsyncHttp
from partner_sdk._errors import (
    GatewayAnswerError,
    GatewayError,
    NotFoundError,
    OutcomeUnknownError,
    PointsError,
    SequenceUsedError,
    SettlementPendingError,
    SubmissionRefusedError,
    UnknownSubmitterKeyError,
)
from partner_sdk._outcomes import (
    Deadlines,
    Resumed,
    error_for_caller,
    is_final,
    is_free_to_sign_again,
    is_late,
    operation_ids,
    operations_of,
)
from partner_sdk._waiting import run_async, sleep_async
from partner_sdk.drafts import Draft
from partner_sdk.models import BulkAnswer, BulkResult, Me, OperationRecord, Program, SubmissionRecord
from partner_sdk.protocol.bounds import SUBMISSIONS_BULK_MAX
from partner_sdk.protocol.identities import OperationId, Submitter
from partner_sdk.protocol.signatures import SigningKey
from partner_sdk.protocol.submissions import BULK_MEDIA_TYPE, SignedSubmission, pack_bulk
from partner_sdk.sequences import Numbered, SequenceStore, SignFrom, Unfinished

VALIDITY_S: Final = 3_600
"""How long after signing a submission may settle."""
SIGNATURES_MAX: Final = 4
"""How often one call signs the same operations because their deadline was refused."""
WAIT_IN_ONE_REQUEST_S_MAX: Final = 25.0
WAIT_GRANTED_S_MAX: Final = 30.0
"""What a gateway may hold an answer back, whatever it was asked for."""
POLL_S: Final = 0.5


class AsyncSubmitting:
    """Signs with one key for one submitter."""

    def __init__(
        self,
        http: AsyncHttp,
        key: SigningKey,
        sequences: SequenceStore,
        *,
        submitter: Submitter | None = None,
        validity_s: int = VALIDITY_S,
        wall_clock_s: Callable[[], float] = time.time,
    ) -> None:
        self._http = http
        self._key = key
        self._sequences = sequences
        self._wanted_submitter = submitter
        self._identity: tuple[Submitter, int] | None = None
        self._program: Program | None = None
        self._deadlines = Deadlines(validity_s=validity_s, wall_clock_s=wall_clock_s)

    async def submitter(self) -> Submitter:
        """Returns the submitter that the key belongs to, as the gateway knows it.

        Raises:
            UnknownSubmitterKeyError: to none of this API key's.
        """
        return (await self._known_identity())[0]

    async def submit(self, drafts: Sequence[Draft], *, wait_s: float) -> list[OperationRecord]:
        """Sends one submission and, for at most `wait_s`, waits until its operations are settled or rejected.

        Raises:
            SubmissionRefusedError: nothing happened, no id was used up.
            OutcomeUnknownError: it may have arrived; it is stored.
            SettlementPendingError: accepted, not settled in time.
        """
        (unfinished,) = await self._begin([drafts])
        ends_at_s = time.monotonic() + wait_s
        unfinished, operations = await self._send(unfinished, wait_s=wait_s, is_first=True)
        while not is_final(operations):
            left_s = ends_at_s - time.monotonic()
            if wait_s <= 0:
                return operations
            if left_s <= 0:
                raise SettlementPendingError([operation.id for operation in operations], wait_s)
            await sleep_async(min(POLL_S, left_s))
            state = await self._state(unfinished)
            operations = operations_of(state)
            if is_free_to_sign_again(state):
                unfinished = await self._sign_again(unfinished)
                unfinished, operations = await self._send(unfinished, wait_s=left_s)
        await run_async(self._sequences.finish, [unfinished])
        return operations

    async def submit_bulk(self, submissions: Sequence[Sequence[Draft]]) -> list[BulkResult]:
        """Sends many submissions in one request; when it returns they are durable at the gateway, not settled.

        Args:
            submissions: 1 … 500, each of 1 … 256 drafts.

        Raises:
            OutcomeUnknownError: they may have arrived; they are stored.
        """
        assert 0 < len(submissions) <= SUBMISSIONS_BULK_MAX, "a bulk has 1 … 500 submissions"
        begun = await self._begin(submissions)
        content = pack_bulk([unfinished.submission.pack() for unfinished in begun])
        try:
            answer = await self._http.post(
                "/v1/submissions/bulk", BulkAnswer, content=content, media_type=BULK_MEDIA_TYPE
            )
        except GatewayError as error:
            raise await self._not_taken(begun, error, is_first=True) from error
        if len(answer.results) != len(begun):
            ids = operation_ids([unfinished.submission for unfinished in begun])
            raise OutcomeUnknownError(ids, "the gateway answered for another number of submissions")
        results, refused = list(answer.results), []
        for position, (unfinished, result) in enumerate(zip(begun, results, strict=True)):
            if result.problem is not None and is_late(result.problem.code):
                again = await self._sign_again(unfinished, latest_s=result.problem.latest_s)
                operations = (await self._send(again, wait_s=0))[1]
                results[position] = BulkResult(status="accepted", operations=tuple(operations))
            elif result.problem is not None:
                refused.append(unfinished)
        await run_async(self._sequences.finish, refused)
        return results

    async def resume(self) -> Resumed:
        """Looks after every submission without a final answer: asks, sends again, signs again what expired.

        Call it after a restart, and now and then where you do not wait for settlement.
        """
        settled: list[OperationRecord] = []
        waiting: list[OperationId] = []
        refused: list[tuple[OperationId, str]] = []
        done: list[Unfinished] = []
        for unfinished in await run_async(self._sequences.unfinished, await self.submitter()):
            try:
                operations = await self._found_again(unfinished)
            except SubmissionRefusedError as error:
                refused.extend((operation, error.reason) for operation in error.operations)
                continue
            except OutcomeUnknownError as error:
                waiting.extend(error.operations)
                continue
            if is_final(operations):
                settled.extend(operations)
                done.append(unfinished)
            else:
                waiting.extend(operation.id for operation in operations)
        await run_async(self._sequences.finish, done)
        return Resumed(tuple(settled), tuple(waiting), tuple(refused))

    async def _found_again(self, unfinished: Unfinished) -> list[OperationRecord]:
        try:
            state = await self._state(unfinished)
            if not is_free_to_sign_again(state):
                return list(state.operations)
            unfinished = await self._sign_again(unfinished)
        except NotFoundError:
            pass
        try:
            return (await self._send(unfinished, wait_s=0))[1]
        except SequenceUsedError:
            ids = operation_ids([unfinished.submission])
            return [await self._http.get(f"/v1/operations/{each.text}", OperationRecord) for each in ids]

    async def _begin(self, submissions: Sequence[Sequence[Draft]]) -> list[Unfinished]:
        submitter, first = await self._known_identity()
        program = await self._known_program()
        numbered = [
            Numbered(len(drafts), self._sign_from(program, submitter, drafts)) for drafts in submissions
        ]
        return await run_async(self._sequences.begin, submitter, numbered, first=first)

    def _sign_from(self, program: Program, submitter: Submitter, drafts: Sequence[Draft]) -> SignFrom:
        deadline_s = self._deadlines.next_s()

        def sign_from(first: int) -> SignedSubmission:
            operations = [draft.build(first + position) for position, draft in enumerate(drafts)]
            return SignedSubmission.sign(
                operations, submitter=submitter, deadline_s=deadline_s, domain=program.domain, key=self._key
            )

        return sign_from

    async def _sign_again(self, unfinished: Unfinished, *, latest_s: int | None = None) -> Unfinished:
        program = await self._read_program(latest_s=latest_s)
        again = SignedSubmission.sign(
            unfinished.submission.operations(),
            submitter=unfinished.submission.submitter,
            deadline_s=self._deadlines.next_s(),
            domain=program.domain,
            key=self._key,
        )
        return await run_async(self._sequences.replace, unfinished, again)

    async def _send(
        self, unfinished: Unfinished, *, wait_s: float, is_first: bool = False
    ) -> tuple[Unfinished, list[OperationRecord]]:
        in_request_s = min(wait_s, WAIT_IN_ONE_REQUEST_S_MAX)
        for _ in range(SIGNATURES_MAX):
            try:
                answer = await self._http.post(
                    "/v1/submissions",
                    SubmissionRecord,
                    content=unfinished.submission.pack(),
                    media_type="application/octet-stream",
                    idempotency_key=unfinished.idempotency_key,
                    params={"wait": "settled", "wait_s": f"{in_request_s:.3f}"} if in_request_s > 0 else {},
                    wait_s=WAIT_GRANTED_S_MAX if in_request_s > 0 else 0.0,
                )
            except GatewayAnswerError as error:
                if not is_late(error.code):
                    raise await self._not_taken([unfinished], error, is_first=is_first) from error
                unfinished = await self._sign_again(unfinished, latest_s=error.data.get("latest_s"))
            except GatewayError as error:
                raise await self._not_taken([unfinished], error, is_first=is_first) from error
            else:
                return unfinished, operations_of(answer)
        raise OutcomeUnknownError(
            operation_ids([unfinished.submission]), "the gateway refuses every deadline; compare the clocks"
        )

    async def _not_taken(
        self, begun: Sequence[Unfinished], error: GatewayError, *, is_first: bool
    ) -> PointsError:
        """Forgets what was refused, keeps what may have arrived now or earlier; returns what to raise."""
        ids = operation_ids([unfinished.submission for unfinished in begun])
        raised = error_for_caller(error, ids)
        if isinstance(raised, SubmissionRefusedError) or (is_first and not error.may_have_arrived):
            await run_async(self._sequences.finish, begun)
        return raised

    async def _state(self, unfinished: Unfinished) -> SubmissionRecord:
        digest = unfinished.submission.digest((await self._known_program()).domain)
        return await self._http.get(f"/v1/submissions/0x{digest.hex()}", SubmissionRecord)

    async def _known_identity(self) -> tuple[Submitter, int]:
        if self._identity is None:
            me = await self._http.get("/v1/me", Me)
            for known in me.submitters:
                if known.key == self._key.address and self._wanted_submitter in (None, known.submitter):
                    self._identity = (known.submitter, known.next_sequence)
                    break
            else:
                raise UnknownSubmitterKeyError(
                    f"{self._key.address.text} is the key of none of this API key's submitters; a new key takes a block"
                )
        return self._identity

    async def _known_program(self) -> Program:
        return self._program or await self._read_program()

    async def _read_program(self, *, latest_s: int | None = None) -> Program:
        self._program = await self._http.get("/v1/program", Program)
        self._deadlines.read(self._program, latest_s=latest_s)
        return self._program
