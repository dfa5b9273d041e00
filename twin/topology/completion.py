"""JSON Schema of topologies that use certain ontologies: editors complete the author's own types, points and roles."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from twin.ontology.model import KINDS, Kind, PointType, PropertyType
from twin.source import json_schema
from twin.topology.shape import FUNCTIONS, TOPOLOGY

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from twin.ontology.model import CommandType, EntityType, FieldType, Ontology

__all__ = ["topology_schema"]

_WORKED_OUT = {"type": "string", "pattern": r"\$\{"}
"""A text with an expression in it, which may stand for any value."""
_QUALIFIED = {"type": "string", "pattern": "/"}
_BORROWERS: tuple[Kind, ...] = ("space", "device", "gateway")


def topology_schema(ontology: Ontology) -> dict[str, Any]:
    """The schema of a topology whose ``uses`` names these ontologies, in the draft and the form of the general one."""
    name = ontology.documents[-1].name
    schema = json_schema(TOPOLOGY, f"A topology with the types of {name}", f"{name}.topology.schema.json")
    top, definitions = schema["properties"], schema["definitions"]
    types = _Types(ontology, definitions)
    types.complete(top["site"], ("site",))
    types.complete(top["gateways"]["additionalProperties"], ("gateway",))
    types.complete(top["views"]["additionalProperties"], ("view",))
    types.complete(definitions["space"], ("space",))
    types.complete(definitions["device"], ("device",))
    types.complete(top["fragments"]["additionalProperties"], _BORROWERS)
    types.complete(top["overrides"]["additionalProperties"], KINDS)
    return schema


class _Types:
    """Puts the words of one ontology where a schema has any word."""

    def __init__(self, ontology: Ontology, definitions: dict[str, Any]) -> None:
        self._ontology = ontology
        self._types = {
            kind: [one for one in ontology.types.values() if one.kind == kind and not one.abstract] for kind in KINDS
        }
        for found in (one for kind in KINDS for one in self._types[kind]):
            definitions[found.short] = _members(found)

    def complete(self, record: dict[str, Any], kinds: Iterable[Kind]) -> None:
        """Say what may stand in a record that describes an entity of one of these kinds."""
        found = [one for kind in kinds for one in self._types[kind]]
        properties = record["properties"]
        properties["type"] |= _words({one.short: _said(one) for one in found})
        if "model" in properties:
            names = {one.name for one in found}
            models = [one for one in self._ontology.models.values() if one.of in names]
            properties["model"] |= _words({one.short: _said(one) for one in models})
        if "relations" in properties:
            self._relate(properties["relations"])
        if "roles" in properties:
            roles = {one.short: _said(one) for one in self._ontology.roles.values()}
            properties["roles"]["additionalProperties"]["properties"]["role"] |= _words(roles)
        if "status" in properties:
            self._measure(properties["status"]["additionalProperties"]["properties"])
        record["allOf"] = [_when(one) for one in found]

    def _relate(self, relations: dict[str, Any]) -> None:
        value = relations["additionalProperties"]
        named: dict[str, Any] = {}
        for one in self._ontology.relations.values():
            named[one.name] = {**value, "description": _text(one.description) or _text(one.title)}
            if one.inverse is not None:
                named[one.inverse] = {**value, "description": f"the other end of {one.name}"}
        relations |= {"properties": named, "additionalProperties": False}
        relations.pop("propertyNames", None)

    def _measure(self, source: dict[str, Any]) -> None:
        quantities = {one.name: _text(one.title) for one in self._ontology.quantities.values()}
        for name in FUNCTIONS:
            source[name] |= {"enum": list(quantities), "enumDescriptions": list(quantities.values())}


def _when(found: EntityType) -> dict[str, Any]:
    """What holds for entities that say they are of a type."""
    said = {"properties": {"type": {"const": found.short}}, "required": ["type"]}
    return {"if": said, "then": {"$ref": f"#/definitions/{found.short}"}}


def _members(found: EntityType) -> dict[str, Any]:
    """What an entity of a type can be given: its properties and settings, and what it may have or lack."""
    points: list[PointType] = list(found.points.values())
    offered: list[PointType | CommandType] = [*points, *found.commands.values()]
    optional = [one.name for one in offered if one.optional]
    kept = [one.name for one in offered if not one.optional]
    settings = {one.name: one for one in points if one.section == "configuration"}
    members = {
        "properties": _record(found.properties),
        "configuration": _record(settings),
        "has": _names(optional),
        "lacks": _names(kept),
    }
    if found.kind not in {"device", "gateway"}:  # whose points say what they say of themselves
        members["status"] = {"propertyNames": _one_of([one.name for one in points])}
    return {"properties": members}


def _record(members: Mapping[str, PropertyType] | Mapping[str, PointType]) -> dict[str, Any]:
    values = {name: {**_value(one), "description": _described(one)} for name, one in members.items()}
    return {"type": "object", "properties": values, "additionalProperties": False}


def _names(names: list[str]) -> dict[str, Any]:
    item = _one_of(names)
    return {"anyOf": [item, {"type": "array", "items": item}]}


def _one_of(names: list[str]) -> dict[str, Any]:
    """One of these names; nothing at all where there is none, which ``enum`` cannot say."""
    return {"enum": names} if names else {"not": {}}


def _value(one: PropertyType | PointType | FieldType) -> dict[str, Any]:
    """What a value may be: in the type's own terms, or worked out."""
    if one.values is not None:
        return {"anyOf": [{"enum": list(one.values)}, _WORKED_OUT]}
    if one.value in {"number", "integer"}:
        bounds = {"minimum": one.minimum, "maximum": one.maximum}
        return {"anyOf": [{"type": one.value, **{k: v for k, v in bounds.items() if v is not None}}, _WORKED_OUT]}
    if one.value == "boolean":
        return {"anyOf": [{"type": "boolean"}, _WORKED_OUT]}
    if one.value == "object" and not isinstance(one, PropertyType):
        fields = {name: _value(inner) for name, inner in (one.fields or {}).items()}
        return {"type": "object", "properties": fields, "additionalProperties": False}
    if one.value == "list" and not isinstance(one, PropertyType):
        return {"type": "array", "items": {} if one.items is None else _value(one.items)}
    return {"type": ["string", "number"]}


def _described(one: PropertyType | PointType) -> str:
    said = _text(one.description) or _text(one.title) or one.name
    unit = f", in {one.unit}" if one.unit else ""
    instead = f"; deprecated: use {one.deprecated.use}" if one.deprecated and one.deprecated.use else ""
    return f"{said}{unit}{instead}"


def _words(words: dict[str, str]) -> dict[str, Any]:
    """These words, each with what it means, or a qualified name."""
    choice = {**_one_of(list(words)), "enumDescriptions": list(words.values())}
    return {"anyOf": [choice, _QUALIFIED]}


def _said(one: Any) -> str:
    return _text(one.description) or _text(one.title)


def _text(titles: Mapping[str, str]) -> str:
    """A text in English where there is one, else in whatever language there is."""
    return titles.get("en") or titles.get("") or next(iter(titles.values()), "")
