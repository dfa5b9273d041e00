"""Questions to the mirror, answered from its indexes at the cost of their answer.

Every question takes ``sites``: the ids of the sites the asker may see (None: all). It is part of the scan, so counts,
pages and cursors know nothing of the rest: hidden means absent. Lists come in natural order of path, site by site.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from twin.graph.model import CONTAINS, INCLUDES
from twin.ids import sort_key

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence

    from twin.graph.mirror import Mirror
    from twin.graph.model import Entity, Kind

__all__ = [
    "Direction",
    "Page",
    "Related",
    "ancestors",
    "children",
    "find",
    "members",
    "related",
    "select",
    "site_of",
    "views_of",
]

Direction = Literal["OUT", "IN"]


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a list: its entities, how many there are in all pages, and whether one follows."""

    items: list[Entity]
    total: int
    has_next: bool


@dataclass(frozen=True, slots=True)
class Related:
    """One neighbour and the relation that leads to it."""

    relation: str
    entity: Entity


def find(mirror: Mirror, ref: str, sites: Collection[str] | None = None) -> Entity | None:
    """An entity by id or path; None when there is none, or none that these sites show."""
    entity = mirror.get(ref) or mirror.by_path(ref)
    if entity is None or not _shown(mirror, entity.site, sites):
        return None
    return entity


def site_of(mirror: Mirror, entity: Entity) -> Entity:
    """The site an entity belongs to (itself, for a site)."""
    return mirror.entities[entity.site]


def select(  # noqa: PLR0913 - each is one independent filter of the same question
    mirror: Mirror,
    *,
    sites: Collection[str] | None = None,
    kinds: Collection[Kind] | None = None,
    types: frozenset[str] | None = None,
    under: Entity | None = None,
    within: Entity | None = None,
    after: str | None = None,
    first: int | None = None,
) -> Page:
    """A page of entities, by kind and concrete types, below one (itself excluded), in a view, after a path.

    ``types`` are qualified concrete types (`Ontology.concrete`). ``under`` and ``within`` combine. ``after`` is the
    path the previous page ended with: what was deleted or added meanwhile neither repeats nor skips anything.
    """
    items: list[Entity] = []
    total = 0
    room = first if first is not None else len(mirror)
    more = False
    for site in _sites(mirror, sites, under, within):
        wanted = _wanted(mirror, kinds, types)
        for found in _slices(mirror, site, wanted, under, within):
            total += len(found)
            rest = _rest(mirror, site, found, after)
            taken = rest[: max(room - len(items), 0)]
            more = more or len(taken) < len(rest)
            order = mirror.intervals(site).order
            items.extend(mirror.entities[order[position]] for position in taken)
    return Page(items, total, more)


def children(mirror: Mirror, entity: Entity, kinds: Collection[Kind] | None = None) -> list[Entity]:
    """What an entity contains directly, in natural order."""
    found = (mirror.entities[child] for child in mirror.children(entity.id))
    return [child for child in found if kinds is None or child.kind in kinds]


def ancestors(mirror: Mirror, entity: Entity) -> Iterator[Entity]:
    """What contains an entity, nearest first, up to its site."""
    while entity.parent is not None:
        entity = mirror.entities[entity.parent]
        yield entity


def related(
    mirror: Mirror,
    entity: Entity,
    relation: str | None = None,
    direction: Direction = "OUT",
    sites: Collection[str] | None = None,
) -> list[Related]:
    """The neighbours along one relation (None: along all but CONTAINS), in natural order of their paths."""
    found = [
        Related(key, mirror.entities[other])
        for other, keys in mirror.edges(entity, direction).items()
        for key in keys
        if (key == relation if relation is not None else key != CONTAINS)
    ]
    visible = [each for each in found if _shown(mirror, each.entity.site, sites)]
    return sorted(visible, key=lambda each: (sort_key(each.entity.path), each.relation))


def members(mirror: Mirror, view: Entity, sites: Collection[str] | None = None) -> list[Entity]:
    """What a view includes, as it was listed or by its rule; not what lies below those, or is in views among them."""
    return [each.entity for each in related(mirror, view, INCLUDES, "OUT", sites)]


def views_of(mirror: Mirror, entity: Entity, sites: Collection[str] | None = None) -> list[Entity]:
    """The views an entity is in: included itself, lying below something that is, or through a view within a view."""
    mirror.views.ready(entity.site)
    found = [mirror.entities[view] for view in mirror.views.around(entity.id)]
    return sorted((view for view in found if _shown(mirror, view.site, sites)), key=lambda view: sort_key(view.path))


def _shown(mirror: Mirror, site: str, sites: Collection[str] | None) -> bool:
    """Whether a site is among those that may be seen, and complete."""
    return (sites is None or site in sites) and not mirror.entities[site].hidden


def _sites(mirror: Mirror, sites: Collection[str] | None, under: Entity | None, within: Entity | None) -> Iterable[str]:
    """The sites to look in, in the order of their keys."""
    anchors = {each.site for each in (under, within) if each is not None}
    if len(anchors) > 1:
        return ()
    candidates = anchors or mirror.sites
    visible = [site for site in candidates if site in mirror.sites and _shown(mirror, site, sites)]
    return sorted(visible, key=lambda site: sort_key(mirror.entities[site].key))


def _wanted(mirror: Mirror, kinds: Collection[Kind] | None, types: frozenset[str] | None) -> frozenset[str] | None:
    if kinds is None:
        return types
    of_kind = mirror.types_of(frozenset(kinds))
    return of_kind if types is None else types & of_kind


def _slices(
    mirror: Mirror, site: str, wanted: frozenset[str] | None, under: Entity | None, within: Entity | None
) -> Iterator[Sequence[int]]:
    """Ascending, disjoint runs of positions: one, or one per stretch of a view's members."""
    intervals = mirror.intervals(site)
    positions = intervals.positions(wanted)
    low, high = (0, len(intervals.order)) if under is None else intervals.span(under.id)
    if under is not None:
        low += 1
    spans = [(low, high)] if within is None else _clip(_covered(mirror, site, within), low, high)
    for start, end in spans:
        yield positions[bisect_left(positions, start) : bisect_left(positions, end)]


def _covered(mirror: Mirror, site: str, view: Entity) -> list[tuple[int, int]]:
    """The stretches of positions taken up by what is in a view and the views in it, with all below; ascending."""
    mirror.views.ready(site)
    intervals = mirror.intervals(site)
    found = dict.fromkeys(mirror.views.members(view.id))
    spans = sorted(intervals.span(each) for each in found if mirror.entities[each].site == site)
    merged: list[tuple[int, int]] = []
    for start, end in spans:
        if not merged or start >= merged[-1][1]:
            merged.append((start, end))
    return merged


def _clip(spans: list[tuple[int, int]], low: int, high: int) -> list[tuple[int, int]]:
    clipped = ((max(start, low), min(end, high)) for start, end in spans)
    return [(start, end) for start, end in clipped if start < end]


def _rest(mirror: Mirror, site: str, positions: Sequence[int], after: str | None) -> Sequence[int]:
    """What of these positions comes after a path (which may lie in an earlier or a later site)."""
    if after is None:
        return positions
    root = mirror.entities[site].key
    cursor = after.split("/", 1)[0]
    if root != cursor:
        return positions if sort_key(root) > sort_key(cursor) else ()
    return positions[bisect_left(positions, mirror.intervals(site).after(mirror, after)) :]
