"""Errors on HTTP: every one a problem (RFC 9457) with the code that it has everywhere else.

What the twin says no with is mapped by `twin.errors.OUTCOMES`. What the framework says no with gets a code here. All
else is a bug: it is logged with the request's id, and the answer says nothing but that id. Where our own things lie is
for the log as well: of what does not work on our side, callers are told the code, what it means, and when to try again.
"""

from __future__ import annotations

import traceback
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import orjson
import structlog
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import Match

from api.noting import note_refusal
from twin.errors import (
    AuthoringError,
    BackendError,
    Forbidden,
    InvalidValue,
    NotFound,
    OutcomeUnknown,
    TwinError,
    Unauthenticated,
    outcome_of,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from fastapi import FastAPI
    from starlette.requests import HTTPConnection, Request

    from twin.errors import Diagnostic

__all__ = [
    "CODES",
    "MEDIA_TYPE",
    "bug",
    "challenge",
    "install",
    "log_bug",
    "log_trouble",
    "problem",
    "respond",
    "told",
    "told_diagnostics",
]

MEDIA_TYPE = "application/problem+json"
_MOST_DIAGNOSTICS = 500
_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
_RESERVED = frozenset({"type", "title", "status", "detail", "code", "help", "instance", "errors"})
_PLAIN = frozenset(
    {
        "backend.unavailable",
        "commit.unknown",
        "engine.stopping",
        "feed.silent",
        "issuer.waiting",
        "job.failed",
        "position.unreached",
    }
)
"""Codes of our own side whose messages name nothing of it."""
_log = structlog.get_logger(__name__)

CODES: dict[str, str] = {
    "token.missing": "The request carries no access token: send one as `Authorization: Bearer …`.",
    "token.invalid": "The access token does not verify, has expired, or its client was rotated or removed.",
    "token.ambiguous": "The request carries more than one access token, or one in its query string.",
    "scope.insufficient": "The access token lacks the scope that this needs.",
    "client.invalid": "The client id or its secret is wrong.",
    "identity.unknown": "The access token of an external issuer is good, and of nobody who is known here.",
    "issuer.waiting": "Who issued the access token cannot be asked just now: try again in a moment.",
    "entity.unknown": "There is nothing of that id or path that this token may see.",
    "point.unknown": "The entity has no such point.",
    "role.insufficient": "Your roles let you see the entity, and not do what you ask.",
    "role.unknown": "No ontology in force declares a role of that name.",
    "role.misplaced": "The role is not one that somebody has on such a thing.",
    "grant.beyond": "You may give no more than you have yourself.",
    "grant.longer": "You may give nothing for longer than you have it yourself.",
    "grant.over": "The time at which the role is to end has passed.",
    "grant.unknown": "Nobody has that role there.",
    "party.unknown": "There is nobody of that id whom you know here: invite people by their e-mail address.",
    "invitation.unknown": "There is no such invitation: it was answered or taken back, or has run out.",
    "invitation.crowd": "Too many invitations of yours wait for an answer.",
    "invitation.days": "An invitation waits for some days only.",
    "invitation.redirect": "The answer to the invitation cannot lead there.",
    "member.insufficient": "Only admins of an organisation say who is in it.",
    "member.standing": "Somebody is a member of an organisation, or an admin.",
    "member.unknown": "There is no such member.",
    "organisation.adminless": "The organisation would be left without an admin.",
    "organisation.beyond": "The app reaches less than the organisation has, and may not say who is in it.",
    "organisation.name": "The organisation needs a name.",
    "organisation.person": "Organisations are of people: the client asks in its own name.",
    "organisation.unknown": "There is no such organisation that you are a member of.",
    "site.ownerless": "The site would be left without anybody who can administer and share it.",
    "transfer.site": "Only a site changes hands as a whole.",
    "user.email": "That is no e-mail address.",
    "path.unknown": "The API has nothing at this address.",
    "method.unsupported": "The address exists, and not with this method.",
    "value.invalid": "A parameter or a field cannot mean anything.",
    "type.unknown": "No ontology in force has a type of that name and kind.",
    "measure.unknown": "No ontology in force has a quantity of that name.",
    "cursor.invalid": "The cursor was not given out by this API.",
    "limit.exceeded": "More was asked for than one answer may hold.",
    "unit.incompatible": "The unit measures something else than the point does.",
    "view.expected": "Only a view has members: another kind of entity was named where one was meant.",
    "property.unknown": "The entity's type has no such property.",
    "property.value": "The property cannot take that value.",
    "property.required": "The property must have a value.",
    "title.invalid": "A title needs some text, and not too much.",
    "key.invalid": "The idempotency key is empty, too long, or not printable.",
    "deadletter.unknown": "There is no dead letter of that number that this token may see.",
    "feed.silent": "This process hears of no readings just now: the one that has the devices is silent. Reads go on.",
    "position.invalid": "The position was not given out by this twin.",
    "position.foreign": "The position is of before the twin was restored from a backup: forget it, and read again.",
    "position.unreached": "This process has not seen what the position stands for yet; it may in a moment.",
    "subscription.broad": "The subscription is about more entities than can be followed at once: narrow it.",
    "subscription.plain": "A subscription has many answers: ask for events (SSE), or over a WebSocket.",
    "subscription.overrun": "More points changed than the subscription could hold while nobody read it.",
    "graphql.syntax": "The GraphQL document cannot be parsed.",
    "graphql.invalid": "The GraphQL document does not fit the schema, or a variable its type.",
    "graphql.request": "The request is none of GraphQL over HTTP: its status says in which way.",
    "document.invalid": "A document or a parameter is wrong: `diagnostics` has every mistake.",
    "ontology.unknown": "No ontology of that name is in force.",
    "ontology.in_use": "Sites that exist use what is gone or different in the ontology.",
    "upgrade.needed": "The site is at another version of the ontology, and has to be upgraded by its steps first.",
    "ontology.foreign": "A client bound to sites, or without twin:read-private, changes no ontology in force.",
    "topology.unknown": "No topology of that name is kept for this client.",
    "site.unknown": "There is no site of that key that this client may touch.",
    "site.taken": "The site of that key was made from something else.",
    "site.busy": "The site changed again and again while a plan of it was to be made.",
    "path.taken": "There is something at a path of the plan that its topology did not create.",
    "plan.unknown": "There is no such plan: one is kept for an hour, for its client, and not across a restart.",
    "plan.busy": "Too many plans are being made at once.",
    "plan.stale": "The site has changed since the plan was made: make it again.",
    "plan.deletes": "The plan deletes, and nobody has allowed that.",
    "plan.conflict": "Users and the topology have both changed a field: plan again with `take`.",
    "plan.foreign": "The plan was made for another twin.",
    "job.unknown": "There is no such job: one is kept for a day, for its client, and not across a restart.",
    "job.failed": "The job met a mistake in the twin; what it has committed stays.",
    "engine.stopping": "The twin is stopping; what was committed stays.",
    "key.reused": "The idempotency key was sent with another plan before.",
    "revision.conflict": "The entity has changed since the revision that was named: read it again.",
    "body.large": "The request's body is larger than this API takes.",
    "body.unreadable": "The request's body is not the JSON that this needs.",
    "box.none": "The token is of no gateway or device that was commissioned.",
    "asset.unknown": "There is no asset of that serial or id that this token has to do with.",
    "asset.ambiguous": "Several owners have declared that serial: name the asset by its id.",
    "asset.claimed": "The asset has a place already.",
    "asset.blocked": "The asset is blocked.",
    "asset.bound": "The gateway or device is a declared asset, and has that asset's serial.",
    "asset.unfit": "The asset cannot be what stands there.",
    "asset.unclaimed": "The asset has no place that another could take.",
    "asset.type": "It is not said what the asset is, or there is no such type.",
    "asset.fleet": "An asset is declared for a fleet that the token administers.",
    "asset.twice": "The same asset is declared twice at once.",
    "claim.refused": "The serial cannot be claimed with that code; it is not said why.",
    "claim.code": "The claim code is too easy to guess, or none.",
    "place.taken": "The gateway or device is another asset already, or waits for one.",
    "place.unclear": "There is none, or more than one, place that the asset can have there.",
    "serial.invalid": "The text cannot be a serial.",
    "fleet.unknown": "There is no fleet of that name that this token administers.",
    "backend.unavailable": "A part of the twin is down; the same call may work later.",
    "store.busy": "Another process holds the graph for writing just now; nothing was changed.",
    "store.full": "There is no room to keep changes just now; nothing was changed.",
    "store.unavailable": "The graph cannot be read or written just now.",
    "records.unavailable": "Clients, dead letters and what was kept cannot be read or written just now.",
    "commit.unknown": "The store did not answer in time: send the same idempotency key again to learn the outcome.",
    "internal": "A mistake in the twin; its log has the request's id.",
}
"""The codes an app meets here, and what each means; every problem's ``type`` points at its line in the docs."""

_FRAMEWORK = {
    400: "body.unreadable",
    404: "path.unknown",
    405: "method.unsupported",
    413: "body.large",
    415: "body.unreadable",
}


def told(error: TwinError) -> TwinError:
    """An error as callers may know it."""
    if not isinstance(error, BackendError):
        return error
    if isinstance(error, OutcomeUnknown):
        return OutcomeUnknown(error.message, help=error.help)
    if error.code_ in _PLAIN:
        return error
    code = error.code_ if error.code_ in CODES else BackendError.code
    return BackendError(CODES[code], code=code, help="send it again in a moment, with the same idempotency key")


def problem(error: TwinError, request_id: str) -> dict[str, Any]:
    """An error of the twin as a problem's members."""
    error = told(error)
    status = outcome_of(error).status
    members = _members(status, error.code_, error.message)
    if error.help:
        members["help"] = error.help
    members.update((name, value) for name, value in error.details.items() if name not in _RESERVED)
    if isinstance(error, AuthoringError):
        members["diagnostics"] = told_diagnostics(error.diagnostics)
    if not isinstance(error, NotFound):
        # Hidden is absent, byte for byte: what is not there carries nothing that differs between two requests.
        members["instance"] = request_id
    return members


def told_diagnostics(found: Sequence[Diagnostic]) -> list[dict[str, Any]]:
    """Diagnostics as data: the worst, where a document has more mistakes than anybody reads."""
    return [each.as_dict() for each in found[:_MOST_DIAGNOSTICS]]


def respond(request: HTTPConnection, error: TwinError, status: int | None = None) -> Response:
    """The response to an error of the twin, with the challenge or the time to wait that its status calls for."""
    note_refusal(request, error)
    members = problem(error, request_id(request))
    if status is not None:
        members.update(status=status, title=HTTPStatus(status).phrase)
    headers = {}
    asked = challenge(error, request.app.state.engine.tokens.issuer)
    if asked is not None:
        headers["WWW-Authenticate"] = asked
    if (retry := outcome_of(error).retry) is not None:
        headers["Retry-After"] = str(retry)
    return _response(members, headers)


def challenge(error: TwinError, issuer: str) -> str | None:
    """The WWW-Authenticate of RFC 6750 (section 3) and RFC 9728 (section 5.1); None where none is due."""
    said: dict[str, str] = {}
    match error:
        case Unauthenticated() if error.code_ == "token.missing":
            pass
        case Unauthenticated():
            said = {"error": "invalid_token", "error_description": error.message}
        case Forbidden() if "scope" in error.details:
            said = {"error": "insufficient_scope", "scope": str(error.details["scope"])}
        case InvalidValue() if error.code_ == "token.ambiguous":
            said = {"error": "invalid_request", "error_description": error.message}
        case _:
            return None
    said = {"realm": "twin", "resource_metadata": f"{issuer}/.well-known/oauth-protected-resource", **said}
    return "Bearer " + ", ".join(f'{name}="{value}"' for name, value in said.items())


def bug(error: BaseException, request_id: str) -> Response:
    """Log what should not have happened, and the response that says only where to look it up."""
    log_bug(error, request_id)
    members = _members(500, "internal", "the twin made a mistake; its log has this request's id")
    return _response({**members, "instance": request_id}, {})


def log_trouble(error: TwinError, request_id: str) -> None:
    """Log what our side could not do, with all that callers are not told."""
    if outcome_of(error).status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        reason = error.details.get("reason", "")
        _log.warning("request.unanswered", request=request_id, code=error.code_, message=error.message, reason=reason)


def log_bug(error: BaseException, request_id: str) -> None:
    """Log what should not have happened: where, and never the local variables, for there are secrets among them."""
    _log.error("request.failed", request=request_id, trace="".join(traceback.format_exception(error)))


def install(app: FastAPI) -> None:
    """Answer every error of an app as a problem."""
    app.add_exception_handler(TwinError, _on_twin_error)
    app.add_exception_handler(RequestValidationError, _on_invalid)
    app.add_exception_handler(HTTPException, _on_framework)


def request_id(request: HTTPConnection) -> str:
    """The id that `api.middleware` gave the request."""
    found: str = request.scope["state"]["request_id"]
    return found


async def _on_twin_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, TwinError)  # noqa: S101 - what the handler is installed for
    log_trouble(error, request_id(request))
    return respond(request, error)


async def _on_invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101 - what the handler is installed for
    members = _members(400, "value.invalid", "a parameter cannot mean anything: see errors")
    members["instance"] = request_id(request)
    members["errors"] = [_mistake(each) for each in error.errors()]
    return _response(members, {})


async def _on_framework(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - what the handler is installed for
    code = _FRAMEWORK.get(error.status_code, "value.invalid")
    members = _members(error.status_code, code, CODES[code])
    if error.status_code != HTTPStatus.NOT_FOUND:
        members["instance"] = request_id(request)
    headers = dict(error.headers or {})
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        headers["Allow"] = ", ".join(_allowed(request))
    return _response(members, headers)


def _allowed(request: Request) -> list[str]:
    """Every method that the address has (RFC 9110, section 15.5.6): a route knows its own only."""
    scope = {name: value for name, value in request.scope.items() if name not in {"route", "endpoint", "path_params"}}
    routes = request.app.router.routes
    return [
        method
        for method in _METHODS
        if any(route.matches({**scope, "method": method})[0] is Match.FULL for route in routes)
    ]


def _mistake(found: Mapping[str, Any]) -> dict[str, Any]:
    where, *names = found["loc"]
    return {"in": where, "name": ".".join(map(str, names)), "message": found["msg"]}


def _members(status: int, code: str, detail: str) -> dict[str, Any]:
    return {
        "type": f"/docs#{code}",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "code": code,
    }


def _response(members: Mapping[str, Any], headers: Mapping[str, str]) -> Response:
    return Response(orjson.dumps(members), members["status"], headers, media_type=MEDIA_TYPE)
