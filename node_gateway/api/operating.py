"""For those who run it: `/health`, `/ready`, `/metrics`."""

from fastapi import APIRouter, Request
from starlette.responses import Response

from node_gateway.api import schemas
from node_gateway.api.answers import json_response
from node_gateway.api.gateway import gateway_of
from node_gateway.service.readiness import reasons_not_ready

router = APIRouter(tags=["operating"])


@router.get("/health", responses={200: {"model": schemas.Health}})
async def show_health() -> Response:
    """The process runs. Says nothing of what it depends on: see `/ready`."""
    return json_response({"status": "ok"})


@router.get("/ready", responses={200: {"model": schemas.Readiness}, 503: {"model": schemas.Readiness}})
async def show_readiness(request: Request) -> Response:
    """Whether requests should come here, with every reason why not."""
    gateway = gateway_of(request)
    settings = gateway.settings
    reasons = await reasons_not_ready(
        gateway.database,
        gateway.clock,
        backlog=gateway.backlog,
        backlog_operations_max=settings.backlog_operations_max,
        index_lag_blocks_max=settings.index_lag_blocks_max,
        index_silence_s_max=settings.index_silence_s_max,
    )
    answer = {
        "is_ready": not reasons,
        "reasons": [{"code": reason.code, "detail": reason.detail} for reason in reasons],
    }
    return json_response(answer, 503 if reasons else 200)


@router.get("/metrics", response_class=Response, responses={200: {"content": {"text/plain": {}}}})
async def show_metrics(request: Request) -> Response:
    """Prometheus' text format."""
    gateway = gateway_of(request)
    text = await gateway.metrics.render(
        gateway.database, gateway.clock, backlog=gateway.backlog, feed=gateway.feed
    )
    return Response(text, media_type="text/plain; version=0.0.4; charset=utf-8")
