"""A look at the file of a graph that changes nothing in it, also while a twin serves from it."""

from __future__ import annotations

import os
import sqlite3
import sys
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from twin.store.findings import Finding, disk, secret
from twin.store.sqlite.schema import VERSION

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["examine", "file_system", "journal_of"]

_NETWORKED = {"nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "afs", "ceph", "glusterfs", "fuse.sshfs", "fuse.s3fs"}
_MOUNTS = Path("/proc/self/mounts")
_HEAD = "SELECT count(*), coalesce(min(sequence), 0), coalesce(max(sequence), 0) FROM log"


def examine(path: Path) -> Iterator[Finding]:
    """What there is to say about the file."""
    if not path.exists():
        yield Finding(
            "graph: file", "wrong", f"{path} is not there", "make a twin with 'twin apply', or restore a backup"
        )
        return
    yield secret("graph: file", path)
    yield _place(path)
    yield disk("graph: disk", path.resolve().parent)
    try:
        with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as db:
            yield from _inside(db)
    except sqlite3.Error as error:
        yield Finding("graph: integrity", "wrong", f"SQLite says: {error}", "restore a backup: twin restore FILE")


def journal_of(path: Path) -> tuple[str, int] | None:
    """The journal that the graph was fed from, and how far; None where it was from none.

    Raises:
        sqlite3.Error: the file cannot be read.
    """
    with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as db:
        row = db.execute("SELECT journal, offset FROM watermark").fetchone()
    return (row[0], row[1]) if row is not None and row[0] else None


def file_system(path: Path) -> str | None:
    """The kind of file system a path lies on, where the system says so."""
    if sys.platform != "linux" or not _MOUNTS.exists():
        return None
    place = os.path.realpath(path)
    mounts = [line.split() for line in _MOUNTS.read_text(encoding="utf-8").splitlines()]
    inside = [(at, kind) for _, at, kind, *_ in mounts if place == at or place.startswith(f"{at.rstrip('/')}/")]
    return max(inside, key=lambda mount: len(mount[0]))[1] if inside else None


def _place(path: Path) -> Finding:
    kind = file_system(path)
    if kind in _NETWORKED:
        return Finding(
            "graph: place",
            "wrong",
            f"{path} lies on a network file system ({kind}), where SQLite's locks do not hold",
            "put the directory on a disk of this machine, or keep the graph in Neo4j: --graph neo4j://…",
        )
    if kind is None:
        return Finding("graph: place", "unsure", "this system does not say whether it is a network file system")
    return Finding("graph: place", "ok", f"on a file system of this machine ({kind})")


def _inside(db: sqlite3.Connection) -> Iterator[Finding]:
    said = db.execute("PRAGMA quick_check(1)").fetchone()[0]
    if said != "ok":
        yield Finding(
            "graph: integrity", "wrong", f"SQLite finds damage: {said}", "restore a backup: twin restore FILE"
        )
        return
    yield Finding("graph: integrity", "ok", "its pages fit together (quick_check)")
    version = db.execute("PRAGMA user_version").fetchone()[0]
    if version == 0 or version > VERSION:
        said = (
            "it is no graph of a twin" if version == 0 else f"a newer twin wrote it (schema {version}, ours {VERSION})"
        )
        yield Finding("graph: version", "wrong", said, "run the version that wrote it, or name another directory")
        return
    mode = db.execute("PRAGMA journal_mode").fetchone()[0]
    if mode != "wal":
        yield Finding("graph: log file", "unsure", f"its journal mode is {mode}; the next start makes it WAL")
    else:
        yield Finding("graph: log file", "ok", "changes are written ahead (WAL)")
    count, first, last = db.execute(_HEAD).fetchone()
    if count and last - first + 1 != count:
        said = f"of the changes {first} to {last}, {last - first + 1 - count} are missing"
        yield Finding("graph: log", "wrong", said, "somebody wrote to the file; restore a backup: twin restore FILE")
    else:
        yield Finding("graph: log", "ok", f"the log stands at {last}" if last else "the log is empty")
