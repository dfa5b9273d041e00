"""The seven queries of the building-metadata literature, on campuses of different sizes, each beside two peers on an
ordinary networkx graph of its own, all warm. They ask about one building (or one room of it) wherever it stands, by its
path, so that a time which grows with the size of the campus, and not with the answer, would show.

- *networkx* is what its documentation has one write: the place where to begin is looked for among the nodes, for the
  graph has no index of what they carry; then `networkx.descendants`, `ancestors` or `shortest_path` on a
  `subgraph_view` of the edges that count, for they know no types of edges.
- *a walk by hand* begins at a node that is known, and goes along the edges in a loop of its own. Where a question is
  local (what feeds this room) it is as local as ours, and no index can help; where things must be found (sensors of a
  kind in a building), it passes everything that lies there.
"""

from __future__ import annotations

import gc
import os
from typing import TYPE_CHECKING, TypeAlias

import networkx as nx

from tests.bench.report import in_turn
from tests.graphs import entity, mirror_of
from twin.graph import query
from twin.graph.model import CONTAINS, INCLUDES, Relation
from twin.graph.query import Step

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from tests.bench.report import Report
    from twin.graph.mirror import Mirror
    from twin.graph.model import Entity

SIZES = (10_000, 100_000, 1_000_000)
_BYTES_EACH = 4_000
"""With its relations, its networkx nodes and all that the bench itself holds."""
_FLOORS, _ROOMS, _DEVICES = 36, 24, 3

Answer: TypeAlias = "set[str] | set[tuple[str, str]]"


def campus(entities: int) -> tuple[Mirror, dict[str, Entity]]:
    """A campus of about so many entities; of its last building: an air handler, a zone, a room, a floor."""
    site = entity("campus", "site")
    made, relations = [site], []
    number = 0
    while len(made) < entities:
        block = entity(f"campus/building-{number}", "space", site)
        handler = entity(f"{block.path}/ahu", "device", block, type="t/Ahu")
        made += [block, handler]
        for at in range(_FLOORS):
            floor = entity(f"{block.path}/floor-{at}", "space", block, type="t/Floor")
            box = entity(f"{floor.path}/vav", "device", floor, type="t/Vav")
            zone = entity(f"campus/zone-{number}-{at}", "view", site, type="t/Zone")
            relations += [_link("feeds", handler, box), _link("feeds", box, zone)]
            made += [floor, box, zone, entity(f"{floor.path}/gauge", "device", floor, type="t/Gauge")]
            for room_number in range(_ROOMS):
                room = entity(f"{floor.path}/room-{room_number}", "space", floor)
                made += [room, *(entity(f"{room.path}/sensor-{n}", "device", room) for n in range(_DEVICES))]
                relations.append(_link(INCLUDES, zone, room))
        number += 1
    return mirror_of(made, relations), {"site": site, "block": block, "ahu": handler, "zone": zone, "room": room}


def _link(name: str, source: Entity, target: Entity) -> Relation:
    return Relation(type=name, source=source.id, target=target.id)


class _Found:
    """Entities by their names in the questions, each looked up by its path whenever it is asked for."""

    def __init__(self, mirror: Mirror, paths: dict[str, str]) -> None:
        self._mirror, self._paths = mirror, paths

    def __getitem__(self, name: str) -> Entity:
        found = query.find(self._mirror, self._paths[name])
        assert found is not None
        return found


class Ours:
    """The seven, asked of the mirror."""

    def __init__(self, mirror: Mirror, at: dict[str, Entity]) -> None:
        self._mirror, self._at = mirror, _Found(mirror, {name: each.path for name, each in at.items()})

    def boxes_and_zones(self) -> Answer:
        boxes = query.select(self._mirror, types=frozenset({"t/Vav"}), under=self._at["block"]).items
        return {(box.id, each.entity.id) for box in boxes for each in query.related(self._mirror, box, "feeds")}

    def sensors_in_a_building(self) -> Answer:
        found = query.select(self._mirror, types=frozenset({"t/Gauge"}), under=self._at["block"])
        return {each.id for each in found.items}

    def downstream(self) -> Answer:
        return {each.entity.id for each in query.reach(self._mirror, self._at["ahu"], [Step("feeds")], depth=None)}

    def upstream(self) -> Answer:
        return {each.entity.id for each in query.upstream(self._mirror, self._at["room"])}

    def devices_of_a_zone(self) -> Answer:
        found = query.select(self._mirror, kinds=("device",), within=self._at["zone"])
        return {each.id for each in found.items}

    def floors_of_a_building(self) -> Answer:
        found = query.select(self._mirror, types=frozenset({"t/Floor"}), under=self._at["block"])
        return {each.id for each in found.items}

    def shortest_way(self) -> Answer:
        steps = [Step("feeds"), Step(INCLUDES)]
        hops = query.way(self._mirror, self._at["ahu"], self._at["room"], steps)
        return {hop.target.id for hop in hops or ()}

    def members(self) -> Answer:
        return {each.id for each in query.members(self._mirror, self._at["zone"])}


class Documented:
    """The same, as the documentation of networkx has one ask it."""

    def __init__(self, graph: nx.MultiDiGraph[str], at: dict[str, Entity]) -> None:
        self._graph, self._paths = graph, {name: each.path for name, each in at.items()}

    def _node(self, name: str) -> str:
        path = self._paths[name]
        return next(node for node, entity in self._graph.nodes(data="entity") if entity.path == path)

    def _along(self, *relations: str) -> nx.MultiDiGraph[str]:
        return nx.subgraph_view(self._graph, filter_edge=lambda _one, _other, key: key in relations)  # type: ignore[type-var]  # the stub wants a plain Graph

    def _typed(self, name: str) -> set[str]:
        below = nx.descendants(self._along(CONTAINS), self._node("block"))
        return {each for each in below if self._graph.nodes[each]["entity"].type == name}

    def boxes_and_zones(self) -> Answer:
        feeds = self._along("feeds")
        return {(box, zone) for box in self._typed("t/Vav") for zone in feeds.successors(box)}

    def sensors_in_a_building(self) -> Answer:
        return self._typed("t/Gauge")

    def downstream(self) -> Answer:
        return nx.descendants(self._along("feeds"), self._node("ahu"))

    def upstream(self) -> Answer:
        before = nx.ancestors(self._along("feeds", CONTAINS, INCLUDES), self._node("room"))
        feeds = self._along("feeds")
        return {
            each for each in before if feeds.out_degree(each) and self._graph.nodes[each]["entity"].kind == "device"
        }

    def devices_of_a_zone(self) -> Answer:
        below = nx.descendants(self._along(INCLUDES, CONTAINS), self._node("zone"))
        return {each for each in below if self._graph.nodes[each]["entity"].kind == "device"}

    def floors_of_a_building(self) -> Answer:
        return self._typed("t/Floor")

    def shortest_way(self) -> Answer:
        return set(nx.shortest_path(self._along("feeds", INCLUDES), self._node("ahu"), self._node("room"))[1:])

    def members(self) -> Answer:
        return set(self._along(INCLUDES).successors(self._node("zone")))


class Walked:
    """The same, walked over the graph by hand."""

    def __init__(self, graph: nx.MultiDiGraph[str], at: dict[str, Entity]) -> None:
        self._graph, self._at = graph, {name: each.id for name, each in at.items()}
        steps = {"feeds", INCLUDES}
        self._flow = nx.subgraph_view(self._graph, filter_edge=lambda _one, _other, key: key in steps)  # type: ignore[type-var]  # the stub wants a plain Graph

    def _below(self, start: str) -> Iterable[str]:
        graph, stack = self._graph, [start]
        while stack:
            node = stack.pop()
            yield node
            stack += [below for below, keys in graph.adj[node].items() if CONTAINS in keys]

    def _typed(self, start: str, name: str) -> set[str]:
        nodes = self._graph.nodes
        return {node for node in self._below(start) if nodes[node]["entity"].type == name}

    def _along(self, node: str, name: str) -> Iterable[str]:
        return (other for other, keys in self._graph.adj[node].items() if name in keys)

    def boxes_and_zones(self) -> Answer:
        boxes = self._typed(self._at["block"], "t/Vav")
        return {(box, zone) for box in boxes for zone in self._along(box, "feeds")}

    def sensors_in_a_building(self) -> Answer:
        return self._typed(self._at["block"], "t/Gauge")

    def downstream(self) -> Answer:
        found, stack = set[str](), [self._at["ahu"]]
        while stack:
            fresh = [each for each in self._along(stack.pop(), "feeds") if each not in found]
            found.update(fresh)
            stack += fresh
        return found

    def upstream(self) -> Answer:
        graph, found, stack = self._graph, set[str](), [self._at["room"]]
        seen = set(stack)
        while stack:
            node = stack.pop()
            for other, keys in graph.pred[node].items():
                device = graph.nodes[node]["entity"].kind == "device"
                if other not in seen and ("feeds" in keys or INCLUDES in keys or (CONTAINS in keys and not device)):
                    seen.add(other)
                    stack.append(other)
                if "feeds" in keys:
                    found.add(other)
        return found

    def devices_of_a_zone(self) -> Answer:
        nodes = self._graph.nodes
        rooms = self._along(self._at["zone"], INCLUDES)
        return {each for room in rooms for each in self._below(room) if nodes[each]["entity"].kind == "device"}

    def floors_of_a_building(self) -> Answer:
        return self._typed(self._at["block"], "t/Floor")

    def shortest_way(self) -> Answer:
        return set(nx.shortest_path(self._flow, self._at["ahu"], self._at["room"])[1:])

    def members(self) -> Answer:
        return set(self._along(self._at["zone"], INCLUDES))


QUESTIONS = {
    "VAVs and their zones, of a building": "boxes_and_zones",
    "sensors of a kind in a building": "sensors_in_a_building",
    "downstream of an air handler": "downstream",
    "upstream of a room": "upstream",
    "devices in a zone": "devices_of_a_zone",
    "floors of a building": "floors_of_a_building",
    "shortest way": "shortest_way",
    "members of a view": "members",
}


def run(report: Report) -> None:
    """Each question at each size that fits into half of the memory that is free."""
    for size in SIZES:
        free = os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
        if size * _BYTES_EACH > free:
            report.skipped.append(f"queries, {size:,} entities: {free / 1e9:.1f} GB of memory are free, and too few")
            continue
        gc.disable()
        mirror, at = campus(size)
        graph = nx.MultiDiGraph(mirror.graph)
        gc.enable()
        peers = {"networkx": Documented(graph, at), "a walk by hand": Walked(graph, at)}
        for name, method in QUESTIONS.items():
            asked = {peer: getattr(each, method) for peer, each in peers.items()}
            _compare(report, f"{name}, {size:,}", len(mirror), getattr(Ours(mirror, at), method), asked)


def _compare(
    report: Report, name: str, size: int, ours: Callable[[], Answer], peers: dict[str, Callable[[], Answer]]
) -> None:
    answer = ours()
    assert all(answer == ask() for ask in peers.values()), "all must agree before they are timed"
    mine, *theirs = in_turn([ours, *peers.values()], seconds=1.0)
    for peer, taken in zip(peers, theirs, strict=True):
        report.times(name, mine, taken, peer, f"{len(answer)} found, of {size:,} entities")
