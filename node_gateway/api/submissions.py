"""`/v1/submissions`: the accept path, and what became of a submission.

The accept path reads its parameters by itself: FastAPI's way costs as much as all the rest of it.
"""

import re
from collections.abc import Callable, Sequence
from typing import Annotated

import orjson
from fastapi import APIRouter, Depends, Path, Request
from starlette.responses import Response

from node_gateway.api import schemas
from node_gateway.api.accept_lane import Handler
from node_gateway.api.accept_openapi import BULK, SINGLE, WIRE_MEDIA_TYPE
from node_gateway.api.accept_trace import AcceptTrace
from node_gateway.api.answers import PROBLEM_RESPONSES, json_response
from node_gateway.api.bodies import (
    JSON_MEDIA_TYPE,
    bytes_of_hex,
    media_type_of,
    read_body,
    read_json_object,
)
from node_gateway.api.gateway import Gateway, gateway_of, party_of
from node_gateway.api.idempotency import idempotency_of, response_of
from node_gateway.api.problems import code_of, problem_of
from node_gateway.domain.errors import (
    GatewayError,
    InvalidParameterError,
    MalformedJsonError,
    TooManySubmissionsError,
    UnsupportedMediaTypeError,
)
from node_gateway.domain.parties import Party
from node_gateway.domain.submission_checks import CheckedSubmission
from node_gateway.service.accept_writer import Answer, IdempotencyRequest
from node_gateway.service.accepting import Checked
from node_gateway.service.own_reading import read_settled_submission, read_submission
from node_gateway.service.views import accepted_view
from partner_sdk.protocol.bounds import SUBMISSIONS_BULK_MAX
from partner_sdk.protocol.errors import ProtocolError
from partner_sdk.protocol.submissions import BULK_MEDIA_TYPE, split_bulk

WAIT_S = re.compile(r"[0-9]{1,6}(\.[0-9]{1,6})?")
SUBMISSION_ID = r"^0x[0-9a-fA-F]{64}$"

router = APIRouter(prefix="/v1/submissions", tags=["submissions"], responses=PROBLEM_RESPONSES)

Caller = Annotated[Party, Depends(party_of)]


@router.post(
    "",
    status_code=202,
    responses={
        202: {
            "model": schemas.AcceptedSubmission,
            "description": "Durable; it will settle or end with a reason.",
        },
        200: {"model": schemas.SettledSubmission, "description": "With `wait=settled`: what became of it."},
    },
    openapi_extra=SINGLE,
)
async def accept_submission(request: Request) -> Response:
    """Takes one signed submission. The answer comes when it is durable, or settled."""
    gateway = gateway_of(request)
    settings = gateway.settings
    party = await party_of(request)
    wait_s = _wait_s(request, settings.wait_s_max)
    body = await read_body(request, bytes_max=settings.single_body_bytes_max, body_s_max=settings.body_s_max)
    wire = _read_single(request, body)
    idempotency = idempotency_of(request, party, body)
    gateway.desk.enter(idempotency)
    try:
        answer = await _accept(gateway, request, [wire], party, idempotency, _render_single)
        if wait_s is not None and not answer.is_repeat:
            answer = await _settled_answer(gateway, party, answer, idempotency, wait_s)
    finally:
        gateway.desk.leave(idempotency)
    return response_of(answer)


@router.post(
    "/bulk",
    status_code=202,
    responses={202: {"model": schemas.BulkAnswer, "description": "In order; each accepted or a problem."}},
    openapi_extra=BULK,
)
async def accept_bulk(request: Request) -> Response:
    """Takes up to 500 signed submissions in one go. Each is accepted or refused by itself."""
    gateway = gateway_of(request)
    settings = gateway.settings
    party = await party_of(request)
    body = await read_body(request, bytes_max=settings.bulk_body_bytes_max, body_s_max=settings.body_s_max)
    wires = _read_bulk(request, body)
    idempotency = idempotency_of(request, party, body)
    gateway.desk.enter(idempotency)
    try:
        answer = await _accept(gateway, request, wires, party, idempotency, _render_bulk)
    finally:
        gateway.desk.leave(idempotency)
    return response_of(answer)


LANE: dict[str, Handler] = {"/v1/submissions": accept_submission, "/v1/submissions/bulk": accept_bulk}


@router.get("/{submission_id}", responses={200: {"model": schemas.Submission}})
async def show_submission(
    request: Request, party: Caller, submission_id: Annotated[str, Path(pattern=SUBMISSION_ID)]
) -> Response:
    """What became of a submission that came through this gateway."""
    async with gateway_of(request).database.reading() as connection:
        return json_response(await read_submission(connection, party, bytes.fromhex(submission_id[2:])))


async def _accept(
    gateway: Gateway,
    request: Request,
    wires: Sequence[bytes],
    party: Party,
    idempotency: IdempotencyRequest | None,
    render: Callable[[Sequence[Checked]], Answer],
) -> Answer:
    trace = None if gateway.traces is None else AcceptTrace(gateway.traces, request.state.request_id)
    if trace is not None:
        render = trace.noting(render)
    try:
        answer = await gateway.desk.accept(wires, party=party, idempotency=idempotency, render=render)
    except (GatewayError, ProtocolError) as refusal:
        code = code_of(type(refusal))
        gateway.metrics.refused.labels(code).inc()
        if trace is not None:
            trace.end(code)
        raise
    if trace is not None:
        trace.end()
    return answer


async def _settled_answer(
    gateway: Gateway, party: Party, accepted: Answer, idempotency: IdempotencyRequest | None, timeout_s: float
) -> Answer:
    """The answer to `wait=settled`: as accepted when the time is over first."""
    submission_id = bytes.fromhex(orjson.loads(accepted.body)["submission_id"][2:])
    if not await gateway.waiters.wait(submission_id, timeout_s=timeout_s):
        return accepted
    async with gateway.database.reading() as connection:
        view = await read_settled_submission(connection, party, submission_id)
    settled = Answer(200, orjson.dumps(view))
    await gateway.desk.remember(idempotency, settled)
    return settled


def _read_single(request: Request, body: bytes) -> bytes:
    media_type = media_type_of(request)
    if media_type == WIRE_MEDIA_TYPE:
        return body
    if media_type == JSON_MEDIA_TYPE:
        return bytes_of_hex(read_json_object(body, field="submission"))
    raise UnsupportedMediaTypeError(expected=f"{JSON_MEDIA_TYPE} or {WIRE_MEDIA_TYPE}")


def _read_bulk(request: Request, body: bytes) -> list[bytes]:
    media_type = media_type_of(request)
    if media_type == BULK_MEDIA_TYPE:
        return split_bulk(body)
    if media_type != JSON_MEDIA_TYPE:
        raise UnsupportedMediaTypeError(expected=f"{JSON_MEDIA_TYPE} or {BULK_MEDIA_TYPE}")
    texts = read_json_object(body, field="submissions")
    if not isinstance(texts, list):
        raise MalformedJsonError("`submissions` is a list")
    if not 1 <= len(texts) <= SUBMISSIONS_BULK_MAX:
        raise TooManySubmissionsError(submissions_max=SUBMISSIONS_BULK_MAX)
    return [bytes_of_hex(text) for text in texts]


def _wait_s(request: Request, wait_s_max: float) -> float | None:
    """How long the answer is to be held; None: not at all."""
    wait = request.query_params.get("wait")
    if wait is None:
        return None
    if wait != "settled":
        raise InvalidParameterError("wait", "`settled` is expected")
    given = request.query_params.get("wait_s", str(wait_s_max))
    if not WAIT_S.fullmatch(given) or float(given) <= 0:
        raise InvalidParameterError("wait_s", "seconds, more than 0, are expected")
    return min(float(given), wait_s_max)


def _render_single(checked: Sequence[Checked]) -> Answer:
    (item,) = checked
    if isinstance(item, CheckedSubmission):
        return Answer(202, orjson.dumps(accepted_view(item)))
    raise item


def _render_bulk(checked: Sequence[Checked]) -> Answer:
    results = [
        accepted_view(item)
        if isinstance(item, CheckedSubmission)
        else {"status": "refused", "problem": problem_of(item)}
        for item in checked
    ]
    accepted = sum(isinstance(item, CheckedSubmission) for item in checked)
    answer = {"accepted": accepted, "refused": len(checked) - accepted, "results": results}
    return Answer(202, orjson.dumps(answer))
