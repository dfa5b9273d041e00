"""Which entities of a site are held for which paths of a topology, once its ``moved`` entries are followed.

A ``moved`` entry counts while there is something of this topology at the old path and nothing at the new one;
afterwards it has been done and says nothing. What lies below what is moved comes along.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from twin.graph.mirror import Mirror
    from twin.graph.model import Entity
    from twin.topology.desired import Desired, DesiredEntity

__all__ = ["Held"]


class Held:
    """Live entities by the path they will have after the moves."""

    def __init__(self, desired: Desired, wanted: Mapping[str, DesiredEntity], mirror: Mirror) -> None:
        self._wanted = wanted
        self._mirror = mirror
        self.moves = dict(self._valid(desired))
        """Id of what is moved -> its new path."""
        self._paths: dict[str, str] = {}
        self._entities: dict[str, Entity] = {}

    def _valid(self, desired: Desired) -> Iterable[tuple[str, str]]:
        for before, after in desired.moved.items():
            live, wanted = self._mirror.by_path(before), self._wanted.get(after)
            if (
                live is not None
                and wanted is not None
                and live.instance == desired.topology
                and live.kind == wanted.kind
                and self._mirror.by_path(after) is None
            ):
                yield live.id, after

    def take(self, live: Iterable[Entity]) -> None:
        """Know the entities of a site, given parents first."""
        if not self.moves:
            self._entities = {entity.path: entity for entity in live}
            return
        for entity in live:
            above = self._paths.get(entity.parent or "", "")
            path = self.moves.get(entity.id) or (f"{above}/{entity.key}" if above else entity.path)
            self._paths[entity.id] = path
            self._entities[path] = entity

    def path(self, entity: Entity) -> str:
        """The path an entity will have."""
        return self._paths.get(entity.id, entity.path)

    def at(self, path: str) -> Entity | None:
        """What will be at a path, of what there is now."""
        return self._entities.get(path)
