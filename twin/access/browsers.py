"""Browsers that a user has signed in with before: each has tries of its own at that user's password.

Whoever guesses passwords of somebody uses up the tries of that account. So that this cannot keep the somebody out as
well, a browser that has once signed in is known again by a secret of its own, and is counted for itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import ForeignKey, delete, select
from sqlalchemy.orm import Mapped, mapped_column

from twin.access.opaque import digest, draw
from twin.access.users import UserRecord, normal
from twin.records import Base
from twin.times import now

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy.orm import Session

    from twin.records import Records

__all__ = ["BROWSER_SECONDS", "Browsers", "forget_browsers"]

BROWSER_SECONDS = 180 * 86_400
"""How long a browser is known again."""
_SECOND = 1_000_000


class BrowserRecord(Base):
    """The table of known browsers."""

    __tablename__ = "known_browsers"

    digest: Mapped[str] = mapped_column(primary_key=True)
    user_id: Mapped[str] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    expires: Mapped[int]


class Browsers:
    """The browsers that are known. Every method may block."""

    def __init__(self, records: Records, *, clock: Callable[[], int] = now) -> None:
        self._records = records
        self._clock = clock
        records.create(BrowserRecord)

    def note(self, user_id: str) -> str:
        """Know a browser again from now on: the secret that it is to show."""
        secret = draw()
        expires = self._clock() + BROWSER_SECONDS * _SECOND
        with self._records.write() as session:
            session.add(BrowserRecord(digest=digest(secret), user_id=user_id, expires=expires))
        return secret

    def knows(self, secret: str, email: str) -> bool:
        """Whether the user of that address has signed in with the browser that shows this."""
        if not secret:
            return False
        asked = (BrowserRecord.digest == digest(secret), BrowserRecord.expires > self._clock())
        theirs = (BrowserRecord.user_id == UserRecord.id, UserRecord.email == normal(email))
        with self._records.read() as session:
            return session.scalars(select(BrowserRecord.digest).where(*asked, *theirs)).first() is not None

    def sweep(self, session: Session, at: int) -> None:
        """Forget those that have not been seen for long."""
        session.execute(delete(BrowserRecord).where(BrowserRecord.expires <= at))


def forget_browsers(session: Session, user_id: str) -> None:
    """Know none of a user's browsers again: somebody else may have had their password."""
    session.execute(delete(BrowserRecord).where(BrowserRecord.user_id == user_id))
