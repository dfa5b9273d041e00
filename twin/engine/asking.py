"""Questions of a script to its twin, beyond lists: by value, along relations, by name.

with Twin("twin-data") as twin:
    for device in twin.ask.entities("temperature > 25", under="hugo/floor-1", sort="-temperature"):
        print(device.path, twin.read(device, "temperature"))
    for each in twin.ask.upstream("hugo/floor-1/room-12"):
        print(each.depth, each.entity.path)
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from twin.errors import InvalidValue
from twin.graph import query

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    import networkx as nx

    from twin.engine.core import Core
    from twin.graph.model import Entity, Kind, Value
    from twin.graph.query import Direction, Found, Hop, Reached
    from twin.ontology.model import Ontology

__all__ = ["Ask", "concrete"]


class Ask:
    """Questions to one twin. What is asked about is named by id or path, or is an `Entity`.

    Each raises `NotFound` for an entity that is not there, and `InvalidValue` for a type, a relation, a condition or an
    order that cannot be.
    """

    def __init__(self, core: Core, find: Callable[[str | Entity], Entity]) -> None:
        self._core = core
        self._find = find

    def entities(  # noqa: PLR0913 - each is one independent part of the same question
        self,
        where: str | None = None,
        *,
        kind: Kind | None = None,
        type: str | None = None,  # noqa: A002 - the vocabulary's own word
        under: str | Entity | None = None,
        view: str | Entity | None = None,
        sort: str | None = None,
        after: Entity | None = None,
        first: int | None = None,
    ) -> list[Entity]:
        """Entities of which a condition is true: the words of views' rules, names standing for what properties and
        points say now. In natural order of path, or of ``sort``: a property or point, ``title``, ``-updated``.
        ``after`` the last of a page before, ``first`` so many.

            twin.ask.entities("battery < 20 and not (in view:garage)", kind="device", sort="battery", first=10)
        """
        mirror, ontology = self._core.mirror, self._core.ontology
        by = None if sort is None else query.sorting(sort, ontology, self.value)
        found = query.select(
            mirror,
            kinds=None if kind is None else (kind,),
            types=None if type is None else concrete(ontology, type),
            under=None if under is None else self._find(under),
            within=None if view is None else self._find(view),
            where=None if where is None else query.where(where, ontology, self.value),
            after=None if after is None or by is not None else after.path,
            first=first if by is None else None,
        ).items
        if by is None:
            return found
        place = None if after is None else query.position_of(after, by[0])
        return query.ordered(found, by[0], descending=by[1], after=place, first=first).items

    def value(self, entity: Entity, name: str) -> Value | None:
        """What an entity has under a name: a property, or what a point says now, in its own unit; None: nothing."""
        if name in entity.properties:
            return entity.properties[name]
        reading = self._core.current.read(entity.id, name) if name in entity.points else None
        return None if reading is None else reading.value

    def neighbours(
        self, ref: str | Entity, *relations: str, direction: Direction = "OUT", depth: int | None = 1
    ) -> list[Reached]:
        """What is reached along relations, nearest first: by their names (``feeds``), those of their other ends
        (``fed_by``), or ``CONTAINS``, ``INCLUDES``, ``CONNECTS`` and ``CONTAINED_BY``, … ``depth`` None: however far.

            [each.entity.path for each in twin.ask.neighbours("office/boiler", "feeds", depth=3)]
        """
        steps = query.steps_of(relations, self._core.ontology, direction)
        return query.reach(self._core.mirror, self._find(ref), steps, depth=depth)

    def way(self, start: str | Entity, end: str | Entity, *relations: str, turn: bool = True) -> list[Hop] | None:
        """A shortest way between two entities along relations; None: there is none. ``turn``: relations may be passed
        against their direction too.

            for hop in twin.ask.way("office/boiler", "office/floor-2/room-7", "feeds", "CONTAINS") or ():
                print(hop.source.path, hop.relation, hop.target.path)
        """
        steps = self._both(relations) if turn else query.steps_of(relations, self._core.ontology)
        return query.way(self._core.mirror, self._find(start), self._find(end), steps)

    def upstream(self, ref: str | Entity, *, depth: int | None = None) -> list[Reached]:
        """What feeds an entity, however indirectly: through what contains it, its views, and the parts of machines.

        [each.entity.path for each in twin.ask.upstream("office/floor-2/room-7")]
        """
        return query.upstream(self._core.mirror, self._find(ref), depth=depth)

    def downstream(self, ref: str | Entity, *, depth: int | None = None) -> list[Reached]:
        """What an entity feeds, however indirectly: the other way round.

        rooms = [each.entity for each in twin.ask.downstream("office/ahu-1") if each.entity.kind == "space"]
        """
        return query.downstream(self._core.mirror, self._find(ref), depth=depth)

    def connected(self, gateway: str | Entity) -> list[Entity]:
        """Everything that a gateway connects, with all its parts.

        len(twin.ask.connected("hugo/box"))
        """
        return query.connected(self._core.mirror, self._find(gateway))

    def subgraph(self, *, under: str | Entity | None = None, view: str | Entity | None = None) -> nx.MultiDiGraph[str]:
        """A networkx graph of your own, of what is below an entity or in a view: node = id, with its ``entity``.

        nx.weakly_connected_components(twin.ask.subgraph(view="office/zone-3"))
        """
        return query.subgraph(
            self._core.mirror,
            under=None if under is None else self._find(under),
            within=None if view is None else self._find(view),
        )

    def around(self, ref: str | Entity, *relations: str, depth: int = 1) -> nx.MultiDiGraph[str]:
        """A networkx graph of your own, of an entity and what relations lead to, either way.

        twin.ask.around("office/ahu-1", "feeds", depth=2)
        """
        steps = self._both(relations)
        return query.around(self._core.mirror, self._find(ref), steps, depth=depth)

    def search(self, text: str, *, kind: Kind | None = None, first: int = 20) -> list[Found]:
        """What a text may mean, best first: titles in every language, keys, paths; case and accents make no difference.

        [each.entity.path for each in twin.ask.search("lampe cuisine")]
        """
        return query.search(self._core.mirror, text, kinds=None if kind is None else (kind,), first=first)

    def _both(self, relations: Iterable[str]) -> tuple[query.Step, ...]:
        names, ontology = tuple(relations), self._core.ontology
        return (*query.steps_of(names, ontology), *query.steps_of(names, ontology, "IN"))


def concrete(ontology: Ontology, name: str) -> frozenset[str]:
    """The qualified concrete types that a type's name stands for. `InvalidValue`: there is no such type."""
    known = ontology.find(name)
    if known is None:
        raise InvalidValue(
            f"there is no type {name!r}", code="type.unknown", help="types are those of the ontologies in use"
        )
    return ontology.concrete(known.name)
