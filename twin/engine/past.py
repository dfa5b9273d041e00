"""The graph as it was: made again from the log, up to a sequence or a time; and who changed what, when. Where the log
was trimmed, from the graph as it was there on.

What is made is nobody else's: nothing follows it, and it changes nothing. It takes the memory of the graph as it was
(of one site's, where one is named), and some pages of the log. It takes as long as what is in the log up to there, or
in the graph as it was where the log begins.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from twin.engine.chronicle import read_log
from twin.engine.replay import Replay, log_pages, sequence_at
from twin.engine.versions import Versions
from twin.errors import NotFound
from twin.graph.between import between, still

if TYPE_CHECKING:
    from collections.abc import Callable

    from twin.engine.chronicle import Logged
    from twin.graph.between import Between
    from twin.graph.mirror import Mirror
    from twin.store import GraphStore, Trimmed

__all__ = ["Past"]


class Past:
    """What was, of one twin. A moment is a sequence of the log, or a time in microseconds since 1970 UTC (`at`)."""

    def __init__(self, store: GraphStore, mirror: Mirror, names: Callable[[str], str] = str) -> None:
        """``mirror`` is the graph as it is; ``names`` gives the name of a client by its id."""
        self._store = store
        self._mirror = mirror
        self._names = names

    def since(self) -> Trimmed:
        """How far back the graph is known: its sequence and when that was; 0 where the log has its beginning yet."""
        return self._store.trimmed()

    def sequence(self, at: int) -> int:
        """The sequence that the log was at, at a time; 0 before the first change.

        Raises:
            LogTrimmed: the log does not go back so far any more.
        """
        return sequence_at(self._store, at)

    def as_of(self, sequence: int, *, site: str | None = None) -> Mirror:
        """The graph right after a change; of one site (its key), or of all. It has its indexes and its networkx graph,
        and what views include by rule; no readings.

            before = twin.past.as_of(twin.past.sequence(yesterday))
            [each.path for each in query.select(before, kinds=("device",)).items]

        Raises:
            InvalidValue: the log has no such sequence.
            LogTrimmed: the log does not go back so far any more.
        """
        replay = Replay(self._store, site)
        replay.to(sequence)
        replay.mirror.adopt(Versions(replay.mirror).ontology)
        return replay.mirror

    def between(self, first: int, second: int, path: str | None = None) -> Between:
        """What is different between two sequences; of what is or was at a path, or below it, where one is named.

        Raises:
            InvalidValue, LogTrimmed: as `as_of`; NotFound: nothing is or was at the path at either.
        """
        earlier, later = sorted((first, second))
        replay = Replay(self._store, None if path is None else path.partition("/")[0])
        replay.to(earlier)
        one, below = still(replay.mirror), _below(replay.mirror, path)
        replay.to(later)
        other, also = still(replay.mirror), _below(replay.mirror, path)
        if path is not None and not below and not also:
            raise NotFound(f"there was nothing at {path}", ref=path, help="twin log prints what came and went")
        only = None if path is None else below | also
        return between(one, other, only) if first <= second else between(other, one, only)

    def log(
        self,
        path: str | None = None,
        *,
        since: int | None = None,
        until: int | None = None,
        by: str | None = None,
        limit: int | None = None,
    ) -> list[Logged]:
        """Who changed what, when, and through which client: the newest ``limit`` records, oldest first.

        ``path``: about what is there now or below it, or was at the time. ``since`` and ``until`` are times. ``by`` is
        the name of a person or a client.

        Raises:
            NotFound: nothing is at the path, or was as far as the log goes back.
        """
        found: deque[Logged] = deque(maxlen=limit)
        known = None if path is None else self._mirror.by_path(path)
        ids = None if path is None else frozenset() if known is None else frozenset(self._mirror.subtree(known.id))
        ever = path is None or known is not None
        base = self._store.base()
        start, before = (0, ()) if base is None else (base.head, base.entities)
        changes = log_pages(self._store, start, self._store.head())
        for each in read_log(changes, before, names=self._names, ids=ids, path=path):
            ever = True
            timely = (since is None or each.at >= since) and (until is None or each.at < until)
            if timely and by in {None, each.by}:
                found.append(each)
        if not ever:
            never = "and never was" if base is None else "and was not as far as the log goes back"
            raise NotFound(f"there is nothing at {path}, {never}", ref=path, help="twin show prints every path")
        return list(found)


def _below(mirror: Mirror, path: str | None) -> frozenset[str]:
    """The ids of what is at a path, and below it."""
    found = None if path is None else mirror.by_path(path)
    return frozenset() if found is None else frozenset(mirror.subtree(found.id))
