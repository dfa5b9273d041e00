"""What many entities say is kept once: a million of them then need half the memory."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
from msgspec.structs import force_setattr

if TYPE_CHECKING:
    from twin.graph.model import Entity

__all__ = ["Sharing"]

_encode = msgspec.json.Encoder().encode


class Sharing:
    """One text for equal texts, one tuple for equal tuples, one map for equal maps; while a graph is read.

    What is shared says the same as before, and as ever nothing of it is changed.
    """

    def __init__(self) -> None:
        texts: dict[str, str] = {}
        self._same = texts.setdefault
        self._alike: dict[Any, Any] = {}
        self._maps: dict[bytes, dict[str, Any]] = {}

    def text(self, text: str) -> str:
        """The one text that says this."""
        return self._same(text, text)

    def entity(self, entity: Entity) -> Entity:
        """The entity, fresh from a store: itself, made of what is shared."""
        same, alike = self._same, self._alike.setdefault
        force_setattr(entity, "id", same(entity.id, entity.id))
        force_setattr(entity, "type", same(entity.type, entity.type))
        force_setattr(entity, "key", same(entity.key, entity.key))
        force_setattr(entity, "site", same(entity.site, entity.site))
        if entity.parent is not None:
            force_setattr(entity, "parent", same(entity.parent, entity.parent))
        if entity.instance is not None:
            force_setattr(entity, "instance", same(entity.instance, entity.instance))
        force_setattr(entity, "created", alike(entity.created, entity.created))
        force_setattr(entity, "updated", alike(entity.updated, entity.updated))
        force_setattr(entity, "created_by", same(entity.created_by, entity.created_by))
        force_setattr(entity, "updated_by", same(entity.updated_by, entity.updated_by))
        if entity.points:
            force_setattr(entity, "points", alike(entity.points, entity.points))
        if entity.commands:
            force_setattr(entity, "commands", alike(entity.commands, entity.commands))
        self._share_maps(entity)
        return entity

    def _share_maps(self, entity: Entity) -> None:
        if entity.title:
            force_setattr(entity, "title", self._map(entity.title))
        if entity.properties:
            force_setattr(entity, "properties", self._map(entity.properties))
        if entity.declared:
            force_setattr(entity, "declared", self._map(entity.declared))
        if entity.desired:
            force_setattr(entity, "desired", self._map(entity.desired))
        if entity.computed:
            force_setattr(entity, "computed", self._map(entity.computed))
        if entity.sources:
            same = self._same
            sources = {point: (same(id_, id_), same(name, name)) for point, (id_, name) in entity.sources.items()}
            force_setattr(entity, "sources", sources)

    def _map(self, found: dict[str, Any]) -> dict[str, Any]:
        """By its JSON, which tells 1 from 1.0 and from true."""
        return self._maps.setdefault(_encode(found), found)
