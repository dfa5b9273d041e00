"""Files as they are moved: a SQLite file copied while others use it, and a disk that refuses said as an error."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING

from twin.errors import BackendError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["copy_sqlite", "sync", "writing"]

_BUSY_SECONDS = 10


@contextmanager
def writing(place: Path) -> Iterator[None]:
    """Raise what a disk refuses as an error that names the place."""
    try:
        yield
    except (OSError, sqlite3.OperationalError) as error:
        why = (error.strerror or str(error)) if isinstance(error, OSError) else str(error)
        raise BackendError(
            f"{place} cannot be written: {why}",
            code="file.unwritable",
            help="check the rights of its directory and the free space; nothing half is left",
        ) from error


def copy_sqlite(source: Path, target: Path) -> None:
    """Copy a file at one moment, whoever writes it meanwhile, over whatever the other holds. Whoever has the other open
    sees the old until it is whole, and the new from then on.
    """
    os.close(os.open(target, os.O_RDWR | os.O_CREAT, 0o600))
    with (
        closing(sqlite3.connect(source, timeout=_BUSY_SECONDS)) as read,
        closing(sqlite3.connect(target, timeout=_BUSY_SECONDS)) as written,
    ):
        read.backup(written)
    sync(target)


def sync(place: Path) -> None:
    """Have a file, or the names in a directory, on the disk."""
    descriptor = os.open(place, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
