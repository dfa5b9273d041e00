"""What a verified token of another issuer says, in our words: who, through which client, until when, and what for.

An access token is told from others of the same issuer: by its type where the issuer follows RFC 9068, by the ``typ``
claim where it is Keycloak, and else by what only id tokens and logout tokens carry (OpenID Connect Core, section 2).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from twin.access.principals import SCOPES
from twin.access.tokens import TokenRefused

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from twin.access.issuers.configured import Gives, Issuer

__all__ = ["Said", "is_access_type", "said_by"]

_SKEW = 60
_SECOND = 1_000_000
_LONGEST = 255
_PROFILED = frozenset({"at+jwt", "application/at+jwt"})
_PLAIN = frozenset({"jwt", "application/jwt"})
_OF_ID_TOKENS = ("nonce", "at_hash", "c_hash", "s_hash")
_YES = (True, "true", "1")


class Said(msgspec.Struct, frozen=True):
    """What a token says. ``expires`` is in microseconds."""

    subject: str
    client: str
    """The application that got it."""
    scopes: frozenset[str]
    organisations: tuple[str, ...]
    """Keys of organisations whose roles it gives."""
    expires: int
    token: str
    """Its own id, where it has one."""
    email: str
    """The address, if the issuer says that it is verified; else nothing."""
    name: str


def is_access_type(issuer: Issuer, typ: object) -> bool:
    """Whether a header's ``typ`` may be an access token's (RFC 9068, section 4)."""
    kind = "jwt" if typ is None else typ.lower() if isinstance(typ, str) else ""
    return kind in _PROFILED if issuer.profiled else kind in _PROFILED | _PLAIN


def said_by(issuer: Issuer, typ: object, claims: Mapping[str, Any], now: int) -> Said:
    """What a token with a good signature says at a time (microseconds). `TokenRefused` when it is not for us, not now,
    or no access token.
    """
    paths = issuer.claims
    if claims.get("iss") != issuer.issuer:
        raise TokenRefused("issuer")
    audience = claims.get("aud")
    audiences = set[str]() if isinstance(audience, dict) else _words(audience)
    if issuer.audiences.isdisjoint(audiences):
        raise TokenRefused("audience")
    expires = _until(claims, now // _SECOND)
    subject, client = _one(claims, paths.subject), _one(claims, paths.client)
    scopes = frozenset(word for text in _many(claims, paths.scopes) for word in text.split())
    profiled = isinstance(typ, str) and typ.lower() in _PROFILED
    if not subject or not client or "cnf" in claims or not (profiled or _is_access(issuer, claims)):
        # One that is bound to a key (RFC 9449, RFC 8705) is nobody's who merely carries it.
        raise TokenRefused("claims")
    if not profiled and client in audiences and not scopes:
        raise TokenRefused("claims")
    given = list(_given(issuer, claims, scopes))
    ours = scopes.union(*(each.scopes for each in given)) & SCOPES.keys() & issuer.allowed_scopes
    return Said(
        subject=subject,
        client=client,
        scopes=frozenset(ours),
        organisations=tuple(dict.fromkeys(key for each in given for key in each.organisations)),
        expires=expires,
        token=_one(claims, ("jti", "uti")),
        email=_one(claims, paths.email) if _found(claims, paths.email_verified) in _YES else "",
        name=_one(claims, paths.name),
    )


def _until(claims: Mapping[str, Any], at: int) -> int:
    """When it expires, in microseconds."""
    expires, *since = (claims.get(name, 0) for name in ("exp", "nbf", "iat"))
    if not all(isinstance(each, int | float) and not isinstance(each, bool) for each in (expires, *since)):
        raise TokenRefused("claims")
    if not at < expires < at + 10 * 366 * 86_400:
        raise TokenRefused("expired")
    if max(since) > at + _SKEW:
        raise TokenRefused("early")
    return int(expires * _SECOND)


def _is_access(issuer: Issuer, claims: Mapping[str, Any]) -> bool:
    """Whether a token of no type of its own is an access token: neither for an application to read, nor of a logout."""
    kind = claims.get("typ")  # Keycloak: Bearer, ID, Refresh, Logout, DPoP …
    if kind is None and issuer.provider == "keycloak":
        return False
    if kind is not None:
        return bool(kind == "Bearer")  # older Keycloaks repeat the nonce in it
    if claims.get("token_use", "access") != "access":  # Amazon Cognito
        return False
    return "events" not in claims and not any(each in claims for each in _OF_ID_TOKENS)


def _given(issuer: Issuer, claims: Mapping[str, Any], scopes: frozenset[str]) -> Iterator[Gives]:
    paths = issuer.claims
    there = {
        "scope": scopes,
        "role": frozenset(_many(claims, paths.roles)),
        "group": frozenset(_many(claims, paths.groups)),
        "tenant": frozenset(_many(claims, paths.tenant)),
    }
    for each in issuer.gives:
        asked = {name: getattr(each.when, name) for name in there}
        if all(not value or value in there[name] for name, value in asked.items()):
            yield each


def _found(claims: object, paths: tuple[str, ...]) -> Any:
    """What the first of the paths leads to."""
    return next((found for path in paths if (found := _at(claims, path)) is not None), None)


def _at(claims: object, path: str) -> Any:
    """What a path leads to. A name may itself have dots (``https://twin.example/roles``): the longest counts first."""
    if not isinstance(claims, dict):
        return None
    if path in claims:
        return claims[path]
    end = len(path)
    while (end := path.rfind(".", 0, end)) > 0:
        if path[:end] in claims:
            return _at(claims[path[:end]], path[end + 1 :])
    return None


def _one(claims: Mapping[str, Any], paths: tuple[str, ...]) -> str:
    found = _found(claims, paths)
    return found if isinstance(found, str) and len(found) <= _LONGEST and found.isprintable() else ""


def _many(claims: Mapping[str, Any], paths: tuple[str, ...]) -> Iterator[str]:
    """All texts that the paths lead to: one, a list, or the names of an object (Keycloak's organisations)."""
    for path in paths:
        yield from _words(_at(claims, path))


def _words(found: object) -> set[str]:
    if isinstance(found, str):
        return {found}
    return {each for each in found if isinstance(each, str)} if isinstance(found, list | dict) else set()
