"""What an ontology says once it is compiled: immutable, complete, and quick to ask.

Invariants: every name that occurs resolves; lineages are linearised and free of cycles; a type's ``points`` and
``properties`` are merged from its whole lineage; a point of a subtype is at least as narrow as the one it redeclares.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, get_args

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from twin.errors import Place

__all__ = [
    "KINDS",
    "PERMISSIONS",
    "CommandType",
    "Default",
    "Deprecation",
    "Document",
    "EntityType",
    "EnumType",
    "EventType",
    "FieldType",
    "Kind",
    "Migration",
    "ModelType",
    "Ontology",
    "Permission",
    "PointType",
    "PropertyType",
    "Quantity",
    "RelationType",
    "RoleType",
    "Section",
    "Step",
    "StepKind",
    "ValueKind",
]

Kind = Literal["site", "space", "view", "gateway", "device"]
KINDS: tuple[Kind, ...] = ("site", "space", "view", "gateway", "device")
Section = Literal["status", "configuration"]
ValueKind = Literal["number", "integer", "boolean", "string", "enum", "timestamp", "object", "list"]
Permission = Literal["read", "read-private", "configure", "command", "administer", "share"]
PERMISSIONS: tuple[Permission, ...] = get_args(Permission)
"""What a role may allow."""
StepKind = Literal["rename", "split", "merge", "convert", "default", "remove"]
Default: TypeAlias = "str | int | float | bool | list[Any] | dict[str, Any]"
"""A value as an author writes it, in the type's own terms."""


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
    description: Mapping[str, str] = field(default_factory=dict)
    aligns: Mapping[str, str] = field(default_factory=dict)
    """Vocabulary (``brick``, ``qudt``) -> its name for the same thing."""


@dataclass(frozen=True, slots=True)
class EnumType:
    """A named, closed list of words."""

    name: str
    values: tuple[str, ...]
    place: Place


@dataclass(frozen=True, slots=True)
class Deprecation:
    """What is on its way out: what to use instead, since when, and in which version it goes."""

    name: str
    """``connected-home/Radiator`` or ``connected-home/Radiator.temp``."""
    use: str | None
    """What replaces it, in the same form."""
    since: str | None
    remove: str | None
    place: Place


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
    boundary: bool = False
    """Whether roles held on what is around it stop here, unless they cross it."""
    commands: Mapping[str, CommandType] = field(default_factory=dict)
    events: Mapping[str, EventType] = field(default_factory=dict)
    aligns: Mapping[str, str] = field(default_factory=dict)
    """Vocabulary (``brick``, ``rec``, ``haystack``, ``saref``) -> its class for the same thing."""
    deprecated: Deprecation | None = None


@dataclass(frozen=True, slots=True)
class ModelType:
    """A product: a concrete type with the points and commands that this product lacks or has besides."""

    name: str
    """Qualified: ``connected-home/VelioSolar``."""
    short: str
    of: str
    """The qualified concrete type."""
    lacks: tuple[str, ...]
    """Points and commands of the type that it does not have."""
    has: tuple[str, ...]
    """Optional points and commands of the type that it has."""
    vendor: str | None
    properties: Mapping[str, str | int | float | bool]
    """What is true of every one of them."""
    title: Mapping[str, str]
    description: Mapping[str, str]
    place: Place


@dataclass(frozen=True, slots=True)
class RoleType:
    """What somebody may do who holds it on something, and on what it can be held."""

    name: str
    """Qualified: ``connected-home/Tenant``."""
    short: str
    on: tuple[str, ...]
    """Qualified types on which it can be held."""
    may: frozenset[Permission]
    crosses: tuple[str, ...]
    """Qualified boundary types that do not stop it."""
    title: Mapping[str, str]
    description: Mapping[str, str]
    place: Place


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that is different between two versions, declared so that what exists can follow."""

    kind: StepKind
    subject: str
    """By the older version's names: ``connected-home/Radiator`` or ``connected-home/Radiator.temp``."""
    to: tuple[str, ...] = ()
    """rename: the new short name or member; merge: the one that stays; split: the types it becomes."""
    when: Mapping[str, str] = field(default_factory=dict)
    """split: type (qualified) -> the rule, over the entity, by which it becomes that one; one may have none."""
    units: tuple[str, str] | None = None
    """convert: from, to (UCUM)."""
    value: Default | None = None
    """default: what an entity gets that has none."""
    reason: str = ""
    """remove: why, for the people who lose it."""
    place: Place | None = None


@dataclass(frozen=True, slots=True)
class Migration:
    """What is different from one version of a document to a later one, in the order in which it is followed."""

    document: str
    before: str
    """The older version, as many parts as were written: ``1`` or ``1.2``."""
    after: str
    steps: tuple[Step, ...]
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
    least: int = 0
    """How many targets every entity that may be its source must have."""
    most: int | None = None
    """How many targets one source may have; None: any number."""
    description: Mapping[str, str] = field(default_factory=dict)
    aligns: Mapping[str, str] = field(default_factory=dict)


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
    models: Mapping[str, ModelType] = field(default_factory=dict)
    """By short name."""
    roles: Mapping[str, RoleType] = field(default_factory=dict)
    """By qualified name."""
    migrations: tuple[Migration, ...] = ()
    """Of every document, as declared."""
    older: Mapping[str, Ontology] = field(default_factory=dict)
    """Site id -> what is in force there, for sites that have not come to this one yet. Live: it says at any time how
    things stand, and only the twin that holds the sites changes it.
    """

    def of(self, site: str) -> Ontology:
        """What is in force at a site, by its id: this one, or an older version while the site is still at that."""
        return self.older.get(site, self)

    def find(self, name: str) -> EntityType | None:
        """A type by its short or qualified name."""
        return self.types.get(self.short_names.get(name, name))

    def is_a(self, name: str, ancestor: str) -> bool:
        """Whether the first qualified type is the second, or descends from it."""
        found = self.types.get(name)
        return found is not None and ancestor in found.lineage

    def inverse(self, name: str) -> RelationType | None:
        """The relation that has this name when it is seen from its other end."""
        return self._inverses.get(name)

    @cached_property
    def _inverses(self) -> dict[str, RelationType]:
        return {found.inverse: found for found in self.relations.values() if found.inverse is not None}

    def role(self, name: str) -> RoleType | None:
        """A role by its qualified name, or by its short one where only one has it."""
        named = [found for found in self.roles.values() if found.short == name]
        return self.roles.get(name, named[0] if len(named) == 1 else None)

    def concrete(self, name: str) -> frozenset[str]:
        """The qualified concrete types that are the named one or descend from it; empty when it is unknown."""
        return self._concrete.get(name, frozenset())

    def having(self, point: str) -> frozenset[str]:
        """The qualified concrete types that have a point of this name."""
        return self._having.get(point, frozenset())

    def measuring(self, quantity: str) -> Mapping[str, frozenset[str]]:
        """Qualified concrete type -> its points that measure a quantity; types that have none are not there."""
        return self._measuring.get(quantity, {})

    @cached_property
    def _having(self) -> dict[str, frozenset[str]]:
        having: dict[str, set[str]] = {}
        for found in self._concrete_types():
            for point in found.points:
                having.setdefault(point, set()).add(found.name)
        return {point: frozenset(names) for point, names in having.items()}

    @cached_property
    def _measuring(self) -> dict[str, dict[str, frozenset[str]]]:
        measuring: dict[str, dict[str, frozenset[str]]] = {}
        for found in self._concrete_types():
            for quantity in {point.measures for point in found.points.values()} - {None}:
                named = frozenset(point.name for point in found.points.values() if point.measures == quantity)
                measuring.setdefault(str(quantity), {})[found.name] = named
        return measuring

    def _concrete_types(self) -> Iterator[EntityType]:
        return (found for found in self.types.values() if not found.abstract and not found.mixin)

    @cached_property
    def _concrete(self) -> dict[str, frozenset[str]]:
        descendants: dict[str, set[str]] = {}
        for found in self.types.values():
            for ancestor in found.lineage:
                members = descendants.setdefault(ancestor, set())
                if not found.abstract and not found.mixin:
                    members.add(found.name)
        return {name: frozenset(members) for name, members in descendants.items()}
