"""The four ways to a token: a code, a refresh token, a device code, or a client's own name."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any

from authlib.oauth2.rfc6749 import (  # type: ignore[import-untyped]  # it has no types
    AccessDeniedError,
    InvalidGrantError,
    InvalidRequestError,
    InvalidScopeError,
    UnauthorizedClientError,
)
from authlib.oauth2.rfc6749.grants import BaseGrant, TokenEndpointMixin  # type: ignore[import-untyped]  # no types
from authlib.oauth2.rfc8628 import (  # type: ignore[import-untyped]  # it has no types
    AuthorizationPendingError,
    ExpiredTokenError,
    SlowDownError,
)

from api.oauth.identity import id_token
from api.oauth.server import METHODS, Server, check_resources
from twin.access.applications import CODE, DEVICE, MACHINE, REFRESH
from twin.access.authorizations import Redeemed
from twin.access.principals import SCOPES
from twin.times import now

if TYPE_CHECKING:
    from twin.access.authority import Authority
    from twin.access.clients import Client
    from twin.access.tokens import Issued

__all__ = ["token_server"]

_HEADERS = [("Content-Type", "application/json"), ("Cache-Control", "no-store"), ("Pragma", "no-cache")]
_VERIFIER = re.compile(r"[A-Za-z0-9\-._~]{43,128}\Z")
_NOT_YET = {
    "authorization_pending": AuthorizationPendingError,
    "slow_down": SlowDownError,
    "access_denied": AccessDeniedError,
    "expired_token": ExpiredTokenError,
}


def token_server(authority: Authority) -> Server:
    """A server that gives tokens in all four ways; in the last alone where people sign in elsewhere."""
    server = Server(authority)
    for grant in (_Machine,) if authority.external_only else (_Code, _Refresh, _Device, _Machine):
        server.register_grant(grant)
    return server


class _Grant(BaseGrant, TokenEndpointMixin, ABC):  # type: ignore[misc]  # Authlib has no types
    """What the four have in common: the client shows who it is, and may ask in this way, for us."""

    TOKEN_ENDPOINT_AUTH_METHODS = METHODS
    NEEDS = ""
    """The parameter without which there is nothing to look at."""

    @property
    def authority(self) -> Authority:
        found: Authority = self.server.authority
        return found

    @property
    def known(self) -> Client:
        found: Client = self.request.client
        return found

    @property
    def refreshes(self) -> bool:
        return REFRESH in self.known.application.grants

    def said(self, name: str) -> str:
        return str(self.request.form.get(name, ""))

    def validate_token_request(self) -> None:
        """Nothing is looked up, and nothing used up, before the client has shown who it is."""
        client = self.server.client_of(self.request, self.TOKEN_ENDPOINT_AUTH_METHODS)
        if self.GRANT_TYPE not in client.application.grants:
            raise UnauthorizedClientError
        self.request.client = client
        check_resources(self.request.fields, self.authority.tokens.audience)
        if self.NEEDS and not self.said(self.NEEDS):
            raise InvalidRequestError(f"{self.NEEDS} is missing")

    def create_token_response(self) -> tuple[int, dict[str, Any], list[tuple[str, str]]]:
        return 200, self.bought(), _HEADERS

    @abstractmethod
    def bought(self) -> dict[str, Any]:
        """What the client gets for what it brought."""

    def held(self, found: Redeemed | None) -> Redeemed:
        """What was bought; if it was nothing, a replay may have ended an authorization: its tokens end now."""
        if found is None:
            self.authority.revocations.refresh()
            raise InvalidGrantError
        return found

    def on_behalf(self, redeemed: Redeemed, asked: frozenset[str]) -> dict[str, Any]:
        """What an app gets that acts for a user."""
        authorization = redeemed.authorization
        issued = self.authority.token_for(self.known, authorization, asked)
        body = _body(issued, asked & authorization.scopes & self.known.scopes)
        if redeemed.refresh_token:
            body["refresh_token"] = redeemed.refresh_token
        if redeemed.first and "openid" in authorization.scopes:
            body["id_token"] = id_token(self.authority, authorization, issued.token)
        return body


class _Code(_Grant):
    """RFC 6749 section 4.1.3, with RFC 7636."""

    GRANT_TYPE = CODE
    NEEDS = "code"

    def validate_token_request(self) -> None:
        super().validate_token_request()
        if _VERIFIER.match(self.said("code_verifier")) is None:
            raise InvalidRequestError("code_verifier is missing, or not as RFC 7636 has it")

    def bought(self) -> dict[str, Any]:
        found = self.authority.authorizations.redeem(
            self.said("code"),
            self.known.client_id,
            redirect_uri=self.said("redirect_uri"),
            verifier=self.said("code_verifier"),
            refresh=self.refreshes,
        )
        held = self.held(found)
        return self.on_behalf(held, held.authorization.scopes)


class _Refresh(_Grant):
    """RFC 6749 section 6, with the rotation of RFC 9700 section 4.14."""

    GRANT_TYPE = REFRESH
    NEEDS = "refresh_token"

    def bought(self) -> dict[str, Any]:
        token, client_id = self.said("refresh_token"), self.known.client_id
        asked = frozenset(self.said("scope").split())
        held = self.authority.authorizations.of_refresh_token(token, client_id)
        if held is not None and not asked <= held.scopes:
            raise InvalidScopeError("more than the user has let this client do")
        found = self.held(self.authority.authorizations.refresh(token, client_id))
        return self.on_behalf(found, asked or found.authorization.scopes)


class _Device(_Grant):
    """RFC 8628 section 3.4."""

    GRANT_TYPE = DEVICE
    NEEDS = "device_code"

    def bought(self) -> dict[str, Any]:
        found = self.authority.device_codes.redeem(
            self.said("device_code"), self.known.client_id, refresh=self.refreshes
        )
        if found == "invalid_grant":
            self.held(None)
        if not isinstance(found, Redeemed):
            raise _NOT_YET[found]
        return self.on_behalf(found, found.authorization.scopes)


class _Machine(_Grant):
    """RFC 6749 section 4.4: in its own name, and only who has shown that it is it."""

    GRANT_TYPE = MACHINE

    def bought(self) -> dict[str, Any]:
        client = self.known
        if not client.application.assured:
            raise UnauthorizedClientError
        may = client.scopes & SCOPES.keys()
        wanted = frozenset(self.said("scope").split()) or may
        if not wanted or not wanted <= may:
            raise InvalidScopeError("the client may not ask for this scope")
        issued = self.authority.tokens.issue(
            client.client_id,
            scopes=wanted,
            sites=client.sites,
            generation=client.generation,
            now=now(),
            device="" if client.box is None else client.box.device,
        )
        return _body(issued, wanted)


def _body(issued: Issued, scopes: frozenset[str]) -> dict[str, Any]:
    return {
        "access_token": issued.token,
        "token_type": "Bearer",
        "expires_in": issued.expires_in,
        "scope": " ".join(sorted(scopes)),
    }
