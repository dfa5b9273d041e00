"""The nodes of a YAML document: scalars, maps and lists that know where they stand."""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, TypeAlias

from twin.errors import AuthoringError, Diagnostic, Place
from twin.source.alignment import offsets

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["Entry", "ListNode", "MapNode", "Node", "Scalar", "Source", "Value", "WrongNode"]

Value: TypeAlias = "str | int | float | bool | None"
_BREAK = re.compile("\r\n|[\n\r\x85\u2028\u2029]")


@dataclass(frozen=True, slots=True)
class Source:
    """One document as text, and the name it goes by in diagnostics."""

    file: str
    text: str

    @classmethod
    def decode(cls, file: str, data: bytes) -> Source:
        """From bytes, which must be UTF-8. Raises `AuthoringError` (``yaml.encoding``) with the place of the first
        byte that is not.
        """
        try:
            return cls(file, data.decode("utf-8-sig"))
        except UnicodeDecodeError as error:
            before = _BREAK.split(data[: error.start].decode("utf-8-sig", "replace"))
            place = Place(file, len(before), len(before[-1]) + 1, len(before[-1]) + 2)
            message = f"byte 0x{data[error.start]:02x} is not UTF-8"
            raise AuthoringError(
                [Diagnostic("yaml.encoding", message, place, help="save the file as UTF-8")],
            ) from None

    def lines(self) -> list[str]:
        """The lines, split where YAML splits them."""
        return _BREAK.split(self.text)

    def place(self, start: int, end: int | None = None) -> Place:
        """The place of the characters from ``start`` to ``end``, cut at the end of the first line."""
        starts = _line_starts(self.text)
        line = bisect_right(starts, start)
        first = _BREAK.split(self.text[start : end or start], 1)[0]
        column = start - starts[line - 1] + 1
        return Place(self.file, line, column, column + max(1, len(first)))


@lru_cache(maxsize=4)
def _line_starts(text: str) -> list[int]:
    return [0, *(match.end() for match in _BREAK.finditer(text))]


@dataclass(frozen=True, slots=True, eq=False)
class Scalar:
    """A single value. ``text`` is what was written, before it was read as a number or a boolean."""

    value: Value
    text: str
    place: Place
    source: Source
    span: tuple[int, int]
    """Where its characters lie in the source, quotes included."""
    plain: bool

    def within(self, start: int, end: int) -> Place:
        """The place of the characters ``start`` to ``end`` of the value, through quotes, escapes and line breaks."""
        low, high = self.span
        where = offsets(self.source.text[low:high], self.text)
        if not where:
            return self.place
        first = where[min(start, len(where) - 1)]
        last = where[min(max(end - 1, start), len(where) - 1)]
        return self.source.place(low + first, low + last + 1)


@dataclass(frozen=True, slots=True, eq=False)
class WrongNode:
    """Stands where a node was wrong and has been reported: what follows from it is not a mistake of its own."""

    place: Place


@dataclass(frozen=True, slots=True, eq=False)
class ListNode:
    """Values in order."""

    items: tuple[Node, ...]
    place: Place


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of a map: its key and what stands under it."""

    key: Scalar
    value: Node


@dataclass(frozen=True, slots=True, eq=False)
class MapNode:
    """Entries by key, in the order written.

    The getters are for nodes that `twin.source.conform` has been over: they give None for what is absent or wrong.
    """

    entries: Mapping[str, Entry]
    place: Place
    damaged: bool = False
    """Whether something was left out of it because it was wrong."""

    def __contains__(self, key: str) -> bool:
        return key in self.entries

    def __iter__(self) -> Iterator[Entry]:
        return iter(self.entries.values())

    def get(self, key: str) -> Node | None:
        """What stands under a key, unless it is wrong."""
        entry = self.entries.get(key)
        return None if entry is None or isinstance(entry.value, WrongNode) else entry.value

    def scalar(self, key: str) -> Scalar | None:
        """The scalar under a key."""
        found = self.get(key)
        return found if isinstance(found, Scalar) else None

    def text(self, key: str) -> str | None:
        """The text under a key, as written."""
        found = self.scalar(key)
        return None if found is None else found.text

    def flag(self, key: str, *, default: bool = False) -> bool:
        """The boolean under a key."""
        found = self.scalar(key)
        return default if found is None else found.value is True

    def number(self, key: str) -> float | None:
        """The number under a key."""
        found = self.scalar(key)
        return found.value if found is not None and isinstance(found.value, int | float) else None

    def map(self, key: str) -> MapNode | None:
        """The map under a key."""
        found = self.get(key)
        return found if isinstance(found, MapNode) else None

    def under(self, key: str) -> tuple[Entry, ...]:
        """The entries of the map under a key; none when it is absent."""
        found = self.map(key)
        return () if found is None else tuple(entry for entry in found if not isinstance(entry.value, WrongNode))

    def words(self, key: str) -> tuple[Scalar, ...]:
        """The scalars of the list under a key, or the one that stands alone."""
        found = self.get(key)
        if isinstance(found, Scalar):
            return (found,)
        if isinstance(found, ListNode):
            return tuple(item for item in found.items if isinstance(item, Scalar))
        return ()

    def place_of(self, key: str) -> Place:
        """Where what stands under a key stands, or the map itself."""
        entry = self.entries.get(key)
        return self.place if entry is None else entry.value.place


Node: TypeAlias = "Scalar | MapNode | ListNode | WrongNode"
