"""Authorizations: what a user let an app do, and the codes and refresh tokens that speak for it, each good once.

Each sign-in to an app begins an authorization (RFC 9700 calls what descends from it a family). Its code buys the first
refresh token, and each refresh token the next. All are decided by one conditional UPDATE in one transaction: of a
thousand at once, one finds it unused. Whoever comes second has a copy, so then all of the authorization ends.
"""

from __future__ import annotations

from base64 import urlsafe_b64encode
from hashlib import sha256
from hmac import compare_digest
from typing import TYPE_CHECKING

import msgspec
from sqlalchemy import JSON, delete, or_, select, update
from sqlalchemy.orm import Mapped, mapped_column

from twin.access.opaque import digest, draw
from twin.access.revocations import revoke
from twin.records import Base
from twin.times import now

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy.orm import Session

    from twin.records import Records

__all__ = [
    "CODE_SECONDS",
    "Authorization",
    "AuthorizationRecord",
    "Authorizations",
    "CodeRecord",
    "Redeemed",
    "RefreshRecord",
    "add",
    "end",
    "first_refresh",
]

CODE_SECONDS = 60
"""How long a code may be redeemed; RFC 6749 (section 4.1.2) allows ten minutes, apps need seconds."""
_SECOND = 1_000_000
_DAY = 86_400 * _SECOND
_REFRESH_DAYS = 30
"""How long a refresh token may wait to be used."""


class Authorization(msgspec.Struct, frozen=True, kw_only=True):
    """What a user let an app do. Times are in microseconds."""

    id: str
    user: str
    client: str
    scopes: frozenset[str]
    sites: frozenset[str]
    """The ids of the sites that the user picked."""
    signed_in: int
    """When the user had shown their password."""
    nonce: str
    created: int


class Redeemed(msgspec.Struct, frozen=True):
    """What a code, a device code or a refresh token bought."""

    authorization: Authorization
    refresh_token: str
    """Empty for an app that takes none."""
    first: bool = True
    """Whether the app gets an id token: it has just signed its user in."""


class AuthorizationRecord(Base):
    """The table of authorizations. ``ended`` is 0 while it holds."""

    __tablename__ = "authorizations"

    id: Mapped[str] = mapped_column(primary_key=True)
    user_id: Mapped[str] = mapped_column(index=True)
    client_id: Mapped[str] = mapped_column(index=True)
    scopes: Mapped[list[str]] = mapped_column(JSON)
    sites: Mapped[list[str]] = mapped_column(JSON)
    signed_in: Mapped[int]
    nonce: Mapped[str]
    created: Mapped[int]
    ended: Mapped[int]

    def seen(self) -> Authorization:
        """The record as a value."""
        return Authorization(
            id=self.id,
            user=self.user_id,
            client=self.client_id,
            scopes=frozenset(self.scopes),
            sites=frozenset(self.sites),
            signed_in=self.signed_in,
            nonce=self.nonce,
            created=self.created,
        )


class CodeRecord(Base):
    """The table of authorization codes. ``used`` is 0 until it is redeemed."""

    __tablename__ = "authorization_codes"

    digest: Mapped[str] = mapped_column(primary_key=True)
    authorization_id: Mapped[str] = mapped_column(index=True)
    client_id: Mapped[str]
    redirect_uri: Mapped[str]
    challenge: Mapped[str]
    expires: Mapped[int]
    used: Mapped[int]


class RefreshRecord(Base):
    """The table of refresh tokens. ``used`` is 0 until it is exchanged for the next."""

    __tablename__ = "refresh_tokens"

    digest: Mapped[str] = mapped_column(primary_key=True)
    authorization_id: Mapped[str] = mapped_column(index=True)
    client_id: Mapped[str]
    created: Mapped[int]
    used: Mapped[int]


class Authorizations:
    """The authorizations there are. Every method may block."""

    def __init__(self, records: Records, *, clock: Callable[[], int] = now) -> None:
        self._records = records
        self._clock = clock
        records.create(AuthorizationRecord, CodeRecord, RefreshRecord)

    def begin(self, authorization: Authorization, *, redirect_uri: str, challenge: str) -> str:
        """Keep a new authorization; the code for it, which is bound to a PKCE challenge (S256)."""
        code = draw()
        with self._records.write() as session:
            add(session, authorization)
            session.add(
                CodeRecord(
                    digest=digest(code),
                    authorization_id=authorization.id,
                    client_id=authorization.client,
                    redirect_uri=redirect_uri,
                    challenge=challenge,
                    expires=self._clock() + CODE_SECONDS * _SECOND,
                    used=0,
                )
            )
        return code

    def redeem(self, code: str, client_id: str, *, redirect_uri: str, verifier: str, refresh: bool) -> Redeemed | None:
        """What a code buys; None when it buys nothing (any more).

        A code that is shown with the wrong verifier or address is spent all the same: somebody has got hold of it.
        """
        with self._records.write() as session:
            record = session.get(CodeRecord, digest(code))
            if record is None or record.client_id != client_id:
                return None
            at = self._clock()
            if not _taken(session, CodeRecord, record.digest, at):
                end(session, AuthorizationRecord.id == record.authorization_id, at)
                return None
            proven = compare_digest(_challenge(verifier), record.challenge)
            right = redirect_uri in {"", record.redirect_uri}
            if not (proven and right) or record.expires <= at:
                return None
            return first_refresh(session, record.authorization_id, at, refresh=refresh)

    def refresh(self, token: str, client_id: str) -> Redeemed | None:
        """What a refresh token buys, the next one with it; None when it buys nothing (any more)."""
        with self._records.write() as session:
            record = session.get(RefreshRecord, digest(token))
            if record is None or record.client_id != client_id:
                return None
            at = self._clock()
            if not _taken(session, RefreshRecord, record.digest, at):
                end(session, AuthorizationRecord.id == record.authorization_id, at)
                return None
            if record.created + _REFRESH_DAYS * _DAY <= at:
                return None
            found = first_refresh(session, record.authorization_id, at, refresh=True)
            return None if found is None else msgspec.structs.replace(found, first=False)

    def of_refresh_token(self, token: str, client_id: str) -> Authorization | None:
        """What a refresh token of a client's speaks for while it is good."""
        with self._records.read() as session:
            record = session.get(RefreshRecord, digest(token))
            if record is None or record.client_id != client_id or record.used:
                return None
            if record.created + _REFRESH_DAYS * _DAY <= self._clock():
                return None
            found = session.get(AuthorizationRecord, record.authorization_id)
            return None if found is None or found.ended else found.seen()

    def revoke(self, token: str, client_id: str) -> None:
        """End what a refresh token of a client's speaks for, whether or not the token was used (RFC 7009)."""
        with self._records.write() as session:
            record = session.get(RefreshRecord, digest(token))
            if record is not None and record.client_id == client_id:
                end(session, AuthorizationRecord.id == record.authorization_id, self._clock())

    def of_user(self, user_id: str) -> list[Authorization]:
        """What a user let apps do, the newest first."""
        held = (AuthorizationRecord.user_id == user_id, AuthorizationRecord.ended == 0)
        with self._records.read() as session:
            rows = session.scalars(
                select(AuthorizationRecord).where(*held).order_by(AuthorizationRecord.created.desc())
            )
            return [each.seen() for each in rows]

    def end(self, user_id: str, client_id: str) -> None:
        """End all that a user let an app do."""
        with self._records.write() as session:
            which = (AuthorizationRecord.user_id == user_id) & (AuthorizationRecord.client_id == client_id)
            end(session, which, self._clock())

    def sweep(self, session: Session, at: int) -> None:
        """Forget what nobody can use any more: long after, so that a replay is still seen for what it is."""
        old = at - _REFRESH_DAYS * _DAY
        session.execute(delete(CodeRecord).where(CodeRecord.expires <= at - _DAY))
        session.execute(delete(RefreshRecord).where(RefreshRecord.created <= old))
        alive = select(RefreshRecord.authorization_id)
        ended = AuthorizationRecord.ended.between(1, old)
        idle = (AuthorizationRecord.created <= old) & AuthorizationRecord.id.not_in(alive)
        session.execute(delete(AuthorizationRecord).where(or_(ended, idle)))


def add(session: Session, authorization: Authorization) -> None:
    """Keep a new authorization."""
    session.add(
        AuthorizationRecord(
            id=authorization.id,
            user_id=authorization.user,
            client_id=authorization.client,
            scopes=sorted(authorization.scopes),
            sites=sorted(authorization.sites),
            signed_in=authorization.signed_in,
            nonce=authorization.nonce,
            created=authorization.created,
            ended=0,
        )
    )


def end(session: Session, which: object, at: int) -> None:
    """End the authorizations that a condition names, and every token that speaks for them."""
    held = (which, AuthorizationRecord.ended == 0)
    ended = session.scalars(
        update(AuthorizationRecord).where(*held).values(ended=at).returning(AuthorizationRecord.id)  # type: ignore[arg-type]
    ).all()
    revoke(session, ended, at)


def first_refresh(session: Session, authorization_id: str, at: int, *, refresh: bool) -> Redeemed | None:
    """A refresh token for an authorization that holds, if its app takes one; None when it has ended."""
    record = session.get(AuthorizationRecord, authorization_id)
    if record is None or record.ended:
        return None
    token = draw() if refresh else ""
    if token:
        session.add(
            RefreshRecord(
                digest=digest(token), authorization_id=record.id, client_id=record.client_id, created=at, used=0
            )
        )
    return Redeemed(record.seen(), token)


def _taken(session: Session, table: type[CodeRecord | RefreshRecord], kept: str, at: int) -> bool:
    """Whether this transaction is the one that uses a secret up: one UPDATE decides."""
    unused = (table.digest == kept, table.used == 0)
    return session.scalar(update(table).where(*unused).values(used=at).returning(table.digest)) is not None


def _challenge(verifier: str) -> str:
    """S256 of RFC 7636 (section 4.6)."""
    return urlsafe_b64encode(sha256(verifier.encode()).digest()).rstrip(b"=").decode()
