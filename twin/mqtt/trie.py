"""Topic filters by their levels, so that finding those that match a topic costs its levels and what is found, however
many others there are.

Pure. `+` stands for one level, `#` for any number of them, its parent's among them; neither stands for a first level
that begins with `$` (MQTT 5, section 4.7).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterator

__all__ = ["Trie"]

T = TypeVar("T")


class _Node(Generic[T]):
    """One level of some filters: what they go on with, and what ends here."""

    __slots__ = ("below", "here")

    def __init__(self) -> None:
        self.below: dict[str, _Node[T]] = {}
        self.here: dict[Hashable, T] = {}

    def __bool__(self) -> bool:
        return bool(self.below or self.here)


class Trie(Generic[T]):
    """What subscribers want, by filter; each has one of each filter."""

    def __init__(self) -> None:
        self._root: _Node[T] = _Node()

    def __bool__(self) -> bool:
        return bool(self._root)

    def add(self, pattern: str, subscriber: Hashable, wish: T) -> None:
        """The subscriber wants this of what matches the filter, instead of what it wanted of it before."""
        node = self._root
        for level in pattern.split("/"):
            node = node.below.setdefault(level, _Node())
        node.here[subscriber] = wish

    def remove(self, pattern: str, subscriber: Hashable) -> None:
        """It no longer does; levels that nobody needs are gone too."""
        path = [self._root]
        levels = pattern.split("/")
        for level in levels:
            path.append(path[-1].below[level])
        del path[-1].here[subscriber]
        for parent, level, node in zip(path[-2::-1], reversed(levels), reversed(path), strict=False):
            if node:
                return
            del parent.below[level]

    def match(self, topic: str) -> Iterator[tuple[Hashable, T]]:
        """Each subscriber whose filter matches, with what it wants: once for each of its filters that do."""
        levels = topic.split("/")
        nodes = [self._root]
        for depth, level in enumerate(levels):
            wild = depth > 0 or not level.startswith("$")
            if wild:
                yield from self._ending(nodes, "#")
            names = (level, "+") if wild else (level,)
            nodes = [found for node in nodes for name in names if (found := node.below.get(name)) is not None]
        for node in nodes:
            yield from node.here.items()
        yield from self._ending(nodes, "#")

    @staticmethod
    def _ending(nodes: list[_Node[T]], name: str) -> Iterator[tuple[Hashable, T]]:
        for node in nodes:
            if (last := node.below.get(name)) is not None:
                yield from last.here.items()
