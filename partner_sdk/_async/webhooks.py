"""The caller's own webhooks: where its events are sent."""

from collections.abc import Sequence
from typing import Any, Literal

from partner_sdk._async.http import AsyncHttp
from partner_sdk.models import Page, Webhook, WebhookDelivery, WebhookList, WebhookReplay, WebhookWithSecret

PATH = "/v1/webhooks"


class AsyncWebhooks:
    """A client's `webhooks`. All calls raise GatewayError; NotFoundError where there is no such webhook of the caller's."""

    def __init__(self, http: AsyncHttp) -> None:
        self._http = http

    async def create(
        self, url: str, *, events: Sequence[str] | None = None, from_block: int | None = None
    ) -> WebhookWithSecret:
        """Registers an address; the secret in the answer is not shown again.

        Args:
            url: https, at a public address.
            events: names of events; None for all.
            from_block: the first block whose events are sent; None: the next one.

        Raises:
            InvalidRequestError: code `webhook_url_refused`: nothing may be sent there, and why.
        """
        fields: dict[str, Any] = {"url": url}
        if events is not None:
            fields["events"] = list(events)
        if from_block is not None:
            fields["from_block"] = from_block
        return await self._http.change("POST", PATH, WebhookWithSecret, fields)

    async def list(self) -> tuple[Webhook, ...]:
        """Returns all of them, oldest first."""
        return (await self._http.get(PATH, WebhookList)).webhooks

    async def get(self, webhook_id: str) -> Webhook:
        """Returns one."""
        return await self._http.get(f"{PATH}/{webhook_id}", Webhook)

    async def update(
        self, webhook_id: str, *, url: str | None = None, events: Sequence[str] | Literal["all"] | None = None
    ) -> Webhook:
        """Changes address or events; what is None stays."""
        fields: dict[str, Any] = {} if url is None else {"url": url}
        if events is not None:
            fields["events"] = None if events == "all" else list(events)
        return await self._http.change("PATCH", f"{PATH}/{webhook_id}", Webhook, fields)

    async def disable(self, webhook_id: str) -> Webhook:
        """Sends nothing until it is enabled again."""
        return await self._http.change("PATCH", f"{PATH}/{webhook_id}", Webhook, {"is_active": False})

    async def enable(self, webhook_id: str) -> Webhook:
        """Sends again, and what was missed first."""
        return await self._http.change("PATCH", f"{PATH}/{webhook_id}", Webhook, {"is_active": True})

    async def delete(self, webhook_id: str) -> None:
        """Ends it, with everything that is owed to it."""
        await self._http.delete(f"{PATH}/{webhook_id}")

    async def rotate_secret(self, webhook_id: str, *, overlap_s: int = 86_400) -> WebhookWithSecret:
        """Returns a new secret; for `overlap_s` messages carry a signature by the old one too."""
        path = f"{PATH}/{webhook_id}/secret"
        return await self._http.change("POST", path, WebhookWithSecret, {"overlap_s": overlap_s})

    async def deliveries(
        self,
        webhook_id: str,
        *,
        status: Literal["pending", "delivered", "dead"] | None = None,
        after: str | None = None,
        limit: int | None = None,
    ) -> Page[WebhookDelivery]:
        """Returns a page of messages, newest first; those given up are `dead`."""
        path = f"{PATH}/{webhook_id}/deliveries"
        return await self._http.get(path, Page[WebhookDelivery], status=status, after=after, limit=limit)

    async def replay_dead(self, webhook_id: str) -> int:
        """Sends all dead letters again; returns how many."""
        return await self._replay(webhook_id, {"dead": True})

    async def replay_one(self, webhook_id: str, delivery: str) -> int:
        """Sends one message again, whatever became of it."""
        return await self._replay(webhook_id, {"delivery": delivery})

    async def replay_from(self, webhook_id: str, block_number: int) -> int:
        """Sends everything from a block on again, in order; returns how many events that is at most."""
        return await self._replay(webhook_id, {"from_block": block_number})

    async def _replay(self, webhook_id: str, fields: dict[str, Any]) -> int:
        answer = await self._http.change("POST", f"{PATH}/{webhook_id}/replay", WebhookReplay, fields)
        return answer.messages
