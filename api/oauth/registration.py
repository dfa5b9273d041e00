"""Dynamic client registration (RFC 7591): a program that was given an initial access token registers itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
import orjson

from api.oauth.forms import Answer
from twin.access.applications import CODE, DEVICE, REFRESH, Application, Proof, checked_keys, checked_redirect
from twin.errors import InvalidValue, Unauthenticated
from twin.ids import mint

if TYPE_CHECKING:
    from twin.access.authority import Authority

__all__ = ["register"]

_ALLOWED = frozenset({CODE, REFRESH, DEVICE})
_PROOFS: dict[str, Proof] = {
    "client_secret_basic": "secret",
    "client_secret_post": "secret",
    "private_key_jwt": "key",
    "none": "none",
}
_MOST_ADDRESSES = 20
_LONGEST_NAME = 60
_SECOND = 1_000_000


class _Metadata(msgspec.Struct):
    """What is read of RFC 7591 (section 2); the rest is ignored, as it says."""

    redirect_uris: list[str] = []
    token_endpoint_auth_method: str = "client_secret_basic"  # noqa: S105 - the RFC's default
    grant_types: list[str] = msgspec.field(default_factory=lambda: [CODE])
    response_types: list[str] = msgspec.field(default_factory=lambda: ["code"])
    client_name: str = ""
    scope: str = ""
    jwks: Any = None
    jwks_uri: str = ""


class _NotSo(Exception):
    """Metadata that cannot be had: the RFC's word for it (section 3.2.2), and why."""

    def __init__(self, error: str, why: str) -> None:
        super().__init__(why)
        self.error = error
        self.why = why


def register(authority: Authority, body: bytes, token: str) -> Answer:
    """A new client. The token bounds its scopes; its users pick the sites."""
    try:
        allowed = authority.initial_tokens.scopes(token)
        application, scopes, metadata = _read(body, allowed)
        authority.initial_tokens.use(token)
    except Unauthenticated as error:
        challenge = 'Bearer realm="twin", error="invalid_token"'
        said = {"error": "invalid_token", "error_description": error.message}
        return Answer(401, said, {"WWW-Authenticate": challenge})
    except _NotSo as error:
        return Answer(400, {"error": error.error, "error_description": error.why})
    # Names of clients are unique, and those that programs give themselves are not.
    name = f"{application.title} {mint()[:8]}"
    client_id, secret = authority.clients.add(name, scopes, None, application)
    client = authority.clients.find(client_id)
    issued = 0 if client is None else client.created // _SECOND
    kept = {
        "client_id": client_id,
        "client_id_issued_at": issued,
        "client_name": application.title,
        "redirect_uris": list(application.redirect_uris),
        "grant_types": sorted(application.grants),
        "response_types": metadata.response_types,
        "token_endpoint_auth_method": metadata.token_endpoint_auth_method,
        "scope": " ".join(sorted(scopes)),
    }
    if secret:
        kept.update(client_secret=secret, client_secret_expires_at=0)
    if application.keys is not None:
        kept["jwks"] = application.keys
    return Answer(201, kept)


def _read(body: bytes, allowed: frozenset[str]) -> tuple[Application, frozenset[str], _Metadata]:
    try:
        said = msgspec.convert(orjson.loads(body), _Metadata)
    except (ValueError, msgspec.ValidationError) as error:
        raise _NotSo("invalid_client_metadata", "the body is not the JSON of RFC 7591") from error
    grants, proof = frozenset(said.grant_types), _PROOFS.get(said.token_endpoint_auth_method)
    if proof is None:
        raise _NotSo("invalid_client_metadata", f"token_endpoint_auth_method must be one of {', '.join(_PROOFS)}")
    if not grants <= _ALLOWED or not grants & {CODE, DEVICE}:
        raise _NotSo("invalid_client_metadata", f"grant_types must be among {', '.join(sorted(_ALLOWED))}")
    if (CODE in grants) != (said.response_types == ["code"]) and said.response_types:
        raise _NotSo("invalid_client_metadata", "response_types must be code, for authorization_code only")
    if (CODE in grants) != bool(said.redirect_uris) or len(said.redirect_uris) > _MOST_ADDRESSES:
        raise _NotSo("invalid_redirect_uri", "an app that uses authorization_code has 1 to 20 redirect_uris")
    title = said.client_name.strip()[:_LONGEST_NAME] or "An app without a name"
    if not title.isprintable():
        raise _NotSo("invalid_client_metadata", "client_name must be printable")
    application = Application(
        title=title,
        proof=proof,
        grants=grants,
        redirect_uris=_addresses(said.redirect_uris, proof),
        keys=_keys(said) if proof == "key" else None,
        registered=True,
    )
    scopes = frozenset(said.scope.split()) & allowed if said.scope else allowed
    if not scopes:
        raise _NotSo("invalid_client_metadata", f"scope must be among {' '.join(sorted(allowed))}")
    return application, scopes, said


def _addresses(uris: list[str], proof: Proof) -> tuple[str, ...]:
    try:
        return tuple(checked_redirect(uri, proof) for uri in uris)
    except InvalidValue as error:
        raise _NotSo("invalid_redirect_uri", error.message) from error


def _keys(said: _Metadata) -> dict[str, Any]:
    if said.jwks_uri:
        # Fetching what a stranger names would let them have us knock at any door of our own network.
        raise _NotSo("invalid_client_metadata", "send the keys themselves as jwks: jwks_uri is not fetched")
    try:
        return checked_keys(said.jwks)
    except InvalidValue as error:
        raise _NotSo("invalid_client_metadata", error.message) from error
