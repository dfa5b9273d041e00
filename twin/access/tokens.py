"""Access tokens: JWTs signed with ES256 in the profile of RFC 9068, issued here and verified here.

Verification is lean because every request and every MQTT CONNECT pays for it: the algorithm is pinned, the key must
be ours, and a token that was once good is remembered until it expires. What differs between refusals
(`TokenRefused.reason`) is for tests and logs; outside, all of them read the same.
"""

from __future__ import annotations

import re
from base64 import urlsafe_b64decode
from typing import TYPE_CHECKING, Any, Literal

import msgspec
import orjson
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, utils
from joserfc import jwt

from twin.access.principals import Principal
from twin.errors import Unauthenticated
from twin.ids import mint

if TYPE_CHECKING:
    from collections.abc import Callable, Container

    from twin.access.issuers.trust import Trust
    from twin.access.keys import KeyRing, SigningKey

__all__ = ["LIFETIME", "Issued", "OnBehalf", "Reason", "TokenRefused", "Tokens"]

LIFETIME = 600
"""Seconds an access token lives, where nothing else is said."""

Reason = Literal["malformed", "header", "signature", "claims", "issuer", "audience", "expired", "early", "revoked"]

_SHAPE = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]{86}\Z")
_LONGEST = 8192
_REMEMBERED = 10_000
_HEADERS = 64
_SKEW = 60
_SECOND = 1_000_000
_ES256 = ec.ECDSA(hashes.SHA256())
_TYPES = frozenset({"at+jwt", "application/at+jwt"})


class TokenRefused(Unauthenticated):
    """A token that does not verify. ``reason`` says why to tests and logs, and never leaves the process."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(
            "the access token is not valid",
            help="ask /oauth/token for a new one; a token expires, and dies when its client is rotated or removed",
        )
        self.reason = reason


class Issued(msgspec.Struct, frozen=True):
    """A new token and the seconds it will live."""

    token: str
    expires_in: int


class OnBehalf(msgspec.Struct, frozen=True):
    """The user for whom a client gets a token, what they let it do, and when they had shown their password."""

    id: str
    authorization: str
    signed_in: int


class _Claims(msgspec.Struct):
    """What must be in a token, and of which type; other claims are ignored."""

    iss: str
    sub: str
    aud: str | list[str]
    client_id: str
    scope: str
    exp: int
    iat: int
    jti: str
    sites: list[str] | None
    generation: int
    nbf: int = 0
    authorization: str = ""
    device: str = ""


_claims = msgspec.json.Decoder(_Claims)


class Tokens:
    """Issues and verifies the tokens of one issuer for one audience, both of them URLs."""

    def __init__(
        self,
        ring: Callable[[], KeyRing],
        *,
        issuer: str,
        audience: str,
        current: Callable[[str], int | None],
        revoked: Container[str] = frozenset(),
        lifetime: int = LIFETIME,
    ) -> None:
        """``ring`` gives the keys as they are now (`Keys.ring`), ``current`` a client's generation now, None when
        there is no such client (`Clients.current`); ``revoked`` has the ids of tokens and authorizations that ended.
        """
        self.issuer = issuer
        self.audience = audience
        self.fellows: set[str] = set()
        """Where clients reach other processes of this twin, which sign with the same keys: as good as ours."""
        self._ring = ring
        self.lifetime = lifetime
        self._current = current
        self._revoked = revoked
        self._seen = ring()
        self._headers: dict[str, SigningKey] = {}
        self._known: dict[str, Principal] = {}

    @property
    def servers(self) -> tuple[str, ...]:
        """The issuers whose tokens are taken."""
        return (self.issuer,)

    @property
    def trusts(self) -> tuple[Trust, ...]:
        """What is known of issuers other than us."""
        return ()

    def jwks(self) -> dict[str, Any]:
        """The public keys (RFC 7517) for anyone who wants to verify a token, the next one among them."""
        return {"keys": self._ring().published()}

    def issue(
        self,
        client: str,
        *,
        scopes: frozenset[str],
        sites: frozenset[str] | None,
        generation: int,
        now: int,
        user: OnBehalf | None = None,
        device: str = "",
    ) -> Issued:
        """A new token for a client, on behalf of a user, in its own name, or in that of the one gateway or device (by
        id) that it is; ``now`` in microseconds.
        """
        at = now // _SECOND
        claims: dict[str, Any] = {
            "iss": self.issuer,
            "sub": client if user is None else user.id,
            "aud": self.audience,
            "client_id": client,
            "scope": " ".join(sorted(scopes)),
            "exp": at + self.lifetime,
            "iat": at,
            "jti": mint(),
            "sites": None if sites is None else sorted(sites),
            "generation": generation,
        }
        if user is not None:
            claims.update(authorization=user.authorization, auth_time=user.signed_in // _SECOND)
        if device:
            claims["device"] = device
        return Issued(self.sign("at+jwt", claims), self.lifetime)

    def sign(self, typ: str, claims: dict[str, Any]) -> str:
        """A JWT of any type, signed with the current key."""
        key = self._ring().current
        return jwt.encode({"alg": "ES256", "kid": key.kid, "typ": typ}, claims, key.private, algorithms=["ES256"])

    def verify(self, token: str, now: int) -> Principal:
        """Who a token speaks for; `TokenRefused` when it does not verify at ``now`` (microseconds)."""
        if self._ring() is not self._seen:
            self._forget()
        principal = self._known.get(token)
        if principal is None:
            principal = self._check(token, now)
            self._remember(token, principal)
        if principal.expires <= now:
            self._known.pop(token, None)
            raise TokenRefused("expired")
        if self._ended(principal):
            raise TokenRefused("revoked")
        return principal

    async def run(self) -> None:
        """Keep up with other issuers: there are none."""

    async def ready(self, token: str) -> None:
        """Return once all is known that it takes to verify a token: of ours, it is."""

    def remembers(self, token: str) -> bool:
        """Whether a token was good before."""
        return token in self._known

    def holds(self, principal: Principal, now: int) -> bool:
        """Whether what was verified earlier is still good: what open connections ask again and again."""
        return principal.expires > now and not self._ended(principal)

    def _ended(self, principal: Principal) -> bool:
        return (
            self._current(principal.client) != principal.generation
            or principal.token in self._revoked
            or principal.authorization in self._revoked
        )

    def _forget(self) -> None:
        """The keys have changed: what was verified with one that is gone is verified no more."""
        self._seen = self._ring()
        self._known.clear()
        self._headers.clear()

    def _remember(self, token: str, principal: Principal) -> None:
        if len(self._known) >= _REMEMBERED:
            del self._known[next(iter(self._known))]
        self._known[token] = principal

    def _check(self, token: str, now: int) -> Principal:
        if len(token) > _LONGEST or _SHAPE.match(token) is None:
            raise TokenRefused("malformed")
        signed, _, signature = token.rpartition(".")
        header, _, payload = signed.partition(".")
        key = self._headers.get(header) or self._check_header(header)
        self._check_signature(key, signed, signature)
        if len(self._headers) < _HEADERS:
            self._headers[header] = key
        try:
            claims = _claims.decode(_unpadded(payload))
        except (ValueError, msgspec.MsgspecError) as error:
            raise TokenRefused("claims") from error
        return self._check_claims(claims, now // _SECOND)

    def _check_header(self, segment: str) -> SigningKey:
        """RFC 8725 section 3.1 and RFC 9068 section 4: algorithm, type and key are ours to say, not the token's."""
        try:
            header = orjson.loads(_unpadded(segment))
        except ValueError as error:
            raise TokenRefused("malformed") from error
        if not (
            isinstance(header, dict)
            and header.get("alg") == "ES256"
            and (key := self._seen.find(header.get("kid"))) is not None
            and _is_access_token(header.get("typ"))
            and "crit" not in header
        ):
            raise TokenRefused("header")
        return key

    @staticmethod
    def _check_signature(key: SigningKey, signed: str, signature: str) -> None:
        raw = _unpadded(signature)
        r, s = int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big")
        try:
            key.public.verify(utils.encode_dss_signature(r, s), signed.encode(), _ES256)
        except InvalidSignature as error:
            raise TokenRefused("signature") from error

    def _check_claims(self, claims: _Claims, now: int) -> Principal:
        if claims.iss not in {self.issuer, *self.fellows}:
            raise TokenRefused("issuer")
        if {self.audience, *self.fellows}.isdisjoint([claims.aud] if isinstance(claims.aud, str) else claims.aud):
            raise TokenRefused("audience")
        if max(claims.iat, claims.nbf) > now + _SKEW:
            raise TokenRefused("early")
        return Principal(
            client=claims.client_id,
            subject=claims.sub,
            scopes=frozenset(claims.scope.split()),
            sites=None if claims.sites is None else frozenset(claims.sites),
            generation=claims.generation,
            expires=claims.exp * _SECOND,
            token=claims.jti,
            authorization=claims.authorization,
            device=claims.device,
        )


def _is_access_token(typ: object) -> bool:
    """Media types are compared without regard to case (RFC 7515, section 4.1.9)."""
    return isinstance(typ, str) and typ.lower() in _TYPES


def _unpadded(segment: str) -> bytes:
    """base64url without padding (RFC 7515, section 2); the alphabet has been checked."""
    return urlsafe_b64decode(segment + "=" * (-len(segment) % 4))
