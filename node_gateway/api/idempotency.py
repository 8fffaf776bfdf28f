"""`Idempotency-Key`: the same key and body get the first answer's bytes."""

import hashlib
import re
from collections.abc import Awaitable, Callable
from typing import Any, Final

from sqlalchemy.ext.asyncio import AsyncConnection
from starlette.requests import Request
from starlette.responses import Response

from node_gateway.api.bodies import JSON_MEDIA_TYPE, media_type_of
from node_gateway.api.gateway import Gateway
from node_gateway.domain.errors import (
    IdempotencyConflictError,
    IdempotencyInFlightError,
    InvalidParameterError,
)
from node_gateway.domain.parties import Party
from node_gateway.service.accept_writer import Answer, IdempotencyRequest
from node_gateway.store import intake
from node_gateway.store.bulk_insert import DuplicateKeyError
from node_gateway.store.intake import StoredAnswer

_KEY = re.compile(r"[\x21-\x7e]{1,200}")
IDEMPOTENCY_KEY_PARAMETER: Final[dict[str, Any]] = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "Kept for 30 days at least: the same key and body get the first answer's bytes.",
    "schema": {"type": "string", "pattern": "^[!-~]{1,200}$"},
}


def idempotency_of(request: Request, party: Party, body: bytes) -> IdempotencyRequest | None:
    """What the header asks for. Raises InvalidParameterError."""
    key = request.headers.get("idempotency-key")
    if key is None:
        return None
    if not _KEY.fullmatch(key):
        raise InvalidParameterError("Idempotency-Key", "1 … 200 visible ASCII characters are expected")
    about = f"{request.url.path}\n{media_type_of(request)}\n".encode()
    return IdempotencyRequest(party.text, key, hashlib.sha256(about + body).digest())


async def answered_once(
    gateway: Gateway,
    idempotency: IdempotencyRequest | None,
    act: Callable[[AsyncConnection], Awaitable[Answer]],
) -> Answer:
    """The answer of an act, or the one that was given to the same request before; both in one transaction.

    Raises:
        IdempotencyConflictError: the key was used with another body.
        IdempotencyInFlightError: it is being worked on, here or in another process.
    """
    gateway.desk.enter(idempotency)
    try:
        async with gateway.database.writing() as connection:
            if idempotency is None:
                return await act(connection)
            key = (idempotency.party, idempotency.key)
            stored = (await intake.find_answers(connection, [key])).get(key)
            if stored is not None:
                if stored.body_hash != idempotency.body_hash:
                    raise IdempotencyConflictError
                return Answer(stored.status_code, stored.answer, is_repeat=True)
            answer = await act(connection)
            kept = StoredAnswer(*key, idempotency.body_hash, answer.status_code, answer.body)
            await intake.insert_answers(connection, [kept], created_at_ms=gateway.clock.now_ms())
            return answer
    except DuplicateKeyError:
        raise IdempotencyInFlightError from None
    finally:
        gateway.desk.leave(idempotency)


def response_of(answer: Answer) -> Response:
    headers = {"Idempotency-Replayed": "true"} if answer.is_repeat else {}
    return Response(answer.body, answer.status_code, headers, JSON_MEDIA_TYPE)
