"""Topologies that clients have left with a server, to plan from by name: each client's own, in the records."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
from sqlalchemy import delete, func, select
from sqlalchemy.orm import Mapped, mapped_column

from twin.errors import NotFound, TooMany
from twin.records import Base
from twin.source import Source
from twin.times import now

if TYPE_CHECKING:
    from collections.abc import Callable

    from twin.records import Records

__all__ = ["Topologies", "Topology"]

_MOST = 100


class Topology(msgspec.Struct, frozen=True):
    """One that is kept; ``text`` from `Topologies.get` only."""

    name: str
    version: str
    file: str
    stored: int
    text: str = ""

    @property
    def source(self) -> Source:
        """The document."""
        return Source(self.file, self.text)


class _Topology(Base):
    __tablename__ = "topologies"
    client: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(primary_key=True)
    version: Mapped[str]
    file: Mapped[str]
    text: Mapped[str]
    stored: Mapped[int]


class Topologies:
    """Every method may block: the loop has a thread call them. Raises `BackendError` where records cannot be used."""

    def __init__(self, records: Records, *, clock: Callable[[], int] = now) -> None:
        self._records = records
        self._clock = clock
        records.create(_Topology)

    def keep(self, client: str, name: str, version: str, source: Source) -> Topology:
        """Keep one, in place of another version of it. `TooMany` where the client has as many as it may have."""
        at = self._clock()
        with self._records.write() as session:
            others = select(func.count()).where(_Topology.client == client, _Topology.name != name)
            if (session.scalar(others) or 0) >= _MOST:
                raise TooMany(
                    f"{_MOST} topologies are kept for a client", help="delete one that is not needed any more"
                )
            session.merge(
                _Topology(client=client, name=name, version=version, file=source.file, text=source.text, stored=at)
            )
        return Topology(name, version, source.file, at)

    def list(self, client: str) -> list[Topology]:
        """All of a client's, by name, without their texts."""
        columns = (_Topology.name, _Topology.version, _Topology.file, _Topology.stored)
        with self._records.read() as session:
            rows = session.execute(select(*columns).where(_Topology.client == client).order_by(_Topology.name))
            return [Topology(*row) for row in rows]

    def get(self, client: str, name: str) -> Topology:
        """One of a client's, with its text; `NotFound` where there is none."""
        with self._records.read() as session:
            row = session.get(_Topology, (client, name))
            if row is None:
                raise _unknown()
            return Topology(row.name, row.version, row.file, row.stored, row.text)

    def forget(self, client: str, name: str) -> None:
        """Keep it no longer; `NotFound` where there is none."""
        with self._records.write() as session:
            gone = session.execute(
                delete(_Topology).where(_Topology.client == client, _Topology.name == name).returning(_Topology.name)
            )
            if gone.first() is None:
                raise _unknown()


def _unknown() -> NotFound:
    return NotFound(
        "there is no such topology",
        code="topology.unknown",
        help="keep it first (POST /api/v1/topologies), or send the document itself",
    )
