"""A graph read out of a store: what many say is kept once, and whoever waits is told how far it is."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

import msgspec

from twin.graph.model import Entity, Relation
from twin.graph.sharing import Sharing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from twin.graph.model import Held

__all__ = ["Loading"]

_AT_ONCE = 10_000
"""How many are read between two words to whoever waits."""
_decode = msgspec.json.Decoder(Entity).decode


class Loading:
    """One reading of everything."""

    def __init__(self, expected: int = 0, progress: Callable[[int, int], None] | None = None) -> None:
        """``progress`` is told how many entities and relations are read now, of how many ``expected``."""
        self._expected = expected
        self._progress = progress
        self._done = 0
        self._share = Sharing()

    def entities(self, bodies: Iterable[tuple[str]]) -> list[Entity]:
        """The entities that rows of JSON say."""
        rows, share, found = iter(bodies), self._share.entity, list[Entity]()
        while batch := [share(_decode(body)) for (body,) in islice(rows, _AT_ONCE)]:
            found += batch
            self._tell(len(batch))
        return found

    def relations(self, rows: Iterable[tuple[str, str, str, str | None, tuple[Held, ...] | None]]) -> list[Relation]:
        """The relations that rows say: source, target, type, instance and roles."""
        given, text, found = iter(rows), self._share.text, list[Relation]()
        while batch := [
            Relation(
                source=text(source),
                target=text(target),
                type=text(name),
                instance=None if instance is None else text(instance),
                roles=roles or (),
            )
            for source, target, name, instance, roles in islice(given, _AT_ONCE)
        ]:
            found += batch
            self._tell(len(batch))
        return found

    def _tell(self, more: int) -> None:
        self._done += more
        if self._progress is not None:
            self._progress(min(self._done, self._expected), self._expected)
