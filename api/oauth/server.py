"""The authorization server: Authlib's, with one grant (client_credentials) and two ways to show a secret.

It blocks (records are read through SQLAlchemy), so it runs in a thread, on a request that was read completely before
and cannot change. Nothing it answers tells a client that does not exist from a secret that is wrong.
"""

from __future__ import annotations

import base64
import binascii
import logging
from collections import defaultdict
from typing import TYPE_CHECKING, Any

import msgspec
from authlib.oauth2 import AuthorizationServer, OAuth2Error  # type: ignore[import-untyped]  # it has no types
from authlib.oauth2.rfc6749 import (  # type: ignore[import-untyped]  # it has no types
    ClientCredentialsGrant,
    ClientMixin,
    InvalidRequestError,
    InvalidScopeError,
    OAuth2Payload,
    OAuth2Request,
)

from twin.access.principals import SCOPES
from twin.errors import Unauthenticated
from twin.times import now

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from twin.access.clients import Client, Clients
    from twin.access.tokens import Tokens

__all__ = ["METHODS", "Answer", "Form", "TokenServer"]

METHODS = ["client_secret_basic", "client_secret_post"]
# Authlib logs the tokens that it issues, at DEBUG: a secret must not be in a log, whatever the level of ours.
logging.getLogger("authlib").setLevel(logging.INFO)


class Form(msgspec.Struct, frozen=True):
    """A request to the token endpoint, read completely: its query, its fields in order, its credentials."""

    query: str
    fields: tuple[tuple[str, str], ...]
    authorization: tuple[str, ...]


class Answer(msgspec.Struct, frozen=True):
    """What goes back."""

    status: int
    body: dict[str, Any]
    headers: dict[str, str]


class TokenServer:
    """Answers token requests; safe to call from several threads."""

    def __init__(self, clients: Clients, tokens: Tokens) -> None:
        self._server = _Server(clients, tokens)

    def answer(self, form: Form) -> Answer:
        """A token, or the error of RFC 6749 (section 5.2). `BackendError` when the records cannot be read."""
        request = _Request(form)
        try:
            _check(form)
        except OAuth2Error as error:
            refused: Answer = self._server.handle_error_response(request, error)
            return refused
        answer: Answer = self._server.create_token_response(request)
        return answer


def _check(form: Form) -> None:
    """What RFC 6749 (sections 2.3 and 3.2) forbids and Authlib lets pass."""
    names = [name for name, _ in form.fields]
    if len(names) != len(set(names)):
        raise InvalidRequestError("a parameter is repeated")
    if form.query:
        raise InvalidRequestError("parameters belong in the body, not in the query string")
    if len(form.authorization) > 1 or (form.authorization and "client_secret" in names):
        raise InvalidRequestError("the client authenticates in more than one way")


class _Payload(OAuth2Payload):  # type: ignore[misc]  # Authlib has no types
    def __init__(self, fields: Sequence[tuple[str, str]]) -> None:
        # A parameter without a value is treated as if it were not there (RFC 6749, section 3.1).
        self._data = {name: value for name, value in fields if value}

    @property
    def data(self) -> dict[str, str]:
        return self._data

    @property
    def datalist(self) -> defaultdict[str, list[str]]:
        return defaultdict(list, {name: [value] for name, value in self._data.items()})


class _Request(OAuth2Request):  # type: ignore[misc]  # Authlib has no types
    def __init__(self, form: Form) -> None:
        # Authlib wants https in the address and looks at nothing else of it; TLS may well end at a proxy before us.
        super().__init__("POST", "https://twin/oauth/token", headers=_readable(form.authorization))
        self.payload = _Payload(form.fields)

    @property
    def form(self) -> dict[str, str]:
        return dict(self.payload.data)


def _readable(authorization: Sequence[str]) -> dict[str, str]:
    """The Authorization header, if its credentials are base64 of UTF-8 at all (Authlib would fail on others)."""
    for value in authorization:
        try:
            base64.b64decode(value.partition(" ")[2], validate=True).decode()
        except (binascii.Error, ValueError):
            return {}
        return {"Authorization": value}
    return {}


class _Applicant(ClientMixin):  # type: ignore[misc]  # Authlib has no types
    """Whoever says they are a client. Unknown ones get this far too, and fail where a wrong secret fails."""

    def __init__(self, client_id: str, clients: Clients) -> None:
        self.client_id = client_id
        self.client: Client | None = None
        self._clients = clients

    def check_client_secret(self, client_secret: str) -> bool:
        try:
            self.client = self._clients.authenticate(self.client_id, client_secret)
        except Unauthenticated:
            return False
        return True

    def check_endpoint_auth_method(self, method: str, _endpoint: str) -> bool:
        return method in METHODS

    def check_grant_type(self, grant_type: str) -> bool:
        return grant_type == "client_credentials"


class _Grant(ClientCredentialsGrant):  # type: ignore[misc]  # Authlib has no types
    TOKEN_ENDPOINT_AUTH_METHODS = METHODS


class _Server(AuthorizationServer):  # type: ignore[misc]  # Authlib has no types
    def __init__(self, clients: Clients, tokens: Tokens) -> None:
        super().__init__(scopes_supported=list(SCOPES))
        self._clients = clients
        self._tokens = tokens
        self.register_grant(_Grant)
        self.register_token_generator("default", self._issue)

    def query_client(self, client_id: str) -> _Applicant:
        return _Applicant(client_id, self._clients)

    def save_token(self, token: Mapping[str, Any], request: OAuth2Request) -> None:
        """Nothing to keep: a token proves itself."""

    def send_signal(self, name: str, *_unused: object, **_also: object) -> None:
        """Nobody listens."""

    def create_oauth2_request(self, request: _Request) -> _Request:
        return request

    def handle_response(self, status: int, body: dict[str, Any], headers: Sequence[tuple[str, str]]) -> Answer:
        said = {name.title(): value for name, value in headers}
        if "Www-Authenticate" in said:  # Authlib leaves out the realm, which RFC 7617 asks for
            said["Www-Authenticate"] = 'Basic realm="twin", charset="UTF-8"'
        return Answer(status, body, {**said, "Cache-Control": "no-store"})

    def _issue(self, *, client: _Applicant, scope: str | None, **_unused: object) -> dict[str, Any]:
        registered = client.client
        assert registered is not None  # noqa: S101 - the grant has authenticated it
        wanted = frozenset((scope or "").split()) or registered.scopes
        if not wanted <= registered.scopes:
            raise InvalidScopeError("the client may not ask for this scope")
        issued = self._tokens.issue(
            registered.client_id,
            scopes=wanted,
            sites=registered.sites,
            generation=registered.generation,
            now=now(),
        )
        return {
            "access_token": issued.token,
            "token_type": "Bearer",
            "expires_in": issued.expires_in,
            "scope": " ".join(sorted(wanted)),
        }
