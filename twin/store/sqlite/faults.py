"""What SQLite says went wrong, as errors of ours: our side is down, and the same call may work later.

``SQLITE_BUSY`` and ``SQLITE_FULL`` are certain: nothing was written. What a disk refuses while a commit is being synced
is not: the bytes may come back after a crash, so only the log can tell what became of it.
"""

from __future__ import annotations

import sqlite3
from contextlib import contextmanager
from typing import TYPE_CHECKING

import msgspec

from twin.errors import BackendError, OutcomeUnknown

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["BUSY_SECONDS", "committing", "reported"]

BUSY_SECONDS = 5
"""How long a writer waits for another process that writes."""
_PRIMARY = 0xFF
"""The part of SQLite's result codes that is the same for every cause of one kind."""
_NOTHING_WRITTEN = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_FULL}
_DAMAGED = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}


@contextmanager
def reported(path: Path) -> Iterator[None]:
    """Raise what SQLite raises as `BackendError`."""
    try:
        yield
    except sqlite3.ProgrammingError as error:
        raise BackendError(f"{path} is closed", code="store.closed") from error
    except msgspec.MsgspecError as error:
        raise BackendError(
            f"{path} holds what this twin cannot read: {error}",
            code="store.unreadable",
            help="it was written by another version: run that one, or name another directory with --data DIR",
        ) from error
    except sqlite3.DatabaseError as error:
        raise _explained(path, error) from error


def committing(path: Path, db: sqlite3.Connection) -> None:
    """End a transaction; what did not commit is rolled back.

    Raises:
        OutcomeUnknown: only the log can tell what became of it.
        sqlite3.Error: nothing was written.
    """
    try:
        db.execute("COMMIT")
    except sqlite3.Error as error:
        db.rollback()
        if _kind(error) in _NOTHING_WRITTEN:
            raise
        raise OutcomeUnknown(
            f"{path} did not confirm a commit", reason=str(error), help="see the disk: full, or failing?"
        ) from error


def _kind(error: sqlite3.Error) -> int:
    return getattr(error, "sqlite_errorcode", 0) & _PRIMARY


def _explained(path: Path, error: sqlite3.DatabaseError) -> BackendError:
    kind = _kind(error)
    if kind == sqlite3.SQLITE_BUSY:
        return BackendError(
            f"{path} has been locked by another process for {BUSY_SECONDS} s; nothing was written",
            code="store.busy",
            help="let the script or command that writes it finish; one that was stopped half-way goes on, or is killed",
        )
    if kind == sqlite3.SQLITE_FULL:
        return BackendError(
            f"there is no room for {path}; nothing was written",
            code="store.full",
            help="free some space, and the twin goes on by itself",
        )
    if kind in _DAMAGED:
        return BackendError(
            f"{path} is damaged, or no twin's: {error}",
            code="store.damaged",
            help="restore a backup, or name another directory with --data DIR",
        )
    return BackendError(
        f"{path}: {error}",
        code="store.unavailable",
        help="is the directory writable, the disk not full, and the file a twin's own?",
    )
