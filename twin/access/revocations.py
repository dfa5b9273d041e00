"""What has ended before its time: ids of tokens and of authorizations that no token may speak for any more.

An access token proves itself, so the few that must not are kept by id until they would have expired anyway. Looking
one up is a look into memory, as of the last `Revocations.refresh`, which every process of a twin does twice a second.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import delete, insert, select
from sqlalchemy.orm import Mapped, mapped_column

from twin.records import Base
from twin.times import now

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from sqlalchemy.orm import Session

    from twin.records import Records

__all__ = ["RevocationRecord", "Revocations", "revoke"]


class RevocationRecord(Base):
    """The table of what has ended."""

    __tablename__ = "revocations"

    id: Mapped[str] = mapped_column(primary_key=True)
    ended: Mapped[int] = mapped_column(index=True)


class Revocations:
    """Ids that have ended; ``id in revocations`` never blocks, all else may."""

    def __init__(self, records: Records, *, keep: int = 86_400, clock: Callable[[], int] = now) -> None:
        """``keep`` is how many seconds one is kept: longer than any access token lives."""
        self._keep = keep * 1_000_000
        self._records = records
        self._clock = clock
        records.create(RevocationRecord)
        self._ended: frozenset[str] = frozenset()
        self.refresh()

    def __contains__(self, ended: object) -> bool:
        return ended in self._ended

    def add(self, ended: str) -> None:
        """End one."""
        with self._records.write() as session:
            revoke(session, [ended], self._clock())
        self.refresh()

    def refresh(self) -> None:
        """See what has ended, whichever process ended it."""
        with self._records.read() as session:
            self._ended = frozenset(session.scalars(select(RevocationRecord.id)))

    def sweep(self, session: Session, at: int) -> None:
        """Forget what would have expired by now."""
        session.execute(delete(RevocationRecord).where(RevocationRecord.ended <= at - self._keep))


def revoke(session: Session, ended: Iterable[str], at: int) -> None:
    """Note, in a transaction of somebody else's, that these have ended."""
    rows = [{"id": each, "ended": at} for each in ended]
    if rows:
        session.execute(insert(RevocationRecord).prefix_with("OR IGNORE", dialect="sqlite"), rows)
