"""What a plan tells people that the graph alone does not know: units, readings, names."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from twin.graph.model import Entity
    from twin.ontology.model import EntityType, Ontology, PointType, PropertyType

__all__ = ["Beside"]


def _none(_: Entity) -> int:
    return 0


def _itself(author: str) -> str:
    return author


@dataclass(frozen=True, slots=True)
class Beside:
    """Where a plan looks things up; by default there is nothing to be found."""

    ontology: Ontology | None = None
    """The types that the topology uses."""
    readings: Callable[[Entity], int] = _none
    """How many points of an entity have a reading of their own."""
    names: Callable[[str], str] = _itself
    """The name of who made a change: of a client by its id, else what is given."""

    def property_of(self, type_name: str, name: str) -> PropertyType | None:
        """A property of a type; None where it is not known."""
        known = self._type(type_name)
        return known.properties.get(name) if known is not None else None

    def point_of(self, type_name: str, name: str) -> PointType | None:
        """A point of a type; None where it is not known."""
        known = self._type(type_name)
        return known.points.get(name) if known is not None else None

    def lacks_property(self, type_name: str, name: str) -> bool:
        """Whether it is certain that a type has no such property."""
        known = self._type(type_name)
        return known is not None and name not in known.properties

    def _type(self, name: str) -> EntityType | None:
        return self.ontology.types.get(name) if self.ontology is not None else None
