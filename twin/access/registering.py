"""Initial access tokens (RFC 7591, section 3): with one, a program may register itself as a client."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import JSON, delete, select, update
from sqlalchemy.orm import Mapped, mapped_column

from twin.access.opaque import digest, draw
from twin.access.principals import known_scopes
from twin.errors import Unauthenticated
from twin.records import Base
from twin.times import now

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from sqlalchemy import ColumnElement
    from sqlalchemy.orm import Session

    from twin.records import Records

__all__ = ["InitialTokens"]

_SECOND = 1_000_000


class InitialTokenRecord(Base):
    """The table of initial access tokens: the scopes that may be asked for with one, and how often it works."""

    __tablename__ = "initial_tokens"

    digest: Mapped[str] = mapped_column(primary_key=True)
    scopes: Mapped[list[str]] = mapped_column(JSON)
    left: Mapped[int]
    expires: Mapped[int]


class InitialTokens:
    """The initial access tokens there are. Every method may block."""

    def __init__(self, records: Records, *, clock: Callable[[], int] = now) -> None:
        self._records = records
        self._clock = clock
        records.create(InitialTokenRecord)

    def make(self, scopes: Iterable[str], *, uses: int, seconds: int) -> str:
        """A new one; the only sight of it. `InvalidValue` for a scope that does not exist."""
        token = draw()
        with self._records.write() as session:
            session.add(
                InitialTokenRecord(
                    digest=digest(token),
                    scopes=sorted(known_scopes(scopes)),
                    left=uses,
                    expires=self._clock() + seconds * _SECOND,
                )
            )
        return token

    def scopes(self, token: str) -> frozenset[str]:
        """What who shows one may ask for; `Unauthenticated` when it does not work (any more)."""
        with self._records.read() as session:
            found = session.scalars(select(InitialTokenRecord.scopes).where(*self._working(token))).first()
        if found is None:
            raise _spent()
        return frozenset(found)

    def use(self, token: str) -> None:
        """Use one up, once; `Unauthenticated` when others were faster."""
        less = update(InitialTokenRecord).where(*self._working(token)).values(left=InitialTokenRecord.left - 1)
        with self._records.write() as session:
            if session.scalar(less.returning(InitialTokenRecord.digest)) is None:
                raise _spent()

    def sweep(self, session: Session, at: int) -> None:
        """Forget those that do not work any more."""
        session.execute(delete(InitialTokenRecord).where(InitialTokenRecord.expires <= at))

    def _working(self, token: str) -> tuple[ColumnElement[bool], ...]:
        record = InitialTokenRecord
        return (record.digest == digest(token), record.left > 0, record.expires > self._clock())


def _spent() -> Unauthenticated:
    return Unauthenticated(
        "the initial access token does not work",
        code="token.initial",
        help="who runs the twin makes one: twin client invite --scope …",
    )
