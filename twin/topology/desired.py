"""What a topology asks for, once its parameters are filled in: entities by path and relations between them.

Paths include the site's key (``flat/kitchen/climate``). ``given`` names the fields the topology sets (``title``,
``properties.area``, ``desired.setpoint``, ``serial``): a re-apply touches only these, and takes away what it gave
before and gives no more. Defaults of the ontology are not given: an entity begins with them, and then they are left
alone.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from twin.errors import Place
from twin.graph.model import Computed, Kind, Scalar, Value
from twin.ontology.model import Document

__all__ = ["Desired", "DesiredEntity", "DesiredRelation"]


class DesiredEntity(msgspec.Struct, frozen=True, gc=False):
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
    commands: tuple[str, ...] = ()
    """The commands it really offers, in the order of its type."""
    computed: Mapping[str, Computed] = {}
    """Points that are worked out from those of several devices."""
    rule: str | None = None
    """Of a view: what else it includes; names worked out, paths from the site on (``/floor-1``)."""
    desired: Mapping[str, Value] = {}
    """What the topology wishes of its configuration points."""
    defaults: Mapping[str, Value] = {}
    """What the ontology wishes of those that the topology says nothing of: for an entity that is new."""
    property_defaults: Mapping[str, Scalar] = {}
    """Properties that the topology says nothing of and the ontology has a default for: for an entity that is new."""
    roles: Mapping[str, str] = {}
    """Places to fill: key -> qualified role."""


class DesiredRelation(msgspec.Struct, frozen=True, gc=False):
    """One relation that should exist: a declared one, INCLUDES (view -> member) or CONNECTS (gateway -> device)."""

    type: str
    source: str
    target: str
    place: Place


class Desired(msgspec.Struct, frozen=True):
    """Everything one instance of a topology asks for, parents before children, in natural order."""

    topology: str
    version: str
    site: str
    """The site's key."""
    documents: tuple[Document, ...]
    """The ontology documents it is made of, imports included."""
    entities: tuple[DesiredEntity, ...]
    relations: tuple[DesiredRelation, ...]
    parameters: Mapping[str, Scalar | None] = {}
    tables: Mapping[str, str] = {}
    """Tables among the parameters: the CSV texts as given."""
    moved: Mapping[str, str] = {}
    """Old path -> new path of what is to be moved rather than deleted and created."""
