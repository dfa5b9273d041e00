"""Dead letters: messages and readings that could not be used, with why, their bytes, their topic and their sender.

A letter is about one reading of a message, or about the whole message (then its point is None). A message's bytes are
kept once, however many of its readings are refused. The newest are kept, within a number and a total size; what was
given up for them is counted. Writing the letters of a stretch of the journal again replaces them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
from cryptography.hazmat.primitives.ciphers.aead import AESSIV
from sqlalchemy import ForeignKey, Index, LargeBinary, delete, func, insert, select, update
from sqlalchemy.orm import Mapped, mapped_column

from twin.errors import NotFound
from twin.records import Base
from twin.telemetry.journal import JournalMessage
from twin.telemetry.letternames import KEY_BITS, LetterNames

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from sqlalchemy import Row
    from sqlalchemy.orm import Session

    from twin.records import Records

__all__ = ["DeadLetter", "DeadLetters", "Letter"]

_KEPT = 100_000
_KEPT_BYTES = 256 << 20
_ROWS = 200
"""Rows of one statement: a statement per row would give way to the loop at every row."""


class DeadLetter(msgspec.Struct, frozen=True, gc=False):
    """A message, or one reading of it, that could not be used."""

    message: JournalMessage
    code: str
    why: str
    point: str | None = None
    site: str | None = None
    """The id of the site, where the topic names one that exists."""


class Letter(msgspec.Struct, frozen=True, kw_only=True):
    """A dead letter as it is kept. ``number`` is the message's place in the journal; times are µs since 1970 UTC."""

    id: int
    code: str
    why: str
    point: str | None
    site: str | None
    sender: str
    topic: str
    received: int
    journal: str
    number: int
    size: int
    """Bytes of the payload."""
    payload: bytes | None = None
    """The bytes themselves, from `DeadLetters.show` only."""


class _Message(Base):
    __tablename__ = "dead_messages"
    id: Mapped[int] = mapped_column(primary_key=True)
    journal: Mapped[str]
    number: Mapped[int]
    site: Mapped[str | None]
    sender: Mapped[str]
    topic: Mapped[str]
    received: Mapped[int]
    size: Mapped[int]
    payload: Mapped[bytes] = mapped_column(LargeBinary)
    __table_args__ = (Index("dead_messages_by_number", "journal", "number", unique=True),)


class _Letter(Base):
    __tablename__ = "dead_letters"
    id: Mapped[int] = mapped_column(primary_key=True)
    message: Mapped[int] = mapped_column(ForeignKey(_Message.id, ondelete="CASCADE"), index=True)
    point: Mapped[str | None]
    code: Mapped[str] = mapped_column(index=True)
    why: Mapped[str]


class _Key(Base):
    """One row: the key that letters are named by."""

    __tablename__ = "dead_key"
    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[bytes] = mapped_column(LargeBinary)


class _Total(Base):
    """One row: what is kept, and what no longer is."""

    __tablename__ = "dead_totals"
    id: Mapped[int] = mapped_column(primary_key=True)
    kept: Mapped[int]
    size: Mapped[int]
    dropped: Mapped[int]


_COLUMNS = (
    _Letter.id,
    _Letter.code,
    _Letter.why,
    _Letter.point,
    _Message.site,
    _Message.sender,
    _Message.topic,
    _Message.received,
    _Message.journal,
    _Message.number,
    _Message.size,
)


class DeadLetters:
    """The dead letters of a twin's records; blocks, so a thread calls it. Every method may raise `BackendError`."""

    def __init__(self, records: Records, *, keep: int = _KEPT, keep_bytes: int = _KEPT_BYTES) -> None:
        self._records = records
        self._keep = keep
        self._keep_bytes = keep_bytes
        records.create(_Message, _Letter, _Total, _Key)
        with records.write() as session:
            if session.get(_Total, 1) is None:
                session.add(_Total(id=1, kept=0, size=0, dropped=0))
            kept = session.get(_Key, 1)
            if kept is None:
                kept = _Key(id=1, key=AESSIV.generate_key(KEY_BITS))
                session.add(kept)
            self.names = LetterNames(kept.key)
            """What letters are called by who may not know how many there are."""

    def add_many(self, journal: str, letters: Sequence[DeadLetter]) -> None:
        """Keep the letters of a stretch of a journal that goes on to its end, in the messages' order: they
        take the place of whatever is kept from the first one's message on.
        """
        if not letters:
            return
        with self._records.write() as session:
            _forget(session, journal, letters[0].message.number)
            _insert(session, journal, letters)
            self._trim(session)

    def after(self, journal: str) -> int:
        """The number after that of the newest message of a journal with a letter here; 0 where none has."""
        newest = select(func.max(_Message.number)).where(_Message.journal == journal)
        with self._records.read() as session:
            found = session.scalars(newest).one()
        return 0 if found is None else found + 1

    def forget(self, journal: str, since: int, until: int) -> None:
        """Forget the letters of the messages from a number up to (and not with) another: they will be worked through
        again.
        """
        with self._records.write() as session:
            numbers = _Message.number
            which = (_Message.journal == journal) & (numbers >= since) & (numbers < until)
            _delete(session, which, session.get_one(_Total, 1))

    def adopt(self, journal: str, name: str, until: int) -> None:
        """Have the letters of a journal under its new name; those of its messages from a number on are forgotten: they
        will be worked through again.
        """
        with self._records.write() as session:
            _forget(session, journal, until)
            session.execute(update(_Message).where(_Message.journal == journal).values(journal=name))

    def list(
        self,
        *,
        limit: int = 100,
        after: int | None = None,
        code: str | None = None,
        sites: Collection[str] | None = None,
    ) -> list[Letter]:
        """The newest first, without their payloads: those after (older than) an id, of one code, of some sites (by id);
        ``sites`` None is all, those of no site included.
        """
        wanted = select(*_COLUMNS).join(_Message).order_by(_Letter.id.desc()).limit(limit)
        if after is not None:
            wanted = wanted.where(_Letter.id < after)
        if code is not None:
            wanted = wanted.where(_Letter.code == code)
        if sites is not None:
            wanted = wanted.where(_Message.site.in_(sites))
        with self._records.read() as session:
            return [_letter(row) for row in session.execute(wanted)]

    def show(self, letter: int, *, sites: Collection[str] | None = None) -> Letter:
        """One letter with its payload; `NotFound` (``deadletter.unknown``) also where its site is not among these."""
        wanted = select(*_COLUMNS, _Message.payload).join(_Message).where(_Letter.id == letter)
        with self._records.read() as session:
            row = session.execute(wanted).one_or_none()
        if row is None or (sites is not None and row.site not in sites):
            raise NotFound(
                f"there is no dead letter {letter}",
                code="deadletter.unknown",
                help="twin deadletter list shows those there are; the oldest are given up when there are too many",
            )
        return _letter(row)

    def count(self) -> dict[str, int]:
        """How many are kept, by code, the most frequent first."""
        number = func.count()
        wanted = select(_Letter.code, number).group_by(_Letter.code).order_by(number.desc(), _Letter.code)
        with self._records.read() as session:
            return {row[0]: row[1] for row in session.execute(wanted)}

    def dropped(self) -> int:
        """How many were given up for newer ones."""
        with self._records.read() as session:
            return session.get_one(_Total, 1).dropped

    def _trim(self, session: Session) -> None:
        """Give up the oldest until what is kept is within both bounds."""
        total = session.get_one(_Total, 1)
        while total.kept > self._keep or (total.size > self._keep_bytes and total.kept > 1):
            excess = max(total.kept - self._keep, total.kept // 100, 1)
            oldest = select(_Letter.id).order_by(_Letter.id).limit(excess).scalar_subquery()
            last = session.scalars(select(func.max(_Letter.message)).where(_Letter.id.in_(oldest))).one()
            dropped = _delete(session, _Message.id <= last, total)
            total.dropped += dropped
        session.flush()


def _forget(session: Session, journal: str, number: int) -> None:
    _delete(session, (_Message.journal == journal) & (_Message.number >= number), session.get_one(_Total, 1))


def _delete(session: Session, which: Any, total: _Total) -> int:
    """Delete messages with all their letters, and count them off; how many letters."""
    messages = select(_Message.id).where(which)
    letters = session.scalars(select(func.count()).where(_Letter.message.in_(messages))).one()
    if not letters:
        return 0
    size = session.scalars(select(func.coalesce(func.sum(_Message.size), 0)).where(which)).one()
    session.execute(delete(_Letter).where(_Letter.message.in_(messages)))
    session.execute(delete(_Message).where(which))
    total.kept -= letters
    total.size -= size
    return letters


def _insert(session: Session, journal: str, letters: Sequence[DeadLetter]) -> None:
    next_message = 1 + session.scalars(select(func.coalesce(func.max(_Message.id), 0))).one()
    messages: dict[int, dict[str, Any]] = {}
    rows = []
    for letter in letters:
        message = letter.message
        row = messages.get(message.number)
        if row is None:
            row = messages[message.number] = _row(next_message + len(messages), journal, letter)
        rows.append({"message": row["id"], "point": letter.point, "code": letter.code, "why": letter.why})
    size = sum(row["size"] for row in messages.values())
    _insert_rows(session, _Message, list(messages.values()))
    _insert_rows(session, _Letter, rows)
    session.execute(update(_Total).values(kept=_Total.kept + len(rows), size=_Total.size + size))


def _row(row_id: int, journal: str, letter: DeadLetter) -> dict[str, Any]:
    message = letter.message
    return {
        "id": row_id,
        "journal": journal,
        "number": message.number,
        "site": letter.site,
        "sender": message.sender,
        "topic": message.topic.decode(errors="replace"),
        "received": message.received,
        "size": len(message.payload),
        "payload": message.payload,
    }


def _insert_rows(session: Session, model: type[Base], rows: list[dict[str, Any]]) -> None:
    for start in range(0, len(rows), _ROWS):
        session.execute(insert(model).values(rows[start : start + _ROWS]))


def _letter(row: Row[*tuple[Any, ...]]) -> Letter:
    return Letter(**row._mapping)  # noqa: SLF001 - SQLAlchemy's public name for a row as a mapping
