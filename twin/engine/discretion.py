"""What a plan by somebody who may not read what is private would bring to light, and so may not do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twin.errors import Forbidden
from twin.graph.model import Update
from twin.ontology.compile import compile_documents
from twin.ontology.installing import newest_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from twin.graph.model import Entity
    from twin.ontology.model import Document, EntityType, PointType, PropertyType
    from twin.topology.plan import Plan

__all__ = ["check_discreet"]


def check_discreet(made: Plan, before: Mapping[str, Entity], documents: Mapping[str, Document]) -> None:
    """Refuse a plan that gives an entity a type by which something it keeps private is open to all.

    ``before`` are the entities as they are, by id; ``documents`` those in force. Raises `Forbidden` (``type.reveals``).
    """
    updates = (each for each in made.entries if isinstance(each, Update) and "type" in each.fields)
    retyped = [(before[each.id], each.fields["type"]) for each in updates if each.id in before]
    if not retyped:
        return
    installed = newest_of({**documents, **{each.name: each for each in made.documents}})
    types = compile_documents(tuple(installed.values())).types
    for entity, name in retyped:
        old, new = types.get(entity.type), types.get(name)
        if old is not None and new is not None and (opened := _private(old) & _open(new)):
            raise Forbidden(
                f"as a {new.short}, {entity.path} would show '{min(opened)}', which is private of it",
                code="type.reveals",
                help="keep its type, or have a client plan it that may read what is private",
            )


def _private(found: EntityType) -> set[str]:
    return {each.name for each in _members(found) if each.private}


def _open(found: EntityType) -> set[str]:
    return {each.name for each in _members(found) if not each.private}


def _members(found: EntityType) -> list[PointType | PropertyType]:
    return [*found.points.values(), *found.properties.values()]
