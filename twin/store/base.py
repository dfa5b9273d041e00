"""The base of a trimmed log, moved on by some records: what is to be put, and what is to go, worked out before anything
is written. The same for every store; where the base is kept, and how it is read, is passed in.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from twin.graph.model import (
    Create,
    Delete,
    Link,
    Move,
    Unlink,
    Update,
    apply_update,
    created,
    moved,
    relocated,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from twin.graph.model import Change, ChangeSet, Document, Entity, Entry, Relation

__all__ = ["STEP_ENTRIES", "Advance", "needed"]

STEP_ENTRIES = 2_000
"""So many entries are trimmed in one transaction: some hundredths of a second, in which nothing else is committed."""


class Advance:
    """What some records make of the base. To be written in this order: ``gone`` (with every relation that ends there),
    ``unlinked``, then ``entities``, ``linked`` and ``documents`` in place of what has their key.
    """

    def __init__(self, known: Iterable[Entity], below: Callable[[str], Iterable[Entity]]) -> None:
        """``known`` is what the base has of the entities in `needed`; ``below`` gives what it has below a path."""
        self.entities: dict[str, Entity] = {}
        self.gone: dict[str, None] = {}
        self.unlinked: dict[tuple[str, str, str], None] = {}
        self.documents: dict[str, Document] = {}
        self._known = {entity.id: entity for entity in known}
        self._below = below
        self._linked: dict[tuple[str, str, str], Relation] = {}

    @property
    def linked(self) -> list[Relation]:
        """The relations that are new, between what is still there."""
        return [each for each in self._linked.values() if not {each.source, each.target} & self.gone.keys()]

    def take(self, change: Change) -> None:
        """The next record of the log."""
        for entry in change.changeset.entries:
            self._take(entry, change.changeset)
        self.documents.update((each.name, each) for each in change.changeset.documents)

    def _take(self, entry: Entry, changeset: ChangeSet) -> None:
        match entry:
            case Create(entity):
                self._put(created(entity, changeset))
            case Update():
                self._put(apply_update(self._known[entry.id], entry, changeset.at, changeset.actor.name))
            case Move():
                self._move(entry, changeset)
            case Delete():
                self._known.pop(entry.id, None)
                self.entities.pop(entry.id, None)
                self.gone[entry.id] = None
            case Link(relation):
                self._linked[relation.key] = relation
            case Unlink():
                key = (entry.source, entry.target, entry.type)
                self._linked.pop(key, None)
                self.unlinked[key] = None
            case _:  # readings under another name: the base has none
                pass

    def _put(self, entity: Entity) -> None:
        self._known[entity.id] = self.entities[entity.id] = entity

    def _move(self, move: Move, changeset: ChangeSet) -> None:
        before = self._known[move.id]
        after = moved(before, move, self._known[move.parent], changeset.at, changeset.actor.name)
        for entity in self._below(before.path):
            if entity.id not in self.gone:
                self._known.setdefault(entity.id, entity)
        inside = [each for each in self._known.values() if each.path.startswith(f"{before.path}/")]
        self._put(after)
        for entity in inside:
            self._put(relocated(entity, before.path, after.path))


def needed(changes: Iterable[Change]) -> list[str]:
    """The ids of what must be known of a base before these records can be taken."""
    found: dict[str, None] = {}
    for change in changes:
        for entry in change.changeset.entries:
            if isinstance(entry, Update):
                found[entry.id] = None
            elif isinstance(entry, Move):
                found.update(((entry.id, None), (entry.parent, None)))
    return list(found)
