"""The authorization server as programs meet it: Authlib's, with our grants and our ways to show who a client is.

It blocks (records are read through SQLAlchemy), so it runs in a thread, on a request that was read completely before
and cannot change. Nothing it answers tells a client that does not exist from a secret that is wrong.
"""

from __future__ import annotations

import base64
import binascii
import logging
from collections import defaultdict
from typing import TYPE_CHECKING, Any

from authlib.oauth2 import AuthorizationServer, OAuth2Error  # type: ignore[import-untyped]  # it has no types
from authlib.oauth2.rfc6749 import (  # type: ignore[import-untyped]  # it has no types
    ClientMixin,
    InvalidClientError,
    InvalidRequestError,
    OAuth2Payload,
    OAuth2Request,
)

from api.oauth.forms import Answer
from twin.access.principals import IDENTITY_SCOPES, SCOPES
from twin.errors import Unauthenticated

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from api.oauth.forms import Form
    from twin.access.applications import Proof
    from twin.access.authority import Authority
    from twin.access.clients import Client

__all__ = ["ASSERTION", "METHODS", "PRIVATE_METHODS", "InvalidTargetError", "Server", "check_resources"]

PRIVATE_METHODS = ["client_secret_basic", "client_secret_post", "private_key_jwt"]
METHODS = [*PRIVATE_METHODS, "none"]
ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_PROOFS: dict[str, Proof] = {
    "client_secret_basic": "secret",
    "client_secret_post": "secret",
    "private_key_jwt": "key",
    "none": "none",
}
_REPEATABLE = frozenset({"resource"})
# Authlib logs the tokens that it issues, at DEBUG: a secret must not be in a log, whatever the level of ours.
logging.getLogger("authlib").setLevel(logging.INFO)


class InvalidTargetError(OAuth2Error):  # type: ignore[misc]  # Authlib has no types
    """A token was asked for somebody else's API (RFC 8707, section 2)."""

    error = "invalid_target"


class Applicant(ClientMixin):  # type: ignore[misc]  # Authlib has no types
    """Whoever says they are a client. Unknown ones get this far too, and fail where a wrong secret fails."""

    def __init__(self, client_id: str, authority: Authority) -> None:
        self.client_id = client_id
        self.client: Client | None = None
        self._authority = authority

    @property
    def known(self) -> Client:
        """The client, once it has shown that it is it."""
        if self.client is None:
            raise InvalidClientError(status_code=401)
        return self.client

    def check_client_secret(self, client_secret: str) -> bool:
        """Whether that is its secret."""
        try:
            self.client = self._authority.clients.authenticate(self.client_id, client_secret)
        except Unauthenticated:
            return False
        return True

    def check_endpoint_auth_method(self, method: str, _endpoint: str) -> bool:
        """Whether it may show who it is in that way: the one it registered, and no weaker one."""
        if self.client is None:
            self.client = self._authority.clients.find(self.client_id)
        return self.client is not None and self.client.application.proof == _PROOFS.get(method)

    def check_grant_type(self, grant_type: str) -> bool:
        """Whether it may ask in that way."""
        return grant_type in self.known.application.grants


class Server(AuthorizationServer):  # type: ignore[misc]  # Authlib has no types
    """Answers programs; safe to call from several threads."""

    def __init__(self, authority: Authority) -> None:
        super().__init__(scopes_supported=[*SCOPES, *IDENTITY_SCOPES])
        self.authority = authority
        self.register_client_auth_method("private_key_jwt", self._by_assertion)

    def token(self, form: Form) -> Answer:
        """A token, or the error of RFC 6749 (section 5.2). `BackendError` when the records cannot be read."""
        request = Request(form)
        try:
            check(form)
        except OAuth2Error as error:
            return self._refused(request, error)
        answer: Answer = self.create_token_response(request)
        return answer

    def authenticated(self, form: Form, methods: list[str], act: Callable[[Client, dict[str, str]], Answer]) -> Answer:
        """What an endpoint answers a client that has shown who it is."""
        request = Request(form)
        try:
            check(form)
            return act(self.client_of(request, methods), request.form)
        except OAuth2Error as error:
            return self._refused(request, error)

    def client_of(self, request: Request, methods: list[str]) -> Client:
        """The client that has shown who it is; what it says of itself must not contradict that."""
        applicant = self.authenticate_client(request, methods)
        said = request.payload.client_id
        if said is not None and said != applicant.client_id:
            raise InvalidClientError(status_code=401)
        client: Client = applicant.known
        return client

    def query_client(self, client_id: str) -> Applicant:
        """Whoever that is."""
        return Applicant(client_id, self.authority)

    def save_token(self, token: Any, request: OAuth2Request) -> None:
        """Nothing to keep: a token proves itself."""

    def send_signal(self, name: str, *_unused: object, **_also: object) -> None:
        """Nobody listens."""

    def create_oauth2_request(self, request: Request) -> Request:
        """It is one already."""
        return request

    def handle_response(self, status: int, body: dict[str, Any], headers: Sequence[tuple[str, str]]) -> Answer:
        """What goes back."""
        said = {name.title(): value for name, value in headers}
        if "Www-Authenticate" in said:  # Authlib leaves out the realm, which RFC 7617 asks for
            said["Www-Authenticate"] = 'Basic realm="twin", charset="UTF-8"'
        return Answer(status, body, {**said, "Cache-Control": "no-store"})

    def _by_assertion(self, query_client: Callable[[str], Applicant], request: Request) -> Applicant | None:
        form = request.form
        if form.get("client_assertion_type") != ASSERTION:
            return None
        client = self.authority.assertions.authenticate(form.get("client_assertion", ""), form.get("client_id", ""))
        if client is None:
            return None
        applicant = query_client(client.client_id)
        applicant.client = client
        return applicant

    def _refused(self, request: Request, error: OAuth2Error) -> Answer:
        refused: Answer = self.handle_error_response(request, error)
        return refused


def check(form: Form) -> None:
    """What RFC 6749 (sections 2.3 and 3.2) forbids and Authlib lets pass."""
    names = [name for name, _ in form.fields if name not in _REPEATABLE]
    if len(names) != len(set(names)):
        raise InvalidRequestError("a parameter is repeated")
    if form.query:
        raise InvalidRequestError("parameters belong in the body, not in the query string")
    ways = [*form.authorization, *(name for name in ("client_secret", "client_assertion") if name in names)]
    if len(ways) > 1:
        raise InvalidRequestError("the client authenticates in more than one way")


def check_resources(fields: Sequence[tuple[str, str]], audience: str) -> None:
    """A token is for us and for nobody else (RFC 8707): whatever is named as its resource must be us."""
    for name, value in fields:
        if name == "resource" and value not in {audience, f"{audience}/"}:
            raise InvalidTargetError("this server gives tokens for itself only")


class Payload(OAuth2Payload):  # type: ignore[misc]  # Authlib has no types
    """The fields of a request, each once."""

    def __init__(self, fields: Sequence[tuple[str, str]]) -> None:
        # A parameter without a value is treated as if it were not there (RFC 6749, section 3.1).
        self._data = {name: value for name, value in fields if value}

    @property
    def data(self) -> dict[str, str]:
        """By name."""
        return self._data

    @property
    def datalist(self) -> defaultdict[str, list[str]]:
        """By name, as Authlib wants them."""
        return defaultdict(list, {name: [value] for name, value in self._data.items()})


class Request(OAuth2Request):  # type: ignore[misc]  # Authlib has no types
    """A request as Authlib reads it."""

    def __init__(self, form: Form) -> None:
        # Authlib wants https in the address and looks at nothing else of it; TLS may well end at a proxy before us.
        super().__init__("POST", "https://twin/oauth/token", headers=_readable(form.authorization))
        self.payload = Payload(form.fields)
        self.fields = form.fields

    @property
    def form(self) -> dict[str, str]:
        """The fields by name."""
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
