"""The types that every ontology has: the interfaces of the kinds, with what is asked of them, and pages of them.

Resolvers are plain functions over `Entity`: no coroutine, no I/O.
"""

from __future__ import annotations

from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

from graphql import (
    GraphQLArgument,
    GraphQLBoolean,
    GraphQLEnumType,
    GraphQLEnumValue,
    GraphQLField,
    GraphQLID,
    GraphQLInt,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLString,
)

from api.graphql.assets import Stock
from api.graphql.authoring import Authored
from api.graphql.context import question_of
from api.graphql.fixed import Property
from api.graphql.names import words
from api.graphql.pages import connection, paging
from api.graphql.reaching import NAMES as REACHING
from api.graphql.reaching import Reaching
from api.roles import places
from api.texts import advice, text_in, title_in
from twin.ontology.model import KINDS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from graphql import GraphQLNamedType

    from api.graphql.context import Info
    from api.slices import Slice
    from api.vocabulary import Vocabulary
    from twin.graph.model import Entity
    from twin.ontology.model import Kind

__all__ = ["Fields", "Kinds"]

Fields = dict[str, GraphQLField]

_ABOUT: dict[str, str] = {
    "site": "A home or a building: the partition of all that is below it.",
    "space": "A physical part of a site: a building, a floor, a room, the exterior.",
    "view": "A logical grouping, independent of where things are.",
    "gateway": "A connected product that gives access to devices.",
    "device": "What captures information or carries out actions.",
}


class Kinds:
    """The interfaces of what exists, the pages they come in, and the arguments that pick among them."""

    def __init__(
        self,
        vocabulary: Vocabulary,
        fixed: Mapping[str, GraphQLNamedType],
        *,
        object_of: Callable[[Any, Any, Any], str],
        of_root: Callable[[Kind], Fields],
    ) -> None:
        """``fixed``: the types of `api.graphql.fixed`. ``object_of`` names an entity's object type; ``of_root`` gives
        the fields that the ontology gives to everything of a kind.
        """
        self.vocabulary = vocabulary
        self.fixed: Any = fixed
        self._of_kinds: dict[Kind | None, Fields] = {}
        self.direction = GraphQLEnumType("Direction", {"OUT": GraphQLEnumValue("OUT"), "IN": GraphQLEnumValue("IN")})
        self.type_enums = {kind: self._type_enum(kind) for kind in KINDS}
        quantities = words(vocabulary.ontology.quantities)
        self.measure = _enum("Measure", quantities, "What points measure.") if quantities else None
        self.node = GraphQLInterfaceType(
            "Node", {"id": GraphQLField(GraphQLNonNull(GraphQLID))}, resolve_type=object_of
        )
        self.entity = GraphQLInterfaceType(
            "Entity",
            self.of_every,
            interfaces=[self.node],
            resolve_type=object_of,
            description="Anything that exists in the graph.",
        )
        self.kinds = {kind: self._interface(kind, object_of, of_root) for kind in KINDS}
        self.point = GraphQLObjectType("Point", self._of_point, description="One datum of an entity.")
        self.pages = self._pages()
        self.reaching = Reaching(self.entity, fixed, self.direction, self.pages)
        self.authored = Authored(fixed)
        self.stock = Stock(fixed, self.entity)

    def filters(self, kind: Kind) -> dict[str, GraphQLArgument]:
        """The argument that picks types of a kind, where there are any."""
        found = self.type_enums[kind]
        return {} if found is None else {"type": GraphQLArgument(found, description="With its subtypes.")}

    def measures(self) -> dict[str, GraphQLArgument]:
        """The argument that picks points by what they measure, where anything is measured."""
        return {} if self.measure is None else {"measures": GraphQLArgument(_list(self.measure))}

    def names(self) -> set[str]:
        """What the types made here are called."""
        kinds = {name for kind in KINDS for name in (kind.capitalize(), f"{kind.capitalize()}Type")}
        pages = {page.name.removesuffix("Connection") for page in self.pages.values()}
        ends = {f"{name}{end}" for name in pages for end in ("Edge", "Connection")}
        return kinds | ends | REACHING | {"Node", "Entity", "Point", "Direction", "Measure"}

    def _type_enum(self, kind: Kind) -> GraphQLEnumType | None:
        shorts = self.vocabulary.kinds[kind]
        if not shorts:
            return None
        values = {short: GraphQLEnumValue(short, deprecation_reason=self._advice(short)) for short in shorts}
        name = f"{kind.capitalize()}Type"
        return GraphQLEnumType(name, values, description=f"Types of {kind}, abstract ones included.")

    def _advice(self, short: str) -> str | None:
        found = self.vocabulary.ontology.find(short)
        return None if found is None or found.deprecated is None else advice(found.deprecated)

    def _interface(
        self, kind: Kind, object_of: Callable[[Any, Any, Any], str], of_root: Callable[[Kind], Fields]
    ) -> GraphQLInterfaceType:
        return GraphQLInterfaceType(
            kind.capitalize(),
            lambda: {**self.of_every(), **self.of_kind(kind), **of_root(kind)},
            interfaces=[self.entity, self.node],
            resolve_type=object_of,
            description=_ABOUT[kind],
        )

    def of_every(self) -> Fields:
        """The fields that every entity has; made once, for every type has the same."""
        return self._of_every

    @cached_property
    def _of_every(self) -> Fields:
        time = GraphQLNonNull(self.fixed["DateTime"])
        text = GraphQLNonNull(GraphQLString)
        lang = {"lang": GraphQLArgument(GraphQLString, description="Language, as in the YAML: fr.")}
        return {
            "id": GraphQLField(GraphQLNonNull(GraphQLID)),
            "key": GraphQLField(text, description="Its segment of the path."),
            "path": GraphQLField(text),
            "title": GraphQLField(text, lang, resolve=lambda entity, _info, lang=None: title_in(entity, lang)),
            "type": GraphQLField(text, resolve=_type, description="As it is named in the ontology."),
            "site": GraphQLField(self.kinds["site"], resolve=lambda entity, info: question_of(info).site(entity)),
            "parent": GraphQLField(
                self.entity,
                resolve=lambda entity, info: question_of(info).parent(entity),
                description="What contains it; null for a site.",
            ),
            "revision": GraphQLField(GraphQLNonNull(GraphQLInt)),
            "createdAt": GraphQLField(time, resolve=lambda entity, _info: entity.created),
            "updatedAt": GraphQLField(time, resolve=lambda entity, _info: entity.updated),
            "properties": GraphQLField(_list(self.fixed["Property"], required=True), resolve=_properties),
            "offers": GraphQLField(
                _list(GraphQLString, required=True),
                resolve=lambda entity, _info: entity.commands,
                description="The names of the commands it offers.",
            ),
            "roles": GraphQLField(
                _list(self.fixed["RolePlace"], required=True),
                resolve=lambda entity, info: places(entity, question_of(info).vocabulary.ontology),
                description="Places to fill: who may do what here.",
            ),
            "points": GraphQLField(
                _list(self.point, required=True),
                self.measures(),
                resolve=lambda entity, info, measures=None: question_of(info).parts(entity, measures),
                description="The points it really has.",
            ),
            "views": GraphQLField(
                _list(self.kinds["view"], required=True),
                resolve=lambda entity, info: question_of(info).views(entity),
                description="The views it is in, itself or with something around it; those of a site, for a site.",
            ),
            "children": GraphQLField(
                GraphQLNonNull(self.pages["entity"]),
                paging(),
                resolve=lambda entity, info, first=None, after=None: question_of(info).children(entity, first, after),
                description="What it contains directly.",
            ),
            **self.reaching.fields(),
        }

    def of_kind(self, kind: Kind | None) -> Fields:
        """The fields that everything of a kind has beside those; made once for each kind."""
        if kind not in self._of_kinds:
            self._of_kinds[kind] = self._made_of_kind(kind)
        return self._of_kinds[kind]

    def _made_of_kind(self, kind: Kind | None) -> Fields:
        match kind:
            case "site":
                return {
                    **{f"{each}s": self._below(each) for each in ("space", "gateway", "device")},
                    "made": self._made(),
                }
            case "space":
                return {f"{each}s": self._below(each) for each in ("space", "device")}
            case "gateway":
                return {"serial": _serial(), "connects": self._connects()}
            case "device":
                return {"serial": _serial(), "space": self._space(), "parts": self._parts()}
            case "view":
                return {"members": self._members(), "rule": _rule()}
            case _:
                return {}

    def _below(self, kind: Kind) -> GraphQLField:
        recursive = GraphQLArgument(
            GraphQLNonNull(GraphQLBoolean), default_value=False, description="At any depth, not just directly."
        )
        return GraphQLField(
            GraphQLNonNull(self.pages[kind]),
            {**self.filters(kind), "recursive": recursive, **paging()},
            resolve=partial(_below, kind),
        )

    def _connects(self) -> GraphQLField:
        return GraphQLField(
            GraphQLNonNull(self.pages["device"]),
            paging(),
            resolve=lambda entity, info, first=None, after=None: question_of(info).connects(entity, first, after),
            description="The devices it gives access to.",
        )

    def _space(self) -> GraphQLField:
        return GraphQLField(
            self.kinds["space"],
            resolve=lambda entity, info: question_of(info).space(entity),
            description="The nearest space around it.",
        )

    def _parts(self) -> GraphQLField:
        return GraphQLField(
            GraphQLNonNull(self.pages["device"]),
            {**self.filters("device"), **paging()},
            resolve=partial(_below, "device"),
            description="The devices it is made of.",
        )

    def _made(self) -> GraphQLField:
        return GraphQLField(
            self.fixed["Made"],
            resolve=lambda entity, info: question_of(info).made(entity),
            description="What it was last made of; null: an app made it.",
        )

    def _members(self) -> GraphQLField:
        return GraphQLField(
            GraphQLNonNull(self.pages["entity"]),
            paging(),
            resolve=lambda entity, info, first=None, after=None: question_of(info).members(entity, first, after),
            description="What it includes, as it is listed: what lies below those is in it too.",
        )

    def _pages(self) -> dict[str, GraphQLObjectType]:
        info = self.fixed["PageInfo"]
        edge = {
            "relation": GraphQLField(GraphQLNonNull(GraphQLString), resolve=lambda edge, _info: edge.item.relation),
            "depth": GraphQLField(
                GraphQLNonNull(GraphQLInt),
                resolve=lambda edge, _info: edge.item.depth,
                description="How many relations away it is.",
            ),
            "from": GraphQLField(
                GraphQLNonNull(self.entity),
                resolve=lambda edge, _info: edge.item.source,
                description="What stands at the relation's near end.",
            ),
        }
        pages = {str(kind): connection(found, info) for kind, found in self.kinds.items()}
        pages["entity"] = connection(self.entity, info)
        pages["point"] = connection(self.point, info)
        pages["related"] = connection(self.entity, info, name="Related", on_edge=edge, unwrap=lambda item: item.entity)
        return pages

    def _of_point(self) -> Fields:
        unit = {"unit": GraphQLArgument(GraphQLString, description="UCUM code to tell it in.")}
        lang = {"lang": GraphQLArgument(GraphQLString, description="Language, as in the YAML: fr.")}
        fields = {
            "name": GraphQLField(GraphQLNonNull(GraphQLString), resolve=lambda part, _info: part.kind.name),
            "title": GraphQLField(
                GraphQLNonNull(GraphQLString),
                lang,
                resolve=lambda part, _info, lang=None: text_in(part.kind.title, lang) or part.kind.name,
            ),
            "description": GraphQLField(
                GraphQLString, lang, resolve=lambda part, _info, lang=None: text_in(part.kind.description, lang)
            ),
            "private": GraphQLField(
                GraphQLNonNull(GraphQLBoolean),
                resolve=lambda part, _info: part.kind.private,
                description="Whether reading it takes the scope twin:read-private.",
            ),
            "accumulates": GraphQLField(
                GraphQLNonNull(GraphQLBoolean),
                resolve=lambda part, _info: part.kind.accumulates,
                description="Whether it is an index: its increase means something, its average nothing.",
            ),
            "computed": GraphQLField(
                self.fixed["Computed"],
                resolve=lambda part, _info: part.entity.computed.get(part.kind.name),
                description="How it is worked out from points of devices; null: it is not.",
            ),
            "deprecated": GraphQLField(
                GraphQLString,
                resolve=lambda part, _info: None if part.kind.deprecated is None else advice(part.kind.deprecated),
                description="What to do instead; null: it is not on its way out.",
            ),
            "desired": GraphQLField(
                self.fixed["Value"],
                unit,
                resolve=lambda part, info, unit=None: question_of(info).desired(part, unit),
                description="Of a setting: what is wished of it; null: nothing.",
            ),
            "section": GraphQLField(
                GraphQLNonNull(self.fixed["Section"]), resolve=lambda part, _info: part.kind.section
            ),
            "unit": GraphQLField(GraphQLString, resolve=lambda part, _info: part.kind.unit, description="UCUM code."),
            "entity": GraphQLField(GraphQLNonNull(self.entity), resolve=lambda part, _info: part.entity),
            "reading": GraphQLField(
                self.fixed["Reading"],
                unit,
                resolve=lambda part, info, unit=None: question_of(info).said(part, unit),
                description="What it says now; null: never heard.",
            ),
        }
        if self.measure is not None:
            fields["measures"] = GraphQLField(self.measure, resolve=lambda part, _info: part.kind.measures)
        return fields


def _enum(name: str, values: Mapping[str, str], description: str) -> GraphQLEnumType:
    return GraphQLEnumType(
        name, {key: GraphQLEnumValue(value) for key, value in values.items()}, description=description
    )


def _list(of: Any, *, required: bool = False) -> Any:
    made = GraphQLList(GraphQLNonNull(of))
    return GraphQLNonNull(made) if required else made


def _rule() -> GraphQLField:
    return GraphQLField(GraphQLString, description="What else it includes, whatever comes and goes; null: nothing.")


def _serial() -> GraphQLField:
    return GraphQLField(GraphQLString, description="As declared; on MQTT it may stand for the id.")


def _type(entity: Entity, info: Info) -> str:
    return question_of(info).vocabulary.type_of(entity.type).short


def _properties(entity: Entity, info: Info) -> list[Property]:
    question = question_of(info)
    kinds = question.vocabulary.type_of(entity.type).properties
    return [
        Property(name=name, value=value, unit=kinds[name].unit if name in kinds else None)  # type: ignore[arg-type]
        for name, value in question.properties(entity).items()
    ]


def _below(kind: Kind, entity: Entity, info: Info, *, recursive: bool = False, **arguments: Any) -> Slice:
    asked = {"type": None, "first": None, "after": None, **arguments}
    return question_of(info).below(entity, kind, recursive=recursive, **asked)
