"""Whose tokens are taken: ours, and those of external issuers; each is checked by the keys of whom it says it is from.

So a key of one issuer never verifies a token of another, and what a token says of its issuer only chooses by whose keys
and rules it is held. A token that was good is remembered, as ours are. What is not known and can be learned (a new key,
who somebody is) is `Lacking`: somebody else learns it, and asks again.
"""

from __future__ import annotations

from base64 import urlsafe_b64decode
from typing import TYPE_CHECKING, Any, NoReturn

import msgspec
import orjson

from twin.access.issuers.claims import Said, is_access_type, said_by
from twin.access.issuers.signatures import Keys, has_signed
from twin.access.issuers.trust import Trust
from twin.access.opaque import digest
from twin.access.principals import Principal
from twin.access.tokens import TokenRefused
from twin.errors import BackendError, Forbidden

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterable, Mapping

    from twin.access.issuers.identities import Identities, Identity
    from twin.access.tokens import Tokens

__all__ = ["Bearers", "Lacking"]

_LONGEST = 16_384
_REMEMBERED = 10_000
_PARTS = 3


class Lacking(BackendError):
    """A token cannot be judged before something is known: ``about`` says who it is about, None: by which key."""

    def __init__(self, trust: Trust, about: Said | None = None, *, ask: bool = False) -> None:
        """``ask``: the keys are to be asked for; else they are being asked for, or were a moment ago."""
        super().__init__(
            "who issued the access token cannot be asked just now",
            code="issuer.waiting",
            help="try again in a moment; twin doctor says whether an issuer can be reached",
        )
        self.trust = trust
        self.about = about
        self.ask = ask


class _Known(msgspec.Struct, frozen=True):
    """A token that was good."""

    principal: Principal
    trust: Trust
    keys: Keys
    """Those by which it was: others now mean that it is to be checked again."""
    organisations: tuple[str, ...]


class Bearers:
    """Checks tokens. Nothing here blocks."""

    def __init__(
        self,
        ours: Tokens,
        trusts: Iterable[Trust],
        identities: Identities,
        *,
        revoked: Container[str],
        current: Callable[[str], int | None],
        organisations: Callable[[tuple[str, ...]], tuple[str, ...]],
    ) -> None:
        """``revoked`` and ``current`` as for `Tokens`; ``organisations`` turns their keys into the ids of those that
        there are.
        """
        self._ours = ours
        self._trusts = {each.issuer.issuer: each for each in trusts}
        self._by_name = {each.issuer.name: each for each in self._trusts.values()}
        self._identities = identities
        self._revoked = revoked
        self._current = current
        self._organisations = organisations
        self._known: dict[str, _Known] = {}

    def verify(self, token: str, now: int) -> Principal:
        """Who a token speaks for at a time (microseconds).

        Raises:
            TokenRefused: it does not verify. Forbidden: it does, and is about nobody here (``identity.unknown``).
            Lacking: that cannot be said before something is known.
        """
        known = self._known.get(token)
        if known is None:
            if self._ours.remembers(token) or (trust := self._trusts.get(_issuer_named(token))) is None:
                return self._ours.verify(token, now)
            known = self._check(trust, token, now)
        elif known.keys is not known.trust.keys or not self._lasts(known.principal, now):
            del self._known[token]
            known = self._check(known.trust, token, now)
        if not known.organisations:
            return known.principal
        parties = self._organisations(known.organisations)
        if parties == known.principal.parties:
            return known.principal
        principal = msgspec.structs.replace(known.principal, parties=parties)
        self._known[token] = msgspec.structs.replace(known, principal=principal)
        return principal

    def holds(self, principal: Principal, now: int) -> bool:
        """Whether what was verified earlier is still good."""
        return self._lasts(principal, now) if principal.issuer else self._ours.holds(principal, now)

    def _lasts(self, principal: Principal, now: int) -> bool:
        trust = self._by_name.get(principal.issuer)
        return (
            principal.expires > now
            and trust is not None
            and now < trust.until
            and principal.key in trust.ids
            and principal.authorization not in self._revoked
            and principal.token not in self._revoked
            and (not principal.own or self._current(principal.client) == principal.generation)
        )

    def _check(self, trust: Trust, token: str, now: int) -> _Known:
        header, claims, key_id = self._signed(trust, token, now)
        said = said_by(trust.issuer, header.get("typ"), claims, now)
        issuer = trust.issuer.issuer
        identity = self._identities.known(issuer, said.subject)
        if identity is None or identity.id in self._revoked or self._is_older(identity):
            if self._identities.is_stranger(issuer, said.subject):
                _stranger()
            raise Lacking(trust, said)
        principal = _principal(trust, said, identity, key_id, token)
        if principal.token in self._revoked or not self._lasts(principal, now):
            raise TokenRefused("revoked")
        if len(self._known) >= _REMEMBERED:
            del self._known[next(iter(self._known))]
        known = self._known[token] = _Known(principal, trust, trust.keys, said.organisations)
        return known

    def _is_older(self, identity: Identity) -> bool:
        """Whether a client has been rotated, or removed, since it was looked up."""
        return identity.kind == "client" and self._current(identity.holder) != identity.generation

    def _signed(self, trust: Trust, token: str, now: int) -> tuple[Mapping[str, Any], Mapping[str, Any], str]:
        """Header and claims of a token that one of the issuer's keys has signed, and which one (RFC 8725)."""
        signed, _, signature = token.rpartition(".")
        header, claims = (_object(each) for each in signed.split("."))
        algorithm, key_id = header.get("alg"), header.get("kid", "")
        if (
            not isinstance(algorithm, str)
            or not isinstance(key_id, str)
            or algorithm not in trust.issuer.algorithms
            or not is_access_type(trust.issuer, header.get("typ"))
            or "crit" in header
        ):
            raise TokenRefused("header")
        key = trust.key(key_id, algorithm, now)
        if key is None:
            ask = not trust.asking and trust.may_ask(now)
            if ask or trust.asking or trust.failing or now >= trust.until:
                raise Lacking(trust, ask=ask)
            raise TokenRefused("header")
        if not has_signed(key, algorithm, signed.encode(), _unpadded(signature)):
            raise TokenRefused("signature")
        return header, claims, key_id


def _principal(trust: Trust, said: Said, identity: Identity, key_id: str, token: str) -> Principal:
    machine = identity.kind == "client"
    name = trust.issuer.name
    return Principal(
        client=identity.holder if machine else f"{name}:{said.client}",
        subject=identity.holder,
        scopes=said.scopes if identity.scopes is None else said.scopes & identity.scopes,
        # A user consents at the issuer: what their roles reach is what there is. A client has what it was given here.
        sites=identity.sites,
        generation=identity.generation,
        expires=said.expires,
        token=said.token or digest(token)[:32],
        authorization=identity.id,
        issuer=name,
        key=key_id,
    )


def _stranger() -> NoReturn:
    raise Forbidden(
        "whoever signed in there is nobody here",
        code="identity.unknown",
        help="ask who runs the twin to add you (twin user add EMAIL), or to link you (twin issuer link)",
    )


def _issuer_named(token: str) -> str:
    """Whom a token says it is from, before anything of it is believed; `TokenRefused` when it is no token."""
    parts = token.split(".")
    if len(token) > _LONGEST or len(parts) != _PARTS or not token.isascii():
        raise TokenRefused("malformed")
    issuer = _object(parts[1]).get("iss")
    return issuer if isinstance(issuer, str) else ""


def _object(segment: str) -> dict[str, Any]:
    try:
        found = orjson.loads(_unpadded(segment))
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise TokenRefused("malformed")
    return found


def _unpadded(segment: str) -> bytes:
    """base64url without padding (RFC 7515, section 2), and nothing else."""
    if not segment.replace("-", "").replace("_", "").isalnum():
        raise TokenRefused("malformed")
    try:
        return urlsafe_b64decode(segment + "=" * (-len(segment) % 4))
    except ValueError as error:
        raise TokenRefused("malformed") from error
