"""Pages of lists: how long they are, where they end, and how a short list is cut into them."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, TypeVar

import msgspec

from api import cursors
from twin.errors import InvalidValue
from twin.ids import sort_key

if TYPE_CHECKING:
    from twin.graph.model import Entity

__all__ = ["DEFAULT_FIRST", "MOST", "Slice", "cut", "listed", "page_size"]

T = TypeVar("T")

DEFAULT_FIRST = 50
MOST = 1000
"""How long a page is when nothing is said, and at most."""


class Slice(msgspec.Struct, frozen=True):
    """A page of anything: what is on it, with a cursor each, whether another follows, and how many there are in all."""

    items: list[tuple[str, object]]
    has_next: bool
    has_previous: bool
    total: Callable[[], int]

    @property
    def end(self) -> str | None:
        """The cursor that the next page starts after."""
        return self.items[-1][0] if self.items else None


def listed(entities: list[Entity], first: int | None, after: str | None) -> Slice:
    """A page of a short list that is in natural order already."""
    position, size = cursors.decode(after), page_size(first)
    start = (
        0 if position is None else bisect_right(entities, sort_key(position[0]), key=lambda each: sort_key(each.path))
    )
    items = entities[start : start + size]
    return Slice(
        [(cursors.encode(each.path), each) for each in items],
        start + size < len(entities),
        position is not None,
        lambda: len(entities),
    )


def cut(found: Sequence[T], key: Callable[[T], tuple[str, ...]], first: int | None, after: str | None) -> Slice:
    """A page of a list that is in the order of its keys already."""
    size = page_size(first)
    position = None if after is None or not found else cursors.decode(after, len(key(found[0])))
    start = 0 if position is None else bisect_right(found, position, key=key)
    items: list[tuple[str, object]] = [(cursors.encode(*key(each)), each) for each in found[start : start + size]]
    return Slice(items, start + size < len(found), position is not None, lambda: len(found))


def page_size(first: int | None) -> int:
    """How long a page is to be; `InvalidValue` when that is not between 1 and `MOST`."""
    if first is None:
        return DEFAULT_FIRST
    if not 1 <= first <= MOST:
        raise InvalidValue(
            f"a page holds 1 to {MOST}, not {first}",
            code="limit.exceeded",
            help=f"ask for {MOST} at most, and for the next page with after",
        )
    return first
