"""One site's tree as positions: what lies below an entity, of some types, is a slice that is found by bisection."""

from __future__ import annotations

from bisect import bisect_left
from typing import TYPE_CHECKING

from twin.ids import sort_key

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from twin.graph.mirror import Mirror

__all__ = ["Intervals"]


class Intervals:
    """One site's tree as positions in document order: what is below an entity is one slice.

    ``order[i]`` is the id at position i, which is ``starts[id]``; an entity's subtree is ``order[start:end]``, itself
    included. A slice by type is found by bisection, so its cost is the answer's and not the building's.
    """

    __slots__ = ("_by_types", "_ends", "_types", "order", "starts")

    def __init__(self, mirror: Mirror, site: str) -> None:
        self.order: list[str] = []
        self.starts: dict[str, int] = {}
        self._ends: list[int] = []
        self._types: dict[str, list[int]] = {}
        self._by_types: dict[frozenset[str], list[int]] = {}
        self._label(mirror, site)

    def _label(self, mirror: Mirror, site: str) -> None:
        order, starts, ends, types = self.order, self.starts, self._ends, self._types
        stack = [(site, False)]
        while stack:
            entity, left = stack.pop()
            if left:
                ends[starts[entity]] = len(order)
                continue
            position = len(order)
            starts[entity] = position
            order.append(entity)
            ends.append(position + 1)
            types.setdefault(mirror.entities[entity].type, []).append(position)
            below = mirror.children(entity)
            if below:
                stack.append((entity, True))
                stack.extend((child, False) for child in reversed(below))

    def span(self, entity: str) -> tuple[int, int]:
        """The positions ``[start, end)`` of an entity and all below it."""
        start = self.starts[entity]
        return start, self._ends[start]

    def positions(self, types: frozenset[str] | None) -> Sequence[int]:
        """The ascending positions of entities of these concrete types; None: of all."""
        if types is None:
            return range(len(self.order))
        found = self._by_types.get(types)
        if found is None:
            lists = [self._types[name] for name in types if name in self._types]
            found = lists[0] if len(lists) == 1 else sorted(position for each in lists for position in each)
            self._by_types[types] = found
        return found

    def below(self, entity: str, types: frozenset[str]) -> Iterator[str]:
        """The ids of all below an entity, of these concrete types, in order."""
        start, end = self.span(entity)
        positions = self.positions(types)
        for at in range(bisect_left(positions, start + 1), bisect_left(positions, end)):
            yield self.order[positions[at]]

    def after(self, mirror: Mirror, path: str) -> int:
        """The first position whose path comes after this one in natural order, whether or not anything is there now."""
        key = sort_key(path)
        return bisect_left(
            range(len(self.order)),
            True,
            key=lambda position: sort_key(mirror.entities[self.order[position]].path) > key,
        )
