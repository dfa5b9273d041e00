"""What a topology asks for, once its parameters are filled in: entities by path and relations between them.

Paths include the site's key (``flat/kitchen/climate``). ``given`` names the fields the topology sets (``title``,
``properties.area``, ``serial``): a re-apply touches only these, and takes away what it gave before and gives no more.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from twin.errors import Place
    from twin.graph.model import Kind, Scalar
    from twin.ontology.model import Document

__all__ = ["Desired", "DesiredEntity", "DesiredRelation"]


@dataclass(frozen=True, slots=True)
class DesiredEntity:
    """One entity that should exist."""

    kind: Kind
    type: str
    """Qualified."""
    key: str
    path: str
    parent: str | None
    """The path of what contains it; None for the site."""
    title: Mapping[str, str]
    properties: Mapping[str, Scalar]
    points: tuple[str, ...]
    sources: Mapping[str, tuple[str, str]]
    """Point -> (path of the device it follows, point of that device)."""
    serial: str | None
    given: tuple[str, ...]
    place: Place


@dataclass(frozen=True, slots=True)
class DesiredRelation:
    """One relation that should exist: a declared one, INCLUDES (view -> member) or CONNECTS (gateway -> device)."""

    type: str
    source: str
    target: str
    place: Place


@dataclass(frozen=True, slots=True)
class Desired:
    """Everything one instance of a topology asks for, parents before children, in natural order."""

    topology: str
    version: str
    site: str
    """The site's key."""
    documents: tuple[Document, ...]
    """The ontology documents it is made of, imports included."""
    entities: tuple[DesiredEntity, ...]
    relations: tuple[DesiredRelation, ...]
    parameters: Mapping[str, Scalar | None] = field(default_factory=dict)
    moved: Mapping[str, str] = field(default_factory=dict)
    """Old path -> new path of what is to be moved rather than deleted and created."""
