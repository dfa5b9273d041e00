"""The field of a point: what it says, typed by its value, and for a setting what the device reports of it."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import msgspec
from graphql import (
    GraphQLArgument,
    GraphQLEnumType,
    GraphQLEnumValue,
    GraphQLField,
    GraphQLObjectType,
    GraphQLString,
)

from api.graphql.context import question_of
from api.graphql.fixed import READINGS
from api.graphql.names import words
from api.questions import Part
from api.texts import advice, text_in
from twin.state.telling import Said

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from collections.abc import Set as AbstractSet

    from graphql import GraphQLNamedType

    from api.graphql.context import Info
    from twin.graph.model import Entity
    from twin.ontology.model import EnumType, Ontology, PointType

__all__ = ["Readings"]


class _Setting(msgspec.Struct, frozen=True):
    reported: Said | None
    desired: object


class Readings:
    """The types of readings and settings for one ontology, its enums included."""

    def __init__(self, ontology: Ontology, fixed: Mapping[str, GraphQLNamedType], *, taken: AbstractSet[str]) -> None:
        self._ontology = ontology
        self._fixed: Any = fixed
        self._made: dict[int, GraphQLField] = {}
        shorts = {each.short for each in ontology.types.values()}
        self._enums = {name: self._enum(each, taken | shorts) for name, each in ontology.enums.items()}
        self.names = {made.name for pair in self._enums.values() for made in pair}
        """What the types made here are called."""

    def field_type(self, kind: PointType) -> GraphQLObjectType:
        """The type of a point's field: the same for all types that share the point's first declaration."""
        first = self._first(kind)
        setting = first.section == "configuration"
        if first.enum in self._enums:
            return self._enums[first.enum][setting]
        found: GraphQLObjectType = self._fixed[READINGS[first.value][setting]]
        return found

    def field(self, kind: PointType) -> GraphQLField:
        """The field of a point; one for all types that inherit it as it is."""
        found = self._made.get(id(kind))
        if found is None:
            found = self._made[id(kind)] = self._field(kind)
        return found

    def _field(self, kind: PointType) -> GraphQLField:
        unit = {"unit": GraphQLArgument(GraphQLString, description=f"UCUM code to tell it in, for {kind.unit}.")}
        return GraphQLField(
            self.field_type(kind),
            unit if kind.unit is not None else None,
            resolve=partial(_setting if self._first(kind).section == "configuration" else _reading, kind),
            description=_text(kind),
            deprecation_reason=None if kind.deprecated is None else advice(kind.deprecated),
        )

    def _first(self, kind: PointType) -> PointType:
        owner = self._ontology.types.get(kind.declared_by)
        return kind if owner is None else owner.points.get(kind.name, kind)

    def _enum(self, each: EnumType, taken: AbstractSet[str]) -> tuple[GraphQLObjectType, GraphQLObjectType]:
        """The reading and the setting of an enum."""
        name = each.name
        while {name, f"{name}Reading", f"{name}Setting"} & taken:
            name += "Enum"
        enum = GraphQLEnumType(name, {key: GraphQLEnumValue(value) for key, value in words(each.values).items()})
        known = frozenset(each.values)
        shared = {key: found for key, found in self._fixed["StringReading"].fields.items() if key != "value"}
        value = GraphQLField(enum, resolve=lambda said, _info: said.value if said.value in known else None)
        desired = GraphQLField(enum, resolve=lambda said, _info: said.desired if said.desired in known else None)
        reading = GraphQLObjectType(f"{name}Reading", {"value": value, **shared})
        setting = GraphQLObjectType(f"{name}Setting", {"reported": GraphQLField(reading), "desired": desired})
        return reading, setting


def _reading(kind: PointType, entity: Entity, info: Info, unit: str | None = None) -> Said | None:
    """Null: the entity has no such point, or it was never heard."""
    question = question_of(info)
    return question.said(Part(entity, kind), unit) if question.shows(entity, kind) else None


def _setting(kind: PointType, entity: Entity, info: Info, unit: str | None = None) -> _Setting | None:
    """Null: the entity has no such point."""
    question = question_of(info)
    if not question.shows(entity, kind):
        return None
    part = Part(entity, kind)
    return _Setting(question.said(part, unit), question.desired(part, unit))


def _text(kind: PointType) -> str | None:
    """What it is, for people, and what a program must know of it."""
    said = [text_in(kind.description) or text_in(kind.title), *_facts(kind)]
    return "\n".join(each for each in said if each) or None


def _facts(kind: PointType) -> Iterator[str]:
    if kind.accumulates:
        yield "An index: its increase means something, its average nothing."
    if kind.private:
        yield "Private: there only with the scope twin:read-private."
