"""The records of the audit, in the twin's records: a table that takes rows, and gives away its oldest at most.

What is too old is forgotten from the start on, never in between. The digest of the last record that is gone is kept, so
that what is left still hangs together, and that it was forgotten is a record of its own.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

import msgspec
from sqlalchemy import Index, delete, event, func, select
from sqlalchemy.orm import Mapped, mapped_column

from twin.access.audit.deeds import TRIMMED, Deed, Record, digest
from twin.access.audit.reported import Reported, deed_of
from twin.records import Base

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from typing import Any

    from sqlalchemy import Connection, Select
    from sqlalchemy.orm import Session

    from twin.graph.model import Change
    from twin.records import Records

__all__ = ["Audit", "Filter"]

_PAGE = 1000
_FIELDS = Deed.__struct_fields__


class _Audited(Base):
    __tablename__ = "audit"
    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[int]
    action: Mapped[str]
    result: Mapped[str]
    user: Mapped[str]
    client: Mapped[str]
    token: Mapped[str]
    entity: Mapped[str]
    site: Mapped[str]
    address: Mapped[str]
    detail: Mapped[str]
    operation: Mapped[str]
    times: Mapped[int]
    digest: Mapped[str]
    __table_args__ = (
        Index("audit_by_time", "at"),
        Index("audit_by_entity", "entity"),
        Index("audit_by_site", "site"),
        Index("audit_by_operation", "operation"),
    )


class _Trimmed(Base):
    """One row: the last record that was forgotten, by its id, and its digest."""

    __tablename__ = "audit_trimmed"
    id: Mapped[int] = mapped_column(primary_key=True)
    until: Mapped[int]
    digest: Mapped[str]


def _forbid(_: object, connection: Connection, **__: object) -> None:
    connection.exec_driver_sql(
        "CREATE TRIGGER audit_no_update BEFORE UPDATE ON audit "
        "BEGIN SELECT RAISE(ABORT, 'the audit only ever grows'); END"
    )


def _keep(_: object, connection: Connection, **__: object) -> None:
    # Earlier versions let nothing go at all.
    connection.exec_driver_sql("DROP TRIGGER IF EXISTS audit_no_delete")
    connection.exec_driver_sql(
        "CREATE TRIGGER audit_no_delete BEFORE DELETE ON audit "
        "WHEN OLD.id > (SELECT coalesce(max(until), 0) FROM audit_trimmed) "
        "BEGIN SELECT RAISE(ABORT, 'the audit only ever grows: its oldest records alone may go'); END"
    )


event.listen(_Audited.__table__, "after_create", _forbid)
event.listen(_Trimmed.__table__, "after_create", _keep)


class _Reported(Base):
    """One row: how far the log of the graph has been taken up."""

    __tablename__ = "audit_reported"
    id: Mapped[int] = mapped_column(primary_key=True)
    timeline: Mapped[str]
    sequence: Mapped[int]


class Filter(msgspec.Struct, frozen=True, kw_only=True):
    """Which records are wanted; what is None or empty does not narrow."""

    since: int | None = None
    until: int | None = None
    """Before this time; both in microseconds since 1970 UTC."""
    action: str = ""
    """This one, or all of a kind: ``token`` finds ``token.issue`` and ``token.refuse``."""
    user: str = ""
    client: str = ""
    entity: str = ""
    refused: bool | None = None
    """Only what was refused, or only what was not."""
    sites: Collection[str] | None = None
    """Ids of sites: only what is about these; None: all, what is about no site included."""


class Audit:
    """The audit of a twin; blocks, so a thread calls it. Every method may raise `BackendError`."""

    def __init__(self, records: Records) -> None:
        self._records = records
        records.create(_Audited, _Reported, _Trimmed)

    def add(self, deeds: Iterable[Deed]) -> None:
        """Keep deeds in this order; they are on the disk on return."""
        with self._records.write() as session:
            _append(session, deeds)

    def reported(self) -> Reported:
        """How far the log of the graph has been taken up."""
        with self._records.read() as session:
            row = session.get(_Reported, 1)
            return Reported() if row is None else Reported(row.timeline, row.sequence)

    def follow(self, timeline: str, changes: Sequence[Change]) -> Reported:
        """Take up changes of the graph's log (at least one), in their order; what is in the audit already is not taken
        up again.
        """
        with self._records.write() as session:
            known = _known(session, [change.changeset.op_id for change in changes])
            _append(session, (deed_of(each.changeset) for each in changes if each.changeset.op_id not in known))
            reported = Reported(timeline, changes[-1].sequence)
            session.merge(_Reported(id=1, timeline=timeline, sequence=reported.sequence))
        return reported

    def list(self, wanted: Filter | None = None, *, limit: int = 100, before: int | None = None) -> list[Record]:
        """The newest first; ``before``: only those older than a record, by its id."""
        chosen = _narrowed(wanted or Filter()).order_by(_Audited.id.desc()).limit(limit)
        if before is not None:
            chosen = chosen.where(_Audited.id < before)
        with self._records.read() as session:
            return [_record(row) for row in session.scalars(chosen)]

    def export(self, wanted: Filter | None = None) -> Iterator[Record]:
        """All of them, the oldest first, some at a time: what is added meanwhile is there too, at the end."""
        last = 0
        while True:
            chosen = _narrowed(wanted or Filter()).where(_Audited.id > last).order_by(_Audited.id).limit(_PAGE)
            with self._records.read() as session:
                page = [_record(row) for row in session.scalars(chosen)]
            if not page:
                return
            yield from page
            last = page[-1].id

    def trim(self, before: int, at: int) -> int:
        """Forget what was done before a time, from the first record up to the first that is younger: how many are gone.
        That they are is a record of its own, done ``at`` (both in microseconds).
        """
        with self._records.write() as session:
            trimmed = session.get(_Trimmed, 1) or _Trimmed(id=1, until=0, digest="")
            young = session.scalars(select(func.min(_Audited.id)).where(_Audited.at >= before)).one()
            newest = session.scalars(select(func.max(_Audited.id))).one() or 0
            until = (newest + 1 if young is None else young) - 1
            if until > trimmed.until:
                trimmed.until, trimmed.digest = until, session.get_one(_Audited, until).digest
                session.add(trimmed)
                _append(session, [Deed(at=at, action=TRIMMED, detail=_told(trimmed))])
        return self._delete(until)

    def since(self) -> int:
        """The id of the first record that is kept."""
        with self._records.read() as session:
            trimmed = session.get(_Trimmed, 1)
            return 1 if trimmed is None else trimmed.until + 1

    def verify(self) -> int | None:
        """The id of the first record that is not as it was written, or before which one is missing; None: all are.

        Records that were forgotten are missing unless a record says that they were.
        """
        with self._records.read() as session:
            trimmed = session.get(_Trimmed, 1)
        first, before, told = (1, "", True) if trimmed is None else (trimmed.until + 1, trimmed.digest, False)
        expected = first
        for record in self.export():
            if record.id < first:
                continue
            if record.id != expected or record.digest != digest(before, record.deed):
                return expected
            told = told or (
                record.deed.action == TRIMMED and trimmed is not None and record.deed.detail == _told(trimmed)
            )
            before, expected = record.digest, expected + 1
        return None if told else first

    def _delete(self, until: int) -> int:
        """Delete up to a record, a few at a time: others write between."""
        deleted = 0
        while True:
            with self._records.write() as session:
                some = select(_Audited.id).where(_Audited.id <= until).limit(_PAGE)
                gone = len(session.scalars(delete(_Audited).where(_Audited.id.in_(some)).returning(_Audited.id)).all())
            deleted += gone
            if gone < _PAGE:
                return deleted


def _told(trimmed: _Trimmed) -> str:
    """What the record says of those that were forgotten."""
    return f"up to {trimmed.until}, {trimmed.digest}"


def _append(session: Session, deeds: Iterable[Deed]) -> None:
    last = session.execute(select(_Audited.id, _Audited.digest).order_by(_Audited.id.desc()).limit(1)).one_or_none()
    newest, before = (0, "") if last is None else (last.id, last.digest)
    for number, deed in enumerate(deeds, start=newest + 1):
        before = digest(before, deed)
        session.add(_Audited(id=number, digest=before, **msgspec.structs.asdict(deed)))


def _known(session: Session, operations: Sequence[str]) -> set[str]:
    found: set[str] = set()
    for start in range(0, len(operations), _PAGE):
        some = operations[start : start + _PAGE]
        found.update(session.scalars(select(_Audited.operation).where(_Audited.operation.in_(some))))
    return found


def _narrowed(wanted: Filter) -> Select[Any]:
    chosen = select(_Audited)
    if wanted.since is not None:
        chosen = chosen.where(_Audited.at >= wanted.since)
    if wanted.until is not None:
        chosen = chosen.where(_Audited.at < wanted.until)
    if wanted.action:
        chosen = chosen.where(
            (_Audited.action == wanted.action) | _Audited.action.startswith(f"{wanted.action}.", autoescape=True)
        )
    for name in ("user", "client", "entity"):
        if value := getattr(wanted, name):
            chosen = chosen.where(getattr(_Audited, name) == value)
    if wanted.refused is not None:
        chosen = chosen.where((_Audited.result != "ok") == wanted.refused)
    if wanted.sites is not None:
        chosen = chosen.where(_Audited.site.in_(wanted.sites))
    return chosen


def _record(row: _Audited) -> Record:
    return Record(row.id, Deed(**{name: getattr(row, name) for name in _FIELDS}), row.digest)
