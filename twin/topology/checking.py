"""What can be said of a part without its parameters: does its type exist, and does it suit its place?"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from twin.source import Diagnostics, Scalar, did_you_mean
from twin.topology.layers import Layer, layers_of, merged, with_use
from twin.topology.rules import check_rule

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from twin.ontology.model import EntityType, Ontology, PropertyType, RelationType
    from twin.topology.parts import Body, Ends, Override, Part, Template, Text

__all__ = ["MAX_DEPTH", "Prepared", "Preparer", "report_deep"]

MAX_DEPTH = 30
"""The most entities within each other, the site not counted."""

_GROUP = "core/Group"
"""What a view is that does not say its type."""
_NEVER = {"space": ("asset",), "view": ("asset",), "device": ("status", "spaces")}
"""What a fragment or an override may say, and not of an entity of this kind."""


@dataclass(frozen=True, slots=True, eq=False)
class Prepared:
    """A part whose names are resolved. ``type`` is None where that failed: it has been reported."""

    part: Part
    body: Body
    """What its entry and its fragments say together."""
    layers: tuple[Layer, ...]
    type: EntityType | None
    points: tuple[str, ...] = ()
    """The points an instance has, in the order of its type; those with a source included."""
    properties: tuple[tuple[Scalar, Text, PropertyType], ...] = ()
    sources: tuple[tuple[str, Text], ...] = ()
    relations: tuple[tuple[RelationType, Ends], ...] = ()
    parts: tuple[tuple[int, Prepared], ...] = field(default=())
    """What stands in it, with the layer that says so."""


class Preparer:
    """Prepares the parts of one template; what a fragment holds is looked at once for each type it stands in."""

    def __init__(self, template: Template, report: Diagnostics) -> None:
        self._fragments = template.fragments
        self._ontology = template.ontology
        self._report = report
        self._known: dict[tuple[Part, str | None], Prepared] = {}

    def prepare(self, part: Part, above: EntityType | None = None, depth: int = 0) -> Prepared:
        """The part and all below it, looked up in the ontology. ``above`` is the type of what it stands in."""
        known = (part, above.name if above is not None else None)
        if known not in self._known:
            self._known[known] = self._prepared(part, above, depth)
        return self._known[known]

    def overridden(self, part: Part, above: EntityType | None, depth: int, override: Override) -> Prepared:
        """The part as it is for one entity; what is wrong because of that says so."""
        outer, self._report = self._report, Diagnostics()
        made = self._prepared(part, above, depth, override)
        inner, self._report = self._report, outer
        place = override.path.scalar.place
        for found in inner.all:
            apart = found.place.line != place.line
            outer.add(replace(found, related=(*found.related, (place, "overridden here"))) if apart else found)
        return made

    def _prepared(self, part: Part, above: EntityType | None, depth: int, override: Override | None = None) -> Prepared:
        layers = layers_of(part, self._fragments, self._report, override)
        report = Diagnostics()
        made = self._checked(part, layers, above, depth, report)
        self._report.include(with_use(found, layers) for found in report.all)
        return made

    def _checked(
        self, part: Part, layers: tuple[Layer, ...], above: EntityType | None, depth: int, report: Diagnostics
    ) -> Prepared:
        ontology = self._ontology
        body = merged(layers)
        if depth > MAX_DEPTH:
            report_deep(part, report)
            return Prepared(part, replace(body, uncertain=True), layers, None)
        found = self._type(part, body, layers, report)
        if found is not None and above is not None:
            _check_contained(part, body, found, above, ontology, report)
        parts = tuple(
            (level, self.prepare(inner, found, depth + 1))
            for level, layer in enumerate(layers)
            for inner in layer.body.parts
        )
        if found is None:
            return Prepared(part, body, layers, None, parts=parts)
        check_rule(body.members.rule, ontology, report)
        sources = tuple(_sources(body, found, report))
        return Prepared(
            part,
            body,
            layers,
            found,
            points=_points(body, found, report),
            properties=tuple(_properties(part, body, layers, found, report)),
            sources=sources,
            relations=tuple(_relations(body, found, ontology, report)),
            parts=parts,
        )

    def _type(self, part: Part, body: Body, layers: Sequence[Layer], report: Diagnostics) -> EntityType | None:
        suits = [_suits(part, layer, report) for layer in layers]
        if body.type is None:
            if part.kind == "view" and "type" not in body.node:
                return self._ontology.types.get(_GROUP)
            if "type" not in body.node and not body.uncertain and all(suits):
                related = [(layer.fragment.key.place, layer.fragment.name) for layer in layers if layer.fragment]
                message = f"'{part.key.scalar.text}' lacks 'type', and so does its fragment"
                help_ = "add 'type': its type, of the ontologies used"
                report.error("key.missing", message, part.place, related=related, help=help_)
            return None
        found = self._ontology.find(body.type.text)
        if found is None:
            _report_unknown_type(part, body.type, self._ontology, report)
            return None
        return found if all(suits) and _instantiable(part, found, body.type, self._ontology, report) else None


def report_deep(part: Part, report: Diagnostics) -> None:
    """Report a part that stands too deep."""
    message = f"more than {MAX_DEPTH} entities within each other"
    report.error("topology.deep", message, part.place, help="use fewer fragments within fragments")


def _suits(part: Part, layer: Layer, report: Diagnostics) -> bool:
    """Whether a fragment or an override says only what can be said of a thing of this kind."""
    entries = layer.body.node.entries
    wrong = next((entries[name] for name in _NEVER.get(part.kind, ()) if name in entries), None)
    if wrong is None:
        return True
    name, other = wrong.key.text, "device" if part.kind == "space" else "space"
    if layer.override is not None:
        message = f"a {part.kind} has no '{name}'"
        related = [(part.place, f"'{part.key.scalar.text}'")]
        report.error("override.kind", message, wrong.key.place, related=related, help="leave it out")
    elif layer.fragment is not None and layer.word is not None:
        message = f"the fragment '{layer.fragment.name}' has '{name}', and a {part.kind} cannot"
        related = [(wrong.key.place, f"'{name}' of {layer.fragment.name}")]
        help_ = f"use it on a {other}, or take '{name}' out of it"
        report.error("fragment.kind", message, layer.word.place, related=related, help=help_)
    else:
        return True
    return False


def _report_unknown_type(part: Part, word: Scalar, ontology: Ontology, report: Diagnostics) -> None:
    known = [one.short for one in ontology.types.values() if one.kind == part.kind and not one.abstract]
    help_, suggestions = did_you_mean(word.text, known, f"types of {part.kind}")
    message = f"no type is named '{word.text}'"
    report.error("type.unknown", message, word.place, help=help_, suggestions=suggestions)


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


def _check_contained(
    part: Part, body: Body, found: EntityType, above: EntityType, ontology: Ontology, report: Diagnostics
) -> None:
    """A space must be of a type that what is around it may contain. The nearest rule of a lineage counts."""
    if part.kind != "space" or above.contains is None:
        return
    if any(ontology.is_a(found.name, name) for name in above.contains):
        return
    message = f"a {above.short} cannot contain a {found.short}"
    allowed = ", ".join(ontology.types[name].short for name in above.contains if name in ontology.types)
    help_ = f"it contains: {allowed}" if allowed else f"a {above.short} contains no spaces"
    place = body.type.place if body.type is not None and part.body.type is not None else part.place
    report.error("space.misplaced", message, place, related=[(above.place, above.name)], help=help_)


def _sources(body: Body, found: EntityType, report: Diagnostics) -> Iterable[tuple[str, Text]]:
    for key, text in body.sources:
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


def _points(body: Body, found: EntityType, report: Diagnostics) -> tuple[str, ...]:
    has = _named(body.has, found, report)
    lacks = _named(body.lacks, found, report)
    fed = {key.text: key for key, _ in body.sources if key.text in found.points}
    for name, word in lacks.items():
        given = has.get(name) or fed.get(name)
        if given is not None:
            message = f"'{name}' is lacking here and given there"
            related = [(given.place, "given")]
            report.error("point.contradiction", message, word.place, related=related, help="take one away")
    return tuple(
        name
        for name, point in found.points.items()
        if name not in lacks and (not point.optional or name in has or name in fed)
    )


def _named(given: tuple[Scalar, ...], found: EntityType, report: Diagnostics) -> dict[str, Scalar]:
    words = {word.text: word for word in given}
    for name, word in words.items():
        if name not in found.points:
            _unknown_point(word, found, list(found.points), report)
    return words


def _properties(
    part: Part, body: Body, layers: Sequence[Layer], found: EntityType, report: Diagnostics
) -> Iterable[tuple[Scalar, Text, PropertyType]]:
    written = set()
    for key, text in body.properties:
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
    for layer in layers:  # what could not be read has been reported
        written |= {entry.key.text for entry in layer.body.node.map("properties") or ()}
    _check_required(part, found, written, report)


def _check_required(part: Part, found: EntityType, written: set[str], report: Diagnostics) -> None:
    for name, property_ in found.properties.items():
        if property_.required and name not in written:
            message = f"a {found.short} must have the property '{name}'"
            related = [(property_.place, name)]
            help_ = f"add 'properties: {{ {name}: … }}'"
            report.error("property.missing", message, part.place, related=related, help=help_)


def _relations(
    body: Body, found: EntityType, ontology: Ontology, report: Diagnostics
) -> Iterable[tuple[RelationType, Ends]]:
    for key, ends in body.relations:
        relation = ontology.relations.get(key.text)
        if relation is None:
            _unknown_relation(key, ontology.relations, report)
        elif any(ontology.is_a(found.name, name) for name in relation.sources):
            check_rule(ends.rule, ontology, report)
            yield relation, ends
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
