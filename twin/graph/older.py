"""Sites that are still at an older version of their ontology: their values are told, and taken, in the units of the
newest, which is the one that the schema describes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from twin.units import compatible, convert

if TYPE_CHECKING:
    from collections.abc import Mapping

    from twin.graph.model import Entity
    from twin.ontology.model import Ontology, PointType, PropertyType

__all__ = ["kept_in", "taken", "told_in"]


def kept_in(ontology: Ontology, entity: Entity, kind: PointType | PropertyType) -> str | None:
    """The unit that an entity's values of a point or a property are in."""
    older = ontology.older.get(entity.site)
    type_ = None if older is None else older.types.get(entity.type)
    if type_ is None:
        return kind.unit
    own = type_.points.get(kind.name) or type_.properties.get(kind.name)
    return kind.unit if own is None else own.unit


def told_in(value: Any, own: str | None, unit: str | None) -> Any:
    """A value that is kept in one unit, in another; what no unit fits stays as it is."""
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if not number or own is None or unit is None or own == unit or not compatible(own, unit):
        return value
    return convert(value, own, unit)


def taken(ontology: Ontology, entity: Entity, properties: Mapping[str, Any]) -> dict[str, Any]:
    """Properties that are given in the units of the newest version, as the entity keeps them."""
    type_ = ontology.types.get(entity.type)
    kinds: Mapping[str, PropertyType] = {} if type_ is None else type_.properties
    return {
        name: told_in(value, kinds[name].unit, kept_in(ontology, entity, kinds[name])) if name in kinds else value
        for name, value in properties.items()
    }
