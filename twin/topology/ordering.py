"""Natural order, by what grew: siblings by their keys, each followed by what stands in it (as `twin.ids.sort_key`)."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from twin.ids import segment_key

if TYPE_CHECKING:
    from collections.abc import Sequence

    from twin.ids import SegmentKey
    from twin.topology.desired import DesiredRelation
    from twin.topology.grown import Sprout

__all__ = ["Relations", "in_order", "relations_in_order"]

Relations: TypeAlias = "dict[str, dict[tuple[str, str], DesiredRelation]]"
"""By path of the source, then by type and path of the target."""


def in_order(sprouts: Sequence[Sprout]) -> list[Sprout]:
    """All that grew, in natural order; given as it grew."""
    ordered: list[Sprout] = []
    pending = list(sprouts[:1])
    while pending:
        sprout = pending.pop()
        ordered.append(sprout)
        at, end = sprout.position + 1, sprout.end
        if at == end:
            continue
        inside = []
        while at < end:
            inside.append(sprouts[at])
            at = sprouts[at].end
        inside.sort(key=_rank, reverse=True)
        pending += inside
    return ordered


def _rank(sprout: Sprout) -> SegmentKey:
    return segment_key(sprout.key)


def relations_in_order(ordered: Sequence[Sprout], relations: Relations) -> list[DesiredRelation]:
    """All relations by source, then by type, then by target."""
    rank = {sprout.path: index for index, sprout in enumerate(ordered)}
    found: list[DesiredRelation] = []
    for path in rank:
        leaving = relations.get(path)
        if leaving is None:
            continue
        if len(leaving) > 1:
            found += sorted(leaving.values(), key=lambda relation: (relation.type, rank[relation.target]))
        else:
            found += leaving.values()
    return found
