"""Handing stored batches to the node, and deciding what its answers mean."""

import time
from collections.abc import Mapping, Sequence
from typing import Final

from node_gateway.chain import node
from node_gateway.chain.hexadecimal import text_of
from node_gateway.chain.rpc import Call, Rpc
from node_gateway.chain.rpc_errors import RpcError, RpcReason
from node_gateway.chain.transactions import Fees, Signer, replaced
from node_gateway.domain.states import BatchStatus
from node_gateway.jobs import lanes, outbox
from node_gateway.jobs.lanes import Lease
from node_gateway.jobs.outbox import InFlight
from node_gateway.jobs.relay_limits import RelayLimits
from node_gateway.jobs.settlement import return_submissions
from node_gateway.service.clock import Clock
from node_gateway.store.database import Database
from node_gateway.tracing import Traces

SEND_IN_STEP_MAX: Final = 64
_HAS_IT: Final = frozenset({RpcReason.ALREADY_KNOWN, RpcReason.NONCE_TOO_LOW})
_TOO_CHEAP: Final = frozenset({RpcReason.UNDERPRICED, RpcReason.REPLACEMENT_UNDERPRICED})
_TOO_LARGE: Final = frozenset({RpcReason.GAS_LIMIT_EXCEEDED, RpcReason.TRANSACTION_TOO_LARGE})
_FEE_STEP_PERCENT: Final = 125


class FeeTooHighError(Exception):
    """The chain asks more for a gas than the relay may pay."""

    def __init__(self, wanted_wei: int, most_wei: int) -> None:
        super().__init__(f"the chain asks {wanted_wei} wei for a gas, the limit is {most_wei}")
        self.wanted_wei = wanted_wei
        self.most_wei = most_wei


class Sender:
    """Sends and resends batches of leased lanes.

    Attributes:
        gave_up: a batch was given up since this was last cleared: what is in flight must be read again.
        refusal: the node's last refusal that needs an operator (no funds, not permitted), for readiness; None when all is well.
    """

    def __init__(
        self,
        rpc: Rpc,
        database: Database,
        clock: Clock,
        *,
        chain_id: int,
        signers: Mapping[bytes, Signer],
        limits: RelayLimits,
        traces: Traces | None = None,
    ) -> None:
        self._rpc = rpc
        self._database = database
        self._clock = clock
        self._chain_id = chain_id
        self._signers = signers
        self._limits = limits
        self._traces = traces
        self._used_since_s: dict[int, float] = {}
        self.gave_up = False
        self.refusal: str | None = None

    async def send(self, due: Sequence[InFlight], leases: Mapping[bytes, Lease]) -> int:
        """Send new batches, and again what has no block for too long, lowest nonce first; returns how many were sent."""
        now_ms = self._clock.now_ms()
        by_lane: dict[bytes, list[InFlight]] = {}
        for batch in due:
            by_lane.setdefault(batch.lane, []).append(batch)
        sent = 0
        for lane, of_lane in by_lane.items():
            if any(batch.sent_at_ms is not None or batch.tries for batch in of_lane):
                of_lane = await self._still_open(await self._dearest(of_lane, lane), leases[lane])
                outbid = await self._outbid(of_lane)
                if outbid is not None:
                    await self._replace(outbid, leases[lane], now_ms)
                    continue
            sent += await self._send(of_lane[:SEND_IN_STEP_MAX], leases[lane], now_ms)
        return sent

    async def _dearest(self, due: Sequence[InFlight], lane: bytes) -> list[InFlight]:
        """Without those that another with a higher fee replaces, which may not be due itself."""
        async with self._database.reading() as connection:
            dearest = await outbox.dearest_ids(connection, lane)
        return [batch for batch in due if batch.batch_id in dearest]

    async def _still_open(self, due: Sequence[InFlight], lease: Lease) -> list[InFlight]:
        """Without those whose nonce is used: they wait for the indexer, or went to a foreign transaction."""
        mined = await node.transaction_count(self._rpc, text_of(lease.lane), "latest")
        now_s = self._clock.monotonic_s()
        for batch in due:
            if batch.nonce >= mined:
                self._used_since_s.pop(batch.batch_id, None)
                continue
            used_s = now_s - self._used_since_s.setdefault(batch.batch_id, now_s)
            if used_s * 1000 > self._limits.foreign_after_ms:
                del self._used_since_s[batch.batch_id]
                await self._settle_foreign(batch, lease)
        return [batch for batch in due if batch.nonce >= mined]

    async def _outbid(self, due: Sequence[InFlight]) -> InFlight | None:
        """The first batch that no block can take: a node may keep what became too cheap in its pool, and only say that it knows it."""
        header = await node.header_at(self._rpc, "latest") if due else None
        base_fee_wei = header.base_fee_wei if header else 0
        return next((batch for batch in due if batch.tries and batch.max_fee_wei < base_fee_wei), None)

    async def _settle_foreign(self, batch: InFlight, lease: Lease) -> None:
        """The nonce is used; if not by any of our batches, another transaction took it and the submissions wait again."""
        if await node.receipt_of(self._rpc, text_of(batch.tx_hash)) is not None:
            return
        async with self._database.writing() as connection:
            await lanes.assert_held(connection, lease)
            rivals = [
                other
                for other in await outbox.in_flight(connection, [lease.lane])
                if other.nonce == batch.nonce
            ]
            for rival in rivals:
                if await node.receipt_of(self._rpc, text_of(rival.tx_hash)) is not None:
                    return
            for rival in rivals:
                await outbox.end_batch(connection, rival.batch_id, BatchStatus.REPLACED)
                await return_submissions(connection, rival.batch_id, is_counted=False)
        self.gave_up = True

    async def _send(self, due: Sequence[InFlight], lease: Lease, now_ms: int) -> int:
        if not due:
            return 0
        # Before the first byte leaves: a relay whose lease is gone must not send.
        async with self._database.writing() as connection:
            await lanes.assert_held(connection, lease)
        started_ns = time.time_ns()
        answers = await self._rpc.batch(Call("eth_sendRawTransaction", (text_of(b.raw),)) for b in due)
        taken: list[int] = []
        refused: list[tuple[InFlight, RpcError]] = []
        for batch, answer in zip(due, answers, strict=True):
            if isinstance(answer, RpcError) and answer.reason not in _HAS_IT:
                refused.append((batch, answer))
            else:
                taken.append(batch.batch_id)
            self._trace(batch, answer, started_ns)
        if taken:
            self.refusal = None
            async with self._database.writing() as connection:
                await lanes.assert_held(connection, lease)
                await outbox.mark_sent(connection, taken, now_ms=now_ms)
        # The first refusal explains the others of its lane: they stand behind the gap.
        if refused:
            await self._handle(*refused[0], lease, now_ms)
        return len(taken)

    def _trace(self, batch: InFlight, answer: object, started_ns: int) -> None:
        if self._traces is not None:
            self._traces.record(
                "send",
                started_ns=started_ns,
                error=str(answer.reason) if isinstance(answer, RpcError) else None,
                attributes={
                    "coalition.batch": batch.batch_id,
                    "coalition.tx_hash": text_of(batch.tx_hash),
                    "coalition.try": batch.tries + 1,
                },
            )

    async def _handle(self, batch: InFlight, error: RpcError, lease: Lease, now_ms: int) -> None:
        async with self._database.writing() as connection:
            await outbox.note_error(connection, batch.batch_id, str(error))
        if error.reason in _TOO_CHEAP:
            await self._replace(batch, lease, now_ms)
        elif error.reason in _TOO_LARGE and batch.tries == 0:
            await self._return(batch, lease)
        else:
            if not error.is_transient and error.reason is not RpcReason.NONCE_TOO_HIGH:
                self.refusal = str(error)
            raise error

    async def _replace(self, batch: InFlight, lease: Lease, now_ms: int) -> None:
        header = await node.header_at(self._rpc, "latest")
        base_fee_wei = header.base_fee_wei if header else 0
        wanted = max(
            batch.max_fee_wei * _FEE_STEP_PERCENT // 100 + 1, 2 * base_fee_wei + self._limits.priority_wei
        )
        if wanted > self._limits.max_fee_wei:
            raise FeeTooHighError(wanted, self._limits.max_fee_wei)
        # A replacement must raise the tip as much as the fee.
        fees = Fees(max_wei=wanted, priority_wei=max(self._limits.priority_wei, wanted - 2 * base_fee_wei))
        transaction = replaced(self._signers[batch.lane], batch.raw, chain_id=self._chain_id, fees=fees)
        async with self._database.writing() as connection:
            await lanes.assert_held(connection, lease)
            await outbox.store_replacement(connection, batch, transaction, fees, now_ms=now_ms)
        self.gave_up = True

    async def _return(self, batch: InFlight, lease: Lease) -> None:
        """The node takes no transaction so large; its nonce goes to the next batch only if nothing later was given one."""
        async with self._database.writing() as connection:
            await lanes.assert_held(connection, lease)
            if lease.next_nonce == batch.nonce + 1:
                await outbox.end_batch(connection, batch.batch_id, BatchStatus.ABANDONED)
                await return_submissions(connection, batch.batch_id, is_counted=True)
                await lanes.store_next_nonce(connection, lease, batch.nonce)
                lease.next_nonce = batch.nonce
        self.gave_up = True
