"""One entity, and lists of them: slices of the labels of each site, in natural order of path, site by site."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from typing import TYPE_CHECKING

from twin.ids import sort_key

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence

    from twin.graph.mirror import Mirror
    from twin.graph.model import Entity, Kind
    from twin.graph.rules import Rule

__all__ = ["Page", "ancestors", "children", "find", "select", "shown", "site_of"]


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a list: its entities, how many there are in all pages, and whether one follows."""

    items: list[Entity]
    total: int
    has_next: bool


def find(mirror: Mirror, ref: str, sites: Collection[str] | None = None) -> Entity | None:
    """An entity by id or path; None when there is none, or none that these sites show."""
    entity = mirror.get(ref) or mirror.by_path(ref)
    if entity is None or not shown(mirror, entity.site, sites):
        return None
    return entity


def site_of(mirror: Mirror, entity: Entity) -> Entity:
    """The site an entity belongs to (itself, for a site)."""
    return mirror.entities[entity.site]


def shown(mirror: Mirror, site: str, sites: Collection[str] | None) -> bool:
    """Whether a site is among those that may be seen, and complete."""
    return (sites is None or site in sites) and not mirror.entities[site].hidden


def select(  # noqa: PLR0913 - each is one independent filter of the same question
    mirror: Mirror,
    *,
    sites: Collection[str] | None = None,
    kinds: Collection[Kind] | None = None,
    types: frozenset[str] | None = None,
    under: Entity | None = None,
    within: Entity | None = None,
    where: Rule | None = None,
    after: str | None = None,
    first: int | None = None,
) -> Page:
    """A page of entities, by kind and concrete types, below one (itself excluded), in a view, after a path.

    ``types`` are qualified concrete types (`Ontology.concrete`). ``under`` and ``within`` combine. ``after`` is the
    path the previous page ended with: what was deleted or added meanwhile neither repeats nor skips anything.
    ``where`` (`twin.graph.query.where`) is asked of each that the other filters leave and that has what it names: it
    costs those, not its answer; without it, a page costs the page.
    """
    items: list[Entity] = []
    total = 0
    room = first if first is not None else len(mirror)
    more = False
    wanted = _wanted(mirror, kinds, types)
    if where is not None and where.types is not None:
        wanted = where.types if wanted is None else wanted & where.types
    for site in _sites(mirror, sites, under, within):
        for slice_ in _slices(mirror, site, wanted, under, within):
            found = slice_ if where is None else _fitting(mirror, site, slice_, where)
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


def _sites(mirror: Mirror, sites: Collection[str] | None, under: Entity | None, within: Entity | None) -> Iterable[str]:
    """The sites to look in, in the order of their keys."""
    anchors = {each.site for each in (under, within) if each is not None}
    if len(anchors) > 1:
        return ()
    candidates = anchors or mirror.sites
    visible = [site for site in candidates if site in mirror.sites and shown(mirror, site, sites)]
    return sorted(visible, key=lambda site: sort_key(mirror.entities[site].key))


def _fitting(mirror: Mirror, site: str, positions: Sequence[int], where: Rule) -> Sequence[int]:
    """Those of some positions of which a condition is true."""
    if not positions:
        return positions
    mirror.views.ready(site)
    order, entities, views = mirror.intervals(site).order, mirror.entities, mirror.views
    return [position for position in positions if where.fits(entities[order[position]], views)]


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
