"""Sessions: what a browser has once somebody signed in with it. It carries a secret; only a digest is kept."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
from sqlalchemy import ForeignKey, delete
from sqlalchemy.orm import Mapped, mapped_column

from twin.access.opaque import digest, draw
from twin.access.users import User, UserRecord
from twin.records import Base
from twin.times import now

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy.orm import Session

    from twin.records import Records

__all__ = ["SESSION_SECONDS", "SessionRecord", "Sessions", "SignedIn"]

SESSION_SECONDS = 12 * 3600
"""How long a session lasts, however much it is used."""
_SECOND = 1_000_000


class SignedIn(msgspec.Struct, frozen=True):
    """Who a session belongs to, and when they showed their password, in microseconds."""

    user: User
    at: int


class SessionRecord(Base):
    """The table of sessions."""

    __tablename__ = "sessions"

    digest: Mapped[str] = mapped_column(primary_key=True)
    user_id: Mapped[str] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    created: Mapped[int]


class Sessions:
    """The sessions there are. Every method may block."""

    def __init__(self, records: Records, *, clock: Callable[[], int] = now) -> None:
        self._records = records
        self._clock = clock
        records.create(SessionRecord)

    def open(self, user: User, instead_of: str = "") -> str:
        """A new session's secret; the one that the browser had before ends, so none is carried over a sign-in."""
        secret = draw()
        with self._records.write() as session:
            if instead_of:
                session.execute(delete(SessionRecord).where(SessionRecord.digest == digest(instead_of)))
            session.add(SessionRecord(digest=digest(secret), user_id=user.id, created=self._clock()))
        return secret

    def find(self, secret: str) -> SignedIn | None:
        """Who a session belongs to while it lasts."""
        if not secret:
            return None
        with self._records.read() as session:
            record = session.get(SessionRecord, digest(secret))
            if record is None or record.created + SESSION_SECONDS * _SECOND <= self._clock():
                return None
            user = session.get_one(UserRecord, record.user_id).seen()
            return None if user.disabled else SignedIn(user, record.created)

    def close(self, secret: str) -> None:
        """End a session."""
        with self._records.write() as session:
            session.execute(delete(SessionRecord).where(SessionRecord.digest == digest(secret)))

    def sweep(self, session: Session, at: int) -> None:
        """Forget the sessions that are over."""
        session.execute(delete(SessionRecord).where(SessionRecord.created <= at - SESSION_SECONDS * _SECOND))


def end_of_user(session: Session, user_id: str) -> None:
    """End every session of a user."""
    session.execute(delete(SessionRecord).where(SessionRecord.user_id == user_id))
