"""Text search by name: what a person types, against titles in every language, keys and paths."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from twin.graph.names import folded, words
from twin.graph.visibility import seeing, shown
from twin.ids import sort_key

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    from twin.graph.mirror import Mirror
    from twin.graph.model import Entity, Kind
    from twin.graph.visibility import Sites
    from twin.ids import SortKey

__all__ = ["Found", "search"]

_Place: TypeAlias = "tuple[int, SortKey]"
_MOST_WORDS = 8
_BEGINS, _AROUND = 1, 2
"""What a word costs that only begins a name, and one that stands on what is around."""


@dataclass(frozen=True, slots=True)
class Found:
    """An entity that a text may mean. ``rank`` 0: the text is its whole title, key or path; the smaller, the nearer."""

    entity: Entity
    rank: int


def search(
    mirror: Mirror,
    text: str,
    *,
    sites: Sites = None,
    kinds: Collection[Kind] | None = None,
    after: tuple[int, str] | None = None,
    first: int | None = None,
) -> list[Found]:
    """What a text may mean, best first and then in natural order of path; ``after`` a (rank, path).

    Every word must be, or begin, a word of a title or key: of the entity itself, or of what it lies in (``lamp
    kitchen``), but one of them at least of its own. Case and accents make no difference. Costs the entities that the
    words name.
    """
    asked = words(text)[:_MOST_WORDS]
    whole = folded(text)
    if not asked:
        return []
    sees = seeing(mirror, sites)
    found: list[tuple[_Place, Found]] = []
    for site in mirror.sites if sites is None else sites:
        if site in mirror.sites and shown(mirror, site, sites):
            for entity, rank in _of_site(mirror, site, asked, whole, sees):
                if kinds is None or entity.kind in kinds:
                    found.append(((rank, sort_key(entity.path)), Found(entity, rank)))
    found.sort(key=lambda each: each[0])
    start = 0
    if after is not None:
        start = bisect_right(found, (after[0], sort_key(after[1])), key=lambda each: each[0])
    return [each for _, each in (found[start:] if first is None else found[start : start + first])]


def _of_site(
    mirror: Mirror, site: str, asked: list[str], whole: str, sees: Callable[[str], bool]
) -> list[tuple[Entity, int]]:
    names = mirror.names(site)
    matched = [names.beginning(word) for word in asked]
    found: list[tuple[Entity, int]] = []
    for each in filter(sees, dict.fromkeys(entity for one in matched for entity in one)):
        rank = _rank(mirror, each, matched, sees)
        if rank is not None:
            entity = mirror.entities[each]
            exact = whole in {folded(entity.key), folded(entity.path), *map(folded, entity.title.values())}
            found.append((entity, 0 if exact else 1 + rank))
    return found


def _rank(
    mirror: Mirror, entity: str, matched: Sequence[Mapping[str, bool]], sees: Callable[[str], bool]
) -> int | None:
    """How far off an entity is; None where a word is nowhere. A match says whether the word is a whole one."""
    line = list(filter(sees, mirror.line(entity)))
    total = 0
    for one in matched:
        where = next((each for each in line if each in one), None)
        if where is None:
            return None
        total += (0 if one[where] else _BEGINS) + (0 if where == entity else _AROUND)
    return total
