"""The data directory of a twin: what lies where, made on first use, readable by its owner alone."""

from __future__ import annotations

import fcntl
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

from twin.errors import BackendError, Conflict, NotFound
from twin.store.location import open_store

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from twin.store import GraphStore

__all__ = ["Home"]


class Home:
    """Paths below one directory.

    Raises:
        BackendError: the directory cannot be made or written to.
        NotFound: it is not there, and is not to be made.
    """

    def __init__(self, directory: Path, *, create: bool = True) -> None:
        self.directory = directory
        if not create and not directory.is_dir():
            raise NotFound(
                f"there is no twin in {directory}",
                code="data.unknown",
                help="name its directory with --data DIR, or make one: twin apply TOPOLOGY",
            )
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

    def graph_url(self, given: str = "") -> str:
        """Where the graph is kept: as given here or by ``TWIN_GRAPH``, or where it was the last time, or in a file."""
        return given or os.environ.get("TWIN_GRAPH", "") or self._known_url()

    def _known_url(self) -> str:
        if self._graph_url.exists():
            return self._graph_url.read_text(encoding="utf-8").strip()
        return f"sqlite:///{self._graph_file}"

    def open_graph(self, given: str = "") -> GraphStore:
        """Open the graph, and keep in mind where it is: the next command finds the same twin.

        Raises:
            InvalidValue: it is no place for a graph. BackendError: it cannot be opened.
        """
        url = self.graph_url(given)
        store = open_store(url, self.directory)
        if url != self._known_url():
            self._graph_url.write_text(f"{url}\n", encoding="utf-8")
        return store

    @contextmanager
    def owned(self) -> Iterator[None]:
        """Hold the directory as the one process that serves it; scripts and commands may still use it beside.

        Raises:
            Conflict: another process serves it.
        """
        lock = os.open(self.directory / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                owner = os.pread(lock, 32, 0).decode().strip() or "unknown"
                raise Conflict(
                    f"another process (pid {owner}) serves {self.directory}",
                    code="data.owned",
                    help="stop it first, or name another directory with --data DIR",
                ) from error
            os.ftruncate(lock, 0)
            os.pwrite(lock, f"{os.getpid()}\n".encode(), 0)
            yield
        finally:
            os.close(lock)
