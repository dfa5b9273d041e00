"""What GraphQL and REST both ask: lists in pages, points, readings; always within what the asker may see."""

from __future__ import annotations

from bisect import bisect_right
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import msgspec

from api import cursors
from api.slices import Slice, listed, page_size
from api.vocabulary import vocabulary_of
from twin.access.rights import Rights
from twin.errors import InvalidValue, NotFound
from twin.graph import query
from twin.graph.model import CONNECTS, Entity
from twin.graph.older import kept_in, told_in
from twin.ids import sort_key
from twin.ontology.model import KINDS, PointType
from twin.state.telling import Said, tell, value_in
from twin.times import now
from twin.units import compatible, dimension, of_dimension, resolve

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from api.engine import Engine
    from twin.access.principals import Principal
    from twin.graph.model import Scalar, Value
    from twin.graph.readings import Reading
    from twin.graph.visibility import Sites
    from twin.ontology.model import Kind, Ontology, PropertyType

__all__ = ["Filtered", "MadeOf", "Part", "Picked", "Question"]


class Part(msgspec.Struct, frozen=True):
    """One point of one entity."""

    entity: Entity
    kind: PointType


class MadeOf(msgspec.Struct, frozen=True):
    """What a site was made of, as far as it is told."""

    topology: str
    version: str
    parameters: dict[str, Any] | None


class Picked(NamedTuple):
    """The filters of a list that cost nothing but its page."""

    kinds: tuple[Kind, ...]
    types: frozenset[str] | None
    under: Entity | None
    within: Entity | None


Filtered: TypeAlias = "Callable[[Question, Picked, int, str | None], Slice]"
"""A page of what is picked, of so many, after a cursor."""


class Question:
    """Questions of one principal to one engine. Refs are ids or paths."""

    __slots__ = ("engine", "principal", "rights", "sites", "vocabulary")

    def __init__(self, engine: Engine, principal: Principal) -> None:
        self.engine = engine
        self.principal = principal
        self.vocabulary = vocabulary_of(engine.ontology)
        self.rights = Rights(engine, principal)
        self.sites = self.rights.sites
        """What may be seen."""

    @property
    def private(self) -> bool:
        """Whether whatever may be seen may be read, what is private too."""
        return self.rights.all_private

    def renew(self) -> bool:
        """Go by what may be seen now, on a connection that lasts; whether that may be something else."""
        if self.rights.hold():
            return False
        self.rights = Rights(self.engine, self.principal)
        self.sites = self.rights.sites
        return True

    def find(self, ref: str) -> Entity | None:
        """An entity, or None when there is none to be seen."""
        return query.find(self.engine.mirror, ref, self.sites)

    def entity(self, ref: str) -> Entity:
        """An entity; `NotFound` when there is none to be seen, with nothing in it that says which."""
        found = self.find(ref)
        if found is None:
            raise NotFound(
                "there is nothing of that id or path",
                help="a ref is an id, or a path from the site's key on: hugo/floor-1/flat-102",
            )
        return found

    def page(  # noqa: PLR0913 - each is one independent part of the same question
        self,
        kind: Kind,
        *,
        type: str | None = None,  # noqa: A002 - the word users see
        under: str | None = None,
        within: str | None = None,
        measures: Sequence[str] | None = None,
        first: int | None = None,
        after: str | None = None,
        filtered: Filtered | None = None,
    ) -> Slice:
        """A page of the entities of a kind: of a type, below one, in a view, measuring something; ``filtered``
        (`api.filtering`) by value, or in the order of one.
        """
        picked = Picked(
            kinds=(kind,),
            types=_both(self.vocabulary.types(kind, type), self.measured(measures)),
            under=None if under is None else self.entity(under),
            within=None if within is None else self.view(within),
        )
        if filtered is not None:
            return filtered(self, picked, page_size(first), after)
        position = cursors.decode(after)
        found = query.select(
            self.engine.mirror,
            sites=self.measuring(measures),
            **picked._asdict(),
            after=position[0] if position else None,
            first=page_size(first),
        )
        return Slice(
            [(cursors.encode(each.path), each) for each in found.items],
            found.has_next,
            position is not None,
            lambda: found.total,
        )

    def view(self, ref: str) -> Entity:
        """A view; `InvalidValue` for anything else that there is to be seen."""
        found = self.entity(ref)
        if found.kind != "view":
            raise InvalidValue(
                "only a view has members",
                code="view.expected",
                help="name a view here, and anything that contains others with under",
            )
        return found

    def below(
        self,
        entity: Entity,
        kind: Kind,
        *,
        type: str | None,  # noqa: A002 - the word users see
        recursive: bool,
        first: int | None,
        after: str | None,
    ) -> Slice:
        """A page of what an entity contains, of one kind: directly, or at any depth."""
        if recursive:
            return self.page(kind, type=type, under=entity.id, first=first, after=after)
        types = self.vocabulary.types(kind, type)
        found = query.children(self.engine.mirror, entity, (kind,), self.sites)
        return listed([each for each in found if types is None or each.type in types], first, after)

    def children(self, entity: Entity, first: int | None, after: str | None) -> Slice:
        """A page of what an entity contains directly."""
        return listed(query.children(self.engine.mirror, entity, sites=self.sites), first, after)

    def parent(self, entity: Entity) -> Entity | None:
        """What contains it."""
        return None if entity.parent is None else self.find(entity.parent)

    def site(self, entity: Entity) -> Entity | None:
        """The site it is in: itself, for a site."""
        return self.find(entity.site)

    def space(self, entity: Entity) -> Entity | None:
        """The nearest space around it."""
        above = query.ancestors(self.engine.mirror, entity, self.sites)
        return next((each for each in above if each.kind == "space"), None)

    def views(self, entity: Entity) -> list[Entity]:
        """The views it is in, itself or with something around it; those of a site, for a site."""
        kinds: tuple[Kind, ...] = ("view",)
        if entity.kind == "site":
            return query.children(self.engine.mirror, entity, kinds, self.sites)
        return query.views_of(self.engine.mirror, entity, self.sites)

    def connects(self, gateway: Entity, first: int | None, after: str | None) -> Slice:
        """A page of the devices that a gateway gives access to."""
        found = query.related(self.engine.mirror, gateway, CONNECTS, "OUT", self.sites)
        return listed([each.entity for each in found], first, after)

    def members(self, view: Entity, first: int | None, after: str | None) -> Slice:
        """A page of what a view includes."""
        return listed(query.members(self.engine.mirror, view, self.sites), first, after)

    def part(self, entity: Entity, name: str) -> Part:
        """A point that an entity has; `NotFound` otherwise."""
        kind = self.vocabulary.type_of(entity.type).points.get(name)
        if kind is None or not self.shows(entity, kind):
            raise NotFound(
                "it has no such point", code="point.unknown", help="its points are listed under /points of it"
            )
        return Part(entity, kind)

    def parts(self, entity: Entity, measures: Sequence[str] | None = None) -> list[Part]:
        """The points that an entity has, in the order of its type."""
        wanted = None if measures is None else frozenset(measures)
        found = self.vocabulary.points(entity.type, entity.points, wanted)
        return [Part(entity, kind) for kind in found if self.shows(entity, kind)]

    def shows(self, entity: Entity, kind: PointType) -> bool:
        """Whether an entity has a point, as far as may be seen."""
        return self.rights.shows(entity, kind)

    def reads_private(self, entity: Entity) -> bool:
        """Whether what is private of an entity is there."""
        return self.rights.reads_private(entity)

    def made(self, site: Entity) -> MadeOf | None:
        """What a site was last made of; the parameters only for who may read all that there is in it."""
        made = site.made
        if made is None:
            return None
        whole = self.rights.private and self.rights.may("read-private", site, wholly=True)
        return MadeOf(made.topology, made.version, made.parameters if whole else None)

    def points(self, entity: Entity) -> list[str]:
        """The names of the points that an entity has, as far as may be seen."""
        kinds = self.vocabulary.type_of(entity.type).points
        return [name for name in entity.points if name in kinds and self.shows(entity, kinds[name])]

    def properties(self, entity: Entity) -> dict[str, Scalar]:
        """The properties that an entity has, as far as may be seen."""
        kinds = self.vocabulary.type_of(entity.type).properties
        ontology = self.vocabulary.ontology
        return {
            name: _newest(ontology, entity, kinds[name], value) if ontology.older and name in kinds else value
            for name, value in entity.properties.items()
            if name not in kinds or not kinds[name].private or self.reads_private(entity)
        }

    def property(self, entity: Entity, kind: PropertyType) -> Scalar | None:
        """A property of an entity in its unit; None: it has none, or may not be seen."""
        if kind.private and not self.reads_private(entity):
            return None
        value, ontology = entity.properties.get(kind.name), self.vocabulary.ontology
        return _newest(ontology, entity, kind, value) if ontology.older else value

    def measured(self, measures: Sequence[str] | None) -> frozenset[str] | None:
        """The concrete types with a point that measures one of these, as far as may be seen; None: all."""
        return self.vocabulary.measuring(measures, private=self.rights.private)

    def measuring(self, measures: Sequence[str] | None) -> Sites:
        """What may be seen of what measures one of these: of who measures it in private, whose private may be read."""
        if measures is None or not self.rights.private:
            return self.sites
        openly = self.vocabulary.measuring(measures, private=False) or frozenset()
        return self.rights.openly(openly)

    def readings(
        self,
        *,
        type: str | None = None,  # noqa: A002 - the word users see
        under: str | None = None,
        within: str | None = None,
        measures: Sequence[str] | None = None,
        first: int | None = None,
        after: str | None = None,
    ) -> Slice:
        """A page of points, whether or not they were ever heard of: of devices of a type, or of all there is."""
        position, size = cursors.decode(after, 2), page_size(first)
        found = query.select(
            self.engine.mirror,
            sites=self.measuring(measures),
            kinds=KINDS if type is None else ("device",),
            types=_both(self.vocabulary.types("device", type), self.measured(measures)),
            under=None if under is None else self.entity(under),
            within=None if within is None else self.view(within),
        ).items
        rest = self._after(found, position, measures)
        items = [(cursors.encode(part.entity.path, part.kind.name), part) for part in islice(rest, size)]
        return Slice(
            list[tuple[str, object]](items),
            next(rest, None) is not None,
            position is not None,
            lambda: sum(len(self.parts(each, measures)) for each in found),
        )

    def _after(
        self, entities: list[Entity], position: tuple[str, ...] | None, measures: Sequence[str] | None
    ) -> Iterator[Part]:
        """The points of these entities that come after a (path, point)."""
        start = 0
        if position is not None:
            path, name = position
            start = bisect_right(entities, sort_key(path), key=lambda each: sort_key(each.path))
            if start and entities[start - 1].path == path:
                yield from _following(self.parts(entities[start - 1], measures), name)
        for index in range(start, len(entities)):
            yield from self.parts(entities[index], measures)

    def said(self, part: Part, unit: str | None = None) -> Said | None:
        """What a point says now; None: never heard. `InvalidValue` for a unit that measures something else."""
        wanted = _unit(part.kind, unit)
        reading = self.engine.current.read(part.entity.id, part.kind.name)
        return None if reading is None else self.told(part, reading, wanted)

    def desired(self, part: Part, unit: str | None = None) -> Value | None:
        """What is wished of a configuration point; None: nothing. `InvalidValue` for a unit of something else."""
        wanted = _unit(part.kind, unit)
        value = part.entity.desired.get(part.kind.name)
        return None if value is None else value_in(self.vocabulary.ontology, part.entity, part.kind, value, wanted)

    def told(self, part: Part, reading: Reading, unit: str | None = None) -> Said:
        """A reading of a point, in a unit that fits it."""
        return tell(self.engine.mirror, self.vocabulary.ontology, part.entity, part.kind, reading, now(), unit)


def _both(one: frozenset[str] | None, other: frozenset[str] | None) -> frozenset[str] | None:
    """What is in both; None: everything."""
    return other if one is None else one if other is None else one & other


def _newest(ontology: Ontology, entity: Entity, kind: PropertyType, value: Any) -> Any:
    """A property's value in the unit that the newest version has it in."""
    return told_in(value, kept_in(ontology, entity, kind), kind.unit)


def _following(parts: list[Part], name: str) -> list[Part]:
    names = [part.kind.name for part in parts]
    return parts[names.index(name) + 1 :] if name in names else []


def _unit(kind: PointType, wanted: str | None) -> str | None:
    """The code of the unit that is asked for, if the point's values can be told in it."""
    if wanted is None:
        return None
    code = resolve(wanted) or wanted
    if kind.unit is None or not (code == kind.unit or compatible(kind.unit, code)):
        raise InvalidValue(
            f"{kind.name} cannot be told in {wanted!r}",
            code="unit.incompatible",
            help=f"use one of {', '.join(of_dimension(dimension(kind.unit) or ''))}" if kind.unit else "it has no unit",
        )
    return code
