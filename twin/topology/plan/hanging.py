"""What hangs on an entity that is to be deleted, and goes with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twin.graph.model import CONTAINS

if TYPE_CHECKING:
    from collections.abc import Collection
    from typing import Any

    from twin.graph.mirror import Mirror
    from twin.graph.model import Entity
    from twin.topology.plan.beside import Beside

__all__ = ["hanging_on"]


def hanging_on(entity: Entity, gone: Collection[str], instance: str, mirror: Mirror, beside: Beside) -> dict[str, int]:
    """Its readings, the relations that others than the topology gave it, and the places in it to fill; not what there
    is none of. A relation between two that go is counted once.
    """
    leaving = mirror.graph.out_edges([entity.id], keys=True, data=True)
    arriving = mirror.graph.in_edges([entity.id], keys=True, data=True)
    relations = sum(_is_others(name, data, instance) for _, _, name, data in leaving)
    relations += sum(_is_others(name, data, instance) for source, _, name, data in arriving if source not in gone)
    found = {"readings": beside.readings(entity), "relations": relations, "roles": len(entity.roles)}
    return {name: number for name, number in found.items() if number}


def _is_others(name: str, data: dict[str, Any], instance: str) -> bool:
    """Whether an edge is a relation, and not the topology's; what a view includes by its rule is none."""
    return name != CONTAINS and data.get("instance") != instance and not data.get("rule")
