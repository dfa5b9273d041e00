"""An ontology as the web asks about it: which types a name stands for, and which measure what; worked out once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twin.errors import InvalidValue
from twin.ontology.model import KINDS

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from twin.ontology.model import EntityType, Kind, Ontology, PointType

__all__ = ["Vocabulary", "vocabulary_of"]


class Vocabulary:
    """What can be asked for by name."""

    def __init__(self, ontology: Ontology) -> None:
        self.ontology = ontology
        self._concrete = [each for each in ontology.types.values() if not each.abstract and not each.mixin]
        self.kinds: dict[Kind, dict[str, frozenset[str]]] = {kind: self._names(kind) for kind in KINDS}
        """Kind -> the short names that can filter it (abstract types and mixins too) -> qualified concrete types."""

    def _names(self, kind: Kind) -> dict[str, frozenset[str]]:
        concrete = frozenset(each.name for each in self._concrete if each.kind == kind)
        found = {each.short: self.ontology.concrete(each.name) & concrete for each in self.ontology.types.values()}
        return {
            short: names
            for short, names in sorted(found.items())
            if names or self.ontology.types[self.ontology.short_names[short]].kind == kind
        }

    def types(self, kind: Kind, name: str | None) -> frozenset[str] | None:
        """The qualified concrete types that a name stands for; None for no name. `InvalidValue` for an unknown one."""
        if name is None:
            return None
        found = self.kinds[kind].get(name.rpartition("/")[2])
        if found is None:
            raise InvalidValue(
                f"there is no type of {kind} named {name!r}",
                code="type.unknown",
                help=f"the types of {kind} are: {', '.join(self.kinds[kind])}",
            )
        return found

    def measuring(self, measures: Sequence[str] | None, *, private: bool) -> frozenset[str] | None:
        """The qualified concrete types with a point that measures one of these; None for no quantity named.

        ``private``: whether private points count.
        """
        if measures is None:
            return None
        for name in measures:
            if name not in self.ontology.quantities:
                raise InvalidValue(
                    f"nothing measures {name!r}",
                    code="measure.unknown",
                    help=f"what can be measured: {', '.join(self.ontology.quantities)}",
                )
        wanted = frozenset(measures)
        return frozenset(
            each.name
            for each in self._concrete
            if any(point.measures in wanted and (private or not point.private) for point in each.points.values())
        )

    def type_of(self, name: str) -> EntityType:
        """A type by its qualified name."""
        return self.ontology.types[name]

    def points(self, type_name: str, names: Iterable[str], measures: frozenset[str] | None) -> list[PointType]:
        """The points of a type that an entity has and that measure what is wanted (None: anything), in their order."""
        has = frozenset(names)
        return [
            point
            for point in self.ontology.types[type_name].points.values()
            if point.name in has and (measures is None or point.measures in measures)
        ]


_latest: list[Vocabulary] = []


def vocabulary_of(ontology: Ontology) -> Vocabulary:
    """The vocabulary of the ontology in force; made anew when another one is."""
    if not _latest or _latest[0].ontology is not ontology:
        _latest[:] = [Vocabulary(ontology)]
    return _latest[0]
