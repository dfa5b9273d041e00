"""A backup into a directory: a twin of its own from then on.

It begins a new timeline, with a journal of another id: nobody who knew the twin of before can take one for the other.
Nothing that was let in before is let in again: keys that sign tokens are new, tokens and sessions have ended. The
external issuers that somebody has said in the directory stay what they are; those of the backup are for where none are.

The file is read to its end before anything is touched. What was in the directory is set aside first, as a directory of
its own that can be served; from then to the last step the directory is marked, and whoever opens it is refused until
the same is done again.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import msgspec
from msgspec.structs import replace as changed

from twin.access.ending import revoke_everything
from twin.access.issuers.configured import FILE as ISSUERS
from twin.engine.home import Home, unfinished
from twin.engine.moving.archive import GRAPH, JOURNAL, RECORDS, Manifest, extract, look
from twin.engine.moving.files import copy_sqlite, sync, writing
from twin.errors import BackendError, Conflict
from twin.ids import mint
from twin.records import Records
from twin.store.location import open_store
from twin.store.moving import occupied
from twin.store.sqlite import SQLiteStore
from twin.store.sqlite.moving import mark, read_watermark
from twin.telemetry.deadletters import DeadLetters
from twin.telemetry.journal.copying import renamed
from twin.times import now, rfc3339

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from twin.store import GraphStore

    Progress = Callable[[str, int, int], None]

__all__ = ["Restored", "restore"]


class Restored(msgspec.Struct, frozen=True, kw_only=True):
    """What a restore has made."""

    manifest: Manifest
    timeline: str
    """The new one."""
    graph: str
    """The URL of where the graph is kept."""
    aside: str | None
    """Where that lies which was there before."""


class _Begun(msgspec.Struct, frozen=True):
    """The mark of a restore that has begun: what was there is set aside, so what is there now may be removed."""

    graph: str
    aside: str | None
    own: bool
    """Whether the graph goes where that of the directory is."""


def restore(
    file: Path, data: Path, graph: str = "", *, replace: bool = False, progress: Progress | None = None
) -> Restored:
    """Restore a backup into a directory, and its graph to where a URL says; ``replace``: in the place of what is there.

    Raises:
        InvalidValue: the file is no whole backup, or the URL no place for a graph; nothing was touched.
        Conflict: a process serves the directory, or there is a twin already.
        BackendError: a newer twin made the backup, or the store or the disk refuses.
    """
    look(file)  # before a directory is made for it
    home = Home(data, restoring=True)
    with home.owned(), writing(data):
        begun = _begin(home, graph, replace=replace)
        stage = home.directory / "restoring"
        shutil.rmtree(stage, ignore_errors=True)
        stage.mkdir(mode=0o700)
        try:
            return _Restore(home, stage, begun, progress).run(file)
        finally:
            shutil.rmtree(stage, ignore_errors=True)


def _begin(home: Home, graph: str, *, replace: bool) -> _Begun:
    """How it goes: as it was begun before, where that was broken off."""
    url = graph or home.graph_url()
    if home.restoring.exists():
        before = msgspec.json.decode(home.restoring.read_bytes(), type=_Begun)
        if graph not in {"", before.graph}:
            raise unfinished(home.directory, f"restore again into {before.graph}")
        return before
    there = home.occupied()
    if there and not replace:
        raise Conflict(
            f"there is a twin in {home.directory} already",
            code="data.occupied",
            help="name an empty directory with --data DIR, or say --replace: what is there is kept aside",
        )
    aside = f"replaced-{rfc3339(now())[:19].replace(':', '')}" if there else None
    return _Begun(url, aside, own=url == home.graph_url())


def _check_empty(store: GraphStore) -> None:
    if store.head() or store.sums().sites:
        raise occupied()


class _Restore:
    """One restore, in its directory, which it has for itself."""

    def __init__(self, home: Home, stage: Path, begun: _Begun, progress: Progress | None) -> None:
        self._home = home
        self._stage = stage
        self._begun = begun
        self._progress = progress
        self._timeline, self._journal = mint(), mint()

    def run(self, file: Path) -> Restored:
        """All of it."""
        manifest = extract(file, self._stage, self._told("reading"))
        self._prepare()
        with (
            closing(SQLiteStore(self._stage / GRAPH)) as source,
            closing(open_store(self._begun.graph, self._home.directory, unfinished=True)) as store,
        ):
            if not self._home.restoring.exists():
                if self._begun.aside is None or not self._begun.own:
                    _check_empty(store)
                self._set_aside(store)
                self._mark()
            self._fill(store, source)
        self._put_in_place()
        self._home.remember_graph(self._begun.graph)
        self._home.restoring.unlink()
        sync(self._home.directory)
        aside = self._begun.aside
        return Restored(
            manifest=manifest,
            timeline=self._timeline,
            graph=self._begun.graph,
            aside=None if aside is None else str(self._home.directory / aside),
        )

    def _told(self, step: str) -> Callable[[int, int], None] | None:
        progress = self._progress
        return None if progress is None else lambda done, of: progress(step, done, of)

    def _prepare(self) -> None:
        """Make what was laid down the new twin's: its timeline, its journal, and nobody let in."""
        SQLiteStore(self._stage / GRAPH).close()  # of an older version: brought along
        with (
            closing(sqlite3.connect(self._stage / GRAPH, isolation_level=None)) as graph,
            closing(Records(self._stage / RECORDS)) as records,
        ):
            watermark = read_watermark(graph)
            if (self._stage / JOURNAL).is_dir():
                before = renamed(self._stage / JOURNAL, self._journal)
                ours = before == watermark.journal
                DeadLetters(records).adopt(before, self._journal, watermark.offset if ours else 0)
                if ours:
                    mark(graph, changed(watermark, journal=self._journal))
            graph.execute("UPDATE meta SET value = ? WHERE name = 'timeline'", (self._timeline,))
            revoke_everything(records)

    def _mark(self) -> None:
        """Say on the disk that from here on the directory is neither what it was nor what it will be."""
        draft = self._home.restoring.with_suffix(".new")
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as out:
            out.write(msgspec.json.encode(self._begun))
            out.flush()
            os.fsync(out.fileno())
        draft.rename(self._home.restoring)
        sync(self._home.directory)

    def _set_aside(self, store: GraphStore) -> None:
        """Keep what is there, whole, before any of it goes: as a directory that can be served."""
        home, name = self._home, self._begun.aside
        if name is None:
            return
        aside = self._stage / "aside"
        aside.mkdir(mode=0o700)
        if self._begun.own:
            store.save(aside / "twin.sqlite", progress=self._told("setting aside"))
        else:
            (aside / "graph").write_text(f"{home.graph_url()}\n", encoding="utf-8")
        if home.records.exists():
            copy_sqlite(home.records, aside / home.records.name)
        for folder in (home.journal, home.keys):
            if folder.is_dir():
                shutil.copytree(folder, aside / folder.name)
        for file in (home.demo, home.directory / ISSUERS):
            if file.exists():
                shutil.copy2(file, aside / file.name)
        aside.rename(home.directory / name)

    def _fill(self, store: GraphStore, source: SQLiteStore) -> None:
        """Have the graph hold what the backup does. Where it is a file too, the pages are copied."""
        told = self._told("filling")
        if isinstance(store, SQLiteStore):
            store.adopt(source.path, told)
        else:
            with source.dump() as dump:
                store.fill(dump, self._timeline, told, replace=True)
        if store.sums().sites != source.sums().sites or store.head() != source.head():
            raise BackendError(
                "what was restored does not add up to what the backup holds",
                code="store.differs",
                help="restore again; if it stays so, tell the makers what keeps the graph",
            )

    def _put_in_place(self) -> None:
        home = self._home
        copy_sqlite(self._stage / RECORDS, home.records)
        for folder in (home.journal, home.keys):
            if folder.is_dir():
                shutil.rmtree(folder)
        home.demo.unlink(missing_ok=True)
        if (self._stage / JOURNAL).is_dir():
            (self._stage / JOURNAL).rename(home.journal)
        issuers = self._stage / ISSUERS
        if issuers.exists() and not (home.directory / ISSUERS).exists():
            issuers.rename(home.directory / ISSUERS)
        sync(home.directory)
