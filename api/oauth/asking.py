"""Authorization requests: what an app asks of a user, checked before anybody sees it (RFC 6749 section 4.1, RFC 9700).

Until the app and the address of its answer are known to belong together, nothing is sent anywhere (`Misdirected`):
the person is told instead. From then on the app is told, at that address and in the terms of the RFC (`Refused`).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import quote, urlencode

import msgspec

from twin.access.applications import CODE
from twin.access.clients import Client
from twin.access.principals import IDENTITY_SCOPES, SCOPES
from twin.access.pushed import PREFIX

if TYPE_CHECKING:
    from collections.abc import Sequence

    from twin.access.authority import Authority

__all__ = ["Asking", "Misdirected", "Refused", "answered", "checked", "read"]

_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}\Z")
_PROMPTS = frozenset({"none", "login", "consent", "select_account"})
_LONGEST = 2000
_REPEATABLE = frozenset({"resource"})


class Asking(msgspec.Struct, frozen=True, kw_only=True):
    """What an app asks, in terms that hold."""

    client: Client
    redirect_uri: str
    scopes: frozenset[str]
    challenge: str
    state: str | None = None
    nonce: str = ""
    prompt: frozenset[str] = frozenset()
    max_age: int | None = None
    login_hint: str = ""
    pushed: str = ""
    """The address of the pushed request (RFC 9126) that this is, if it is one."""

    @property
    def touches(self) -> frozenset[str]:
        """The scopes that are about sites."""
        return self.scopes & SCOPES.keys()


class Misdirected(Exception):
    """The app is unknown, or the address of the answer is not its own: tell the person, and not that address."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


class Refused(Exception):
    """The app asks for what it cannot have: it is told at its own address."""

    def __init__(self, error: str, why: str, *, redirect_uri: str = "", state: str | None = None) -> None:
        super().__init__(why)
        self.error = error
        self.why = why
        self.redirect_uri = redirect_uri
        self.state = state

    def location(self, issuer: str) -> str:
        """Where to send the person's browser."""
        return answered(self.redirect_uri, self.state, issuer, {"error": self.error, "error_description": self.why})


def answered(redirect_uri: str, state: str | None, issuer: str, said: dict[str, str]) -> str:
    """The app's address with an answer, which says whose it is (RFC 9207: no mix-up)."""
    fields = {**said, **({} if state is None else {"state": state}), "iss": issuer}
    joint = "&" if "?" in redirect_uri else "?"
    return f"{redirect_uri}{joint}{urlencode(fields, quote_via=quote)}"


def read(authority: Authority, fields: Sequence[tuple[str, str]]) -> Asking:
    """What a browser brings: the request itself, or the address of one that was pushed.

    Raises `Misdirected` and `Refused`.
    """
    request_uri = _one(fields, "request_uri")
    if request_uri is None:
        return checked(authority, fields)
    client = _client(authority, fields)
    pushed = authority.pushed.find(request_uri, client.client_id) if request_uri.startswith(PREFIX) else None
    if pushed is None:
        raise Misdirected("The request has expired, or was answered already: go back to the app and start again.")
    return msgspec.structs.replace(checked(authority, pushed), pushed=request_uri)


def checked(authority: Authority, fields: Sequence[tuple[str, str]]) -> Asking:
    """The request in terms that hold. Raises `Misdirected` and `Refused`."""
    client = _client(authority, fields)
    redirect_uri = _redirect_uri(client, fields)
    states = [value for name, value in fields if name == "state"]
    state = states[0] if len(states) == 1 else None
    try:
        return _asking(authority, client, redirect_uri, fields)
    except Refused as error:
        raise Refused(error.error, error.why, redirect_uri=redirect_uri, state=state) from None


def _client(authority: Authority, fields: Sequence[tuple[str, str]]) -> Client:
    client = authority.clients.find(_one(fields, "client_id") or "")
    if client is None or CODE not in client.application.grants:
        raise Misdirected("No app of that kind is known here: whoever made the link has to correct it.")
    return client


def _redirect_uri(client: Client, fields: Sequence[tuple[str, str]]) -> str:
    asked, known = _one(fields, "redirect_uri"), client.application.redirect_uris
    if asked is None and len(known) == 1:
        return known[0]
    if asked is None or not client.application.redirects_to(asked):
        raise Misdirected("The answer would go to an address that the app has not registered.")
    return asked


def _one(fields: Sequence[tuple[str, str]], name: str) -> str | None:
    """A field that must not be repeated, before it is known where to say so."""
    found = [value for each, value in fields if each == name and value]
    if len(found) > 1:
        raise Misdirected(f"The request says {name} twice: whoever made the link has to correct it.")
    return found[0] if found else None


def _asking(authority: Authority, client: Client, redirect_uri: str, fields: Sequence[tuple[str, str]]) -> Asking:
    names = [name for name, _ in fields if name not in _REPEATABLE]
    if len(names) != len(set(names)):
        raise Refused("invalid_request", "a parameter is repeated")
    said = {name: value for name, value in fields if value}
    if any(len(said.get(name, "")) > _LONGEST for name in ("state", "nonce", "scope", "login_hint")):
        raise Refused("invalid_request", "a parameter is too long")
    for name in ("request", "registration"):
        if name in said:
            raise Refused(f"{name}_not_supported", f"leave {name} out, or push the request to /oauth/par")
    if said.get("response_type") != "code":
        raise Refused("unsupported_response_type", "response_type must be code")
    if said.get("response_mode", "query") != "query":
        raise Refused("invalid_request", "response_mode must be query")
    for name, value in fields:
        if name == "resource" and value not in {authority.tokens.audience, f"{authority.tokens.audience}/"}:
            raise Refused("invalid_target", "this server gives tokens for itself only")
    prompt = _prompt(said.get("prompt", ""))
    return Asking(
        client=client,
        redirect_uri=redirect_uri,
        scopes=_scopes(client, said.get("scope", "")),
        challenge=_challenge(said),
        state=said.get("state"),
        nonce=said.get("nonce", ""),
        prompt=prompt,
        max_age=_max_age(said.get("max_age")),
        login_hint=said.get("login_hint", ""),
    )


def _scopes(client: Client, asked: str) -> frozenset[str]:
    """Requested and the client's; a request that names none is for all that the client may have."""
    known = client.scopes & (SCOPES.keys() | IDENTITY_SCOPES.keys())
    scopes = frozenset(asked.split()) & known if asked else known
    if not scopes:
        raise Refused("invalid_scope", "the app may have none of these scopes")
    return scopes


def _challenge(said: dict[str, str]) -> str:
    """S256, always (RFC 9700, section 2.1.1): a request without it, or with plain, is turned down."""
    if said.get("code_challenge_method") != "S256" or _CHALLENGE.match(said.get("code_challenge", "")) is None:
        raise Refused("invalid_request", "PKCE is needed: code_challenge with code_challenge_method=S256")
    return said["code_challenge"]


def _prompt(asked: str) -> frozenset[str]:
    prompt = frozenset(asked.split())
    if not prompt <= _PROMPTS or ("none" in prompt and len(prompt) > 1):
        raise Refused("invalid_request", "prompt cannot mean anything")
    return prompt


def _max_age(asked: str | None) -> int | None:
    if asked is None:
        return None
    if not asked.isdecimal() or len(asked) > 9:  # noqa: PLR2004 - thirty years
        raise Refused("invalid_request", "max_age must be a number of seconds")
    return int(asked)
