"""Accepted submissions onto the chain: batches cut by gas and by age, signed and stored before they are sent, in order.

What is stored is the truth: after a crash the same bytes are sent again. A batch leaves the flight only when the indexer has seen it in a block,
or when its nonce was taken by something else.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from node_gateway.chain import node
from node_gateway.chain.abi import encode_settle
from node_gateway.chain.artifacts import address_bytes
from node_gateway.chain.deployment import Deployment
from node_gateway.chain.engines.clock import ChainClock
from node_gateway.chain.hexadecimal import text_of
from node_gateway.chain.node import Header
from node_gateway.chain.rpc import Rpc
from node_gateway.chain.transactions import Fees, SignedTransaction, Signer
from node_gateway.domain.certain_rejections import SECONDS_OF_DAY
from node_gateway.jobs import lanes, outbox
from node_gateway.jobs.batching import TRANSACTION_GAS_MAX, Batch, GasModel, LaneOrder, Waiting, cut_batches
from node_gateway.jobs.lanes import Lease
from node_gateway.jobs.outbox import InFlight, WaitingKey
from node_gateway.jobs.relay_limits import RelayLimits
from node_gateway.jobs.remining import remine
from node_gateway.jobs.sending import Sender
from node_gateway.jobs.settlement import SettledBatch
from node_gateway.service.clock import Clock, Since
from node_gateway.store.database import Database
from node_gateway.tracing import Traces


@dataclass(frozen=True, slots=True)
class RelayStep:
    """What one step did."""

    waiting: int
    batches: int
    sent: int
    expired: int
    in_flight: int
    oldest_waiting_ms: int | None

    @property
    def is_idle(self) -> bool:
        return self.batches == 0 and self.sent == 0 and self.expired == 0


@dataclass(slots=True)
class _Flight:
    """Batches in flight with what they carry."""

    carried: dict[int, list[Waiting]] = field(default_factory=dict)
    lane_of: dict[int, bytes] = field(default_factory=dict)
    guessed_gas: dict[int, int] = field(default_factory=dict)

    def count(self, lane: bytes) -> int:
        return sum(1 for other in self.lane_of.values() if other == lane)


HEADER_AGE_MAX_MS: Final = 500
# How old what is known of the outbox may be while every lane is full.
WAITING_AGE_MAX_MS: Final = 1_000
# How often to look for batches that have been without a block for long: most of them only wait for the indexer.
RESENDS_EVERY_MS: Final = 500


class Relay:
    """Relays for the lanes of some keys. Several processes may run one with the same keys: each lane has one lease."""

    def __init__(
        self,
        rpc: Rpc,
        database: Database,
        deployment: Deployment,
        signers: Sequence[Signer],
        clock: Clock,
        *,
        owner: str,
        limits: RelayLimits,
        chain_clock: ChainClock | None = None,
        traces: Traces | None = None,
    ) -> None:
        self._rpc = rpc
        self._database = database
        self._deployment = deployment
        self._ledger = address_bytes(deployment.ledger)
        self._signers = {signer.address: signer for signer in signers}
        self._clock = clock
        self._owner = owner
        self._limits = limits
        self._chain_clock = chain_clock
        self._traces = traces
        self._leases: dict[bytes, Lease] = {}
        self._since_renewal = Since(clock)
        self._order = LaneOrder()
        self._flight = _Flight()
        self._is_flight_known = False
        self._waiting: dict[WaitingKey, Waiting] = {}
        self._since_waiting = Since(clock)
        self._since_resends = Since(clock)
        self._open_campaigns: dict[int, int] = {}
        self._campaigns_header: Header | None = None
        self._header: Header | None = None
        self._since_header = Since(clock)
        self._sender = Sender(
            rpc,
            database,
            clock,
            chain_id=deployment.chain_id,
            signers=self._signers,
            limits=limits,
            traces=traces,
        )
        self.gas = GasModel()

    async def step(self) -> RelayStep:
        """Take in what arrived, batch what waits, send what is due.

        Raises:
            RpcError: the chain does not answer; what is stored stays.
            LeaseLostError: another process relays for a lane; `reset` and go on.
        """
        now_ms = self._clock.now_ms()
        await self._hold_leases(now_ms)
        if not self._leases:
            return RelayStep(0, 0, 0, 0, 0, None)
        if not self._is_flight_known:
            await self._load_flight()
        header = await self._newest_header()
        waiting, expired = await self._look_at_tables(header)
        is_due = bool(waiting) and self._has_room() and self._is_due(waiting, now_ms)
        made = await self._make_batches(waiting, header, now_ms) if is_due else 0
        due = await self._due(now_ms) if self._flight.lane_of else []
        if self._chain_clock is not None and any(_was_unwound(batch) for batch in due):
            sent = await self._remine(self._chain_clock, due)
        else:
            sent = await self._sender.send(due, self._leases)
        if self._sender.gave_up:
            self._sender.gave_up = False
            self._forget_flight()
        oldest_ms = now_ms - waiting[0].accepted_at_ms if waiting else None
        return RelayStep(len(waiting), made, sent, expired, len(self._flight.lane_of), oldest_ms)

    async def _remine(self, chain_clock: ChainClock, due: Sequence[InFlight]) -> int:
        """A development chain that lost its tail gets it back before anything new goes out."""
        unwound = [batch for batch in due if _was_unwound(batch)]
        await remine(self._rpc, chain_clock, unwound)
        async with self._database.writing() as connection:
            ids = [batch.batch_id for batch in unwound]
            await outbox.mark_sent(connection, ids, now_ms=self._clock.now_ms())
        return len(unwound)

    def learn(self, settled: Sequence[SettledBatch]) -> None:
        """Take in from the indexer what batches were charged."""
        for batch in settled:
            guessed = self._flight.guessed_gas.pop(batch.batch_id, None)
            # Of a batch that starved only what it used is known: at least that is what it costs.
            if guessed and (batch.skipped == 0 or batch.gas_used > guessed * self.gas.ratio):
                self.gas.learn(guessed, batch.gas_used)

    def reset(self) -> None:
        """Forget what is in memory; the next step reads the tables again."""
        self._waiting.clear()
        self._leases.clear()
        self._forget_flight()
        self._header = None

    async def release(self) -> None:
        """Give the leases back at shutdown."""
        async with self._database.writing() as connection:
            for lease in self._leases.values():
                await lanes.release(connection, lease)
        self._leases.clear()

    async def _hold_leases(self, now_ms: int) -> None:
        if self._since_renewal.ms < lanes.LEASE_MS // 3 and len(self._leases) == len(self._signers):
            return
        renewal = Since(self._clock)
        renewal.begin()
        missing = [address for address in self._signers if address not in self._leases]
        counts = {address: await self._mined_nonce(address) for address in missing}
        async with self._database.writing() as connection:
            for lease in self._leases.values():
                await lanes.renew(connection, lease, now_ms=now_ms)
            for address in missing:
                await lanes.ensure_lane(connection, address, counts[address])
                lease_taken = await lanes.take_lease(connection, address, owner=self._owner, now_ms=now_ms)
                if lease_taken is not None:
                    # A restored database may be behind the chain: its nonces are used.
                    lease_taken.mined_nonce = counts[address]
                    self._leases[address] = lease_taken
                    self._forget_flight()
        self._since_renewal = renewal

    async def _mined_nonce(self, address: bytes) -> int:
        return await node.transaction_count(self._rpc, text_of(address), "latest")

    async def _load_flight(self) -> None:
        """Read what is in flight from the tables, and the nonces to go on with."""
        self._order, self._flight = LaneOrder(), _Flight()
        async with self._database.reading() as connection:
            for stored in await outbox.in_flight(connection, self._leases):
                self._enter(
                    stored.batch_id, stored.lane, await outbox.submissions_of(connection, stored.batch_id)
                )
            for lane, next_nonce in (await lanes.next_nonces(connection, self._leases)).items():
                self._leases[lane].next_nonce = max(next_nonce, self._leases[lane].mined_nonce)
        self._is_flight_known = True

    def _enter(self, batch_id: int, lane: bytes, carried: list[Waiting]) -> None:
        self._flight.carried[batch_id] = carried
        self._flight.lane_of[batch_id] = lane
        for waiting in carried:
            self._order.enter(lane, waiting.parties)
            if waiting.attempts:
                self._order.hold(waiting.parties)

    def _forget_flight(self) -> None:
        self._is_flight_known = False

    async def _look_at_tables(self, header: Header) -> tuple[list[Waiting], int]:
        """What arrived in a block or was unwound, and what waits; submissions that are too late end here, their number is returned too."""
        async with self._database.reading() as connection:
            in_flight = await outbox.in_flight_ids(connection, self._leases)
        await self._take_in_arrivals(in_flight)
        if not self._has_room() and self._since_waiting.ms <= WAITING_AGE_MAX_MS:
            return list(self._waiting.values()), 0
        async with self._database.reading() as connection:
            if self._campaigns_header is not header:
                await self._read_campaigns(connection, header)
            waiting = await self._read_waiting(connection)
        if not any(int.from_bytes(submission.wire[4:10]) < header.timestamp_s for submission in waiting):
            return waiting, 0
        async with self._database.writing() as connection:
            expired = await outbox.expire_submissions(connection, header.timestamp_s)
            return await self._read_waiting(connection), expired

    def _has_room(self) -> bool:
        return any(self._flight.count(lane) < self._limits.in_flight_max for lane in self._leases)

    async def _read_campaigns(self, connection: AsyncConnection, header: Header) -> None:
        found = await outbox.open_campaigns(connection, header.timestamp_s // SECONDS_OF_DAY)
        if found != self._open_campaigns:
            # What waits is planned anew.
            self._waiting.clear()
        self._open_campaigns, self._campaigns_header = found, header

    async def _read_waiting(self, connection: AsyncConnection) -> list[Waiting]:
        # What was read once waits in memory too: the tables say only that it still does.
        self._waiting = await outbox.waiting_submissions(
            connection,
            self._limits.submissions_in_step_max,
            known=self._waiting,
            open_campaigns=self._open_campaigns,
        )
        self._since_waiting.begin()
        return list(self._waiting.values())

    async def _take_in_arrivals(self, in_flight: set[int]) -> None:
        """Batches that the indexer has seen in a block, or unwound, since the last step."""
        if not in_flight <= self._flight.lane_of.keys():
            await self._load_flight()
            return
        for batch_id in self._flight.lane_of.keys() - in_flight:
            lane = self._flight.lane_of.pop(batch_id)
            for waiting in self._flight.carried.pop(batch_id):
                self._order.leave(lane, waiting.parties)

    def _is_due(self, waiting: Sequence[Waiting], now_ms: int) -> bool:
        if (
            now_ms - waiting[0].accepted_at_ms >= self._limits.batch_age_ms
            or waiting[0].accepted_at_ms > now_ms
        ):
            return True
        return sum(self.gas.expected(submission.guessed_gas) for submission in waiting) >= TRANSACTION_GAS_MAX

    async def _newest_header(self) -> Header:
        if self._header is None or self._since_header.ms > HEADER_AGE_MAX_MS:
            self._header = None
            self._since_header.begin()
            self._header = await node.header_at(self._rpc, "latest")
            assert self._header is not None, "a chain without a latest block"
        return self._header

    def _fees(self, header: Header) -> Fees:
        wanted = 2 * header.base_fee_wei + self._limits.priority_wei
        return Fees(max_wei=min(wanted, self._limits.max_fee_wei), priority_wei=self._limits.priority_wei)

    async def _make_batches(self, waiting: Sequence[Waiting], header: Header, now_ms: int) -> int:
        room = {lane: self._limits.in_flight_max - self._flight.count(lane) for lane in self._leases}
        most = min(TRANSACTION_GAS_MAX, header.gas_limit)
        batches = cut_batches(waiting, room, self._order, self.gas, block_gas_max=most)
        try:
            await self._store(batches, self._fees(header), most, now_ms)
        except BaseException:
            # `order` already has what was not written.
            self._forget_flight()
            raise
        return len(batches)

    async def _store(self, batches: Sequence[Batch], fees: Fees, gas_max: int, now_ms: int) -> None:
        nonces = {lane: lease.next_nonce for lane, lease in self._leases.items()}
        started_ns = time.time_ns()
        signed: list[tuple[Batch, SignedTransaction]] = []
        for batch in batches:
            transaction = self._signers[batch.lane].sign_transaction(
                chain_id=self._deployment.chain_id,
                nonce=nonces[batch.lane],
                to=self._ledger,
                data=encode_settle(batch.items),
                gas_limit=min(batch.gas_limit, gas_max),
                fees=fees,
            )
            nonces[batch.lane] += 1
            signed.append((batch, transaction))
        async with self._database.writing() as connection:
            batch_ids = await outbox.store_batches(connection, signed, fees, now_ms=now_ms)
            for lane in {batch.lane for batch in batches}:
                await lanes.store_next_nonce(connection, self._leases[lane], nonces[lane])
        for lane, nonce in nonces.items():
            self._leases[lane].next_nonce = nonce
        if self._traces is not None:
            for batch_id, batch in zip(batch_ids, batches, strict=True):
                self._traces.record(
                    "batch",
                    started_ns=started_ns,
                    submissions=[one.submission_id for one in batch.submissions],
                    attributes={"coalition.batch": batch_id, "coalition.gas_limit": batch.gas_limit},
                )
        for batch_id, batch in zip(batch_ids, batches, strict=True):
            self._flight.carried[batch_id] = batch.submissions
            self._flight.lane_of[batch_id] = batch.lane
            self._flight.guessed_gas[batch_id] = batch.guessed_gas
        taken = {waiting.submission_id for batch in batches for waiting in batch.submissions}
        self._waiting = {key: one for key, one in self._waiting.items() if one.submission_id not in taken}

    async def _due(self, now_ms: int) -> list[InFlight]:
        sent_before_ms = 0
        if self._since_resends.ms >= RESENDS_EVERY_MS:
            self._since_resends.begin()
            sent_before_ms = now_ms - self._limits.resend_after_ms
        async with self._database.reading() as connection:
            return await outbox.due(connection, self._leases, sent_before_ms=sent_before_ms, now_ms=now_ms)


def _was_unwound(batch: InFlight) -> bool:
    return batch.mined_at_s is not None and batch.sent_at_ms is None
