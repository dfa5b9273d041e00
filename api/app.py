"""The app: the one place where the faces of the web and the engine are put together.

The engine starts the server that serves this app, and stops it; the app starts and stops nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi import FastAPI

from api import graphql, problems
from api.crossing import Crossing
from api.docs.openapi import include_faces
from api.docs.routes import router as docs
from api.metrics import Metrics
from api.middleware import Envelope
from api.oauth.pages import PAGES
from api.origins import Origins
from api.positions import Positioned
from api.schema import documents

if TYPE_CHECKING:
    from api.engine import Engine

__all__ = ["create_app", "documents"]


def create_app(engine: Engine) -> FastAPI:
    """The whole web of a running engine."""
    # FastAPI's own pages load scripts from a CDN: ours are in api.docs.
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    app.state.engine = engine
    app.state.metrics = Metrics(engine)
    problems.install(app)
    app.add_middleware(Positioned)
    app.add_middleware(Origins, pages=PAGES)
    app.add_middleware(Envelope, count=app.state.metrics.count)
    app.add_middleware(Crossing)
    include_faces(app)
    app.include_router(graphql.router(engine))
    app.include_router(docs)
    return app
