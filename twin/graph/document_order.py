"""The order of one site's tree, parents first, as it changes: cut into blocks of some hundreds.

What comes or goes alters its block, and nothing else is made anew: so a site of any size keeps its order through any
number of changes, and what is asked between two of them is answered from what is there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from twin.graph.model import Entity

__all__ = ["Block", "DocumentOrder"]

_BLOCK = 512
"""Entities of a block when the order is made; one of twice as many is cut in two."""
_NONE: tuple[int, ...] = ()


class Block:
    """A stretch of the order. What is known of it is found out when it is asked for, and forgotten when it changes."""

    __slots__ = ("_by_types", "_entities", "_offsets", "_types", "base", "ids")

    def __init__(self, entities: Mapping[str, Entity], ids: list[str]) -> None:
        self.ids = ids
        self.base = 0
        """The position of its first, as it was counted last."""
        self._entities = entities
        self.forget()

    def forget(self) -> None:
        """It has changed."""
        self._offsets: dict[str, int] | None = None
        self._types: dict[str, list[int]] | None = None
        self._by_types: dict[frozenset[str], Sequence[int]] = {}

    def offset(self, entity: str) -> int:
        """Where in it an entity is."""
        if self._offsets is None:
            self._offsets = dict(zip(self.ids, range(len(self.ids)), strict=True))
        return self._offsets[entity]

    def of(self, types: frozenset[str]) -> Sequence[int]:
        """The ascending offsets of entities of these types."""
        found = self._by_types.get(types)
        if found is None:
            found = self._by_types[types] = self._look(types)
        return found

    def _look(self, types: frozenset[str]) -> Sequence[int]:
        if self._types is None:
            self._types = {}
            for offset, each in enumerate(self.ids):
                self._types.setdefault(self._entities[each].type, []).append(offset)
        lists = [self._types[name] for name in types & self._types.keys()]
        if len(lists) > 1:
            return sorted(offset for each in lists for offset in each)
        return lists[0] if lists else _NONE


class DocumentOrder:
    """All entities of one site, in order."""

    def __init__(self, entities: Mapping[str, Entity], children: Callable[[str], list[str]], site: str) -> None:
        """``children`` says what an entity contains, in natural order, whenever it is asked."""
        self._entities = entities
        self._children = children
        ids, stack = [], [site]
        while stack:
            entity = stack.pop()
            ids.append(entity)
            below = children(entity)
            if below:
                stack += below[::-1]
        self.blocks = [Block(entities, ids[start : start + _BLOCK]) for start in range(0, len(ids), _BLOCK)]
        self.home = {each: block for block in self.blocks for each in block.ids}
        """The block of each."""
        self._hint = 0
        """Where in its block the last has come: the next often comes right after it."""

    def last(self, entity: str) -> str:
        """The last of what is an entity or below it."""
        below = self._children(entity)
        while below:
            entity = below[-1]
            below = self._children(entity)
        return entity

    def put(self, entity: str, before: str) -> None:
        """An entity comes right after another."""
        block = self.home[before]
        ids, at = block.ids, self._hint
        if at >= len(ids) or ids[at] != before:
            at = ids.index(before)
        self._hint = at + 1
        ids.insert(at + 1, entity)
        self.home[entity] = block
        block.forget()
        if len(ids) >= 2 * _BLOCK:
            self._cut(block)

    def drop(self, entity: str) -> None:
        """An entity goes."""
        block = self.home.pop(entity)
        block.ids.remove(entity)
        block.forget()
        if not block.ids:
            self.blocks.remove(block)

    def retype(self, entity: str) -> None:
        """An entity is of another type."""
        self.home[entity].forget()

    def _cut(self, block: Block) -> None:
        rest = Block(self._entities, block.ids[_BLOCK:])
        del block.ids[_BLOCK:]
        self.home.update(dict.fromkeys(rest.ids, rest))
        self.blocks.insert(self.blocks.index(block) + 1, rest)
