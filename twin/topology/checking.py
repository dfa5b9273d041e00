"""What can be said of a part without its parameters: does its type exist, and does it suit its place?"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from twin.source import Diagnostics, Scalar, did_you_mean
from twin.topology.computing import computations_of
from twin.topology.configuring import settings_of
from twin.topology.layers import Layer, layers_of, merged, with_use
from twin.topology.offering import offer_of, point_of
from twin.topology.parts import Text
from twin.topology.relating import relations_of, roles_of
from twin.topology.retiring import warn_deprecated
from twin.topology.rules import Words, check_rule
from twin.topology.typed import check_contained, type_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from twin.graph.model import Scalar as Fact
    from twin.graph.model import Value
    from twin.ontology.model import EntityType, ModelType, PropertyType
    from twin.topology.computing import Computing
    from twin.topology.configuring import Configuring
    from twin.topology.parts import Body, Override, Part, Template
    from twin.topology.relating import Relating

__all__ = ["MAX_DEPTH", "Prepared", "Preparer", "report_deep"]

MAX_DEPTH = 30
"""The most entities within each other, the site not counted."""


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
    commands: tuple[str, ...] = ()
    """The commands it offers, in the same order."""
    properties: tuple[tuple[Scalar, Text, PropertyType], ...] = ()
    product: Mapping[str, Fact] = field(default_factory=dict)
    """Properties that follow from its model, unless it says otherwise."""
    property_defaults: Mapping[str, Fact] = field(default_factory=dict)
    settings: tuple[Configuring, ...] = ()
    defaults: Mapping[str, Value] = field(default_factory=dict)
    """What the ontology sets the configuration points to that it has."""
    sources: tuple[tuple[str, Text], ...] = ()
    computations: tuple[Computing, ...] = ()
    relations: tuple[Relating, ...] = ()
    roles: Mapping[str, str] = field(default_factory=dict)
    parts: tuple[tuple[int, Prepared], ...] = field(default=())
    """What stands in it, with the layer that says so."""


class Preparer:
    """Prepares the parts of one template; what a fragment holds is looked at once for each type it stands in."""

    def __init__(self, template: Template, report: Diagnostics) -> None:
        self._fragments = template.fragments
        self._ontology = template.ontology
        self._words = Words(template.ontology)
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
        found, model = type_of(part, body, layers, ontology, report)
        if found is not None and above is not None:
            check_contained(part, body, found, above, ontology, report)
        parts = tuple(
            (level, self.prepare(inner, found, depth + 1))
            for level, layer in enumerate(layers)
            for inner in layer.body.parts
        )
        if found is None:
            return Prepared(part, body, layers, None, parts=parts)
        for rule in (body.members.rule, body.rule):
            check_rule(rule, self._words, report)
        warn_deprecated(body, found, report)
        points, commands = offer_of(body, found, model, report)
        product = _product(model, found)
        return Prepared(
            part,
            body,
            layers,
            found,
            points=points,
            commands=commands,
            properties=tuple(_properties(part, body, layers, found, product, report)),
            product=product,
            property_defaults=_property_defaults(found),
            settings=tuple(settings_of(body, found, report)),
            defaults=_defaults(found, points),
            sources=tuple(_sources(body, found, report)),
            computations=tuple(computations_of(body, found, self._words, report)),
            relations=tuple(relations_of(body, found, self._words, report)),
            roles=roles_of(body, found, ontology, report),
            parts=parts,
        )


def report_deep(part: Part, report: Diagnostics) -> None:
    """Report a part that stands too deep."""
    message = f"more than {MAX_DEPTH} entities within each other"
    report.error("topology.deep", message, part.place, help="use fewer fragments within fragments")


def _product(model: ModelType | None, found: EntityType) -> dict[str, Fact]:
    """What is true of every product of a model, as far as its type has properties for it."""
    if model is None:
        return {}
    known: dict[str, Fact] = {"model": model.title.get("") or model.title.get("en") or model.short}
    if model.vendor is not None:
        known["vendor"] = model.vendor
    known |= model.properties
    return {name: _as(found.properties[name], value) for name, value in known.items() if name in found.properties}


def _as(wanted: PropertyType, value: Fact) -> Fact:
    return float(value) if wanted.value == "number" and isinstance(value, int) else value


def _property_defaults(found: EntityType) -> dict[str, Fact]:
    return {
        name: _as(one, one.default)
        for name, one in found.properties.items()
        if isinstance(one.default, str | int | float)
    }


def _defaults(found: EntityType, points: Iterable[str]) -> dict[str, Value]:
    """What the ontology sets those points to."""
    defaults = ((name, found.points[name]) for name in points)
    return {
        name: float(point.default) if point.value == "number" and isinstance(point.default, int) else point.default
        for name, point in defaults
        if point.section == "configuration" and point.default is not None
    }


def _sources(body: Body, found: EntityType, report: Diagnostics) -> Iterable[tuple[str, Text]]:
    for key, source in body.status:
        if isinstance(source, Text) and point_of(key, found, "status", report) is not None:
            yield key.text, source


def _properties(
    part: Part,
    body: Body,
    layers: Sequence[Layer],
    found: EntityType,
    product: Mapping[str, Fact],
    report: Diagnostics,
) -> Iterable[tuple[Scalar, Text, PropertyType]]:
    written = set(product)
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
        written.update(suggestions[:1])  # it is not missing, but misspelled
    for layer in layers:  # what could not be read has been reported
        written |= {entry.key.text for entry in layer.body.node.map("properties") or ()}
    _check_required(part, found, written, report)


def _check_required(part: Part, found: EntityType, written: set[str], report: Diagnostics) -> None:
    for name, property_ in found.properties.items():
        if property_.required and property_.default is None and name not in written:
            message = f"a {found.short} must have the property '{name}'"
            related = [(property_.place, name)]
            help_ = f"add 'properties: {{ {name}: … }}'"
            report.error("property.missing", message, part.place, related=related, help=help_)
