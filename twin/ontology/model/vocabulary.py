"""The words that types are made of: kinds, kinds of values, permissions, quantities, enums, documents."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, get_args

if TYPE_CHECKING:
    from collections.abc import Mapping

    from twin.errors import Place


__all__ = [
    "KINDS",
    "PERMISSIONS",
    "Default",
    "Document",
    "EnumType",
    "Kind",
    "Permission",
    "Quantity",
    "Section",
    "ValueKind",
]

Kind = Literal["site", "space", "view", "gateway", "device", "fleet", "user", "client", "organisation", "asset"]
KINDS: tuple[Kind, ...] = ("site", "space", "view", "gateway", "device")
"""Kinds that ontologies have types of; the others are the same for every twin, and belong to no site."""
Section = Literal["status", "configuration"]
ValueKind = Literal["number", "integer", "boolean", "string", "enum", "timestamp", "object", "list"]
Permission = Literal["read", "read-private", "configure", "command", "administer", "share"]
PERMISSIONS: tuple[Permission, ...] = get_args(Permission)
"""What a role may allow."""
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
