"""The accept path: check, make durable, answer. The chain is never asked."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from node_gateway.domain.certain_rejection_errors import CertainRejectionError, NonceUsedError
from node_gateway.domain.errors import (
    BacklogFullError,
    BadSignatureError,
    DeadlinePassedError,
    GatewayError,
    IdempotencyConflictError,
    IdempotencyInFlightError,
    LateAuthorisationError,
    UnknownSubmitterError,
)
from node_gateway.domain.nonces import UsedNonces
from node_gateway.domain.parties import Party
from node_gateway.domain.submission_checks import CheckedSubmission, check_submission, read_form
from node_gateway.service.accept_writer import AcceptWriter, Answer, IdempotencyRequest, Intake, Outcomes
from node_gateway.service.backlog import Backlog
from node_gateway.service.chain_watch import ChainWatch
from node_gateway.service.clock import Clock
from node_gateway.service.keyring_cache import KeyringCache
from node_gateway.store import intake
from node_gateway.store.database import Database
from partner_sdk.protocol.errors import ProtocolError

CHECKS_IN_ONE_STEP = 64
"""Submissions that a thread checks before it takes the next ones; recovering a key lets other threads run."""
CHECKING_THREADS = 2

# Refusals that depend on when, not only on what.
_CHANGED_SINCE = (DeadlinePassedError, LateAuthorisationError, CertainRejectionError)

Refusal = GatewayError | ProtocolError
Checked = CheckedSubmission | Refusal
Render = Callable[[Sequence[Checked]], Answer]
"""Makes the answer from what became of each submission, in order. May raise the refusal of a single one."""


class AcceptDesk:
    """Takes submissions of all requests of this process."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        *,
        watch: ChainWatch,
        keyring: KeyringCache,
        backlog: Backlog,
        writer: AcceptWriter,
        deadline_ahead_s_max: int,
    ) -> None:
        self._database = database
        self._clock = clock
        self._watch = watch
        self._keyring = keyring
        self._backlog = backlog
        self._writer = writer
        self._deadline_ahead_s_max = deadline_ahead_s_max
        self._in_flight: set[tuple[str, str]] = set()
        self._threads = ThreadPoolExecutor(CHECKING_THREADS, thread_name_prefix="check")

    async def accept(
        self, wires: Sequence[bytes], *, party: Party, idempotency: IdempotencyRequest | None, render: Render
    ) -> Answer:
        """Accepts what can be accepted; the answer is given when that is durable.

        Args:
            wires: wire forms, 1 … 500 of them.
            render: makes the answer; what it raises is raised here, and nothing is stored then.

        Raises:
            GatewayError: what `render` raises, an idempotency conflict, a full backlog or a database that fails.
            ProtocolError: what `render` raises.
        """
        checked = await self._with_known_ones(wires, await self._check_all(wires, party))
        good = [item for item in checked if isinstance(item, CheckedSubmission)]
        answer = partial(_render, checked, render)
        try:
            if not good:
                return await self._stored_answer(idempotency) or answer({})
            self._backlog.take(sum(len(item.operations) for item in good))
            return await self._writer.accept(Intake(good, answer, idempotency))
        except (GatewayError, ProtocolError) as refusal:
            earlier = await self._earlier_answer(wires, refusal, idempotency, render)
            if earlier is None:
                raise
            return earlier

    def enter(self, idempotency: IdempotencyRequest | None) -> None:
        """Marks a key as being worked on. Raises IdempotencyInFlightError when it is so already."""
        if idempotency is not None:
            key = (idempotency.party, idempotency.key)
            if key in self._in_flight:
                raise IdempotencyInFlightError
            self._in_flight.add(key)

    def leave(self, idempotency: IdempotencyRequest | None) -> None:
        if idempotency is not None:
            self._in_flight.discard((idempotency.party, idempotency.key))

    async def remember(self, idempotency: IdempotencyRequest | None, answer: Answer) -> None:
        """Puts a fuller answer in the place of the first one, before anyone was given either."""
        if idempotency is not None:
            async with self._database.writing() as connection:
                await intake.replace_answer(
                    connection,
                    party=idempotency.party,
                    key=idempotency.key,
                    status_code=answer.status_code,
                    answer=answer.body,
                )

    def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def _check_all(self, wires: Sequence[bytes], party: Party) -> list[Checked]:
        checked = await self._check_with_known_keys(wires, party)
        doubtful = [
            index
            for index, item in enumerate(checked)
            if isinstance(item, UnknownSubmitterError | BadSignatureError | CertainRejectionError)
        ]
        if doubtful and await self._keyring.refresh_in_doubt():
            again = await self._check_with_known_keys([wires[index] for index in doubtful], party)
            for index, item in zip(doubtful, again, strict=True):
                checked[index] = item
        await self._refuse_used_nonces(checked)
        return checked

    async def _refuse_used_nonces(self, checked: list[Checked]) -> None:
        """What holds nothing but authorisations that were used before; not where the ids are known, which tell more."""
        spending = {
            index: item
            for index, item in enumerate(checked)
            if isinstance(item, CheckedSubmission) and all(line.nonce is not None for line in item.operations)
        }
        if not spending:
            return
        async with self._database.reading() as connection:
            members = {line.member for item in spending.values() for line in item.operations if line.member}
            used = await intake.find_used_nonces(connection, members)
            repeated = {index: item for index, item in spending.items() if _is_used_up(item, used)}
            ids = [line.id for item in repeated.values() for line in item.operations]
            known = await intake.find_operations(connection, ids)
        for index, item in repeated.items():
            if not any(line.id in known for line in item.operations):
                checked[index] = NonceUsedError(item.operations[0].id)

    async def _check_with_known_keys(self, wires: Sequence[bytes], party: Party) -> list[Checked]:
        chain_time_s = self._watch.head.block_timestamp_s
        check = partial(
            _check_each,
            party=party,
            keyring=self._keyring.current,
            chain_time_s=chain_time_s,
            # A chain on the data's clock may be ahead of or behind the wall clock: the later of both counts.
            latest_deadline_s=max(chain_time_s, self._clock.now_ms() // 1000) + self._deadline_ahead_s_max,
        )
        if len(wires) == 1:
            return check(wires)
        loop = asyncio.get_running_loop()
        parts = [
            wires[start : start + CHECKS_IN_ONE_STEP] for start in range(0, len(wires), CHECKS_IN_ONE_STEP)
        ]
        done = await asyncio.gather(*(loop.run_in_executor(self._threads, check, part) for part in parts))
        return [item for part in done for item in part]

    async def _stored_answer(self, idempotency: IdempotencyRequest | None) -> Answer | None:
        """What was answered under this key before. Raises IdempotencyConflictError when that was another request."""
        if idempotency is None:
            return None
        key = (idempotency.party, idempotency.key)
        async with self._database.reading() as connection:
            stored = (await intake.find_answers(connection, [key])).get(key)
        if stored is None:
            return None
        if stored.body_hash != idempotency.body_hash:
            raise IdempotencyConflictError
        return Answer(stored.status_code, stored.answer, is_repeat=True)

    async def _earlier_answer(
        self,
        wires: Sequence[bytes],
        refusal: Refusal,
        idempotency: IdempotencyRequest | None,
        render: Render,
    ) -> Answer | None:
        """A repeat is answered as it was at first, though it could not be accepted now."""
        if not isinstance(refusal, IdempotencyConflictError):
            stored = await self._stored_answer(idempotency)
            if stored is not None:
                return stored
        if len(wires) == 1 and isinstance(refusal, BacklogFullError):
            async with self._database.reading() as connection:
                again = read_form(wires[0], domain=self._keyring.current.domain, chain_time_s=0)
                if await intake.find_submissions(connection, [again.id]):
                    return render([again])
        return None

    async def _with_known_ones(self, wires: Sequence[bytes], checked: list[Checked]) -> list[Checked]:
        """What was accepted before is not refused now for what changed since: its sender would take it for not done."""
        again = {
            index: read_form(wires[index], domain=self._keyring.current.domain, chain_time_s=0)
            for index, item in enumerate(checked)
            if isinstance(item, _CHANGED_SINCE)
        }
        if again:
            async with self._database.reading() as connection:
                known = await intake.find_submissions(connection, [form.id for form in again.values()])
            for index, form in again.items():
                if form.id in known:
                    checked[index] = form
        return checked


def _is_used_up(item: CheckedSubmission, used: Mapping[bytes, UsedNonces]) -> bool:
    return all(
        line.nonce is not None and used.get(line.member or b"", UsedNonces()).has(line.nonce)
        for line in item.operations
    )


def _check_each(wires: Sequence[bytes], **context: object) -> list[Checked]:
    checked: list[Checked] = []
    for wire in wires:
        try:
            checked.append(check_submission(wire, **context))  # type: ignore[arg-type]  # a partial of keywords
        except (GatewayError, ProtocolError) as refusal:
            checked.append(refusal)
    return checked


def _render(checked: Sequence[Checked], render: Render, outcomes: Outcomes) -> Answer:
    return render(
        [item if not isinstance(item, CheckedSubmission) else outcomes.get(item.id, item) for item in checked]
    )
