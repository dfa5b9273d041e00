"""Invitations: what somebody was offered by e-mail address, until they answer, it is taken back, or it runs out.

The twin sends no e-mail. Who invites is given a link, once, and passes it on; of its secret only a digest is kept. What
is offered counts for who opens the link and is signed in with that very address: neither alone is enough, and an
invitation says nothing of whether the address has an account. It is answered once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import msgspec
from sqlalchemy import delete, select, update
from sqlalchemy.orm import Mapped, mapped_column

from twin.access.opaque import digest, draw
from twin.access.users import checked_address
from twin.errors import InvalidValue, NotFound, TooMany
from twin.ids import mint
from twin.records import Base
from twin.times import now

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Select
    from sqlalchemy.orm import Session

    from twin.access.users import User
    from twin.records import Records

__all__ = ["DAYS", "MOST_DAYS", "Invitation", "Invitations", "Offered", "end_invitations_of", "unknown", "until_expiry"]

Offered = Literal["role", "member", "transfer"]
DAYS = 7
"""How long an invitation waits for an answer, unless it says."""
MOST_DAYS = 90
_DAY = 86_400_000_000
_MOST_WAITING = 200
"""So many invitations of one inviter wait at once."""


class Invitation(msgspec.Struct, frozen=True, kw_only=True):
    """What is offered to whom. Times are microseconds since 1970 UTC."""

    id: str
    email: str
    what: Offered
    """A role on something; to be of an organisation; or the roles that somebody has on a site."""
    role: str
    """Qualified; of an organisation, the standing; of a transfer, nothing."""
    entity: str
    """The id of what it is had on: an entity, a fleet, an organisation, a site."""
    until: int | None
    """When the role is over; None: not by itself."""
    party: str
    """Of a transfer: the id of whose roles are handed over."""
    by: str
    """The id of the user or client who invites; empty: who runs the twin."""
    client: str
    """The app that they invited through; empty: none."""
    redirect: str
    """Where an answer leads: an address of that app, or empty."""
    created: int
    expires: int
    opened_by: str
    """The user who has opened the link, signed in with the address."""


class InvitationRecord(Base):
    """The table of invitations."""

    __tablename__ = "invitations"

    id: Mapped[str] = mapped_column(primary_key=True)
    digest: Mapped[str] = mapped_column(unique=True)
    email: Mapped[str] = mapped_column(index=True)
    what: Mapped[str]
    role: Mapped[str]
    entity: Mapped[str]
    until: Mapped[int | None]
    party: Mapped[str]
    by: Mapped[str] = mapped_column(index=True)
    client: Mapped[str]
    redirect: Mapped[str]
    created: Mapped[int]
    expires: Mapped[int]
    opened_by: Mapped[str] = mapped_column(index=True)
    answered: Mapped[bool]
    """Whether it is being accepted just now, or was when the twin stopped."""

    def seen(self) -> Invitation:
        """The record as a value."""
        return Invitation(**{name: getattr(self, name) for name in Invitation.__struct_fields__})


def until_expiry(days: float | None, at: int) -> int:
    """When an invitation runs out that waits for so many days; `InvalidValue` for too many, or none."""
    waits = DAYS if days is None else days
    if not 0 < waits <= MOST_DAYS:
        raise InvalidValue(
            f"an invitation does not wait {waits:g} days",
            code="invitation.days",
            help=f"let it wait for up to {MOST_DAYS} days",
        )
    return at + round(waits * _DAY)


class Invitations:
    """The invitations that wait. Every method may block."""

    def __init__(self, records: Records, *, clock: Callable[[], int] = now) -> None:
        self._records = records
        self._clock = clock
        records.create(InvitationRecord)

    def make(  # noqa: PLR0913 - each is one independent part of what is offered
        self,
        email: str,
        what: Offered,
        entity: str,
        *,
        role: str = "",
        until: int | None = None,
        days: float | None = None,
        party: str = "",
        by: str = "",
        client: str = "",
        redirect: str = "",
    ) -> tuple[Invitation, str]:
        """Keep a new invitation; with it, the secret of its link.

        Raises:
            InvalidValue: that is no address (``user.email``), or it waits for too long (``invitation.days``).
            TooMany: too many of this inviter's wait (``invitation.crowd``).
        """
        at, secret = self._clock(), draw()
        record = InvitationRecord(
            id=mint(),
            digest=digest(secret),
            email=checked_address(email),
            what=what,
            role=role,
            entity=entity,
            until=until,
            party=party,
            by=by,
            client=client,
            redirect=redirect,
            created=at,
            expires=until_expiry(days, at),
            opened_by="",
            answered=False,
        )
        with self._records.write() as session:
            waiting = session.scalars(self._live().where(InvitationRecord.by == by).limit(_MOST_WAITING)).all()
            if by and len(waiting) >= _MOST_WAITING:
                raise TooMany(
                    f"{_MOST_WAITING} invitations of yours wait for an answer",
                    code="invitation.crowd",
                    help="take some of them back first",
                )
            session.add(record)
            session.flush()
            return record.seen(), secret

    def behind(self, secret: str) -> Invitation | None:
        """What a link leads to, while it works."""
        with self._records.read() as session:
            record = session.scalars(self._live().where(InvitationRecord.digest == digest(secret))).first()
            return None if record is None else record.seen()

    def open(self, secret: str, user: User) -> Invitation | None:
        """What a link leads to, for a user who is signed in: it waits for them from now on. None: nothing for them."""
        with self._records.write() as session:
            record = session.scalars(self._live().where(InvitationRecord.digest == digest(secret))).first()
            if record is None or record.email != user.email or record.opened_by not in {"", user.id}:
                return None
            record.opened_by = user.id
            return record.seen()

    def waiting(self, user_id: str) -> list[Invitation]:
        """Those that a user has opened and not answered."""
        with self._records.read() as session:
            chosen = self._live().where(InvitationRecord.opened_by == user_id)
            return [each.seen() for each in session.scalars(chosen.order_by(InvitationRecord.created))]

    def list(self) -> list[Invitation]:
        """All that can still be answered, the newest last."""
        with self._records.read() as session:
            return [each.seen() for each in session.scalars(self._live().order_by(InvitationRecord.created))]

    def claim(self, invitation_id: str, user_id: str) -> Invitation | None:
        """Begin to accept one that waits for a user: from now on it cannot be taken back. The same user may begin
        again, where what follows did not come about. None: there is none.
        """
        with self._records.write() as session:
            record = session.get(InvitationRecord, invitation_id)
            if record is None or record.opened_by != user_id or record.expires <= self._clock():
                return None
            record.answered = True
            return record.seen()

    def reopen(self, invitation_id: str) -> None:
        """It could not be accepted: it waits again."""
        with self._records.write() as session:
            found = update(InvitationRecord).where(InvitationRecord.id == invitation_id)
            session.execute(found.values(answered=False))

    def end(self, invitation_id: str) -> None:
        """It was accepted, or declined."""
        with self._records.write() as session:
            session.execute(delete(InvitationRecord).where(InvitationRecord.id == invitation_id))

    def revoke(self, invitation_id: str) -> Invitation:
        """Take one back that nobody has accepted; `NotFound` (``invitation.unknown``) otherwise."""
        with self._records.write() as session:
            record = session.get(InvitationRecord, invitation_id)
            if record is None or record.answered or record.expires <= self._clock():
                raise unknown()
            session.delete(record)
            return record.seen()

    def sweep(self, session: Session, at: int) -> None:
        """Forget those that have run out."""
        session.execute(delete(InvitationRecord).where(InvitationRecord.expires <= at))

    def _live(self) -> Select[InvitationRecord]:
        return select(InvitationRecord).where(InvitationRecord.expires > self._clock())


def end_invitations_of(session: Session, user_id: str) -> None:
    """Take back what a user offered, and what waits for them."""
    of_user = (InvitationRecord.by == user_id) | (InvitationRecord.opened_by == user_id)
    session.execute(delete(InvitationRecord).where(of_user))


def unknown() -> NotFound:
    """What to raise for an invitation that is not there, or not for who asks."""
    return NotFound(
        "there is no such invitation",
        code="invitation.unknown",
        help="it may have been answered or taken back, or have run out: ask for a new one",
    )
