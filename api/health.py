"""Is it alive, is it ready, and how much has it done: for those who run it, without a token and without tenant data."""

# No `from __future__ import annotations`: FastAPI reads the annotations of routes when it is told of them.

from http import HTTPStatus
from typing import TYPE_CHECKING

import orjson
from fastapi import APIRouter, Request
from prometheus_client import CONTENT_TYPE_LATEST
from starlette.responses import Response

from api.context import engine_of
from twin.errors import OUTCOMES, BackendError

if TYPE_CHECKING:
    from api.metrics import Metrics

__all__ = ["router"]


router = APIRouter(tags=["Operation"])


@router.get("/healthz", summary="Is it alive?")
async def healthz() -> Response:
    """The process answers. Restart it when it does not."""
    return _json({"status": "ok"}, 200)


@router.get(
    "/readyz",
    summary="Is it ready?",
    responses={503: {"description": "A part does not work: it is named, with the reason."}},
)
async def readyz(request: Request) -> Response:
    """Each part that must work, by name: `ok`, or why it does not. 503 while one does not. The role is `owner`, or
    `follower` of the process that has the devices: then `feed` says whether its readings are live.
    """
    engine = engine_of(request)
    parts = dict(engine.health())
    ready = all(state == "ok" for state in parts.values())
    return _json(
        {"status": "ok" if ready else "unavailable", "role": engine.role, "parts": parts}, 200 if ready else 503
    )


@router.get("/metrics", summary="Get figures for Prometheus")
async def figures(request: Request) -> Response:
    """Counters and gauges in Prometheus' text format; no label names a site, a client or a device."""
    metrics: Metrics = request.app.state.metrics
    return Response(metrics.page(), media_type=CONTENT_TYPE_LATEST)


def _json(content: object, status: int) -> Response:
    retry = OUTCOMES[BackendError].retry
    headers = {} if status == HTTPStatus.OK else {"Retry-After": str(retry)}
    return Response(orjson.dumps(content), status, headers, media_type="application/json")
