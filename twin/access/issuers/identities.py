"""Whom the subjects of external issuers are here: a user of the twin, or a client that acts in its own name.

A subject is known by its issuer and its number there, never by an e-mail address: addresses change hands. The one
exception is the first time: somebody who was invited (added, and without a password and any other sign-in so far; or
offered something at an address that is nobody's yet) is known by an address that the issuer has verified. Every link
has an id, which tokens that were checked through it carry (`Principal.authorization`): ending it ends them, as it does
with what users let apps do.
"""

from __future__ import annotations

from threading import Lock
from typing import TYPE_CHECKING, Literal, TypeVar
from urllib.parse import quote

import msgspec
from sqlalchemy import delete, or_, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, mapped_column

from twin.access.clients import ClientRecord
from twin.access.invitations import InvitationRecord
from twin.access.opaque import digest
from twin.access.revocations import RevocationRecord, revoke
from twin.access.users import UserRecord, named, normal
from twin.errors import Conflict, NotFound
from twin.ids import mint
from twin.records import Base
from twin.times import now

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy.orm import Session

    from twin.access.issuers.claims import Said
    from twin.access.issuers.configured import Issuer
    from twin.access.revocations import Revocations
    from twin.records import Records

__all__ = ["Identities", "Identity", "IdentityRecord", "end_identities"]

Kind = Literal["user", "client"]
V = TypeVar("V")

_KEPT = 10_000
_STRANGER_SECONDS = 2
_SECOND = 1_000_000


class Identity(msgspec.Struct, frozen=True, kw_only=True):
    """Who a subject is."""

    id: str
    """Of the link."""
    kind: Kind
    holder: str
    """The id of the user or of the client."""
    scopes: frozenset[str] | None = None
    """Of a client: what it may do at most."""
    sites: frozenset[str] | None = None
    generation: int = 0


class IdentityRecord(Base):
    """The table of subjects that are known."""

    __tablename__ = "identities"

    issuer: Mapped[str] = mapped_column(primary_key=True)
    subject: Mapped[str] = mapped_column(primary_key=True)
    id: Mapped[str] = mapped_column(unique=True)
    kind: Mapped[str]
    holder: Mapped[str] = mapped_column(index=True)
    created: Mapped[int]


class Identities:
    """Who is known; `known` never blocks, all else may."""

    def __init__(self, records: Records, revocations: Revocations, *, clock: Callable[[], int] = now) -> None:
        self._records = records
        self._revocations = revocations
        self._clock = clock
        self._lock = Lock()
        self._known: dict[tuple[str, str], Identity] = {}
        self._strangers: dict[tuple[str, str], int] = {}
        records.create(UserRecord, ClientRecord, InvitationRecord, RevocationRecord, IdentityRecord)

    def known(self, issuer: str, subject: str) -> Identity | None:
        """Who that is, as far as it has been looked up."""
        return self._known.get((issuer, subject))

    def is_stranger(self, issuer: str, subject: str) -> bool:
        """Whether somebody has been looked up a moment ago, and is nobody."""
        return self._strangers.get((issuer, subject), 0) > self._clock()

    def refresh(self) -> None:
        """Forget those whose links have ended."""
        with self._lock:
            ended = [key for key, each in self._known.items() if each.id in self._revocations]
            for key in ended:
                del self._known[key]

    def meet(self, issuer: Issuer, said: Said) -> tuple[Identity | None, bool]:
        """Who that is, and whether they are new; None: nobody who may come in."""
        key = (issuer.issuer, said.subject)
        with self._records.read() as session:
            row = session.get(IdentityRecord, key)
            found = None if row is None else _seen(session, row)
        met = False
        if row is None and issuer.users != "linked":
            found, met = self._welcome(issuer, said)
        with self._lock:
            if found is None:
                _keep(self._strangers, key, self._clock() + _STRANGER_SECONDS * _SECOND)
            else:
                self._strangers.pop(key, None)
                _keep(self._known, key, found)
        return found, met

    def link(self, issuer: str, subject: str, kind: Kind, ref: str) -> Identity:
        """Have a subject be a user (by address or id) or a client (by name or id) from now on.

        Raises:
            NotFound: there is no such user or client. Conflict: the subject is somebody else already.
        """
        with self._records.write() as session:
            holder = named(session, ref).id if kind == "user" else _client(session, ref)
            row = session.get(IdentityRecord, (issuer, subject))
            if row is not None and _seen(session, row) is not None and row.holder != holder:
                raise Conflict(
                    f"{subject!r} of {issuer} is somebody else already",
                    code="identity.linked",
                    help="twin issuer list shows whom; twin issuer unlink ends it",
                )
            if row is not None:
                _end(session, row, self._clock())
            made = _add(session, issuer, subject, kind, holder, self._clock())
        self._revocations.refresh()
        self.refresh()
        return made

    def unlink(self, issuer: str, subject: str) -> str:
        """End a link, and every token that was checked through it; the id of who that was."""
        with self._records.write() as session:
            row = session.get(IdentityRecord, (issuer, subject))
            if row is None:
                raise NotFound(
                    f"{subject!r} of {issuer} is nobody here",
                    code="identity.unlinked",
                    help="twin issuer list shows who is known",
                )
            holder = row.holder
            _end(session, row, self._clock())
        self._revocations.refresh()
        self.refresh()
        return holder

    def list(self) -> list[IdentityRecord]:
        """Every link, by issuer and subject."""
        with self._records.read() as session:
            rows = session.scalars(select(IdentityRecord).order_by(IdentityRecord.issuer, IdentityRecord.subject))
            found = list(rows)
            session.expunge_all()
            return found

    def _welcome(self, issuer: Issuer, said: Said) -> tuple[Identity | None, bool]:
        """Somebody for the first time: who was invited, or somebody new. Of two at once, one is the first."""
        with self._records.write() as session:
            row = session.get(IdentityRecord, (issuer.issuer, said.subject))
            if row is not None:
                return _seen(session, row), False
            user = _invited(session, said.email)
            if user is None and (issuer.users == "everyone" or _is_awaited(session, said.email, self._clock())):
                user = _newcomer(session, issuer, said, self._clock())
            if user is None:
                return None, False
            return _add(session, issuer.issuer, said.subject, "user", user.id, self._clock()), True


def end_identities(session: Session, holder: str, at: int, *, forget: bool) -> None:
    """In a transaction of somebody else's: end what was checked through a user's links; ``forget``: and the links."""
    rows = session.scalars(select(IdentityRecord).where(IdentityRecord.holder == holder)).all()
    revoke(session, [each.id for each in rows], at)
    for each in rows:
        each.id = mint()
    session.flush()
    if forget:
        session.execute(delete(IdentityRecord).where(IdentityRecord.holder == holder))


def _seen(session: Session, row: IdentityRecord) -> Identity | None:
    """Who is behind a link, if they may come in."""
    if row.kind == "user":
        user = session.get(UserRecord, row.holder)
        return None if user is None or user.disabled else Identity(id=row.id, kind="user", holder=row.holder)
    client = session.get(ClientRecord, row.holder)
    if client is None:
        return None
    sites = None if client.sites is None else frozenset(client.sites)
    return Identity(
        id=row.id,
        kind="client",
        holder=row.holder,
        scopes=frozenset(client.scopes),
        sites=sites,
        generation=client.generation,
    )


def _invited(session: Session, email: str) -> UserRecord | None:
    """The user who was added with that address, and has come in by no way so far."""
    if not email:
        return None
    user = session.scalars(select(UserRecord).where(UserRecord.email == normal(email))).first()
    if user is None or user.disabled or user.password:
        return None
    linked = session.scalars(select(IdentityRecord.id).where(IdentityRecord.holder == user.id)).first()
    return user if linked is None else None


def _is_awaited(session: Session, email: str, at: int) -> bool:
    """Whether an invitation waits for somebody of that address, who has no account yet."""
    address = normal(email)
    waiting = select(InvitationRecord.id).where(InvitationRecord.email == address, InvitationRecord.expires > at)
    taken = select(UserRecord.id).where(UserRecord.email == address)
    return bool(email) and session.scalar(waiting.limit(1)) is not None and session.scalar(taken) is None


def _newcomer(session: Session, issuer: Issuer, said: Said, at: int) -> UserRecord:
    """A new user. An address that is not verified, or somebody's already, is not taken for theirs."""
    # A subject is told from another by case, an address is not.
    address = normal(f"{quote(said.subject, safe='')[:80]}.{digest(said.subject)[:8]}@{issuer.name}.invalid")
    taken = session.scalars(select(UserRecord.id).where(UserRecord.email == normal(said.email))).first()
    if said.email and taken is None:
        address = normal(said.email)
    name = said.name or address
    user = UserRecord(id=mint(), email=address, name=name, password="", disabled=False, created=at)
    try:
        session.add(user)
        session.flush()
    except IntegrityError as error:
        message = f"a user with the address of {said.subject!r} is there already"
        raise Conflict(message, code="user.exists", help="twin user list shows them") from error
    return user


def _add(session: Session, issuer: str, subject: str, kind: Kind, holder: str, at: int) -> Identity:
    row = IdentityRecord(issuer=issuer, subject=subject, id=mint(), kind=kind, holder=holder, created=at)
    session.add(row)
    session.flush()
    made = _seen(session, row)
    if made is None:
        raise NotFound(
            f"there is no {kind} {holder!r} who may come in",
            code="identity.unlinked",
            help=f"twin {kind} list shows those there are",
        )
    return made


def _client(session: Session, ref: str) -> str:
    """The id of a client of that name or id that an issuer's tokens may stand for: a box has a key of its own."""
    called = or_(ClientRecord.name == ref, ClientRecord.client_id == ref)
    record = session.scalars(select(ClientRecord).where(called)).first()
    if record is None or record.seen(session).box is not None:
        raise NotFound(f"there is no client {ref!r}", code="client.unknown", help="twin client list shows them")
    return record.client_id


def _end(session: Session, row: IdentityRecord, at: int) -> None:
    revoke(session, [row.id], at)
    session.delete(row)
    session.flush()


def _keep(kept: dict[tuple[str, str], V], key: tuple[str, str], value: V) -> None:
    kept.pop(key, None)
    if len(kept) >= _KEPT:
        del kept[next(iter(kept))]
    kept[key] = value
