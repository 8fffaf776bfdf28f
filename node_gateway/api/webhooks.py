"""`/v1/webhooks`: a party's own webhooks, their secrets, and what was sent to them."""

from typing import Annotated, Any, Literal

import orjson
from fastapi import APIRouter, Depends, Path, Query, Request
from pydantic import BaseModel, ConfigDict, Field, model_validator
from sqlalchemy.ext.asyncio import AsyncConnection
from starlette.responses import Response

from node_gateway.api import schemas
from node_gateway.api.answers import PROBLEM_RESPONSES, json_response
from node_gateway.api.bodies import JSON_MEDIA_TYPE, BodyModel, read_model
from node_gateway.api.gateway import Gateway, gateway_of, party_of
from node_gateway.api.idempotency import (
    IDEMPOTENCY_KEY_PARAMETER,
    answered_once,
    idempotency_of,
    response_of,
)
from node_gateway.api.parameters import PAGE_DEFAULT, PAGE_MAX
from node_gateway.domain.event_names import EVENT_NAMES
from node_gateway.domain.parties import Party
from node_gateway.domain.states import DeliveryStatus
from node_gateway.service import webhooks
from node_gateway.service.accept_writer import Answer
from node_gateway.service.webhook_guard import system_resolve
from node_gateway.service.webhooks import OVERLAP_S_DEFAULT, OVERLAP_S_MAX, URL_CHARACTERS_MAX, WebhookChanges

STORED_NUMBER_MAX = 2**53
WEBHOOK_ID = r"^wh_[0-9a-f]{24}$"

router = APIRouter(prefix="/v1/webhooks", tags=["webhooks"], responses=PROBLEM_RESPONSES)

Caller = Annotated[Party, Depends(party_of)]
WebhookPath = Annotated[str, Path(pattern=WEBHOOK_ID)]
Url = Annotated[str, Field(min_length=1, max_length=URL_CHARACTERS_MAX)]
EventName = Annotated[str, Field(max_length=64, json_schema_extra={"enum": sorted(EVENT_NAMES)})]
EventNames = Annotated[list[EventName], Field(min_length=1, max_length=len(EVENT_NAMES))]
BlockNumber = Annotated[int, Field(ge=0, le=STORED_NUMBER_MAX)]


class Body(BaseModel):
    """No field but these."""

    model_config = ConfigDict(extra="forbid")


class NewWebhook(Body):
    """`events` null: all. `from_block` null: from the next block on."""

    url: Url
    events: EventNames | None = None
    from_block: BlockNumber | None = None


class ChangedWebhook(Body):
    """What is left out stays. `events` null: all."""

    url: Url | None = None
    events: EventNames | None = None
    is_active: bool | None = None


class Rotation(Body):
    """For how long messages are signed with the old secret too."""

    overlap_s: int = Field(default=OVERLAP_S_DEFAULT, ge=0, le=OVERLAP_S_MAX)


class Replay(Body):
    """One of: all dead letters, one message, or everything from a block on."""

    dead: Literal[True] | None = None
    delivery: str | None = Field(default=None, pattern=r"^[0-9]{1,15}$")
    from_block: BlockNumber | None = None

    @model_validator(mode="after")
    def _one_is_given(self) -> "Replay":
        if len(self.model_fields_set) != 1 or all(
            value is None for value in (self.dead, self.delivery, self.from_block)
        ):
            raise ValueError("one of dead, delivery and from_block is expected")
        return self


def _described(model: type[BaseModel], *, is_idempotent: bool = False) -> dict[str, Any]:
    schema = model.model_json_schema()
    if model is Replay:
        schema["minProperties"] = schema["maxProperties"] = 1
    body = {"required": True, "content": {JSON_MEDIA_TYPE: {"schema": schema}}}
    return {"requestBody": body} | ({"parameters": [IDEMPOTENCY_KEY_PARAMETER]} if is_idempotent else {})


@router.post(
    "",
    status_code=201,
    responses={201: {"model": schemas.WebhookWithSecret, "description": "`secret` is not shown again."}},
    openapi_extra=_described(NewWebhook, is_idempotent=True),
)
async def create_webhook(request: Request, party: Caller) -> Response:
    """Registers an address to which the caller's events are sent."""
    gateway = gateway_of(request)
    body, wanted = await _read(request, NewWebhook)
    await _check_url(gateway, wanted.url)

    async def create(connection: AsyncConnection) -> Answer:
        made = await webhooks.create_webhook(
            connection,
            party,
            url=wanted.url,
            event_names=wanted.events,
            from_block=wanted.from_block,
            now_ms=gateway.clock.now_ms(),
        )
        return Answer(201, orjson.dumps(made))

    return response_of(await answered_once(gateway, idempotency_of(request, party, body), create))


@router.get("", responses={200: {"model": schemas.Webhooks}})
async def list_webhooks(request: Request, party: Caller) -> Response:
    """The caller's webhooks, oldest first; never their secrets."""
    async with gateway_of(request).database.reading() as connection:
        return json_response(await webhooks.list_webhooks(connection, party))


@router.get("/{webhook_id}", responses={200: {"model": schemas.Webhook}})
async def show_webhook(request: Request, party: Caller, webhook_id: WebhookPath) -> Response:
    """One webhook. `next_event`: up to there messages were made."""
    async with gateway_of(request).database.reading() as connection:
        return json_response(await webhooks.read_webhook(connection, party, webhook_id))


@router.patch(
    "/{webhook_id}",
    responses={200: {"model": schemas.Webhook}},
    openapi_extra=_described(ChangedWebhook),
)
async def change_webhook(request: Request, party: Caller, webhook_id: WebhookPath) -> Response:
    """Changes address or events, disables it, or enables it again: then it gets what it missed."""
    gateway = gateway_of(request)
    _, wanted = await _read(request, ChangedWebhook)
    if wanted.url is not None:
        await _check_url(gateway, wanted.url)
    changes = WebhookChanges(
        url=wanted.url,
        event_names=wanted.events,
        is_for_all_events="events" in wanted.model_fields_set and wanted.events is None,
        is_active=wanted.is_active,
    )
    async with gateway.database.writing() as connection:
        return json_response(await webhooks.change_webhook(connection, party, webhook_id, changes))


@router.delete("/{webhook_id}", status_code=204)
async def delete_webhook(request: Request, party: Caller, webhook_id: WebhookPath) -> Response:
    """Ends a webhook, with everything that is owed to it."""
    async with gateway_of(request).database.writing() as connection:
        await webhooks.delete_webhook(connection, party, webhook_id)
    return Response(status_code=204)


@router.post(
    "/{webhook_id}/secret",
    responses={200: {"model": schemas.WebhookWithSecret, "description": "`secret` is not shown again."}},
    openapi_extra=_described(Rotation, is_idempotent=True),
)
async def rotate_secret(request: Request, party: Caller, webhook_id: WebhookPath) -> Response:
    """A new secret. For `overlap_s` messages carry a signature by each."""
    gateway = gateway_of(request)
    body, wanted = await _read(request, Rotation)

    async def rotate(connection: AsyncConnection) -> Answer:
        rotated = await webhooks.rotate_secret(
            connection, party, webhook_id, overlap_s=wanted.overlap_s, now_ms=gateway.clock.now_ms()
        )
        return Answer(200, orjson.dumps(rotated))

    return response_of(await answered_once(gateway, idempotency_of(request, party, body), rotate))


@router.get("/{webhook_id}/deliveries", responses={200: {"model": schemas.DeliveryPage}})
async def list_deliveries(
    request: Request,
    party: Caller,
    webhook_id: WebhookPath,
    status: Annotated[DeliveryStatus | None, Query(description="`dead`: those given up.")] = None,
    after: Annotated[
        int | None, Query(ge=0, le=STORED_NUMBER_MAX, description="`next_after` of a page.")
    ] = None,
    limit: Annotated[int, Query(ge=1, le=PAGE_MAX, description="Entries of a page.")] = PAGE_DEFAULT,
) -> Response:
    """What was sent, is to be sent, and was given up, newest first; what was delivered is kept for 7 days."""
    async with gateway_of(request).database.reading() as connection:
        answer = await webhooks.read_deliveries(
            connection, party, webhook_id, status=status, before=after, limit=limit
        )
    return json_response(answer)


@router.post(
    "/{webhook_id}/replay",
    responses={200: {"model": schemas.Replayed}},
    openapi_extra=_described(Replay),
)
async def replay(request: Request, party: Caller, webhook_id: WebhookPath) -> Response:
    """Sends again: all dead letters, one message, or everything from a block on."""
    gateway = gateway_of(request)
    _, wanted = await _read(request, Replay)
    async with gateway.database.writing() as connection:
        answer = await webhooks.replay(
            connection,
            party,
            webhook_id,
            delivery=None if wanted.delivery is None else int(wanted.delivery),
            from_block=wanted.from_block,
            now_ms=gateway.clock.now_ms(),
        )
    return json_response(answer)


async def _read(request: Request, model: type[BodyModel]) -> tuple[bytes, BodyModel]:
    settings = gateway_of(request).settings
    return await read_model(
        request, model, bytes_max=settings.single_body_bytes_max, body_s_max=settings.body_s_max
    )


async def _check_url(gateway: Gateway, url: str) -> None:
    await webhooks.check_url(
        url, are_private_allowed=gateway.settings.webhook_private_addresses, resolve=system_resolve
    )
