"""The OpenAPI document: what FastAPI knows of the routes, and what it does not know of their errors."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from api import health, oauth, positions, problems, rest

if TYPE_CHECKING:
    from fastapi.routing import APIRoute

__all__ = ["ABOUT", "TITLE", "VERSION", "include_faces", "openapi"]

TITLE = "Building twin"
VERSION = "1"
ABOUT = """\
A digital twin of buildings: their sites, spaces, views, gateways and devices, and what these report now.

Get a token from `/oauth/token` with a client's id and secret, and send it as `Authorization: Bearer TOKEN`.
Times are RFC 3339 in UTC. Units are UCUM codes. Lists come in pages: follow the `Link` header, or `next`.
Errors are problems (RFC 9457) with a stable `code`. What a token may not see does not exist for it.
Apps in a browser may ask from any origin (CORS): with a token, never with a cookie.
"""

_WRITTEN = "Where the graph stands after this, as an opaque text: send it along to read no less anywhere."
_POSITION = {
    "name": positions.HEADER,
    "in": "header",
    "description": "From an earlier answer: what is read includes what was written then, whichever process answers.",
    "schema": {"type": "string"},
}

_PROBLEM = {
    "type": "object",
    "description": "What went wrong (RFC 9457).",
    "required": ["type", "title", "status", "detail", "code"],
    "properties": {
        "type": {"type": "string", "format": "uri-reference", "description": "Where the code is explained."},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "code": {"type": "string", "description": "Stable: what a program may look at.", "examples": ["token.invalid"]},
        "help": {"type": "string", "description": "What to do next."},
        "instance": {"type": "string", "description": "The request's id, as in X-Request-Id."},
        "diagnostics": {
            "type": "array",
            "description": "Of documents: every mistake, as an array of DiagnosticOut.",
            "items": {"$ref": "#/components/schemas/DiagnosticOut"},
        },
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {name: {"type": "string"} for name in ("in", "name", "message")},
            },
        },
    },
}


def include_faces(app: FastAPI) -> None:
    """Give an app the routes that OpenAPI describes."""
    faces = (
        rest.collections,
        rest.entities,
        rest.access,
        rest.assets,
        rest.sharing,
        rest.organisations,
        rest.deadletters,
        rest.audit,
        rest.authoring,
        oauth.router,
        health.router,
    )
    for face in faces:
        app.include_router(face)


def openapi() -> dict[str, Any]:
    """The document, the same for every twin of this version."""
    app = FastAPI(generate_unique_id_function=_name)
    include_faces(app)
    found = get_openapi(title=TITLE, version=VERSION, description=ABOUT, routes=app.routes)
    schemas = found["components"]["schemas"]
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    schemas["Problem"] = _PROBLEM
    found["components"]["headers"] = {"Position": {"description": _WRITTEN, "schema": {"type": "string"}}}
    found["components"]["securitySchemes"]["ClientSecret"] = {
        "type": "http",
        "scheme": "basic",
        "description": "The client's id and its secret.",
    }
    found["components"]["securitySchemes"]["InitialToken"] = {
        "type": "http",
        "scheme": "bearer",
        "description": "What `twin client invite` prints.",
    }
    for path, item in found["paths"].items():
        for method, operation in item.items():
            _complete(path, operation)
            _place(method, path, operation)
    return found


def _complete(path: str, operation: dict[str, Any]) -> None:
    """Add the errors that an operation may answer with."""
    responses = operation["responses"]
    responses.pop("422", None)
    if "/api/" not in path:
        return
    secured = [401, 403]
    changed = [412, 413, 415] if "requestBody" in operation else []
    crowded = [429] if operation["tags"][0] in {"Access", "Organisations"} and "requestBody" in operation else []
    authored = [422, 429] if operation["tags"] == ["Authoring"] and "requestBody" in operation else crowded
    for status in sorted({400, *secured, 404, 409, *changed, *authored, 503}):
        responses[str(status)] = {
            "description": _DESCRIPTIONS.get(status, HTTPStatus(status).phrase),
            "content": {problems.MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
        }


def _place(method: str, path: str, operation: dict[str, Any]) -> None:
    """Add where the graph stands: what a request may ask for, and what the answer to a write says."""
    if "/api/" not in path:
        return
    operation.setdefault("parameters", []).append(_POSITION)
    if positions.tells(method.upper(), path):
        for status, response in operation["responses"].items():
            if status.startswith("2"):
                response.setdefault("headers", {})[positions.HEADER] = {"$ref": "#/components/headers/Position"}


_DESCRIPTIONS = {
    400: "A parameter or the body cannot mean anything.",
    401: "No token, or one that does not verify.",
    403: "The token lacks the scope.",
    404: "There is nothing there that this token may see.",
    409: "It does not fit with what there is.",
    412: "It has changed since the ETag that was sent.",
    413: "The body is too large.",
    415: "The body is not JSON.",
    422: "A document or a parameter is wrong: see `diagnostics`.",
    429: "Too much is asked for at once.",
    503: "A part of the twin is down; the same call may work later.",
}


def _name(route: APIRoute) -> str:
    return route.name
