"""Sign-in (OpenID Connect Core): who the user is, told to an app that they have let know."""

from __future__ import annotations

from base64 import urlsafe_b64encode
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from twin.times import now

if TYPE_CHECKING:
    from twin.access.authority import Authority
    from twin.access.authorizations import Authorization
    from twin.access.principals import Principal
    from twin.access.users import User

__all__ = ["id_token", "userinfo"]

_SECOND = 1_000_000


def id_token(authority: Authority, authorization: Authorization, access_token: str) -> str:
    """Section 2. Its type is not that of an access token, so it is none (RFC 9068, section 5)."""
    at = now() // _SECOND
    claims: dict[str, Any] = {
        "iss": authority.issuer,
        "sub": authorization.user,
        "aud": authorization.client,
        "exp": at + authority.tokens.lifetime,
        "iat": at,
        "auth_time": authorization.signed_in // _SECOND,
        "at_hash": _half(access_token),
    }
    if authorization.nonce:
        claims["nonce"] = authorization.nonce
    user = authority.users.find(authorization.user)
    if user is not None:
        claims.update(_known(user, authorization.scopes))
    return authority.tokens.sign("JWT", claims)


def userinfo(authority: Authority, principal: Principal) -> dict[str, Any] | None:
    """Section 5.3; None when there is no such user any more."""
    user = authority.users.find(principal.subject)
    return None if user is None else {"sub": user.id, **_known(user, principal.scopes)}


def _known(user: User, scopes: frozenset[str]) -> dict[str, Any]:
    known: dict[str, Any] = {}
    if "profile" in scopes:
        known["name"] = user.name
    if "email" in scopes:
        known["email"] = user.email
    return known


def _half(token: str) -> str:
    """``at_hash`` (section 3.1.3.6): the left half of the digest."""
    return urlsafe_b64encode(sha256(token.encode()).digest()[:16]).rstrip(b"=").decode()
