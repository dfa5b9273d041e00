"""The app: the one place where the faces of the web and the engine are put together.

The engine starts the server that serves this app, and stops it; the app starts and stops nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi import FastAPI

from api import graphql, health, oauth, problems
from api.metrics import Metrics
from api.middleware import Envelope

if TYPE_CHECKING:
    from api.engine import Engine

__all__ = ["create_app"]

_ABOUT = """\
A digital twin of buildings: their sites, spaces, views, gateways and devices, and what these report now.

Get a token from `/oauth/token` with a client's id and secret, and send it as `Authorization: Bearer TOKEN`.
Times are RFC 3339 in UTC. Units are UCUM codes. Lists come in pages: follow the `Link` header, or `next`.
Errors are problems (RFC 9457) with a stable `code`. What a token may not see does not exist for it.
"""


def create_app(engine: Engine) -> FastAPI:
    """The whole web of a running engine."""
    metrics = Metrics(engine)
    app = FastAPI(
        title="Building twin", version="1", description=_ABOUT, docs_url=None, redoc_url=None, openapi_url=None
    )
    app.state.engine = engine
    problems.install(app)
    app.add_middleware(Envelope, count=metrics.count)
    app.include_router(health.router(engine, metrics))
    app.include_router(oauth.router(engine))
    app.include_router(graphql.router(engine))
    return app
