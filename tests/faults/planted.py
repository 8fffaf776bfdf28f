"""Bugs planted on purpose, one at a time, to show that the campaign finds them. Each changes the real code in one place."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pytest
import sqlalchemy as sa

from node_gateway.api import events as event_routes
from node_gateway.chain import node
from node_gateway.chain.abi import encode_settle
from node_gateway.chain.rpc import HttpRpc
from node_gateway.chain.rpc_errors import RpcReason
from node_gateway.domain.states import DeliveryStatus
from node_gateway.jobs import fold, lanes, outbox, sending, settlement, unwind, webhook_queue
from node_gateway.jobs.batching import LaneOrder
from node_gateway.jobs.fold.model import ReadModel
from node_gateway.jobs.indexer import Indexer
from node_gateway.jobs.push import Push
from node_gateway.jobs.relay import Relay
from node_gateway.jobs.sending import Sender
from node_gateway.jobs.webhook_queue import Outcome
from node_gateway.service.accept_writer import AcceptWriter, _plan
from node_gateway.service.event_feed import EventFeed
from node_gateway.store import intake, schema

LATER_S = 0.05
Plant = Callable[[pytest.MonkeyPatch], None]


@dataclass(frozen=True)
class PlantedBug:
    """One bug. `database`: where alone it can show; `first_seed`: of those to try, for what takes several faults at once."""

    name: str
    plant: Plant
    database: str = "sqlite"
    first_seed: int = 0


async def _nothing(*_: Any, **__: Any) -> None:
    return None


def _no_parent_check(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Indexer, "_linked", lambda self, found: list(found))


def _sent_before_stored(patch: pytest.MonkeyPatch) -> None:
    store = Relay._store

    async def send_first(self: Relay, batches: Any, fees: Any, gas_max: int, now_ms: int) -> None:
        nonces = {lane: lease.next_nonce for lane, lease in self._leases.items()}
        for batch in batches:
            signed = self._signers[batch.lane].sign_transaction(
                chain_id=self._deployment.chain_id, nonce=nonces[batch.lane], to=self._ledger,
                data=encode_settle(batch.items), gas_limit=min(batch.gas_limit, gas_max), fees=fees,
            )  # fmt: skip
            nonces[batch.lane] += 1
            await node.send_raw(self._rpc, signed.raw)
        await store(self, batches, fees, gas_max, now_ms)

    patch.setattr(Relay, "_store", send_first)


def _no_lease_check(patch: pytest.MonkeyPatch) -> None:
    async def take(connection: Any, lane: bytes, *, owner: str, now_ms: int) -> lanes.Lease:
        table = schema.lanes
        row = (await connection.execute(sa.select(table).where(table.c.address == lane))).one()
        return lanes.Lease(lane, row.fencing_token, row.next_nonce)

    patch.setattr(lanes, "take_lease", take)


def _any_body_fits_a_key(patch: pytest.MonkeyPatch) -> None:
    class AnyHash(bytes):
        def __ne__(self, other: object) -> bool:
            return False

    find = intake.find_answers

    async def found(connection: Any, keys: Any) -> dict[tuple[str, str], Any]:
        answers = await find(connection, keys)
        return {key: replace(answer, body_hash=AnyHash(b"any")) for key, answer in answers.items()}

    patch.setattr(intake, "find_answers", found)


def _unwinding_forgets(name: str) -> Plant:
    return lambda patch: patch.setattr(unwind, name, _nothing)


def _never_sent_again(patch: pytest.MonkeyPatch) -> None:
    async def due(connection: Any, held: Any, **_: Any) -> Any:
        batches = schema.batches
        return await outbox._select_in_flight(
            connection, batches.c.lane.in_(list(held)) & batches.c.sent_at_ms.is_(None)
        )

    patch.setattr(outbox, "due", due)


def _wall_clock_resend(patch: pytest.MonkeyPatch) -> None:
    async def due(connection: Any, held: Any, *, sent_before_ms: int, now_ms: int) -> Any:
        batches = schema.batches
        is_due = batches.c.sent_at_ms.is_(None) | (batches.c.sent_at_ms <= sent_before_ms)
        return await outbox._select_in_flight(connection, batches.c.lane.in_(list(held)) & is_due)

    patch.setattr(outbox, "due", due)


def _already_known_is_a_failure(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(sending, "_HAS_IT", frozenset({RpcReason.NONCE_TOO_LOW}))
    patch.setattr(sending, "_TOO_LARGE", frozenset({RpcReason.ALREADY_KNOWN}))


def _nonce_too_low_is_too_cheap(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(sending, "_HAS_IT", frozenset({RpcReason.ALREADY_KNOWN}))
    patch.setattr(sending, "_TOO_LARGE", frozenset({RpcReason.NONCE_TOO_LOW}))


def _answers_before_commit(patch: pytest.MonkeyPatch) -> None:
    commit = AcceptWriter._commit
    later: set[asyncio.Task[Any]] = set()

    async def early(self: AcceptWriter, group: Any) -> Any:
        async def write() -> None:
            await asyncio.sleep(LATER_S)
            await commit(self, group)

        task = asyncio.create_task(write())
        later.add(task)
        task.add_done_callback(later.discard)
        from node_gateway.service.accept_writer import _Known

        return _plan(group, _Known())

    patch.setattr(AcceptWriter, "_commit", early)


def _parties_on_any_lane(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(LaneOrder, "lanes_of", lambda self, parties: set())


def _one_lane_asserted(patch: pytest.MonkeyPatch) -> None:
    enter = LaneOrder.enter

    def strict(self: LaneOrder, lane: bytes, parties: Any) -> None:
        assert self.lanes_of(parties) <= {lane}, "one party on two lanes"
        enter(self, lane, parties)

    patch.setattr(LaneOrder, "enter", strict)


def _no_journal(patch: pytest.MonkeyPatch) -> None:
    take = ReadModel.take_journal
    patch.setattr(ReadModel, "take_journal", lambda self, mark: take(self, mark)[:1])


def _model_survives_failures(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Indexer, "step", Indexer._step)


def _missing_logs_are_believed(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(node, "assert_all_logs", lambda *_: None)


def _skipped_counts_as_settled(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(settlement, "_skip_reasons", lambda events: {})


def _expired_without_a_word(patch: pytest.MonkeyPatch) -> None:
    async def end(connection: Any, ids: Sequence[bytes], status: Any, reason: str) -> None:
        table = schema.submissions
        await connection.execute(sa.update(table).where(table.c.id.in_(ids)).values(status=status.value))

    patch.setattr(outbox, "end_submissions", end)
    patch.setattr(settlement, "end_submissions", end)


def _resets_are_not_told(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(EventFeed, "_tell_reset", lambda self, as_of_block: None)


def _streams_begin_anew(patch: pytest.MonkeyPatch) -> None:
    async def missed(*_: Any) -> Any:
        return
        yield

    patch.setattr(event_routes, "_missed", missed)


def _failed_webhooks_count_as_taken(patch: pytest.MonkeyPatch) -> None:
    attempt = Push._attempt

    async def always(self: Push, endpoint: Any, delivery: Any) -> Outcome:
        outcome = await attempt(self, endpoint, delivery)
        return Outcome(outcome.delivery, 200, None)

    patch.setattr(Push, "_attempt", always)


def _webhooks_in_any_order(patch: pytest.MonkeyPatch) -> None:
    async def due(connection: Any, webhook_id: str, *, now_ms: int, limit: int) -> Any:
        table = schema.deliveries
        statement = (
            sa.select(table)
            .where(table.c.webhook_id == webhook_id, table.c.status == DeliveryStatus.PENDING.value)
            .where(table.c.next_attempt_at_ms <= now_ms)
            .order_by(table.c.id.desc())
            .limit(limit)
        )
        return [webhook_queue._delivery(row) for row in await connection.execute(statement)]

    patch.setattr(webhook_queue, "due", due)


def _losers_stay_in_flight(patch: pytest.MonkeyPatch) -> None:
    mark = settlement._mark_mined

    async def alone(connection: Any, own: Any) -> None:
        table = schema.batches
        rivals = (table.c.lane == own.row.lane, table.c.nonce == own.row.nonce, table.c.id != own.row.id)
        before = (await connection.execute(sa.select(table.c.id, table.c.status).where(*rivals))).all()
        await mark(connection, own)
        for row in before:
            await connection.execute(sa.update(table).where(table.c.id == row.id).values(status=row.status))

    patch.setattr(settlement, "_mark_mined", alone)


def _fees_are_never_raised(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Sender, "_replace", _nothing)


def _batches_of_calls_are_never_cut(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(HttpRpc, "_batch_as_it_fits", HttpRpc._batch)


def _voided_holds_stay_held(patch: pytest.MonkeyPatch) -> None:
    handlers = {name: handler for name, handler in fold._HANDLERS.items() if name != "HoldVoided"}
    patch.setattr(fold, "_HANDLERS", handlers)


def _failed_delivery_stays_busy(patch: pytest.MonkeyPatch) -> None:
    def only_finished(self: Push) -> None:
        for task in self._busy.values():
            if task.done():
                task.result()
        self._busy = {key: task for key, task in self._busy.items() if not task.done()}

    patch.setattr(Push, "_take_back_done", only_finished)


def _missing_receipts_are_passed_over(patch: pytest.MonkeyPatch) -> None:
    async def mined(self: Indexer, block: Any) -> Any:
        receipts = block.receipts
        if receipts is None:
            found = [await node.receipt_of(self._rpc, tx_hash) for tx_hash in block.header.tx_hashes]
            receipts = [receipt for receipt in found if receipt is not None]
        return [
            settlement.MinedTransaction(bytes.fromhex(r.tx_hash[2:]), r.tx_index, r.is_success, r.gas_used)
            for r in receipts
        ]

    patch.setattr(Indexer, "_mined", mined)


def _reset_of_everything_has_no_place(patch: pytest.MonkeyPatch) -> None:
    shared = EventFeed._newest_shared

    async def none_is_below_0(self: EventFeed, connection: Any, previous: int, head: Any) -> int:
        return await shared(self, connection, previous, head) or -1

    patch.setattr(EventFeed, "_newest_shared", none_is_below_0)


def _batch_taken_twice(patch: pytest.MonkeyPatch) -> None:
    """Returned submissions are those of a batch whatever became of them."""

    async def returned(connection: Any, batch_id: int, *, is_counted: bool) -> None:
        submissions, members = schema.submissions, schema.batch_submissions
        carried = sa.select(members.c.submission_id).where(members.c.batch_id == batch_id)
        await connection.execute(
            sa.update(submissions).where(submissions.c.id.in_(carried)).values(status="accepted")
        )

    original = sending.Sender._still_open

    async def impatient(self: Sender, due: Any, lease: Any) -> Any:
        for batch in due:
            if batch.tries:
                async with self._database.writing() as connection:
                    await returned(connection, batch.batch_id, is_counted=False)
        return await original(self, due, lease)

    patch.setattr(Sender, "_still_open", impatient)


BUGS = (
    PlantedBug("the indexer does not compare parent hashes", _no_parent_check),
    PlantedBug("a raw transaction is sent before it is stored", _sent_before_stored),
    PlantedBug("leases are taken without looking whose they are", _no_lease_check, "postgresql"),
    PlantedBug("a repeated Idempotency-Key does not compare the body", _any_body_fits_a_key),
    PlantedBug("unwinding forgets webhook deliveries", _unwinding_forgets("recall_deliveries")),
    PlantedBug("unwinding forgets operations", _unwinding_forgets("_return_operations")),
    PlantedBug("unwinding forgets batches", _unwinding_forgets("_return_batches")),
    PlantedBug("a batch that the node lost is not sent again", _never_sent_again),
    PlantedBug("resending trusts a clock that was set back", _wall_clock_resend),
    PlantedBug("'already known' counts as a failure", _already_known_is_a_failure),
    PlantedBug("'nonce too low' counts as a failure", _nonce_too_low_is_too_cheap),
    PlantedBug("requests are answered before the commit", _answers_before_commit),
    PlantedBug("operations of one member go on any lane", _parties_on_any_lane),
    PlantedBug("one member on two lanes stops the relay", _one_lane_asserted),
    PlantedBug("the undo journal stays empty", _no_journal),
    PlantedBug("the read model in memory survives a failed write", _model_survives_failures),
    PlantedBug("missing logs are believed", _missing_logs_are_believed),
    PlantedBug("a skipped submission counts as settled", _skipped_counts_as_settled),
    PlantedBug("submissions end without a word to their operations", _expired_without_a_word),
    PlantedBug("streams are not told that blocks were taken back", _resets_are_not_told),
    PlantedBug("streams do not resume", _streams_begin_anew),
    PlantedBug("a failed webhook counts as taken", _failed_webhooks_count_as_taken),
    PlantedBug("webhooks of one member go in any order", _webhooks_in_any_order),
    PlantedBug("the loser of a nonce stays in flight", _losers_stay_in_flight),
    PlantedBug("fees are never raised", _fees_are_never_raised),
    PlantedBug("batches of calls are never cut", _batches_of_calls_are_never_cut),
    PlantedBug("voided holds stay held", _voided_holds_stay_held),
    PlantedBug("a webhook whose delivery failed stays busy", _failed_delivery_stays_busy),
    PlantedBug("missing receipts are passed over", _missing_receipts_are_passed_over, first_seed=186),
    PlantedBug("a reset of everything cannot be resumed from", _reset_of_everything_has_no_place),
    PlantedBug("what was sent once goes back to the outbox", _batch_taken_twice),
)
