"""A twin into one file, while it is served.

Nothing stops meanwhile. What is in the file belongs together: the graph is cut at one sequence; the records were copied
after the watermark was read, and before the sequence was settled, so they have every dead letter of what is worked in,
and nothing that was decided later; the journal was copied last, from the watermark on, so every message that was
acknowledged before the cut is worked in or will be.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import sqlite3
from contextlib import closing, contextmanager
from importlib.metadata import version
from typing import TYPE_CHECKING

from twin.access.issuers.configured import FILE as ISSUERS
from twin.engine.home import Home
from twin.engine.moving.archive import GRAPH, JOURNAL, RECORDS, Cut, Manifest, pack
from twin.engine.moving.files import copy_sqlite, sync, writing
from twin.errors import Conflict, InvalidValue
from twin.records import Records
from twin.store.sqlite.moving import read_watermark
from twin.telemetry.journal.copying import held
from twin.times import now, rfc3339

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from twin.engine.moving.archive import Member

__all__ = ["backup"]

_PACKAGE = "building-twin"
_COUNTS = {"entities": "entities", "relations": "relations", "changes": "log", "readings": "states"}
"""What is counted, and the table of it."""


def backup(data: Path, file: Path, progress: Callable[[str, int, int], None] | None = None) -> Manifest:
    """Back a twin's directory up. ``progress`` is told of each step how far it is.

    Raises:
        NotFound: there is no twin in the directory.
        Conflict: there is such a file already, or another backup is writing it.
        BackendError: the store or the disk refuses; nothing is left behind.
    """
    home = Home(data, create=False)
    home.check_there()
    if file.exists():
        raise _there(file)
    with writing(file), _workshop(file) as folder:
        content = folder / "content"
        content.mkdir(mode=0o700)
        cut, counts = _gather(home, content, progress)
        manifest = pack(
            folder / "packed",
            content,
            lambda members: _manifest(cut, counts, members),
            None if progress is None else lambda done, of: progress("writing", done, of),
        )
        _publish(folder / "packed", file)
    return manifest


def _gather(home: Home, content: Path, progress: Callable[[str, int, int], None] | None) -> tuple[Cut, dict[str, int]]:
    """Copy everything into a folder: where it was cut, and how much there is."""
    told = None if progress is None else lambda done, of: progress("reading", done, of)
    with held(home.journal) as journal:
        store = home.open_graph(remember=False)
        try:
            store.save(content / GRAPH, lambda: _copy_records(home.records, content / RECORDS), told)
        finally:
            store.close()
        cut, counts = _seen(content / GRAPH)
        messages = journal.copy(content / JOURNAL, lambda id_: cut.offset if id_ == cut.journal else 0)
    if (home.directory / ISSUERS).is_file():
        shutil.copyfile(home.directory / ISSUERS, content / ISSUERS)
    return cut, {**counts, "messages": messages}


def _copy_records(source: Path, target: Path) -> None:
    if source.exists():
        copy_sqlite(source, target)
    else:  # of a twin that was never served
        Records(target).close()


def _seen(graph: Path) -> tuple[Cut, dict[str, int]]:
    with closing(sqlite3.connect(graph)) as db:
        mark = read_watermark(db)
        timeline = db.execute("SELECT value FROM meta WHERE name = 'timeline'").fetchone()[0]
        head = db.execute("SELECT coalesce(max(sequence), 0) FROM log").fetchone()[0]
        counts = {
            name: db.execute(f"SELECT count(*) FROM {table}").fetchone()[0]  # noqa: S608 - names of our own
            for name, table in _COUNTS.items()
        }
    return Cut(timeline, head, mark.journal, mark.offset), counts


def _manifest(cut: Cut, counts: dict[str, int], members: dict[str, Member]) -> Manifest:
    return Manifest(made=rfc3339(now()), version=version(_PACKAGE), cut=cut, counts=counts, members=members)


@contextmanager
def _workshop(file: Path) -> Iterator[Path]:
    """A folder beside the file to be, on the same disk; what a backup that was killed has left there is cleared."""
    parent = file.parent
    if not parent.is_dir():
        raise InvalidValue(f"there is no directory {parent}", code="file.unwritable", help="make it first")
    folder = parent / f".{file.name}.partial"
    folder.mkdir(mode=0o700, exist_ok=True)
    lock = os.open(folder, os.O_RDONLY)
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise Conflict(
                f"another process is writing {file}", code="backup.exists", help="give each backup a name of its own"
            ) from error
        for left in folder.iterdir():
            shutil.rmtree(left) if left.is_dir() else left.unlink()
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(lock)


def _publish(packed: Path, file: Path) -> None:
    """Give a whole file its name, unless somebody else has taken it meanwhile."""
    try:
        os.link(packed, file)
    except FileExistsError:
        raise _there(file) from None
    except OSError:  # a file system without links
        packed.rename(file)
    sync(file.parent)


def _there(file: Path) -> Conflict:
    return Conflict(f"{file} is there already", code="backup.exists", help="give each backup a name of its own")
