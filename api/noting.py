"""What the audit is told by the web: whose a change is, who was refused what, and from where."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twin.access.audit import Deed, address
from twin.errors import Forbidden, Unauthenticated
from twin.graph.model import Actor
from twin.times import now

if TYPE_CHECKING:
    from starlette.requests import HTTPConnection

    from twin.access.principals import Principal

__all__ = ["actor", "asked_by", "note_refusal"]


def actor(principal: Principal, via: str) -> Actor:
    """Whose a change is that is made through the API."""
    return Actor(principal.subject, via, client=principal.client, token=principal.token, address=address())


def asked_by(connection: HTTPConnection, principal: Principal) -> None:
    """Remember whose request it is: what is refused later is noted with that."""
    connection.scope["state"]["principal"] = principal


def note_refusal(connection: HTTPConnection, error: Exception | None) -> None:
    """Have the audit keep that a request, or a part of it, was refused for who it came from; anything else is not."""
    if not isinstance(error, Forbidden | Unauthenticated):
        return
    principal: Principal | None = connection.scope["state"].get("principal")
    route = getattr(connection.scope.get("route"), "path", "unmatched")
    deed = Deed(
        at=now(),
        action="request",
        result=error.code_,
        user="" if principal is None else principal.subject,
        client="" if principal is None else principal.client,
        token="" if principal is None else principal.token,
        address=address(),
        detail=f"{connection.scope.get('method', 'WEBSOCKET')} {route}",
    )
    connection.app.state.engine.auditing.soon(deed)
