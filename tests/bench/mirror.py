"""Every device of a type under a space: interval index against walking the networkx graph, both warm."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.bench.report import in_turn
from tests.graphs import entity, mirror_of
from twin.graph import query
from twin.graph.model import CONTAINS

if TYPE_CHECKING:
    from tests.bench.report import Report
    from twin.graph.mirror import Mirror
    from twin.graph.model import Entity

SIZES = (10_000, 100_000)
_ROOMS, _DEVICES = 24, 3


def building(entities: int) -> tuple[Mirror, Entity]:
    """A campus of about so many entities, and one of its buildings (about 3,600 entities, 36 VAV boxes)."""
    site = entity("campus", "site")
    made = [site]
    buildings: list[Entity] = []
    while len(made) < entities:
        block = entity(f"campus/building-{len(buildings)}", "space", site)
        buildings.append(block)
        made.append(block)
        for floor_number in range(36):
            floor = entity(f"{block.path}/floor-{floor_number}", "space", block)
            made += [floor, entity(f"{floor.path}/vav", "device", floor, type="t/Vav")]
            for room_number in range(_ROOMS):
                room = entity(f"{floor.path}/room-{room_number}", "space", floor)
                made.append(room)
                made += [entity(f"{room.path}/sensor-{n}", "device", room) for n in range(_DEVICES)]
    return mirror_of(made), buildings[-1]


def run(report: Report) -> None:
    """36 devices of a type under one building, on a campus of 10,000 and of 100,000 entities."""
    for size in SIZES:
        mirror, block = building(size)
        types = frozenset({"t/Vav"})

        def walk(mirror: Mirror = mirror, start: str = block.id) -> list[str]:
            graph, found, stack = mirror.graph, [], [start]
            while stack:
                node = stack.pop()
                if graph.nodes[node]["entity"].type == "t/Vav":
                    found.append(node)
                stack += [below for below, keys in graph.adj[node].items() if CONTAINS in keys]
            return found

        def ours(mirror: Mirror = mirror, block: Entity = block, types: frozenset[str] = types) -> list[Entity]:
            return query.select(mirror, types=types, under=block).items

        assert sorted(each.id for each in ours()) == sorted(walk()), "the two must agree before they are timed"
        mine, theirs = in_turn([ours, walk])
        note = f"{len(ours())} found below {block.path}, of {len(mirror):,} entities"
        report.times(f"type under a space, {size:,}", mine, theirs, "networkx traversal", note)
