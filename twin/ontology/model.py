"""What an ontology says once it is compiled: immutable, complete, and quick to ask.

Invariants: every name that occurs resolves; lineages are linearised and free of cycles; a type's ``points`` and
``properties`` are merged from its whole lineage; a point of a subtype is at least as narrow as the one it redeclares.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from twin.errors import Place

__all__ = [
    "KINDS",
    "Document",
    "EntityType",
    "EnumType",
    "Kind",
    "Ontology",
    "PointType",
    "PropertyType",
    "Quantity",
    "RelationType",
    "Section",
    "ValueKind",
]

Kind = Literal["site", "space", "view", "gateway", "device"]
KINDS: tuple[Kind, ...] = ("site", "space", "view", "gateway", "device")
Section = Literal["status", "configuration"]
ValueKind = Literal["number", "integer", "boolean", "string", "enum", "timestamp"]


@dataclass(frozen=True, slots=True)
class Document:
    """One ontology document as it was given: enough to compile it again anywhere."""

    name: str
    version: str
    file: str
    text: str


@dataclass(frozen=True, slots=True)
class Quantity:
    """What points measure (``air_temperature``), with the unit that fixes its dimension; None: no unit (occupancy)."""

    name: str
    unit: str | None
    title: Mapping[str, str]
    place: Place


@dataclass(frozen=True, slots=True)
class EnumType:
    """A named, closed list of words."""

    name: str
    values: tuple[str, ...]
    place: Place


@dataclass(frozen=True, slots=True)
class PropertyType:
    """A fact about an entity that does not change by itself: an area, a vendor, a level."""

    name: str
    value: ValueKind
    unit: str | None
    values: tuple[str, ...] | None
    """The words of an enum, in the order written."""
    minimum: float | None
    maximum: float | None
    required: bool
    title: Mapping[str, str]
    place: Place


@dataclass(frozen=True, slots=True)
class PointType:
    """One datum of a type: what it is, in which unit, within which bounds, and how often it reports."""

    name: str
    section: Section
    value: ValueKind
    unit: str | None
    """A UCUM code; None for what has no unit. Every reading of the point is stored in it."""
    measures: str | None
    minimum: float | None
    maximum: float | None
    values: tuple[str, ...] | None
    """The words of an enum, in the order written."""
    enum: str | None
    """The name of the enum, where it has one."""
    every: float | None
    """Seconds between two reports; silence for longer makes the reading stale."""
    optional: bool
    title: Mapping[str, str]
    declared_by: str
    """The qualified name of the type or mixin that declares it first."""
    place: Place


@dataclass(frozen=True, slots=True)
class EntityType:
    """A type of site, space, view, gateway or device, or a mixin (``kind`` None)."""

    name: str
    """Qualified: ``connected-home/Thermostat``."""
    short: str
    kind: Kind | None
    abstract: bool
    mixin: bool
    parents: tuple[str, ...]
    lineage: tuple[str, ...]
    """Itself first, then every ancestor and mixin, nearest first (qualified)."""
    points: Mapping[str, PointType]
    properties: Mapping[str, PropertyType]
    contains: tuple[str, ...] | None
    """Qualified types of the spaces a space or site may contain; None: any."""
    connects: tuple[str, ...] | None
    """Qualified types of the devices a gateway may connect; None: any."""
    of: tuple[str, ...] | None
    """Qualified types a view may include; None: any."""
    title: Mapping[str, str]
    description: Mapping[str, str]
    plural: str | None
    place: Place


@dataclass(frozen=True, slots=True)
class RelationType:
    """A typed, directed relation that an ontology declares (``feeds``), with its allowed ends."""

    name: str
    sources: tuple[str, ...]
    """Qualified types, or kinds (``device``), that may stand at the ``from`` end."""
    targets: tuple[str, ...]
    inverse: str | None
    title: Mapping[str, str]
    place: Place


@dataclass(frozen=True)
class Ontology:
    """Everything in force, from one document and what it imports, or from all that a twin has installed."""

    documents: tuple[Document, ...]
    types: Mapping[str, EntityType]
    """By qualified name, mixins and abstract types included."""
    relations: Mapping[str, RelationType]
    quantities: Mapping[str, Quantity]
    enums: Mapping[str, EnumType]
    short_names: Mapping[str, str] = field(default_factory=dict)
    """Short name -> qualified; unique, or the ontology does not compile."""

    def find(self, name: str) -> EntityType | None:
        """A type by its short or qualified name."""
        return self.types.get(self.short_names.get(name, name))

    def is_a(self, name: str, ancestor: str) -> bool:
        """Whether the first qualified type is the second, or descends from it."""
        found = self.types.get(name)
        return found is not None and ancestor in found.lineage

    def concrete(self, name: str) -> frozenset[str]:
        """The qualified concrete types that are the named one or descend from it; empty when it is unknown."""
        return self._concrete.get(name, frozenset())

    @cached_property
    def _concrete(self) -> dict[str, frozenset[str]]:
        descendants: dict[str, set[str]] = {}
        for found in self.types.values():
            for ancestor in found.lineage:
                members = descendants.setdefault(ancestor, set())
                if not found.abstract and not found.mixin:
                    members.add(found.name)
        return {name: frozenset(members) for name, members in descendants.items()}
