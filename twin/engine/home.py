"""The data directory of a twin: what lies where, made on first use, readable by its owner alone."""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

from twin.engine.lease import Lease
from twin.errors import BackendError, Conflict, NotFound
from twin.store.location import LOCAL, open_store

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from twin.store import GraphStore

__all__ = ["Home", "unfinished"]


class Home:
    """Paths below one directory.

    Raises:
        BackendError: the directory cannot be made or written to.
        NotFound: it is not there, and is not to be made.
        Conflict: a backup is being restored into it, or that was broken off.
    """

    def __init__(self, directory: Path, *, create: bool = True, restoring: bool = False) -> None:
        """``restoring``: by whoever restores a backup into it."""
        self.directory = directory
        if not create and not directory.is_dir():
            raise _no_twin(directory)
        try:
            directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            probe = directory / f".writable-{os.getpid()}"
            probe.touch()
            probe.unlink()
        except OSError as error:
            raise BackendError(
                f"the data directory {directory} cannot be written to: {error.strerror}",
                code="data.unwritable",
                help="name another with --data DIR, or make this one writable",
            ) from error
        self._graph_file = directory / "twin.sqlite"
        self._graph_url = directory / "graph"
        self.records = directory / "records.sqlite"
        self.journal = directory / "journal"
        self.keys = directory / "keys"
        self.demo = directory / "demo.json"
        self.restoring = directory / "restoring.json"
        """There while a restore is under way, or was broken off."""
        if self.restoring.exists() and not restoring:
            raise unfinished(directory)

    def occupied(self) -> bool:
        """Whether there is something of a twin in it."""
        files = (self._graph_file, self._graph_url, self.records, self.keys, self.restoring)
        return any(each.exists() for each in files) or any(self.journal.glob("*"))

    def remember_graph(self, url: str) -> None:
        """Keep in mind where the graph is: the next command finds it there."""
        if url != self._known_url():
            self._graph_url.write_text(f"{url}\n", encoding="utf-8")

    def check_there(self) -> None:
        """Look whether there is a twin at all, before anything makes one.

        Raises:
            NotFound: there is none.
        """
        if self.graph_url() == f"sqlite:///{self._graph_file}" and not self._graph_file.exists():
            raise _no_twin(self.directory)

    def graph_url(self, given: str = "") -> str:
        """Where the graph is kept: as given here or by ``TWIN_GRAPH``, or where it was the last time, or in a file."""
        return given or os.environ.get("TWIN_GRAPH", "") or self._known_url()

    def _known_url(self) -> str:
        if self._graph_url.exists():
            return self._graph_url.read_text(encoding="utf-8").strip()
        return f"sqlite:///{self._graph_file}"

    def holds_graph(self, given: str = "") -> bool:
        """Whether the graph lies in this directory, so that no other can have it too."""
        return self.graph_url(given) in {f"sqlite:///{self._graph_file}", LOCAL}

    def open_graph(self, given: str = "", *, remember: bool = True) -> GraphStore:
        """Open the graph, and keep in mind where it is: the next command finds the same twin. A process that follows
        another leaves it as it was.

        Raises:
            InvalidValue: it is no place for a graph. BackendError: it cannot be opened.
        """
        url = self.graph_url(given)
        store = open_store(url, self.directory)
        if remember:
            self.remember_graph(url)
        return store

    def lease(self) -> Lease:
        """The right to be the one process that owns the directory, to be taken."""
        return Lease(self.directory)

    @contextmanager
    def owned(self) -> Iterator[None]:
        """Hold the directory as the one process that owns it; scripts and commands may still use it beside.

        Raises:
            Conflict: another process serves it.
        """
        lease = self.lease()
        if not lease.take():
            raise self.owned_by_another()
        try:
            yield
        finally:
            lease.release()

    def owned_by_another(self) -> Conflict:
        """What to say to a process that would own the directory, and cannot."""
        return Conflict(
            f"another process (pid {self.lease().holder()}) serves {self.directory}",
            code="data.owned",
            help="stop it first, or name another directory with --data DIR",
        )


def _no_twin(directory: Path) -> NotFound:
    return NotFound(
        f"there is no twin in {directory}",
        code="data.unknown",
        help="name its directory with --data DIR, or make one: twin apply TOPOLOGY",
    )


def unfinished(
    directory: Path, help_: str = "restore again, from the same file or another: it begins anew"
) -> Conflict:
    """What to say to whoever finds a directory into which a backup is being restored."""
    return Conflict(
        f"a backup is being restored into {directory}, or that was broken off",
        code="restore.unfinished",
        help=f"{help_}; what was there before is in its folder replaced-…",
    )
