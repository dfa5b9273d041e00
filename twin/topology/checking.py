"""What can be said of a part without its parameters: does its type exist, and does it suit its place?"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from twin.source import Diagnostics, Scalar, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from twin.ontology.model import EntityType, Ontology, PropertyType, RelationType
    from twin.topology.parts import Part, Text

__all__ = ["Prepared", "prepare"]

_GROUP = "core/Group"
"""What a view is that does not say its type."""


@dataclass(frozen=True, slots=True, eq=False)
class Prepared:
    """A part whose names are resolved. ``type`` is None where that failed: it has been reported."""

    part: Part
    type: EntityType | None
    points: tuple[str, ...] = ()
    """The points an instance has, in the order of its type; those with a source included."""
    properties: tuple[tuple[Scalar, Text, PropertyType], ...] = ()
    sources: tuple[tuple[str, Text], ...] = ()
    relations: tuple[tuple[RelationType, tuple[Text, ...]], ...] = ()
    parts: tuple[Prepared, ...] = field(default=())


def prepare(part: Part, ontology: Ontology, report: Diagnostics, above: EntityType | None = None) -> Prepared:
    """The part and all below it, looked up in an ontology."""
    found = _type(part, ontology, report)
    if found is not None and above is not None:
        _check_contained(part, found, above, ontology, report)
    parts = tuple(prepare(inner, ontology, report, found) for inner in part.parts)
    if found is None:
        return Prepared(part, None, parts=parts)
    sources = tuple(_sources(part, found, report))
    return Prepared(
        part,
        found,
        points=_points(part, found, [name for name, _ in sources], report),
        properties=tuple(_properties(part, found, report)),
        sources=sources,
        relations=tuple(_relations(part, found, ontology, report)),
        parts=parts,
    )


def _type(part: Part, ontology: Ontology, report: Diagnostics) -> EntityType | None:
    if part.type is None:
        return ontology.types.get(_GROUP) if part.kind == "view" and "type" not in part.node else None
    found = ontology.find(part.type.text)
    if found is None:
        known = [one.short for one in ontology.types.values() if one.kind == part.kind and not one.abstract]
        help_, suggestions = did_you_mean(part.type.text, known, f"types of {part.kind}")
        message = f"no type is named '{part.type.text}'"
        report.error("type.unknown", message, part.type.place, help=help_, suggestions=suggestions)
        return None
    return found if _instantiable(part, found, part.type, ontology, report) else None


def _instantiable(part: Part, found: EntityType, word: Scalar, ontology: Ontology, report: Diagnostics) -> bool:
    related = [(found.place, found.name)]
    if found.mixin:
        message = f"{found.short} is a mixin: nothing can be just that"
        report.error("type.abstract", message, word.place, related=related, help="choose a type that has it")
    elif found.kind != part.kind:
        message = f"{found.short} is a {found.kind}, and this is a {part.kind}"
        if found.kind == "site":
            help_ = "a topology has one site: the rest is in spaces, devices, gateways and views"
            report.error("site.second", message, word.place, related=related, help=help_)
            return False
        help_ = f"put it under '{found.kind}s', or choose a type of {part.kind}"
        report.error("type.kind", message, word.place, related=related, help=help_)
    elif found.abstract:
        message = f"{found.short} is abstract: nothing can be just that"
        concrete = sorted(ontology.types[name].short for name in ontology.concrete(found.name))
        help_ = f"choose one that is concrete: {', '.join(concrete[:8])}" if concrete else "choose a concrete type"
        report.error("type.abstract", message, word.place, related=related, help=help_)
    else:
        return True
    return False


def _check_contained(part: Part, found: EntityType, above: EntityType, ontology: Ontology, report: Diagnostics) -> None:
    """A space must be of a type that what is around it may contain. The nearest rule of a lineage counts."""
    if part.kind != "space" or above.contains is None:
        return
    if any(ontology.is_a(found.name, name) for name in above.contains):
        return
    message = f"a {above.short} cannot contain a {found.short}"
    allowed = ", ".join(ontology.types[name].short for name in above.contains if name in ontology.types)
    help_ = f"it contains: {allowed}" if allowed else f"a {above.short} contains no spaces"
    place = part.type.place if part.type is not None else part.place
    report.error("space.misplaced", message, place, related=[(above.place, above.name)], help=help_)


def _sources(part: Part, found: EntityType, report: Diagnostics) -> Iterable[tuple[str, Text]]:
    for key, text in part.sources:
        point = found.points.get(key.text)
        if point is not None and point.section == "status":
            yield key.text, text
        elif point is None:
            _unknown_point(key, found, [p.name for p in found.points.values() if p.section == "status"], report)
        else:
            message = f"'{key.text}' is a configuration point of {found.short}: it follows nothing"
            report.error("point.section", message, key.place, related=[(point.place, point.name)])


def _unknown_point(key: Scalar, found: EntityType, known: list[str], report: Diagnostics) -> None:
    help_, suggestions = did_you_mean(key.text, known)
    listed = ", ".join(known) if known else "none"
    related = [(found.place, f"{found.short}'s points: {listed}")]
    message = f"'{key.text}' is not a point of {found.short}"
    report.error(
        "point.unknown",
        message,
        key.place,
        related=related,
        help=help_ if suggestions else "",
        suggestions=suggestions,
    )


def _points(part: Part, found: EntityType, fed: list[str], report: Diagnostics) -> tuple[str, ...]:
    has = _named(part, found, "has", report)
    lacks = _named(part, found, "lacks", report)
    for name, word in lacks.items():
        if name in has or name in fed:
            message = f"'{name}' is lacking here and given there"
            place = has[name].place if name in has else part.node.place_of("status")
            report.error("point.contradiction", message, word.place, related=[(place, "given")], help="take one away")
    return tuple(
        name
        for name, point in found.points.items()
        if name not in lacks and (not point.optional or name in has or name in fed)
    )


def _named(part: Part, found: EntityType, key: str, report: Diagnostics) -> dict[str, Scalar]:
    words = {word.text: word for word in part.node.words(key)}
    for name, word in words.items():
        if name not in found.points:
            _unknown_point(word, found, list(found.points), report)
    return words


def _properties(part: Part, found: EntityType, report: Diagnostics) -> Iterable[tuple[Scalar, Text, PropertyType]]:
    written = set()
    for key, text in part.properties:
        written.add(key.text)
        property_ = found.properties.get(key.text)
        if property_ is not None:
            yield key, text, property_
            continue
        help_, suggestions = did_you_mean(key.text, found.properties, "its properties")
        if key.text in found.points:
            help_ = "it is a point: what it says comes from devices"
        message = f"'{key.text}' is not a property of {found.short}"
        related = [(found.place, found.name)]
        report.error("property.unknown", message, key.place, related=related, help=help_, suggestions=suggestions)
    _check_required(part, found, written, report)


def _check_required(part: Part, found: EntityType, written: set[str], report: Diagnostics) -> None:
    given = written | {entry.key.text for entry in part.node.map("properties") or ()}
    for name, property_ in found.properties.items():
        if property_.required and name not in given:
            message = f"a {found.short} must have the property '{name}'"
            related = [(property_.place, name)]
            help_ = f"add 'properties: {{ {name}: … }}'"
            report.error("property.missing", message, part.place, related=related, help=help_)


def _relations(
    part: Part, found: EntityType, ontology: Ontology, report: Diagnostics
) -> Iterable[tuple[RelationType, tuple[Text, ...]]]:
    for key, texts in part.relations:
        relation = ontology.relations.get(key.text)
        if relation is None:
            _unknown_relation(key, ontology.relations, report)
        elif any(ontology.is_a(found.name, name) for name in relation.sources):
            yield relation, texts
        else:
            allowed = ", ".join(name.rpartition("/")[2] for name in relation.sources)
            message = f"'{key.text}' cannot begin at a {found.short}"
            related = [(relation.place, f"{relation.name}: from {allowed}")]
            report.error("relation.end", message, key.place, related=related, help=f"it begins at: {allowed}")


def _unknown_relation(key: Scalar, known: Mapping[str, RelationType], report: Diagnostics) -> None:
    inverse = next((one for one in known.values() if one.inverse == key.text), None)
    if inverse is not None:
        help_ = f"write it from the other end: '{inverse.name}'"
        suggestions: tuple[str, ...] = ()
    else:
        help_, suggestions = did_you_mean(key.text, known)
    message = f"no relation is named '{key.text}'"
    report.error("relation.unknown", message, key.place, help=help_, suggestions=suggestions)
