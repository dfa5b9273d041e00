"""Along named relations: what is reached to a depth, and a shortest way from one entity to another."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from twin.errors import InvalidValue
from twin.graph.model import CONNECTS, CONTAINS, INCLUDES
from twin.graph.visibility import seeing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from twin.graph.mirror import Mirror
    from twin.graph.model import Entity
    from twin.graph.query.neighbours import Direction
    from twin.graph.visibility import Sites
    from twin.ontology.model import Ontology

__all__ = ["Hop", "Reached", "Step", "reach", "steps_of", "way"]

_BUILT_IN = {CONTAINS: "CONTAINED_BY", INCLUDES: "INCLUDED_BY", CONNECTS: "CONNECTED_BY"}


class Step(NamedTuple):
    """One way to go on: along a relation, with it or against it."""

    relation: str
    direction: Direction = "OUT"


class Reached(NamedTuple):
    """An entity that was reached: after how many relations, and by which one from where."""

    entity: Entity
    depth: int
    relation: str
    direction: Direction
    source: Entity
    """What is next to it on a shortest way from the start; the first by path, where there are several."""


class Hop(NamedTuple):
    """One relation of a way, as it is passed: from ``source`` to ``target``, ``IN`` where against its direction."""

    source: Entity
    relation: str
    direction: Direction
    target: Entity


def steps_of(names: Iterable[str], ontology: Ontology, direction: Direction = "OUT") -> tuple[Step, ...]:
    """Relations by name: as the ontology declares them (``feeds``), by their other end's name (``fed_by``), or those
    that every twin has (``CONTAINS`` and ``CONTAINED_BY``, and so on).

    Raises:
        InvalidValue: there is no such relation.
    """
    return tuple(_step(name, ontology, direction) for name in names)


def _step(name: str, ontology: Ontology, direction: Direction) -> Step:
    against: Direction = "IN" if direction == "OUT" else "OUT"
    if name in ontology.relations or name in _BUILT_IN:
        return Step(name, direction)
    declared = ontology.inverse(name)
    found = declared.name if declared is not None else next((one for one in _BUILT_IN if _BUILT_IN[one] == name), None)
    if found is not None:
        return Step(found, against)
    known = [*_BUILT_IN, *_BUILT_IN.values(), *ontology.relations]
    known += [each.inverse for each in ontology.relations.values() if each.inverse is not None]
    raise InvalidValue(
        f"there is no relation {name!r}", code="relation.undeclared", help=f"relations: {', '.join(sorted(known))}"
    )


def reach(
    mirror: Mirror,
    start: Entity,
    steps: Sequence[Step],
    *,
    depth: int | None = 1,
    sites: Sites = None,
    most: int | None = None,
) -> list[Reached]:
    """What is reached from an entity along these relations, nearest first and then in natural order of path: each
    entity once, the start never. ``depth`` None: however far. Where there are more than ``most``, it goes no farther.
    """
    sees, entities = seeing(mirror, sites), mirror.entities
    seen = {start.id}
    found: list[Reached] = []
    level = [start]
    at = 0
    while level and (depth is None or at < depth) and (most is None or len(found) <= most):
        at += 1
        fresh: list[Reached] = []
        for source in level:
            for step in steps:
                for other in _others(mirror, source, step):
                    if other not in seen and sees(other):
                        seen.add(other)
                        fresh.append(Reached(entities[other], at, step.relation, step.direction, source))
        if len(fresh) > 1:
            place = mirror.placing({each.entity.site for each in fresh})
            fresh.sort(key=lambda each: place(each.entity))
        found += fresh
        level = [each.entity for each in fresh]
    return found


def way(
    mirror: Mirror,
    start: Entity,
    end: Entity,
    steps: Sequence[Step],
    *,
    sites: Sites = None,
    most: int | None = None,
    patience: int | None = None,
) -> list[Hop] | None:
    """A shortest way along these relations; empty from an entity to itself, None where there is none (of ``most``
    relations at most). It is looked for from both ends at once, always from where less has been seen.

    Raises:
        InvalidValue: more than ``patience`` entities were seen, and no way yet.
    """
    if start.id == end.id:
        return []
    back = tuple(Step(each.relation, "IN" if each.direction == "OUT" else "OUT") for each in steps)
    sees = seeing(mirror, sites)
    ahead, behind = _Front(mirror, start.id, steps, sees), _Front(mirror, end.id, back, sees)
    while ahead.edge and behind.edge and (most is None or ahead.depth + behind.depth < most):
        front, other = (ahead, behind) if len(ahead.edge) <= len(behind.edge) else (behind, ahead)
        met = front.grow(other)
        if met is not None:
            return _joined(mirror, ahead.line(met), behind.line(met))
        if patience is not None and len(ahead) + len(behind) > patience:
            raise InvalidValue(
                f"more than {patience} entities were looked at, and no way was found yet",
                code="limit.exceeded",
                help="name the relations that it may lead along",
            )
    return None


class _Front:
    """What has been reached from one end, level by level."""

    def __init__(self, mirror: Mirror, start: str, steps: Sequence[Step], sees: Callable[[str], bool]) -> None:
        self.depth = 0
        self.edge = [start]
        self._mirror = mirror
        self._steps = steps
        self._sees = sees
        self._came: dict[str, tuple[str, Step] | None] = {start: None}

    def __len__(self) -> int:
        return len(self._came)

    def __contains__(self, entity: str) -> bool:
        return entity in self._came

    def grow(self, other: _Front) -> str | None:
        """Go one relation further; where the two meet, if they do now."""
        self.depth += 1
        fresh: list[str] = []
        for each in self.edge:
            for step, target in _next(self._mirror, self._mirror.entities[each], self._steps, self._sees):
                if target not in self._came:
                    self._came[target] = each, step
                    if target in other:
                        return target
                    fresh.append(target)
        self.edge = fresh
        return None

    def line(self, entity: str) -> list[tuple[str, Step, str]]:
        """How an entity was reached, from it back to the end: (from, step, to)."""
        found = []
        came = self._came[entity]
        while came is not None:
            found.append((came[0], came[1], entity))
            entity = came[0]
            came = self._came[entity]
        return found


def _joined(mirror: Mirror, ahead: list[tuple[str, Step, str]], behind: list[tuple[str, Step, str]]) -> list[Hop]:
    entities = mirror.entities
    first = [
        Hop(entities[source], step.relation, step.direction, entities[target])
        for source, step, target in reversed(ahead)
    ]
    rest = [
        Hop(entities[target], step.relation, "IN" if step.direction == "OUT" else "OUT", entities[source])
        for source, step, target in behind
    ]
    return first + rest


def _next(
    mirror: Mirror, entity: Entity, steps: Sequence[Step], sees: Callable[[str], bool]
) -> Iterator[tuple[Step, str]]:
    """The neighbours that these steps lead to, as far as may be seen."""
    for step in steps:
        for other in _others(mirror, entity, step):
            if sees(other):
                yield step, other


def _others(mirror: Mirror, entity: Entity, step: Step) -> Iterable[str]:
    if step.relation == CONTAINS:
        if step.direction == "OUT":
            return mirror.children(entity.id)
        return () if entity.parent is None else (entity.parent,)
    name = step.relation
    return [other for other, keys in mirror.edges(entity, step.direction).items() if name in keys]
