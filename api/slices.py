"""Pages of lists: how long they are, where they end, and how a short list is cut into them."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable
from typing import TYPE_CHECKING

import msgspec

from api import cursors
from twin.errors import InvalidValue
from twin.ids import sort_key

if TYPE_CHECKING:
    from twin.graph.model import Entity

__all__ = ["DEFAULT_FIRST", "MOST", "Slice", "listed", "page_size"]

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
