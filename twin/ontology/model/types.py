"""Types of entities, products of them, relations between them, and roles on them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from twin.errors import Place
    from twin.ontology.model.evolution import Deprecation
    from twin.ontology.model.members import CommandType, EventType, PointType, PropertyType
    from twin.ontology.model.vocabulary import Kind, Permission


__all__ = ["EntityType", "ModelType", "RelationType", "RoleType"]


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
