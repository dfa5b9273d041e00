"""What is private: to whoever may not read it, it is not there, and neither is what is worked out from it.

What is hidden is decided by types alone, never by what an entity has or says: so nothing about it can be told from what
is hidden.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from api.engine import Engine
    from api.vocabulary import Vocabulary
    from twin.graph.model import Computed, Entity
    from twin.ontology.model import PointType

__all__ = ["SCOPE", "is_private"]

SCOPE = "twin:read-private"
"""Who has it reads what is private too."""


def is_private(engine: Engine, vocabulary: Vocabulary, entity: Entity, kind: PointType) -> bool:
    """Whether a point is private: by its type, or because it follows one that is, or is computed from some that are."""
    if kind.private:
        return True
    source = entity.sources.get(kind.name)
    if source is not None:
        followed = engine.mirror.get(source[0])
        point = None if followed is None else vocabulary.type_of(followed.type).points.get(source[1])
        return point is not None and point.private
    computed = entity.computed.get(kind.name)
    return computed is not None and _from_private(engine, vocabulary, entity, computed)


def _from_private(engine: Engine, vocabulary: Vocabulary, entity: Entity, computed: Computed) -> bool:
    """Whether any type that a point may be computed from has a private point of that quantity, in the place at least.

    For a view, anywhere in its site: what is in it may change with what is private.
    """
    types = vocabulary.private.get(computed.of)
    if not types:
        return False
    intervals = engine.mirror.intervals(entity.site)
    span = (0, len(intervals)) if entity.kind == "view" else intervals.span(entity.id)
    return bool(intervals.run(types, *span).total)
