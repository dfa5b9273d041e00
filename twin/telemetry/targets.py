"""Where a topic leads: the device it names, and what each of the device's points accepts.

Topics are ``r/{site}/d/{device}/events/pointset``, a leading ``/`` accepted; ``{site}`` is the site's key and
``{device}`` the id or the declared serial of a device or gateway in it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

from twin.telemetry.decode import Undecodable
from twin.telemetry.rules import accept
from twin.telemetry.sends import accept_sent

if TYPE_CHECKING:
    from collections.abc import Mapping

    from twin.graph.model import Entity
    from twin.ontology.model import Ontology
    from twin.telemetry.rules import Accept

__all__ = ["Graph", "Nowhere", "Target", "Targets", "device_named", "site_key"]

_REMEMBERED = 200_000
_KINDS = frozenset({"device", "gateway"})
_DEPTH = 6


class Graph(Protocol):
    """What finding a topic's device needs of the mirror."""

    head: int

    @property
    def era(self) -> int:
        """As long as this is the same, the graph has changed by what is in the log alone."""

    def get(self, entity_id: str) -> Entity | None:
        """An entity by its id."""

    def by_path(self, path: str) -> Entity | None:
        """An entity by its path; a site's path is its key."""

    def by_serial(self, site: str, serial: str) -> Entity | None:
        """An entity of a site (by the site's id) by its declared serial."""


class Target(NamedTuple):
    """A device or gateway, and what is accepted of it, by the names that its messages use."""

    entity: Entity
    points: Mapping[str, Accept]
    names: Mapping[str, str] = {}
    """Name in its messages -> point, where the two differ."""


class Nowhere(NamedTuple):
    """Why a topic leads to no device; ``site`` is the id of its site, if there is one."""

    code: str
    why: str
    site: str | None


def site_key(topic: str) -> str | None:
    """The site that a topic speaks of; None when it is none of the twin's topics."""
    parts = topic.removeprefix("/").split("/", 2)
    return parts[1] if len(parts) > 2 and parts[0] == "r" and parts[1] else None  # noqa: PLR2004 - r, the site, the rest


def device_named(graph: Graph, site: str, name: str) -> Entity | None:
    """The gateway or device of a site (by the site's id) that a topic calls so: by its id, or its declared serial."""
    found = graph.get(name) or graph.by_serial(site, name)
    return None if found is None or found.site != site or found.kind not in _KINDS else found


class Targets:
    """Remembers where each topic leads, for as long as graph and ontology stay as they are."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self._found: dict[bytes, Target | Nowhere] = {}
        self._accepts: dict[tuple[int, str], dict[str, Accept]] = {}
        """By the ontology (its ``id``: every one of them lives as long as ``_ontology`` does) and the type."""
        self._at = (-1, -1)
        self._ontology: Ontology | None = None

    def refresh(self, ontology: Ontology) -> None:
        """Forget what a change of the graph or the ontology may have made wrong."""
        at = (self._graph.head, self._graph.era)
        if self._at != at or len(self._found) > _REMEMBERED:
            self._at = at
            self._found.clear()
        if self._ontology is not ontology:
            self._ontology = ontology
            self._accepts.clear()
            self._found.clear()

    def find(self, topic: bytes) -> Target | Nowhere:
        """Where a topic leads; `Undecodable` (``topic.unsupported``) when messages on it mean nothing here."""
        found = self._found.get(topic)
        if found is None:
            found = self._found[topic] = self._resolve(topic.decode(errors="replace"))
        return found

    def site(self, topic: bytes) -> str | None:
        """The id of the site that a topic speaks of, if there is one."""
        key = site_key(topic.decode(errors="replace"))
        site = None if key is None else self._graph.by_path(key)
        return None if site is None or site.kind != "site" else site.id

    def _resolve(self, topic: str) -> Target | Nowhere:
        parts = topic.removeprefix("/").split("/")
        if len(parts) != _DEPTH or (parts[0], parts[2], *parts[4:]) != ("r", "d", "events", "pointset"):
            raise Undecodable("topic.unsupported", "messages are taken on r/{site}/d/{device}/events/pointset")
        site = self._graph.by_path(parts[1])
        if site is None or site.kind != "site":
            return Nowhere("site.unknown", f"there is no site {parts[1]!r}", None)
        entity = device_named(self._graph, site.id, parts[3])
        if entity is None:
            return Nowhere(
                "device.unknown", f"no device or gateway of {site.key} has the id or serial {parts[3]!r}", site.id
            )
        return self._target(entity)

    def _target(self, entity: Entity) -> Target:
        if self._ontology is None:
            return Target(entity, {})
        ontology = self._ontology.of(entity.site)
        type_ = ontology.types.get(entity.type)
        known = {} if type_ is None else type_.points
        accepts = self._accepts.get((id(ontology), entity.type))
        if accepts is None:
            accepts = {name: accept(point) for name, point in known.items()}
            self._accepts[id(ontology), entity.type] = accepts
        own = {name: accepts[name] for name in entity.points if name in accepts and name not in entity.sources}
        sent = {name: each for name, each in entity.sends.items() if each.point in own}
        points = own | {name: accept_sent(known[each.point], each.unit) for name, each in sent.items()}
        return Target(entity, points, {name: each.point for name, each in sent.items() if name != each.point})
