"""What is different between the graph of one time and that of another, entity by entity and field by field."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import msgspec

from twin.graph.model import Entity, Relation
from twin.ids import sort_key

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from twin.graph.mirror import Mirror

__all__ = ["Altered", "Between", "Still", "Tie", "between", "still"]

_COUNTED = frozenset({"revision", "updated", "updated_by", "declared"})
"""What follows from other differences, or is kept for plans only."""


class Still(msgspec.Struct, frozen=True):
    """The graph as it was, as values: what changes afterwards does not change it."""

    entities: Mapping[str, Entity]
    relations: frozenset[Relation]


class Altered(msgspec.Struct, frozen=True):
    """An entity that was there and still is, and another: field (``properties.area``) -> before and after."""

    before: Entity
    after: Entity
    fields: dict[str, tuple[Any, Any]]
    """None where there was nothing, or is nothing now."""


class Tie(msgspec.Struct, frozen=True):
    """A relation that came or went, with the paths of its ends at the time."""

    relation: str
    source: str
    target: str


class Between(msgspec.Struct, frozen=True):
    """What is different, each in natural order of path."""

    added: list[Entity]
    removed: list[Entity]
    altered: list[Altered]
    linked: list[Tie]
    unlinked: list[Tie]

    @property
    def empty(self) -> bool:
        """Whether nothing is."""
        return not (self.added or self.removed or self.altered or self.linked or self.unlinked)


def still(mirror: Mirror) -> Still:
    """A mirror as it is now."""
    return Still(dict(mirror.entities), frozenset(mirror.relations()))


def between(before: Still, after: Still, only: Collection[str] | None = None) -> Between:
    """What is different. ``only`` ids count, and relations that begin or end at one; None: all."""
    was, is_ = before.entities, after.entities
    common = [id_ for id_ in was.keys() & is_.keys() if was[id_] is not is_[id_] and _counts(only, id_)]
    altered = [Altered(was[id_], is_[id_], fields) for id_ in common if (fields := _fields(was[id_], is_[id_]))]
    return Between(
        added=_in_order(is_[id_] for id_ in is_.keys() - was.keys() if _counts(only, id_)),
        removed=_in_order(was[id_] for id_ in was.keys() - is_.keys() if _counts(only, id_)),
        altered=sorted(altered, key=lambda each: sort_key(each.after.path)),
        linked=_relations(after.relations - before.relations, only, is_),
        unlinked=_relations(before.relations - after.relations, only, was),
    )


def _counts(only: Collection[str] | None, id_: str) -> bool:
    return only is None or id_ in only


def _in_order(entities: Iterable[Entity]) -> list[Entity]:
    return sorted(entities, key=lambda each: sort_key(each.path))


def _relations(found: Iterable[Relation], only: Collection[str] | None, entities: Mapping[str, Entity]) -> list[Tie]:
    ties = [
        Tie(each.type, entities[each.source].path, entities[each.target].path)
        for each in found
        if _counts(only, each.source) or _counts(only, each.target)
    ]
    return sorted(ties, key=lambda each: (sort_key(each.source), each.relation, sort_key(each.target)))


def _fields(before: Entity, after: Entity) -> dict[str, tuple[Any, Any]]:
    names = [name for name in before.__struct_fields__ if name not in _COUNTED]
    return dict(pair for name in names for pair in _pairs(name, getattr(before, name), getattr(after, name)))


def _pairs(name: str, before: Any, after: Any) -> Iterator[tuple[str, tuple[Any, Any]]]:
    """What is different of one field: its own fields, where it has some."""
    if before == after:
        return
    if isinstance(before, dict) and isinstance(after, dict):
        for key in sorted(before.keys() | after.keys()):
            one, other = before.get(key), after.get(key)
            if one != other:
                yield (f"{name}.{key}" if key else name), (one, other)
    else:
        yield name, (before, after)
