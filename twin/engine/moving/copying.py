"""A graph from one place to another: the same twin afterwards, of the same timeline, with everything of its log."""

from __future__ import annotations

from contextlib import closing, suppress
from typing import TYPE_CHECKING

import msgspec

from twin.engine.home import Home
from twin.errors import BackendError, Conflict, NotFound
from twin.store.location import open_store, sqlite_file
from twin.store.moving import counted, read_through

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from twin.store import GraphStore
    from twin.store.moving import Census

    Progress = Callable[[str, int, int], None]

__all__ = ["Copied", "copy"]


class Copied(msgspec.Struct, frozen=True, kw_only=True):
    """What was copied, and has been compared."""

    timeline: str
    sequence: int
    entities: int
    relations: int
    changes: int
    readings: int
    later: int
    """How many changes were committed meanwhile where it comes from: they are not in the copy."""


def copy(source: str, target: str, data: Path, *, live: bool = False, progress: Progress | None = None) -> Copied:
    """Copy the graph that one URL names to the place that another does, and compare both. ``data`` is the twin's
    directory, for passwords and a Neo4j of its own; ``live``: also while a process serves it.

    Raises:
        NotFound: there is no twin where it is to come from.
        Conflict: it is being served, or something is in the other place already.
        BackendError: a store refuses; or what has arrived is not what has left.
    """
    file = sqlite_file(source)
    if file is not None and not file.exists():
        raise NotFound(f"there is no twin in {source}", code="data.unknown", help="check the path in the URL")
    if not live and _served(source, data):
        raise Conflict(
            f"a process serves {source}",
            code="copy.served",
            help="stop it first; or say --live: what is committed after the copy is cut is not in it",
        )
    with closing(open_store(source, data)) as left:
        return _copy(left, target, data, progress)


def _copy(left: GraphStore, target: str, data: Path, progress: Progress | None) -> Copied:
    file = sqlite_file(target)
    is_new = file is not None and not file.exists()
    try:
        with closing(open_store(target, data, unfinished=True)) as arrived:
            census, timeline = _move(left, arrived, progress)
            _compare(census, arrived)
    except BaseException:
        if is_new and file is not None:
            for name in ("", "-wal", "-shm"):
                with suppress(OSError):
                    file.with_name(file.name + name).unlink()
        raise
    return Copied(
        timeline=timeline,
        sequence=census.head,
        entities=census.entities.count,
        relations=census.relations.count,
        changes=census.changes.count,
        readings=census.states.count,
        later=left.head() - census.head,
    )


def _move(left: GraphStore, arrived: GraphStore, progress: Progress | None) -> tuple[Census, str]:
    told = None if progress is None else lambda done, of: progress("copying", done, of)
    with left.dump() as dump:
        seen, census = counted(dump)
        arrived.fill(seen, dump.snapshot.timeline, told)
        return census, dump.snapshot.timeline


def _compare(census: Census, arrived: GraphStore) -> None:
    with arrived.dump() as dump:
        seen, found = counted(dump)
        read_through(seen)
    if differences := census.differences(found):
        raise BackendError(
            f"what has arrived is not what has left: {', '.join(differences)}",
            code="store.differs",
            help="does another process write there? Empty the place, and copy again",
        )


def _served(source: str, data: Path) -> bool:
    """Whether a process serves the graph, as far as the directories show that it may lie in."""
    file = sqlite_file(source)
    places = {data} | (set() if file is None else {file.parent})
    for place in places:
        if (place / "lock").exists():
            home = Home(place, create=False)
            if home.graph_url() == source or (file is not None and _same(file, home)):
                lease = home.lease()
                if not lease.take():
                    return True
                lease.release()
    return False


def _same(file: Path, home: Home) -> bool:
    known = sqlite_file(home.graph_url())
    return known is not None and known.resolve() == file.resolve()
