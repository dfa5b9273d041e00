"""The records: clients and dead letters, in one SQLite file (``records.sqlite``) reached through SQLAlchemy.

Each part that keeps records declares its models on `Base` and asks `Records.create` for their tables. The file is its
owner's alone (0600), and what was written is on the disk when `Records.write` returns (WAL, ``synchronous=FULL``).
"""

from __future__ import annotations

import os
from contextlib import contextmanager
from threading import Lock
from typing import TYPE_CHECKING, Any, cast
from weakref import WeakValueDictionary

from sqlalchemy import Engine, create_engine, event
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.orm import DeclarativeBase, Session

from twin.errors import BackendError
from twin.turns import Turns

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sqlalchemy import Connection, Table

__all__ = ["VERSION", "Base", "Records"]

VERSION = 1
"""The schema this program writes, kept in the file (``PRAGMA user_version``)."""

_PRAGMAS = ("journal_mode=WAL", "synchronous=FULL", "busy_timeout=5000", "foreign_keys=ON")
_PATIENCE_SECONDS = 30.0
"""How long a write waits for those before it. Nothing waits for ever, whatever one of them does."""
_turns = WeakValueDictionary[str, Turns]()
"""Whose turn it is to write, by file: SQLite lets one write, is not fair, and fails who is not let in for 5 s."""
_opening = Lock()


class Base(DeclarativeBase):
    """What every model of the records descends from."""


class Records:
    """One file of records; safe to use from several threads, each with sessions of its own.

    Raises `BackendError`: ``records.unavailable`` when the file cannot be opened, read or written, ``records.newer``
    when a newer program made it.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        with _opening:
            self._turns = _turns.setdefault(str(path.resolve()), Turns())
        with self._explained():
            _make_private(path)
            self._engine = _open(path)
            try:
                self._adopt()
            except BaseException:
                self._engine.dispose()
                raise

    def create(self, *models: type[Base]) -> None:
        """Make the tables of these models where they are not there yet; those that others refer to come first."""
        with self._explained(), self._begun() as connection:
            for table in [model.__table__ for model in models]:
                cast("Table", table).create(connection, checkfirst=True)

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A session that sees one moment of the records."""
        with self._explained(), Session(self._engine) as session:
            yield session

    @contextmanager
    def write(self) -> Iterator[Session]:
        """A session whose work is committed when the block ends, and undone when it raises.

        The right to write is taken at once, so nobody else writes between its first read and its commit; the threads
        of a process write in the order in which they came. A write within a write is a mistake (`RuntimeError`): use
        the session that is open. An ``IntegrityError`` of SQLAlchemy is passed on: the caller knows which rule it
        broke.
        """
        writing = self._engine.execution_options(begin="BEGIN IMMEDIATE")
        with self._explained(), self._turns.turn(_PATIENCE_SECONDS), Session(writing) as session, session.begin():
            yield session

    def close(self) -> None:
        """Let go of the file; idempotent."""
        self._engine.dispose()

    @contextmanager
    def _begun(self) -> Iterator[Connection]:
        writing = self._engine.execution_options(begin="BEGIN IMMEDIATE")
        with self._turns.turn(_PATIENCE_SECONDS), writing.begin() as connection:
            yield connection

    def _adopt(self) -> None:
        """Mark a new file with our version; refuse one from the future."""
        with self._begun() as connection:
            found = connection.exec_driver_sql("PRAGMA user_version").scalar_one()
            if found > VERSION:
                raise BackendError(
                    f"{self.path} has schema {found}; this program knows {VERSION}",
                    code="records.newer",
                    help="start the version of the twin that made it, or a newer one",
                    path=str(self.path),
                )
            if found < VERSION:
                connection.exec_driver_sql(f"PRAGMA user_version = {VERSION}")

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except IntegrityError:
            raise
        except (DBAPIError, OSError) as error:
            why = error.orig if isinstance(error, DBAPIError) else error.strerror
            raise BackendError(
                f"the records in {self.path} cannot be used: {why}",
                code="records.unavailable",
                help="check that the file is a twin's, that its directory is writable, and that the disk is not full",
                path=str(self.path),
            ) from error


def _make_private(path: Path) -> None:
    """Create the file as its owner's alone before SQLite does; SQLite gives its WAL the same mode."""
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    path.chmod(0o600)


def _open(path: Path) -> Engine:
    engine = create_engine(f"sqlite:///{path}")
    event.listen(engine, "connect", _prepare)
    event.listen(engine, "begin", _begin)
    return engine


def _prepare(connection: Any, _record: object) -> None:
    # The driver's own transactions begin at the first write: ours begin where SQLAlchemy says (see `_begin`).
    connection.isolation_level = None
    for pragma in _PRAGMAS:
        connection.execute(f"PRAGMA {pragma}")


def _begin(connection: Connection) -> None:
    connection.exec_driver_sql(connection.get_execution_options().get("begin", "BEGIN"))
