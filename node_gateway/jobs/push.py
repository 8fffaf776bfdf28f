"""Webhooks by Standard Webhooks: at least once, in order for each subject, each endpoint for itself."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final

import httpx2
from standardwebhooks import Webhook

from node_gateway.jobs import webhook_queue
from node_gateway.jobs.webhook_guard import EndpointRefusedError, Resolve, checked_target, system_resolve
from node_gateway.jobs.webhook_queue import Delivery, Endpoint
from node_gateway.service.clock import Clock
from node_gateway.store.database import Database

AT_ONCE_MAX: Final = 8
TIMEOUT_S: Final = 15.0
GONE: Final = 410
FORGET_EVERY_MS: Final = 3_600_000


class Push:
    """Makes and sends deliveries. There is one for a database at a time."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        *,
        are_private_allowed: bool,
        resolve: Resolve = system_resolve,
        make_client: Callable[[], httpx2.AsyncClient] | None = None,
    ) -> None:
        self._database = database
        self._clock = clock
        self._are_private_allowed = are_private_allowed
        self._resolve = resolve
        self._client = (make_client or _client)()
        self._busy: dict[str, asyncio.Task[None]] = {}
        self._forgot_at_ms = 0

    async def step(self) -> int:
        """Make deliveries of new events and send what is due, without waiting for slow endpoints; returns new deliveries."""
        now_ms = self._clock.now_ms()
        await self._forget(now_ms)
        self._busy = {key: task for key, task in self._busy.items() if not self._is_done(task)}
        made = 0
        for endpoint in await self._endpoints():
            made += await self._enqueue(endpoint, now_ms)
            if endpoint.webhook_id in self._busy:
                continue
            ready = await self._due(endpoint, now_ms)
            if ready:
                # One task an endpoint: it may take long without delaying any other.
                self._busy[endpoint.webhook_id] = asyncio.create_task(self._deliver_all(endpoint, ready))
        return made

    async def finish(self) -> None:
        """Wait for deliveries on their way, then close; what is not answered is sent again after the restart."""
        if self._busy:
            await asyncio.wait(self._busy.values(), timeout=TIMEOUT_S)
        for task in self._busy.values():
            task.cancel()
        await self._client.aclose()

    async def drain(self) -> None:
        """Wait until nothing is on its way."""
        if self._busy:
            await asyncio.wait(self._busy.values())

    @staticmethod
    def _is_done(task: "asyncio.Task[None]") -> bool:
        if not task.done():
            return False
        # A failure of the database, say: raised here, where the job's loop counts it and tries again.
        task.result()
        return True

    async def _endpoints(self) -> list[Endpoint]:
        async with self._database.reading() as connection:
            return await webhook_queue.endpoints(connection)

    async def _enqueue(self, endpoint: Endpoint, now_ms: int) -> int:
        async with self._database.reading() as connection:
            if not await webhook_queue.has_new_events(connection, endpoint):
                return 0
        async with self._database.writing() as connection:
            return await webhook_queue.enqueue(connection, endpoint, now_ms=now_ms)

    async def _due(self, endpoint: Endpoint, now_ms: int) -> list[Delivery]:
        async with self._database.reading() as connection:
            return await webhook_queue.due(connection, endpoint.webhook_id, now_ms=now_ms, limit=AT_ONCE_MAX)

    async def _deliver_all(self, endpoint: Endpoint, ready: list[Delivery]) -> None:
        await asyncio.gather(*(self._deliver(endpoint, delivery) for delivery in ready))

    async def _deliver(self, endpoint: Endpoint, delivery: Delivery) -> None:
        status_code, error = await self._post(endpoint, delivery)
        now_ms = self._clock.now_ms()
        async with self._database.writing() as connection:
            if error is None and status_code is not None:
                await webhook_queue.mark_delivered(
                    connection, delivery, status_code=status_code, now_ms=now_ms
                )
                return
            await webhook_queue.put_off(
                connection, delivery, status_code=status_code, error=error or "", now_ms=now_ms
            )
            if status_code == GONE:
                await webhook_queue.deactivate(connection, endpoint.webhook_id)

    async def _post(self, endpoint: Endpoint, delivery: Delivery) -> tuple[int | None, str | None]:
        """Send once: the answer's status, and what was wrong."""
        try:
            async with asyncio.timeout(TIMEOUT_S):
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
                    status_code = response.status_code
        except EndpointRefusedError as refused:
            return None, str(refused)
        except TimeoutError:
            return None, f"no answer within {TIMEOUT_S:.0f} s"
        except (httpx2.HTTPError, OSError) as error:
            return None, f"{type(error).__name__}: {error}"
        return status_code, None if 200 <= status_code < 300 else f"answered {status_code}"

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
    # No proxy from the environment: it would resolve names by itself.
    return httpx2.AsyncClient(timeout=TIMEOUT_S, follow_redirects=False, trust_env=False)
