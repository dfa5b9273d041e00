"""What the audit is told of programs that ask for tokens, take them back or register: who, and with what result."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from twin.access.audit import Deed, address
from twin.access.tokens import TokenRefused
from twin.times import now

if TYPE_CHECKING:
    from api.engine import Engine
    from api.oauth.forms import Answer, Form

__all__ = ["note_answer"]


async def note_answer(engine: Engine, action: str, answer: Answer, form: Form | None = None) -> None:
    """Keep what was done before it is answered; what was refused, soon."""
    body = answer.body or {}
    fields = {} if form is None else dict(form.fields)
    if answer.status >= HTTPStatus.BAD_REQUEST:
        engine.auditing.soon(
            _deed(action, result=str(body.get("error", "refused")), detail=fields.get("grant_type", ""))
        )
        return
    said = {"detail": fields.get("grant_type", ""), "client": str(body.get("client_id", ""))}
    if "access_token" in body:
        said |= _of_token(engine, body["access_token"], said["detail"])
    await engine.auditing.now(_deed(action, **said))


def _of_token(engine: Engine, token: str, grant: str) -> dict[str, str]:
    try:
        principal = engine.tokens.verify(token, now())
    except TokenRefused:  # ended in the very moment in which it was issued
        return {}
    scopes = " ".join(sorted(principal.scopes))
    return {
        "user": principal.subject,
        "client": principal.client,
        "token": principal.token,
        "detail": f"{grant}: {scopes}",
    }


def _deed(action: str, **said: Any) -> Deed:
    return Deed(at=now(), action=action, address=address(), **said)
