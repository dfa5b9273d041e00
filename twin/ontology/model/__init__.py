"""What an ontology says once it is compiled: immutable, complete, and quick to ask.

Invariants: every name that occurs resolves; lineages are linearised and free of cycles; a type's ``points`` and
``properties`` are merged from its whole lineage; a point of a subtype is at least as narrow as the one it redeclares.
"""

from twin.ontology.model.evolution import Deprecation, Migration, Step, StepKind
from twin.ontology.model.members import CommandType, EventType, FieldType, PointType, PropertyType
from twin.ontology.model.ontology import Ontology
from twin.ontology.model.types import EntityType, ModelType, RelationType, RoleType
from twin.ontology.model.vocabulary import (
    KINDS,
    PERMISSIONS,
    Default,
    Document,
    EnumType,
    Kind,
    Permission,
    Quantity,
    Section,
    ValueKind,
)

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
