"""Webhooks by Standard Webhooks: at least once, in order for each subject, each endpoint for itself."""

import asyncio
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Final

import httpx2
from standardwebhooks import Webhook

from node_gateway.domain.states import DeliveryStatus
from node_gateway.jobs import webhook_queue
from node_gateway.jobs.webhook_queue import LEASE_MS, Delivery, Endpoint, Outcome
from node_gateway.service.clock import Clock
from node_gateway.service.webhook_guard import EndpointRefusedError, Resolve, checked_target, system_resolve
from node_gateway.store.database import Database
from node_gateway.tracing import Traces

AT_ONCE_MAX: Final = 8
"""Messages on their way to one endpoint at once, each of another subject."""
KEPT_CONNECTIONS_MAX: Final = 100
TIMEOUT_S: Final = 15.0
LOOK_EVERY_S: Final = 1.0
"""How often an endpoint without new events is looked at for messages whose time has come."""
GONE: Final = 410
FORGET_EVERY_MS: Final = 3_600_000


class Push:
    """Makes and sends deliveries. Several workers on one database share the endpoints by leases.

    Attributes:
        outcomes: attempts so far, by the status that they led to.
    """

    def __init__(
        self,
        database: Database,
        clock: Clock,
        *,
        are_private_allowed: bool,
        owner: str = "worker",
        traces: Traces | None = None,
        resolve: Resolve = system_resolve,
        make_client: Callable[[], httpx2.AsyncClient] | None = None,
    ) -> None:
        self._database = database
        self._clock = clock
        self._are_private_allowed = are_private_allowed
        self._owner = owner
        self._traces = traces
        self._resolve = resolve
        self._client = (make_client or _client)()
        self._busy: dict[str, asyncio.Task[None]] = {}
        self._look_at_s: dict[str, float] = {}
        self._forgot_at_ms = 0
        self.outcomes: dict[DeliveryStatus, int] = dict.fromkeys(DeliveryStatus, 0)

    async def step(self) -> int:
        """Make deliveries of new events and send what is due, without waiting for slow endpoints; returns new deliveries."""
        now_ms = self._clock.now_ms()
        await self._forget(now_ms)
        self._take_back_done()
        made = 0
        for endpoint in await self._own_endpoints(now_ms):
            made_here = await self._enqueue(endpoint, now_ms)
            made += made_here
            if endpoint.webhook_id in self._busy:
                continue
            if made_here or self._clock.monotonic_s() >= self._look_at_s.get(endpoint.webhook_id, 0):
                self._look_at_s[endpoint.webhook_id] = self._clock.monotonic_s() + LOOK_EVERY_S
                # One task an endpoint: it may take long without delaying any other.
                self._busy[endpoint.webhook_id] = asyncio.create_task(self._deliver_all(endpoint.webhook_id))
        return made

    async def finish(self) -> None:
        """Wait for deliveries on their way, then close; what is not answered is sent again after the restart."""
        if self._busy:
            await asyncio.wait(self._busy.values(), timeout=TIMEOUT_S)
        for task in self._busy.values():
            task.cancel()
        await self._client.aclose()
        if self._look_at_s:
            async with self._database.writing() as connection:
                await webhook_queue.release_leases(connection, owner=self._owner)

    async def drain(self) -> None:
        """Wait until nothing is on its way."""
        if self._busy:
            await asyncio.wait(self._busy.values())

    def _take_back_done(self) -> None:
        done = [key for key, task in self._busy.items() if task.done()]
        for task in [self._busy.pop(key) for key in done]:
            # A failure of the database, say: raised here, where the job's loop counts it and tries again.
            task.result()

    async def _own_endpoints(self, now_ms: int) -> list[Endpoint]:
        """Those that this worker sends to."""
        async with self._database.reading() as connection:
            found = await webhook_queue.endpoints(connection, now_ms=now_ms)
        is_alone = self._database.is_sqlite
        wanted = [
            one.webhook_id
            for one in found
            if not now_ms + LEASE_MS // 2 <= one.lease_until_ms <= now_ms + LEASE_MS
            and (
                one.lease_owner == self._owner
                or not now_ms <= one.lease_until_ms <= now_ms + LEASE_MS
                or is_alone
            )
        ]
        if wanted:
            async with self._database.writing() as connection:
                await webhook_queue.take_leases(
                    connection, wanted, owner=self._owner, is_alone=is_alone, now_ms=now_ms
                )
            async with self._database.reading() as connection:
                found = await webhook_queue.endpoints(connection, now_ms=now_ms)
        return [one for one in found if one.lease_owner == self._owner or is_alone]

    async def _enqueue(self, endpoint: Endpoint, now_ms: int) -> int:
        async with self._database.reading() as connection:
            if not await webhook_queue.has_new_events(connection, endpoint):
                return 0
        async with self._database.writing() as connection:
            return await webhook_queue.enqueue(connection, endpoint.webhook_id, now_ms=now_ms)

    async def _deliver_all(self, webhook_id: str) -> None:
        """Round after round, until nothing is due, or the webhook is another worker's, disabled or gone."""
        while True:
            now_ms = self._clock.now_ms()
            async with self._database.reading() as connection:
                endpoint = await webhook_queue.find_endpoint(connection, webhook_id, now_ms=now_ms)
                if endpoint is None or endpoint.lease_owner != self._owner:
                    return
                ready = await webhook_queue.due(connection, webhook_id, now_ms=now_ms, limit=AT_ONCE_MAX)
            if not ready:
                return
            started_ns = time.time_ns()
            outcomes = await asyncio.gather(*(self._attempt(endpoint, delivery) for delivery in ready))
            self._trace(webhook_id, outcomes, started_ns)
            async with self._database.writing() as connection:
                for outcome in outcomes:
                    status = await webhook_queue.note(connection, outcome, now_ms=self._clock.now_ms())
                    self.outcomes[status] += 1
                if any(outcome.status_code == GONE for outcome in outcomes):
                    await webhook_queue.disable_gone(connection, webhook_id)

    def _trace(self, webhook_id: str, outcomes: Sequence[Outcome], started_ns: int) -> None:
        if self._traces is not None:
            failed = [outcome.delivery.message_id for outcome in outcomes if outcome.error is not None]
            self._traces.record(
                "deliver",
                started_ns=started_ns,
                error=f"{len(failed)} not taken" if failed else None,
                attributes={
                    "coalition.webhook": webhook_id,
                    "coalition.messages": [outcome.delivery.message_id for outcome in outcomes],
                    "coalition.failed": failed,
                },
            )

    async def _attempt(self, endpoint: Endpoint, delivery: Delivery) -> Outcome:
        try:
            async with asyncio.timeout(TIMEOUT_S):
                status_code = await self._post(endpoint, delivery)
        except EndpointRefusedError as refused:
            return Outcome(delivery, None, str(refused))
        except TimeoutError:
            return Outcome(delivery, None, f"no answer within {TIMEOUT_S:.0f} s")
        except (httpx2.HTTPError, OSError) as error:
            return Outcome(delivery, None, f"{type(error).__name__}: {error}")
        return Outcome(delivery, status_code, None if 200 <= status_code < 300 else f"answered {status_code}")

    async def _post(self, endpoint: Endpoint, delivery: Delivery) -> int:
        """Send once; returns the answer's status."""
        target = await checked_target(
            endpoint.url, are_private_allowed=self._are_private_allowed, resolve=self._resolve
        )
        headers = {**self._signed(endpoint, delivery), "host": target.host_header}
        async with self._client.stream(
            "POST",
            target.connect_url,
            content=delivery.payload,
            headers=headers,
            extensions={"sni_hostname": target.host},
        ) as response:
            return response.status_code

    def _signed(self, endpoint: Endpoint, delivery: Delivery) -> dict[str, str]:
        now = datetime.fromtimestamp(self._clock.now_ms() / 1000, UTC)
        text = delivery.payload.decode()
        signatures = [Webhook(secret).sign(delivery.message_id, now, text) for secret in endpoint.secrets]
        return {
            "content-type": "application/json",
            "user-agent": "points-coalition-webhooks/1",
            "webhook-id": delivery.message_id,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": " ".join(signatures),
        }

    async def _forget(self, now_ms: int) -> None:
        if now_ms - self._forgot_at_ms < FORGET_EVERY_MS:
            return
        async with self._database.writing() as connection:
            await webhook_queue.forget_delivered(connection, now_ms=now_ms)
        self._forgot_at_ms = now_ms


def _client() -> httpx2.AsyncClient:
    # No proxy from the environment: it would resolve names by itself. No bound on connections: AT_ONCE_MAX bounds those of an
    # endpoint, and a common bound would let slow ones take the connections of others.
    return httpx2.AsyncClient(
        timeout=TIMEOUT_S,
        follow_redirects=False,
        trust_env=False,
        limits=httpx2.Limits(max_connections=None, max_keepalive_connections=KEPT_CONNECTIONS_MAX),
    )
