"""What many entities say is kept once: a million of them then need half the memory."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec.structs import force_setattr

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from twin.graph.model import Entity

__all__ = ["shared"]

_NOTHING: dict[str, Any] = {}
_MAPS = ("title", "properties", "sources", "computed", "desired", "roles", "sends", "declared")


def shared(entities: Iterable[Entity]) -> Iterator[Entity]:
    """The entities, as they come from a store, with one text for equal texts, one tuple for equal tuples, one map for
    all that are empty. They say the same as before, and as ever nothing of them is changed.
    """
    texts: dict[str, str] = {}
    tuples: dict[tuple[str, ...], tuple[str, ...]] = {}
    same, alike = texts.setdefault, tuples.setdefault
    for entity in entities:
        texts[entity.id] = entity.id
        force_setattr(entity, "type", same(entity.type, entity.type))
        force_setattr(entity, "site", same(entity.site, entity.site))
        if entity.parent is not None:
            force_setattr(entity, "parent", same(entity.parent, entity.parent))
        if entity.instance is not None:
            force_setattr(entity, "instance", same(entity.instance, entity.instance))
        force_setattr(entity, "created_by", same(entity.created_by, entity.created_by))
        force_setattr(entity, "updated_by", same(entity.updated_by, entity.updated_by))
        force_setattr(entity, "points", alike(entity.points, entity.points))
        force_setattr(entity, "commands", alike(entity.commands, entity.commands))
        for name in _MAPS:
            if not getattr(entity, name):
                force_setattr(entity, name, _NOTHING)
        yield entity
