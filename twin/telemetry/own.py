"""What a box may send to: the topics of the gateway or device that it is, and of what it connects."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from twin.graph.model import CONNECTS
from twin.telemetry.targets import Graph, device_named

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any

    from twin.graph.model import Entity

__all__ = ["Wiring", "own_device", "own_topics", "sends_to"]

_DEPTH = 5
"""r, the site, d, the device, and what is said of it."""
_TOLD = "config"
_COMMANDS, _RESULT, _RESULT_DEPTH = "commands", "result", 3


class Wiring(Graph, Protocol):
    """What knowing a box's topics needs of the mirror."""

    def leaving(self, entity_id: str) -> Mapping[str, Mapping[str, dict[str, Any]]]:
        """The edges that leave an entity: other end -> relation type -> data."""


def own_device(graph: Wiring, box: str, site: Entity, topic: str) -> Entity | None:
    """The device that a topic is about, if it is the box (by id) itself or one that it connects; None for any other,
    whether or not it exists.
    """
    parts = topic.removeprefix("/").split("/", _DEPTH - 1)
    if len(parts) != _DEPTH or (parts[0], parts[1], parts[2]) != ("r", site.key, "d"):
        return None
    found = device_named(graph, site.id, parts[3])
    return found if found is not None and _answers_for(graph, box, found.id) else None


def sends_to(graph: Wiring, box: str, site: Entity, topic: str) -> bool:
    """Whether a box may send to a topic: one of its own, where it is not the twin that speaks (config, commands)."""
    if own_device(graph, box, site, topic) is None:
        return False
    said = topic.removeprefix("/").split("/")[_DEPTH - 1 :]
    if said[0] == _COMMANDS:
        return len(said) == _RESULT_DEPTH and said[2] == _RESULT
    return said[0] != _TOLD and "" not in said


def own_topics(graph: Wiring, box: str) -> Iterator[str]:
    """Where a box may send what it, and what it connects, measure: by serial where there is one, else by id."""
    own = graph.get(box)
    site = None if own is None else graph.get(own.site)
    if own is None or site is None:
        return
    connected = [graph.get(each) for each, keys in graph.leaving(box).items() if CONNECTS in keys]
    others = sorted((each for each in connected if each is not None and each.site == site.id), key=lambda e: e.path)
    for each in (own, *others):
        yield f"r/{site.key}/d/{each.serial or each.id}/events/pointset"


def _answers_for(graph: Wiring, box: str, device: str) -> bool:
    """Whether a box is a device, or connects it; a box that is gone answers for none."""
    if graph.get(box) is None:
        return False
    return box == device or CONNECTS in graph.leaving(box).get(device, ())
