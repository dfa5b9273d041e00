"""Pushed authorization requests (RFC 9126): what an app asks for, left with the server before the browser comes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import JSON, delete
from sqlalchemy.orm import Mapped, mapped_column

from twin.access.opaque import digest, draw
from twin.records import Base
from twin.times import now

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sqlalchemy.orm import Session

    from twin.records import Records

__all__ = ["PREFIX", "PUSHED_SECONDS", "PushedRequests"]

PREFIX = "urn:ietf:params:oauth:request_uri:"
PUSHED_SECONDS = 600
"""How long one waits: long enough for a person to sign in meanwhile."""
_SECOND = 1_000_000


class PushedRecord(Base):
    """The table of pushed requests."""

    __tablename__ = "pushed_requests"

    digest: Mapped[str] = mapped_column(primary_key=True)
    client_id: Mapped[str]
    fields: Mapped[list[list[str]]] = mapped_column(JSON)
    expires: Mapped[int]


class PushedRequests:
    """The requests that wait for a browser. Every method may block."""

    def __init__(self, records: Records, *, clock: Callable[[], int] = now) -> None:
        self._records = records
        self._clock = clock
        records.create(PushedRecord)

    def push(self, client_id: str, fields: Sequence[tuple[str, str]]) -> str:
        """Keep a request; the address that stands for it."""
        name = draw()
        with self._records.write() as session:
            session.add(
                PushedRecord(
                    digest=digest(name),
                    client_id=client_id,
                    fields=[list(field) for field in fields],
                    expires=self._clock() + PUSHED_SECONDS * _SECOND,
                )
            )
        return PREFIX + name

    def find(self, request_uri: str, client_id: str) -> list[tuple[str, str]] | None:
        """What a client has pushed, while it waits."""
        with self._records.read() as session:
            record = session.get(PushedRecord, digest(request_uri.removeprefix(PREFIX)))
            if record is None or record.client_id != client_id or record.expires <= self._clock():
                return None
            return [(name, value) for name, value in record.fields]

    def take(self, request_uri: str) -> bool:
        """Use a request up, when its user has answered: of two answers at once, one counts."""
        which = PushedRecord.digest == digest(request_uri.removeprefix(PREFIX))
        with self._records.write() as session:
            taken = delete(PushedRecord).where(which).returning(PushedRecord.digest)
            return session.scalar(taken) is not None

    def sweep(self, session: Session, at: int) -> None:
        """Forget those nobody came for."""
        session.execute(delete(PushedRecord).where(PushedRecord.expires <= at))
