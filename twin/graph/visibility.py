"""What of the graph somebody may see: of each site all, a part, or nothing.

Whatever asks the graph for somebody (`twin.graph.query`) is given this, or the ids of sites, or None for everything,
and looks nowhere else: so what is hidden can neither be counted nor passed through. Users, clients and fleets are in
no site, and are never shown by it.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Container, Iterable, Iterator, Mapping, Sequence

    from twin.graph.mirror import Mirror
    from twin.graph.model import Entity

__all__ = ["NOTHING", "Covering", "Part", "Sites", "Visibility", "among", "seeing", "shown", "shows"]


class Part:
    """Some of one site, as it is at one time: entities in natural order of path."""

    __slots__ = ("_by_types", "_entities", "_ids", "order")

    def __init__(self, order: Sequence[str], entities: Mapping[str, Entity]) -> None:
        self.order = order
        self._entities = entities
        self._ids: frozenset[str] | None = None
        self._by_types: dict[frozenset[str], Sequence[str]] = {}

    def __bool__(self) -> bool:
        return bool(self.order)

    def __contains__(self, entity_id: object) -> bool:
        return entity_id in self.ids

    @property
    def ids(self) -> frozenset[str]:
        """The ids of all that is in it; worked out when first asked for."""
        if self._ids is None:
            self._ids = frozenset(self.order)
        return self._ids

    def of(self, types: frozenset[str] | None) -> Sequence[str]:
        """What is in it of these concrete types, in order; None: all."""
        if types is None:
            return self.order
        found = self._by_types.get(types)
        if found is None:
            entities = self._entities
            found = self._by_types[types] = [each for each in self.order if entities[each].type in types]
        return found


NOTHING = Part((), {})


class Visibility(ABC):
    """What one asker may see. It is a collection of the sites of which something may be seen."""

    @abstractmethod
    def __iter__(self) -> Iterator[str]:
        """The ids of the sites of which something may be seen."""

    @abstractmethod
    def part(self, site: str) -> Part | None:
        """What may be seen of a site as it is now; None: all of it."""

    @property
    def alone(self) -> str | None:
        """The one site of which something may be seen, where no other can be."""
        return None

    def __contains__(self, site: object) -> bool:
        part = self.part(str(site))
        return part is None or bool(part)

    def __len__(self) -> int:
        return sum(1 for _ in self)


Sites: TypeAlias = "Collection[str] | Visibility | None"
"""What may be seen: sites by their ids, as a whole; parts of them; or None, everything."""


def shown(mirror: Mirror, site: str, sites: Sites) -> bool:
    """Whether something of a site may be seen, and it is complete."""
    found = mirror.entities.get(site)
    return found is not None and not found.hidden and (sites is None or site in sites)


def shows(mirror: Mirror, entity: Entity, sites: Sites) -> bool:
    """Whether an entity may be seen."""
    return entity.id in _of_site(mirror, entity.site, sites)


def seeing(mirror: Mirror, sites: Sites) -> Callable[[str], bool]:
    """Whether an entity may be seen, by its id: for asking of many, at one time."""
    entities = mirror.entities
    known: dict[str, Container[str]] = {}

    def sees(entity_id: str) -> bool:
        site = entities[entity_id].site
        found = known.get(site)
        if found is None:
            found = known[site] = _of_site(mirror, site, sites)
        return entity_id in found

    return sees


def among(mirror: Mirror, ids: Iterable[str], sites: Sites) -> list[str]:
    """Those of some entities that may be seen, by their ids; quickest for who sees a part of one site."""
    alone = sites.alone if isinstance(sites, Visibility) else None
    part = sites.part(alone) if alone is not None and isinstance(sites, Visibility) else None
    if alone is None or part is None or not shown(mirror, alone, sites):
        return list(filter(seeing(mirror, sites), ids))
    asked, inside = list(ids), part.ids
    return asked if inside.issuperset(asked) else [each for each in asked if each in inside]


def _of_site(mirror: Mirror, site: str, sites: Sites) -> Container[str]:
    """What may be seen of a site."""
    if not shown(mirror, site, sites):
        return ()
    part = sites.part(site) if isinstance(sites, Visibility) else None
    return mirror.entities if part is None else part


class Covering:
    """What rules ask of the graph around (`twin.graph.rules.Covering`), as far as it may be seen: a view is one that
    is seen, and includes something by way of what is seen alone.
    """

    def __init__(self, mirror: Mirror, sites: Sites) -> None:
        self._mirror = mirror
        self._sees = seeing(mirror, sites)

    def covers(self, view: str, entity: Entity) -> bool:
        """Whether the view at this path includes an entity: itself, with what contains it, or through another view."""
        found = self._mirror.by_path(view)
        return (
            found is not None and self._sees(found.id) and found.id in self._mirror.views.around(entity.id, self._sees)
        )
