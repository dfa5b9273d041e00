"""One entity, and lists of them: slices of the labels of each site, in natural order of path, site by site."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, TypeVar

from twin.graph.query.partial import following, stretches, tested
from twin.graph.visibility import Covering, Visibility, seeing, shown, shows
from twin.ids import sort_key

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Sequence

    from twin.graph.intervals import Run
    from twin.graph.mirror import Mirror
    from twin.graph.model import Entity, Kind
    from twin.graph.rules import Rule
    from twin.graph.visibility import Sites

T = TypeVar("T")

__all__ = ["Page", "ancestors", "children", "find", "select", "shown", "site_of"]


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a list: its entities, how many there are in all pages, and whether one follows."""

    items: list[Entity]
    total: int
    has_next: bool


def find(mirror: Mirror, ref: str, sites: Sites = None) -> Entity | None:
    """An entity by id or path; None when there is none, or none that may be seen."""
    entity = mirror.get(ref) or mirror.by_path(ref)
    return entity if entity is not None and shows(mirror, entity, sites) else None


def site_of(mirror: Mirror, entity: Entity) -> Entity:
    """The site an entity belongs to (itself, for a site)."""
    return mirror.entities[entity.site]


def select(  # noqa: PLR0913 - each is one independent filter of the same question
    mirror: Mirror,
    *,
    sites: Sites = None,
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
    found = _Gathered(mirror, first)
    wanted = _wanted(mirror, kinds, types)
    if where is not None and where.types is not None:
        wanted = where.types if wanted is None else wanted & where.types
    for site in _sites(mirror, sites, under, within):
        spans = _spans(mirror, site, under, within, sites)
        part = sites.part(site) if isinstance(sites, Visibility) else None
        if part is not None:
            for ids in stretches(mirror, site, part.of(wanted), spans):
                seen = ids if where is None else tested(mirror, site, ids, where, sites)
                found.add(len(seen), _later(mirror, site, seen, after, following), str)
        elif where is not None:
            order = mirror.intervals(site).order
            for slice_ in _slices(mirror, site, wanted, spans):
                positions = _fitting(mirror, site, slice_, where, sites)
                found.add(len(positions), _later(mirror, site, positions, after, _behind), order.__getitem__)
        elif spans is None and found.full and _begin(mirror, site, after) == 0:
            found.count(mirror.count(site, wanted))
        else:
            _gather(mirror, site, wanted, spans, after, found)
    return Page(found.items, found.total, found.more)


class _Gathered:
    """What a page holds by now."""

    def __init__(self, mirror: Mirror, first: int | None) -> None:
        self.items: list[Entity] = []
        self.total = 0
        self.more = False
        self._entities = mirror.entities
        self._room = first if first is not None else len(mirror)

    @property
    def full(self) -> bool:
        """Whether there is no room for anything more."""
        return len(self.items) >= self._room

    def count(self, total: int) -> None:
        """So many more, all of which come after where the page starts, and for which there is no room."""
        self.total += total
        self.more = self.more or total > 0

    def run(self, total: int, rest: Run | None) -> None:
        """So many more; ``rest`` of them come after where the page starts."""
        self.total += total
        if rest is not None:
            before = len(self.items)
            self.items += [self._entities[each] for each in islice(rest, max(self._room - before, 0))]
            self.more = self.more or len(self.items) - before < rest.total

    def add(self, total: int, rest: Sequence[T], name: Callable[[T], str]) -> None:
        """So many more, of which these come after where the page starts; ``name`` says their ids."""
        taken = rest[: max(self._room - len(self.items), 0)]
        self.total += total
        self.more = self.more or len(taken) < len(rest)
        self.items.extend(self._entities[name(each)] for each in taken)


def children(
    mirror: Mirror, entity: Entity, kinds: Collection[Kind] | None = None, sites: Sites = None
) -> list[Entity]:
    """What an entity contains directly, in natural order."""
    found = (mirror.entities[child] for child in filter(seeing(mirror, sites), mirror.children(entity.id)))
    return [child for child in found if kinds is None or child.kind in kinds]


def ancestors(mirror: Mirror, entity: Entity, sites: Sites = None) -> Iterator[Entity]:
    """What contains an entity, nearest first, up to its site: those that may be seen."""
    sees = seeing(mirror, sites)
    while entity.parent is not None:
        entity = mirror.entities[entity.parent]
        if sees(entity.id):
            yield entity


def _sites(mirror: Mirror, sites: Sites, under: Entity | None, within: Entity | None) -> Iterable[str]:
    """The sites to look in, in the order of their keys."""
    anchors = {each.site for each in (under, within) if each is not None}
    if len(anchors) > 1:
        return ()
    candidates = anchors or (mirror.sites if sites is None else sites)
    visible = [site for site in candidates if site in mirror.sites and shown(mirror, site, sites)]
    return sorted(visible, key=lambda site: sort_key(mirror.entities[site].key))


def _fitting(mirror: Mirror, site: str, positions: Sequence[int], where: Rule, sites: Sites) -> Sequence[int]:
    """Those of some positions of which a condition is true."""
    if not positions:
        return positions
    mirror.views.ready(site)
    order, entities = mirror.intervals(site).order, mirror.entities
    around = Covering(mirror, sites) if isinstance(sites, Visibility) else mirror.views
    return [position for position in positions if where.fits(entities[order[position]], around)]


def _wanted(mirror: Mirror, kinds: Collection[Kind] | None, types: frozenset[str] | None) -> frozenset[str] | None:
    if kinds is None:
        return types
    of_kind = mirror.types_of(frozenset(kinds))
    return of_kind if types is None else types & of_kind


def _spans(
    mirror: Mirror, site: str, under: Entity | None, within: Entity | None, sites: Sites
) -> list[tuple[int, int]] | None:
    """Ascending, disjoint stretches of positions to look at: one, or one per stretch of a view's members; None: all."""
    if under is None:
        return None if within is None else _covered(mirror, site, within, sites)
    low, high = mirror.intervals(site).span(under.id)
    low += 1
    return [(low, high)] if within is None else _clip(_covered(mirror, site, within, sites), low, high)


def _gather(
    mirror: Mirror,
    site: str,
    wanted: frozenset[str] | None,
    spans: list[tuple[int, int]] | None,
    after: str | None,
    found: _Gathered,
) -> None:
    """What is wanted of a site that is seen as a whole: counted, and looked up as far as there is room."""
    labels, begin = mirror.intervals(site), _begin(mirror, site, after)
    for start, end in [(0, len(labels))] if spans is None else spans:
        run = labels.run(wanted, start, end)
        rest = run
        if begin is not None and begin > start:
            rest = labels.run(wanted, begin, end)
        found.run(run.total, None if begin is None else rest)


def _begin(mirror: Mirror, site: str, after: str | None) -> int | None:
    """The first position of a site that comes after a path, which may lie in an earlier or a later site; None: no."""
    if after is None:
        return 0
    root, cursor = mirror.entities[site].key, after.split("/", 1)[0]
    if root != cursor:
        return 0 if sort_key(root) > sort_key(cursor) else None
    return mirror.intervals(site).after(mirror, after)


def _slices(
    mirror: Mirror, site: str, wanted: frozenset[str] | None, spans: list[tuple[int, int]] | None
) -> Iterator[Sequence[int]]:
    """The positions of what is wanted, of a site that is seen as a whole."""
    positions = mirror.intervals(site).positions(wanted)
    if spans is None:
        yield positions
        return
    for start, end in spans:
        yield positions[bisect_left(positions, start) : bisect_left(positions, end)]


def _covered(mirror: Mirror, site: str, view: Entity, sites: Sites) -> list[tuple[int, int]]:
    """The stretches of positions taken up by what is in a view and the views in it, with all below; ascending."""
    mirror.views.ready(site)
    intervals = mirror.intervals(site)
    sees = seeing(mirror, sites) if isinstance(sites, Visibility) else None
    found = dict.fromkeys(mirror.views.members(view.id, sees))
    spans = sorted(intervals.span(each) for each in found if mirror.entities[each].site == site)
    merged: list[tuple[int, int]] = []
    for start, end in spans:
        if not merged or start > merged[-1][1]:
            merged.append((start, end))
        elif end > merged[-1][1]:
            merged[-1] = (merged[-1][0], end)
    return merged


def _clip(spans: list[tuple[int, int]], low: int, high: int) -> list[tuple[int, int]]:
    clipped = ((max(start, low), min(end, high)) for start, end in spans)
    return [(start, end) for start, end in clipped if start < end]


def _later(
    mirror: Mirror,
    site: str,
    found: Sequence[T],
    after: str | None,
    behind: Callable[[Mirror, str, Sequence[T], str], Sequence[T]],
) -> Sequence[T]:
    """What of these comes after a path, which may lie in an earlier or a later site; ``behind``: in the same one."""
    if after is None:
        return found
    root = mirror.entities[site].key
    cursor = after.split("/", 1)[0]
    if root != cursor:
        return found if sort_key(root) > sort_key(cursor) else ()
    return behind(mirror, site, found, after)


def _behind(mirror: Mirror, site: str, positions: Sequence[int], path: str) -> Sequence[int]:
    return positions[bisect_left(positions, mirror.intervals(site).after(mirror, path)) :]
