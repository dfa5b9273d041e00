"""Lists in the order of a value: a title, a property, what a point says now."""

from __future__ import annotations

from heapq import nsmallest
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from twin.errors import InvalidValue
from twin.graph.names import folded
from twin.graph.query.selection import Page
from twin.graph.rules import naming
from twin.ids import sort_key

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from twin.graph.model import Entity, Value
    from twin.graph.rules import Read
    from twin.ids import SortKey
    from twin.ontology.model import Ontology

__all__ = ["By", "Position", "ordered", "position_of", "sorting"]

By: TypeAlias = "Callable[[Entity], Value | None]"
_Rank: TypeAlias = "tuple[int, float | str]"
_UNKNOWN = 3


class Position(NamedTuple):
    """The place of an entity in such a list: its value (None: it has none) and its path."""

    value: Value | None
    path: str


def sorting(text: str, ontology: Ontology, read: Read) -> tuple[By, bool]:
    """The order that a text names (``area``, ``-temperature``), and whether it is turned round. It is that of a
    property or a point, as ``read`` says what an entity has under its name; or ``key``, ``title``, ``created``,
    ``updated``, which are the entity's own. Case and accents of titles make no difference.

    Raises:
        InvalidValue: no type has a property or a point of that name.
    """
    name = text.removeprefix("-")
    if name not in _OWN and not naming(ontology, name):
        raise InvalidValue(
            f"there is no order by {name!r}",
            code="sort.invalid",
            help=f"sort by {', '.join(_OWN)}, or a property or a point; -{name} turns it round",
        )
    return _OWN.get(name) or (lambda entity: read(entity, name)), name != text


def ordered(
    entities: Iterable[Entity],
    by: By,
    *,
    descending: bool = False,
    after: Position | None = None,
    first: int | None = None,
) -> Page:
    """A page of entities in the order of a value, and of their paths where it is the same. Numbers come before texts;
    what has no value, or one that has no order (an object, a list), comes last, either way.

    ``after`` is the place of the last of the page before: nothing is repeated or left out whose value stays.
    """
    places = [(_Place(_rank(by(each)), sort_key(each.path), descending=descending), each) for each in entities]
    if after is None:
        rest = places
    else:
        start = _Place(_rank(after.value), sort_key(after.path), descending=descending)
        rest = [each for each in places if start < each[0]]
    size = len(rest) if first is None else first
    taken = nsmallest(size, rest, key=lambda each: each[0])
    return Page([entity for _, entity in taken], len(places), size < len(rest))


def position_of(entity: Entity, by: By) -> Position:
    """The place of an entity, to go on after it."""
    value = by(entity)
    return Position(value if _rank(value)[0] < _UNKNOWN else None, entity.path)


def _title(entity: Entity) -> str:
    said = entity.title
    return folded(said.get("") or said.get("en") or next(iter(said.values()), "") or entity.key)


_OWN: dict[str, By] = {
    "key": lambda entity: entity.key,
    "title": _title,
    "created": lambda entity: entity.created,
    "updated": lambda entity: entity.updated,
}


class _Place:
    """What is compared: by value in one direction or the other, then by path."""

    __slots__ = ("_descending", "_path", "_rank")

    def __init__(self, rank: _Rank, path: SortKey, *, descending: bool) -> None:
        self._rank = rank
        self._path = path
        self._descending = descending

    def __lt__(self, other: _Place) -> bool:
        if self._rank == other._rank:
            return self._path < other._path
        turned = self._descending and self._rank[0] < _UNKNOWN and other._rank[0] < _UNKNOWN
        # ranks of one kind compare their values, those of two their kinds
        return (other._rank < self._rank) if turned else (self._rank < other._rank)


def _rank(value: Value | None) -> _Rank:
    if isinstance(value, bool):
        return (0, int(value))
    if isinstance(value, int | float):
        return (1, value)
    return (2, value) if isinstance(value, str) else (_UNKNOWN, 0)
