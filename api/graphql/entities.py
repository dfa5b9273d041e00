"""The types of an ontology: an interface per abstract type and mixin, an object per concrete type.

They are graphql-core's own objects, made in one pass: five hundred types cost milliseconds. A concrete type that
others descend from is an interface too, so that a fragment on it finds them all; the object of what is exactly of that
type is then called ``Plain…``.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from graphql import (
    GraphQLBoolean,
    GraphQLField,
    GraphQLFloat,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLString,
)

from api.graphql.context import question_of
from api.graphql.kinds import Kinds
from api.graphql.names import field_names, type_names
from api.graphql.points import Readings
from api.texts import advice, text_in
from twin.ontology.model import KINDS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from graphql import GraphQLNamedType

    from api.graphql.context import Info
    from api.graphql.kinds import Fields
    from api.vocabulary import Vocabulary
    from twin.graph.model import Entity
    from twin.ontology.model import EntityType, Kind, PropertyType

__all__ = ["Entities"]

_PLAIN = "Plain"
_PROPERTY = {"number": GraphQLFloat, "boolean": GraphQLBoolean}


class Entities:
    """Every type of entity for one ontology."""

    def __init__(self, vocabulary: Vocabulary, fixed: Mapping[str, GraphQLNamedType], *, taken: frozenset[str]) -> None:
        """``fixed``: the types of `api.graphql.fixed`, by name; ``taken``: names that other types have."""
        self._types = vocabulary.ontology.types
        self._fixed: Any = fixed
        self.frame = Kinds(vocabulary, fixed, object_of=self._object_of, of_root=self._of_root)
        used = taken | fixed.keys() | self.frame.names()
        self._readings = Readings(vocabulary.ontology, fixed, taken=used)
        self._fields = field_names(vocabulary.ontology, self._reserved())
        self._names = type_names(vocabulary.ontology, used | self._readings.names)
        self._shapes = {name: self._shape(each) for name, each in self._types.items()}
        self._roots = {each.name: each.kind for each in self._types.values() if _is_root(each)}
        concrete = {each.name for each in self._types.values() if not each.abstract and not each.mixin}
        parents = {name for each in self._types.values() for name in each.lineage[1:]}
        self._interfaces = {
            name: self._interface(each)
            for name, each in self._types.items()
            if name not in self._roots and (name not in concrete or name in parents)
        }
        self._objects = {name: self._object(self._types[name]) for name in sorted(concrete)}

    def types(self) -> list[GraphQLNamedType]:
        """What a schema must be told of, for nothing leads to it but an interface."""
        return [*self.frame.kinds.values(), *self._interfaces.values(), *self._objects.values()]

    def _object_of(self, entity: Entity, _info: Info, _type: object) -> str:
        return self._objects[entity.type].name

    def _reserved(self) -> set[str]:
        return {name for kind in KINDS for name in (*self.frame.of_every(), *self.frame.of_kind(kind))}

    def _of_root(self, kind: Kind) -> Fields:
        root = next((name for name, found in self._roots.items() if found == kind), None)
        return {} if root is None else self._own(self._types[root])

    def _interface(self, each: EntityType) -> GraphQLInterfaceType:
        return GraphQLInterfaceType(
            self._names[each.name],
            lambda: self._all(each),
            interfaces=lambda: self._above(each, each.lineage[1:]),
            resolve_type=self._object_of,
            description=_text(each),
        )

    def _object(self, each: EntityType) -> GraphQLObjectType:
        name = self._names[each.name]
        return GraphQLObjectType(
            f"{_PLAIN}{name}" if each.name in self._interfaces else name,
            lambda: self._all(each),
            interfaces=lambda: self._above(each, each.lineage),
            description=_text(each),
        )

    def _all(self, each: EntityType) -> Fields:
        return {**self.frame.of_every(), **self.frame.of_kind(each.kind), **self._own(each)}

    def _above(self, each: EntityType, lineage: tuple[str, ...]) -> list[GraphQLInterfaceType]:
        """What a type implements: every interface of its lineage whose fields it has just as they are there."""
        mine = self._shapes[each.name].items()
        own = [
            self._interfaces[name]
            for name in lineage
            if name in self._interfaces and self._shapes[name].items() <= mine
        ]
        kind = [self.frame.kinds[each.kind]] if each.kind is not None else []
        return [*own, *kind, self.frame.entity, self.frame.node]

    def _shape(self, each: EntityType) -> dict[str, tuple[str, bool]]:
        """Field -> its type and whether it takes a unit: what an interface promises of the types below it."""
        shape = {
            self._fields[name]: (self._readings.field_type(kind).name, kind.unit is not None)
            for name, kind in each.points.items()
        }
        for name, kind in each.properties.items():
            shape.setdefault(self._fields[name], (kind.value, False))
        return shape

    def _own(self, each: EntityType) -> Fields:
        """The fields of a type's points and properties."""
        fields = {self._fields[name]: self._readings.field(kind) for name, kind in each.points.items()}
        for name, kind in each.properties.items():
            other = self._fixed["Long"] if kind.value == "integer" else GraphQLString
            made = GraphQLField(
                _PROPERTY.get(kind.value, other),
                resolve=partial(_property, kind),
                description=_fact(kind),
                deprecation_reason=None if kind.deprecated is None else advice(kind.deprecated),
            )
            fields.setdefault(self._fields[name], made)
        return fields


def _is_root(each: EntityType) -> bool:
    """Whether a type is what the interface of its kind already stands for."""
    return each.kind is not None and each.abstract and each.short == each.kind.capitalize()


def _text(each: EntityType) -> str | None:
    text = text_in(each.description) or text_in(each.title)
    if each.deprecated is None:
        return text
    return (
        f"{text}\n\nOn its way out: {advice(each.deprecated)}."
        if text
        else f"On its way out: {advice(each.deprecated)}."
    )


def _fact(kind: PropertyType) -> str | None:
    said = [
        text_in(kind.description) or text_in(kind.title),
        f"In {kind.unit}." if kind.unit else None,
        "Private: there only with the scope twin:read-private." if kind.private else None,
    ]
    return "\n".join(each for each in said if each) or None


def _property(kind: PropertyType, entity: Entity, info: Info) -> object:
    return question_of(info).property(entity, kind)
