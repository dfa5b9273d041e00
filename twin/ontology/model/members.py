"""What a type has: points, properties, commands and events, and the values inside them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from twin.errors import Place
    from twin.ontology.model.evolution import Deprecation
    from twin.ontology.model.vocabulary import Default, Section, ValueKind


__all__ = ["CommandType", "EventType", "FieldType", "PointType", "PropertyType"]


@dataclass(frozen=True, slots=True)
class FieldType:
    """One value inside another: a field of an object or an event, an argument, a result, an item of a list."""

    name: str
    """``""`` for the items of a list."""
    value: ValueKind
    unit: str | None
    values: tuple[str, ...] | None
    enum: str | None
    minimum: float | None
    maximum: float | None
    optional: bool
    default: Default | None
    fields: Mapping[str, FieldType] | None
    """Of an object."""
    items: FieldType | None
    """Of a list."""
    title: Mapping[str, str]
    place: Place
    description: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class CommandType:
    """An action that an entity offers."""

    name: str
    arguments: Mapping[str, FieldType]
    result: Mapping[str, FieldType]
    timeout: float | None
    """Seconds until it counts as unanswered."""
    optional: bool
    """Whether a product of the type may be without it."""
    title: Mapping[str, str]
    declared_by: str
    """The qualified name of the type or mixin that declares it first."""
    place: Place
    description: Mapping[str, str] = field(default_factory=dict)
    deprecated: Deprecation | None = None


@dataclass(frozen=True, slots=True)
class EventType:
    """Something that happens to an entity, told once, with its particulars."""

    name: str
    fields: Mapping[str, FieldType]
    title: Mapping[str, str]
    declared_by: str
    place: Place
    description: Mapping[str, str] = field(default_factory=dict)
    deprecated: Deprecation | None = None


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
    default: Default | None = None
    """What an instance has that says nothing."""
    private: bool = False
    description: Mapping[str, str] = field(default_factory=dict)
    aligns: Mapping[str, str] = field(default_factory=dict)
    deprecated: Deprecation | None = None


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
    fields: Mapping[str, FieldType] | None = None
    """Of an object."""
    items: FieldType | None = None
    """Of a list."""
    accumulates: bool = False
    """An index that only rises (or starts again): its increase means something, its average nothing."""
    deadband: float | None = None
    """Changes smaller than this, in the point's unit, are not announced; the state holds them all the same."""
    retention: float | None = None
    """Seconds for which its history is kept; None: as long as any."""
    private: bool = False
    """Whether reading it takes the permission ``read-private``."""
    step: float | None = None
    """Of a setting: values are multiples of it, from the minimum (or zero) on."""
    default: Default | None = None
    """Of a setting: what is wished where nobody has said."""
    description: Mapping[str, str] = field(default_factory=dict)
    aligns: Mapping[str, str] = field(default_factory=dict)
    deprecated: Deprecation | None = None
