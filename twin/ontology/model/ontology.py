"""Everything in force together, and the questions it answers at once."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from twin.ontology.model.evolution import Migration
    from twin.ontology.model.types import EntityType, ModelType, RelationType, RoleType
    from twin.ontology.model.vocabulary import Document, EnumType, Quantity


__all__ = ["Ontology"]


@dataclass(frozen=True)
class Ontology:
    """Everything in force, from one document and what it imports, or from all that a twin has installed."""

    documents: tuple[Document, ...]
    types: Mapping[str, EntityType]
    """By qualified name, mixins and abstract types included."""
    relations: Mapping[str, RelationType]
    quantities: Mapping[str, Quantity]
    enums: Mapping[str, EnumType]
    short_names: Mapping[str, str] = field(default_factory=dict)
    """Short name -> qualified; unique, or the ontology does not compile."""
    models: Mapping[str, ModelType] = field(default_factory=dict)
    """By short name."""
    roles: Mapping[str, RoleType] = field(default_factory=dict)
    """By qualified name."""
    migrations: tuple[Migration, ...] = ()
    """Of every document, as declared."""
    older: Mapping[str, Ontology] = field(default_factory=dict)
    """Site id -> what is in force there, for sites that have not come to this one yet. Live: it says at any time how
    things stand, and only the twin that holds the sites changes it.
    """

    def of(self, site: str) -> Ontology:
        """What is in force at a site, by its id: this one, or an older version while the site is still at that."""
        return self.older.get(site, self)

    def find(self, name: str) -> EntityType | None:
        """A type by its short or qualified name."""
        return self.types.get(self.short_names.get(name, name))

    def is_a(self, name: str, ancestor: str) -> bool:
        """Whether the first qualified type is the second, or descends from it."""
        found = self.types.get(name)
        return found is not None and ancestor in found.lineage

    def inverse(self, name: str) -> RelationType | None:
        """The relation that has this name when it is seen from its other end."""
        return self._inverses.get(name)

    @cached_property
    def _inverses(self) -> dict[str, RelationType]:
        return {found.inverse: found for found in self.relations.values() if found.inverse is not None}

    def role(self, name: str) -> RoleType | None:
        """A role by its qualified name, or by its short one where only one has it."""
        named = [found for found in self.roles.values() if found.short == name]
        return self.roles.get(name, named[0] if len(named) == 1 else None)

    def concrete(self, name: str) -> frozenset[str]:
        """The qualified concrete types that are the named one or descend from it; empty when it is unknown."""
        return self._concrete.get(name, frozenset())

    def having(self, point: str) -> frozenset[str]:
        """The qualified concrete types that have a point of this name."""
        return self._having.get(point, frozenset())

    def measuring(self, quantity: str) -> Mapping[str, frozenset[str]]:
        """Qualified concrete type -> its points that measure a quantity; types that have none are not there."""
        return self._measuring.get(quantity, {})

    @cached_property
    def _having(self) -> dict[str, frozenset[str]]:
        having: dict[str, set[str]] = {}
        for found in self._concrete_types():
            for point in found.points:
                having.setdefault(point, set()).add(found.name)
        return {point: frozenset(names) for point, names in having.items()}

    @cached_property
    def _measuring(self) -> dict[str, dict[str, frozenset[str]]]:
        measuring: dict[str, dict[str, frozenset[str]]] = {}
        for found in self._concrete_types():
            for quantity in {point.measures for point in found.points.values()} - {None}:
                named = frozenset(point.name for point in found.points.values() if point.measures == quantity)
                measuring.setdefault(str(quantity), {})[found.name] = named
        return measuring

    def _concrete_types(self) -> Iterator[EntityType]:
        return (found for found in self.types.values() if not found.abstract and not found.mixin)

    @cached_property
    def _concrete(self) -> dict[str, frozenset[str]]:
        descendants: dict[str, set[str]] = {}
        for found in self.types.values():
            for ancestor in found.lineage:
                members = descendants.setdefault(ancestor, set())
                if not found.abstract and not found.mixin:
                    members.add(found.name)
        return {name: frozenset(members) for name, members in descendants.items()}
