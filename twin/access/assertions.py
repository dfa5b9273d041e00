"""Clients that prove themselves by a key of their own: private_key_jwt (RFC 7523, OpenID Connect Core section 9)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeGuard

import orjson
from joserfc import jws, jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from joserfc.util import to_bytes, urlsafe_b64decode
from sqlalchemy import delete
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, mapped_column

from twin.access.applications import algorithm
from twin.access.opaque import digest
from twin.records import Base
from twin.times import now

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from sqlalchemy.orm import Session

    from twin.access.clients import Client, Clients
    from twin.records import Records

__all__ = ["ALGORITHMS", "Assertions", "verified"]

ALGORITHMS = ["ES256", "RS256"]
_LONGEST_LIFE = 3600
_LONGEST = 8192
_SKEW = 60
_SECOND = 1_000_000


class AssertionRecord(Base):
    """The table of assertions that were shown: each counts once."""

    __tablename__ = "client_assertions"

    digest: Mapped[str] = mapped_column(primary_key=True)
    expires: Mapped[int]


class Assertions:
    """Checks what clients sign. Every method may block."""

    def __init__(
        self,
        records: Records,
        clients: Clients,
        audiences: Collection[str],
        *,
        clock: Callable[[], int] = now,
    ) -> None:
        """``audiences`` are the names of this server: its issuer, and its token endpoint for older clients."""
        self._records = records
        self._clients = clients
        self._audiences = frozenset(audiences)
        self._clock = clock
        records.create(AssertionRecord)

    def authenticate(self, assertion: str, client_id: str = "") -> Client | None:
        """Whose assertion that is, when it is one; ``client_id`` is whom the request says it is from, if it says so."""
        shown = self.shown(assertion, client_id)
        return None if shown is None else shown[0]

    def shown(self, assertion: str, client_id: str = "") -> tuple[Client, dict[str, Any]] | None:
        """The same, with what the assertion says.

        Which key and which algorithm count is decided by what the client registered; nothing in the header that
        leads elsewhere (jku, x5u, jwk) is looked at.
        """
        claimed = _subject(assertion)
        client = self._clients.find(claimed) if claimed and client_id in {"", claimed} else None
        if client is None or client.application.proof != "key" or client.application.keys is None:
            return None
        claims = verified(assertion, client.application.keys)
        if claims is None or not self._good(claims, client.client_id):
            return None
        if self._clients.current(client.client_id) is None:  # a box that has lost its place
            return None
        return (client, claims) if self._first(client.client_id, claims) else None

    def _good(self, claims: dict[str, Any], client_id: str) -> bool:
        at = self._clock() // _SECOND
        expires, audience = claims.get("exp"), claims.get("aud")
        audiences = [audience] if isinstance(audience, str) else audience
        return (
            claims.get("iss") == claims.get("sub") == client_id
            # One audience, and it is us: what was signed for another server is worth nothing here.
            and isinstance(audiences, list)
            and len(audiences) == 1
            and audiences[0] in self._audiences
            and _is_time(expires)
            and at - _SKEW < expires <= at + _LONGEST_LIFE
            and all(_is_time(claims[name]) and claims[name] <= at + _SKEW for name in ("nbf", "iat") if name in claims)
            and isinstance(claims.get("jti"), str)
            and bool(claims["jti"])
        )

    def _first(self, client_id: str, claims: dict[str, Any]) -> bool:
        """Whether it was not shown before: of two at once, one is the first."""
        record = AssertionRecord(
            digest=digest(f"{client_id} {claims['jti']}"), expires=(int(claims["exp"]) + 2 * _SKEW) * _SECOND
        )
        try:
            with self._records.write() as session:
                session.add(record)
        except IntegrityError:
            return False
        return True

    def sweep(self, session: Session, at: int) -> None:
        """Forget those that have expired by themselves."""
        session.execute(delete(AssertionRecord).where(AssertionRecord.expires <= at))


def _subject(assertion: str) -> str:
    """Whom an assertion claims to be from, before anything of it is believed."""
    parts = assertion.split(".")
    if len(assertion) > _LONGEST or len(parts) != 3:  # noqa: PLR2004 - header, claims, signature
        return ""
    try:
        claims = orjson.loads(urlsafe_b64decode(to_bytes(parts[1])))
    except ValueError:
        return ""
    found = claims.get("sub") if isinstance(claims, dict) else None
    return found if isinstance(found, str) else ""


def verified(assertion: str, keys: dict[str, Any]) -> dict[str, Any] | None:
    """The claims, if one of the keys has signed them with the algorithm of its kind."""
    try:
        kid = jws.extract_compact(to_bytes(assertion)).headers().get("kid")
    except JoseError:
        return None
    for key in KeySet.import_key_set(keys).keys:  # type: ignore[arg-type]  # it was checked when it was registered
        if kid is not None and key.kid is not None and key.kid != kid:
            continue
        try:
            return dict(jwt.decode(assertion, key, algorithms=[algorithm(key.key_type)]).claims)
        except (JoseError, ValueError):
            continue
    return None


def _is_time(value: object) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool)
