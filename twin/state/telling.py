"""A reading as it is told, on every face: in the unit that is asked for, with its quality at the time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from twin.graph.older import kept_in, told_in
from twin.graph.readings import Quality, quality_at
from twin.times import rfc3339

if TYPE_CHECKING:
    from twin.graph.mirror import Mirror
    from twin.graph.model import Entity
    from twin.graph.readings import Reading
    from twin.ontology.model import Ontology, PointType

__all__ = ["Said", "document", "tell", "value_in"]


class Said(msgspec.Struct, frozen=True):
    """What a point says, as it is told. Times are microseconds since 1970 UTC."""

    value: object
    unit: str | None
    time: int
    received_at: int
    quality: Quality


def tell(
    mirror: Mirror,
    ontology: Ontology,
    entity: Entity,
    kind: PointType,
    reading: Reading,
    at: int,
    unit: str | None = None,
) -> Said:
    """A reading of a point of an entity at a time, in a unit that fits it; None: in the point's own."""
    value = value_in(ontology, entity, kind, reading.value, unit)
    quality = quality_at(reading, _every(mirror, ontology, entity, kind), at)
    return Said(value, unit or kind.unit, reading.time, reading.received, quality)


def value_in(ontology: Ontology, entity: Entity, kind: PointType, value: Any, unit: str | None) -> Any:
    """A value of a point in a unit, or in the one that the newest version of its type has it in."""
    own = kept_in(ontology, entity, kind) if ontology.older else kind.unit
    return told_in(value, own, unit or kind.unit)


def document(said: Said) -> dict[str, Any]:
    """The same as JSON has it."""
    return {
        "value": said.value,
        "unit": said.unit,
        "time": rfc3339(said.time),
        "receivedAt": rfc3339(said.received_at),
        "quality": said.quality,
    }


def _every(mirror: Mirror, ontology: Ontology, entity: Entity, kind: PointType) -> float | None:
    """How often a point reports: one that follows another has that one's rhythm where it names none."""
    source = entity.sources.get(kind.name)
    if kind.every is not None or source is None:
        return kind.every
    followed = mirror.get(source[0])
    return None if followed is None else ontology.types[followed.type].points[source[1]].every
