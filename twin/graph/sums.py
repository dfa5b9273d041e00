"""What the sites of a mirror come to: how many entities, the sum of their revisions, how many relations begin there.

An entity on which the mirror's indexes do not agree (by its path, in what contains it) counts as if it were of another
revision: a mirror that has come to differ from its store, or with itself, comes to something else than its store does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from twin.graph.model import CONTAINS

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from twin.graph.mirror import Mirror
    from twin.graph.model import Entity

__all__ = ["Counted", "counting"]

_SOME = 200
_NO_REVISION = 1 << 40
Counted = dict[str, list[int]]
"""Site -> entities, revisions, relations."""


def counting(mirror: Mirror, counted: Counted, ids: Collection[str] | None = None) -> Iterator[None]:
    """Count all there is, or these alone, some entities at a time; what changes meanwhile is counted as it was or as it
    is.
    """
    for number, entity_id in enumerate(tuple(mirror.entities if ids is None else ids)):
        if number % _SOME == 0:
            yield
        entity = mirror.entities.get(entity_id)
        if entity is None:
            continue
        counts = counted.setdefault(entity.site, [0, 0, 0])
        counts[0] += 1
        counts[1] += entity.revision if _agreed(mirror, entity) else _NO_REVISION
        for keys in _edges(mirror, entity_id).values():
            counts[2] += sum(1 for key, data in keys.items() if key != CONTAINS and "rule" not in data)


def _agreed(mirror: Mirror, entity: Entity) -> bool:
    if mirror.by_path(entity.path) is not entity:
        return False
    return entity.parent is None or CONTAINS in _edges(mirror, entity.parent).get(entity.id, ())


def _edges(mirror: Mirror, entity_id: str) -> dict[str, dict[str, dict[str, object]]]:
    """What leaves an entity; nothing where the graph has lost it."""
    try:
        return mirror.leaving(entity_id)  # type: ignore[return-value]  # maps are as good as dicts here
    except KeyError:
        return {}
