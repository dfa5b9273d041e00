"""What is private: to whoever may not read it, it is not there, and neither is what is worked out from it.

What is hidden is decided by types alone, never by what an entity has or says: so nothing about it can be told from what
is hidden.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from twin.graph.mirror import Mirror
    from twin.graph.model import Computed, Entity
    from twin.ontology.model import Ontology, PointType

__all__ = ["SCOPE", "is_private"]

SCOPE = "twin:read-private"
"""Who has it reads what is private too."""


def is_private(mirror: Mirror, ontology: Ontology, entity: Entity, kind: PointType) -> bool:
    """Whether a point is private: by its type, or because it follows one that is, or is computed from some that are."""
    if kind.private:
        return True
    source = entity.sources.get(kind.name)
    if source is not None:
        followed = mirror.get(source[0])
        point = None if followed is None else ontology.types[followed.type].points.get(source[1])
        return point is not None and point.private
    computed = entity.computed.get(kind.name)
    return computed is not None and _from_private(mirror, ontology, entity, computed)


def _from_private(mirror: Mirror, ontology: Ontology, entity: Entity, computed: Computed) -> bool:
    """Whether any type that a point may be computed from has a private point of that quantity, in the place at least.

    For a view, anywhere in its site: what is in it may change with what is private.
    """
    types = _measured_in_private(ontology).get(computed.of)
    if not types:
        return False
    intervals = mirror.intervals(entity.site)
    span = (0, len(intervals)) if entity.kind == "view" else intervals.span(entity.id)
    return bool(intervals.run(types, *span).total)


_latest: list[tuple[Ontology, Mapping[str, frozenset[str]]]] = []


def _measured_in_private(ontology: Ontology) -> Mapping[str, frozenset[str]]:
    """Quantity -> the concrete types with a private point that measures it; worked out once for what is in force."""
    if not _latest or _latest[0][0] is not ontology:
        _latest[:] = [(ontology, _found(ontology))]
    return _latest[0][1]


def _found(ontology: Ontology) -> dict[str, frozenset[str]]:
    found: dict[str, set[str]] = {}
    for each in ontology.types.values():
        for point in each.points.values():
            if point.private and point.measures is not None and not (each.abstract or each.mixin):
                found.setdefault(point.measures, set()).add(each.name)
    return {name: frozenset(types) for name, types in found.items()}
