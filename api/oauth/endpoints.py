"""What programs ask the server beside tokens: to take one back, to look into one, and to begin what a person ends."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from authlib.oauth2.rfc6749 import (  # type: ignore[import-untyped]  # it has no types
    InvalidRequestError,
    InvalidScopeError,
    UnauthorizedClientError,
)

from api.oauth.asking import Misdirected, Refused, checked
from api.oauth.forms import Answer
from api.oauth.server import METHODS, PRIVATE_METHODS, Server, check_resources
from twin.access.applications import DEVICE
from twin.access.device_codes import INTERVAL, LIFETIME
from twin.access.pushed import PUSHED_SECONDS
from twin.access.tokens import TokenRefused
from twin.times import now

if TYPE_CHECKING:
    from api.oauth.forms import Form
    from twin.access.authority import Authority
    from twin.access.clients import Client

__all__ = ["authorize_device", "introspect", "push", "revoke"]

_SECOND = 1_000_000
_CREDENTIALS = frozenset({"client_secret", "client_assertion", "client_assertion_type"})


def revoke(authority: Authority, form: Form) -> Answer:
    """RFC 7009: a refresh token goes with all that its user let the app do, an access token alone.

    Whether there was such a token, and whose it was, is told to nobody.
    """

    def act(client: Client, said: dict[str, str]) -> Answer:
        token = _token(said)
        authority.authorizations.revoke(token, client.client_id)
        try:
            principal = authority.tokens.verify(token, now())
        except TokenRefused:
            principal = None
        if principal is not None and principal.client == client.client_id:
            authority.revocations.add(principal.token)
        else:
            authority.revocations.refresh()
        return Answer(200, None)

    return Server(authority).authenticated(form, METHODS, act)


def introspect(authority: Authority, form: Form) -> Answer:
    """RFC 7662, for clients that can keep a secret, of tokens that are their own: others do not exist for them."""

    def act(client: Client, said: dict[str, str]) -> Answer:
        token = _token(said)
        return Answer(200, _access(authority, client, token) or _refresh(authority, client, token) or {"active": False})

    return Server(authority).authenticated(form, PRIVATE_METHODS, act)


def authorize_device(authority: Authority, form: Form) -> Answer:
    """RFC 8628, section 3.1: a code for the box, and one for the person in front of it."""

    def act(client: Client, said: dict[str, str]) -> Answer:
        if DEVICE not in client.application.grants:
            raise UnauthorizedClientError
        check_resources(form.fields, authority.tokens.audience)
        asked = said.get("scope", "")
        scopes = frozenset(asked.split()) & client.scopes if asked else client.scopes
        if not scopes:
            raise InvalidScopeError("the client may have none of these scopes")
        device_code, user_code = authority.device_codes.begin(client.client_id, scopes)
        address = f"{authority.pages}/device"
        return Answer(
            200,
            {
                "device_code": device_code,
                "user_code": user_code,
                "verification_uri": address,
                "verification_uri_complete": f"{address}?user_code={user_code}",
                "expires_in": LIFETIME,
                "interval": INTERVAL,
            },
        )

    return Server(authority).authenticated(form, METHODS, act)


def push(authority: Authority, form: Form) -> Answer:
    """RFC 9126: the request is checked now, and again when the browser brings its address."""

    def act(client: Client, said: dict[str, str]) -> Answer:
        if "request_uri" in said:
            raise InvalidRequestError("request_uri cannot be pushed")
        fields = [field for field in form.fields if field[0] not in _CREDENTIALS and field[0] != "client_id"]
        fields.append(("client_id", client.client_id))
        try:
            checked(authority, fields)
        except Misdirected as error:
            return Answer(400, {"error": "invalid_request", "error_description": error.why})
        except Refused as error:
            return Answer(400, {"error": error.error, "error_description": error.why})
        address = authority.pushed.push(client.client_id, fields)
        return Answer(201, {"request_uri": address, "expires_in": PUSHED_SECONDS})

    return Server(authority).authenticated(form, METHODS, act)


def _token(said: dict[str, str]) -> str:
    if "token" not in said:
        raise InvalidRequestError("token is missing")
    return said["token"]


def _access(authority: Authority, client: Client, token: str) -> dict[str, Any] | None:
    try:
        principal = authority.tokens.verify(token, now())
    except TokenRefused:
        return None
    if principal.client != client.client_id:
        return None
    return {
        "active": True,
        "token_type": "Bearer",
        "iss": authority.issuer,
        "aud": authority.tokens.audience,
        "client_id": principal.client,
        "sub": principal.subject,
        "scope": " ".join(sorted(principal.scopes)),
        "exp": principal.expires // _SECOND,
        "jti": principal.token,
    }


def _refresh(authority: Authority, client: Client, token: str) -> dict[str, Any] | None:
    found = authority.authorizations.of_refresh_token(token, client.client_id)
    if found is None:
        return None
    return {
        "active": True,
        "iss": authority.issuer,
        "client_id": found.client,
        "sub": found.user,
        "scope": " ".join(sorted(found.scopes)),
    }
