"""One site's tree as positions: what lies below an entity, of some types, is found by bisection."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING

from twin.ids import sort_key

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from twin.graph.document_order import Block, DocumentOrder
    from twin.graph.mirror import Mirror
    from twin.graph.model import Entity

__all__ = ["Intervals", "Run"]


class Run:
    """Entities at ascending positions: how many there are is known, which ones is looked up."""

    __slots__ = ("_pieces", "total")

    def __init__(self, pieces: list[tuple[Block, Sequence[int], int, int]]) -> None:
        self._pieces = pieces
        self.total = sum([high - low for _, _, low, high in pieces])

    def __iter__(self) -> Iterator[str]:
        for block, offsets, low, high in self._pieces:
            ids = block.ids
            for offset in offsets[low:high]:
                yield ids[offset]


class Intervals:
    """The positions of one site's entities in document order, parents first: an entity and all below it stand at one
    run of them, its `span`. Which of these are of some types is found by bisection, so that its cost is the answer's
    and not the building's. They count until the site's tree changes: then there are others.
    """

    def __init__(self, order: DocumentOrder) -> None:
        self.starts = Starts(order)
        """Entity -> position."""
        self._order = order
        self._home = order.home
        self._blocks = order.blocks
        self._bases: list[int] = []
        self._by_types: dict[frozenset[str], Sequence[int]] = {}
        self._spans: dict[str, tuple[int, int]] = {}
        base = 0
        for block in self._blocks:
            block.base = base
            self._bases.append(base)
            base += len(block.ids)

    def __len__(self) -> int:
        return len(self._order.home)

    @cached_property
    def order(self) -> list[str]:
        """The ids of all, in order."""
        return [each for block in self._blocks for each in block.ids]

    def place(self, entity: Entity) -> int:
        """The position of an entity."""
        block = self._home[entity.id]
        return block.base + block.offset(entity.id)

    def span(self, entity: str) -> tuple[int, int]:
        """The positions ``[start, end)`` of an entity and all below it."""
        found = self._spans.get(entity)
        if found is None:
            found = self._spans[entity] = (self.starts[entity], self.starts[self._order.last(entity)] + 1)
        return found

    def run(self, types: frozenset[str] | None, start: int, end: int) -> Run:
        """What stands from one position up to another, of these concrete types; None: of all."""
        pieces: list[tuple[Block, Sequence[int], int, int]] = []
        blocks, at = self._blocks, bisect_right(self._bases, start) - 1
        while start < end:
            block = blocks[at]
            base, size = block.base, len(block.ids)
            offsets = range(size) if types is None else block.of(types)
            low = 0 if start <= base else bisect_left(offsets, start - base)
            high = len(offsets) if end >= base + size else bisect_left(offsets, end - base)
            if low < high:
                pieces.append((block, offsets, low, high))
            start = base + size
            at += 1
        return Run(pieces)

    def positions(self, types: frozenset[str] | None) -> Sequence[int]:
        """The ascending positions of entities of these concrete types; None: of all. Where the tree has changed since
        they were asked for last, it costs as many as there are: `run` does not.
        """
        if types is None:
            return range(len(self))
        found = self._by_types.get(types)
        if found is None:
            found = [offset + block.base for block in self._blocks for offset in block.of(types)]
            self._by_types[types] = found
        return found

    def below(self, entity: str, types: frozenset[str]) -> Run:
        """All below an entity, of these concrete types, in order."""
        start, end = self.span(entity)
        return self.run(types, start + 1, end)

    def after(self, mirror: Mirror, path: str) -> int:
        """The first position whose path comes after this one in natural order, whether or not anything is there now."""
        key = sort_key(path)

        def later(entity: str) -> bool:
            return sort_key(mirror.entities[entity].path) > key

        at = bisect_left(self._blocks, True, key=lambda block: later(block.ids[0])) - 1
        if at < 0:
            return 0
        return self._blocks[at].base + bisect_left(self._blocks[at].ids, True, key=later)


class Starts(Mapping[str, int]):
    """Entity -> position, as the blocks of the order say."""

    __slots__ = ("_home",)

    def __init__(self, order: DocumentOrder) -> None:
        self._home = order.home

    def __getitem__(self, entity: str) -> int:
        block = self._home[entity]
        return block.base + block.offset(entity)

    def __iter__(self) -> Iterator[str]:
        return iter(self._home)

    def __len__(self) -> int:
        return len(self._home)
