"""What feeds what, however indirectly; and what a gateway connects.

*What feeds an entity* (`upstream`) is everything from which a chain of flow relations (`FLOW`: ``feeds``, ``serves``)
leads to it. A relation that ends at one of these leads to the entity too, and the chain goes on from its source alike:

- of a space: itself, what contains it, and the views that include any of those (a zone that is fed feeds its rooms);
- of a view: itself, the views that include it, and its site;
- of a device: the whole machine, which is the outermost device that it is a part of, with all parts of that; and the
  views that include any of those.

A device that feeds is told with the devices that it is a part of, once the nearest: the fan, and its air handler.
*What an entity feeds* (`downstream`) is the other way round, exactly: B is downstream of A where A is upstream of B.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from twin.graph.model import CONNECTS
from twin.graph.query.neighbours import related
from twin.graph.query.reaching import Reached
from twin.graph.visibility import seeing
from twin.ids import sort_key

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator

    from twin.graph.mirror import Mirror
    from twin.graph.model import Entity
    from twin.graph.query.neighbours import Direction
    from twin.graph.visibility import Sites

    Sees = Callable[[str], bool]

__all__ = ["FLOW", "connected", "downstream", "upstream"]

FLOW = ("feeds", "serves")
"""The relations along which something flows, by their names in the ontologies that are shipped."""


def upstream(
    mirror: Mirror, entity: Entity, *, along: Collection[str] = FLOW, depth: int | None = None, sites: Sites = None
) -> list[Reached]:
    """What feeds an entity, nearest first and then in natural order of path; ``depth`` counts flow relations.

    Costs the answer, what contains it, and the views and parts that it passes through.
    """
    sees = seeing(mirror, sites)
    return _flow(mirror, _fed_with(mirror, entity, sees), along, "IN", depth, sees, entity)


def downstream(
    mirror: Mirror, entity: Entity, *, along: Collection[str] = FLOW, depth: int | None = None, sites: Sites = None
) -> list[Reached]:
    """What an entity feeds: see `upstream`."""
    start = dict.fromkeys(mirror.subtree(entity.id) if entity.kind == "device" else (entity.id,))
    return _flow(mirror, start, along, "OUT", depth, seeing(mirror, sites), entity)


def connected(mirror: Mirror, gateway: Entity, sites: Sites = None) -> list[Entity]:
    """Everything that a gateway connects: its devices with all their parts, in natural order of path."""
    devices = [each.entity for each in related(mirror, gateway, CONNECTS, "OUT", sites)]
    below = (each for device in devices for each in mirror.subtree(device.id))
    found = [mirror.entities[each] for each in dict.fromkeys(filter(seeing(mirror, sites), below))]
    return sorted(found, key=lambda each: sort_key(each.path))


def _flow(
    mirror: Mirror,
    start: Iterable[str],
    along: Collection[str],
    direction: Direction,
    depth: int | None,
    sees: Sees,
    origin: Entity,
) -> list[Reached]:
    """Level by level: all flow relations at these ends, then all that what is at their other ends stands for.

    Nothing leads through what is not seen.
    """
    told, further = (_whole, _fed_with) if direction == "IN" else (_fed_through, _fed_through)
    level = dict.fromkeys(filter(sees, start))
    passed = set(level)
    found: dict[str, Reached] = {}
    at = 0
    while level and (depth is None or at < depth):
        at += 1
        ends = _ends(mirror, level, along, direction, sees)
        fresh: dict[str, Reached] = {}
        for other, (relation, source) in sorted(ends.items()):
            for each in filter(sees, told(mirror, mirror.entities[other], sees)):
                if each not in found and each not in fresh:
                    fresh[each] = Reached(mirror.entities[each], at, relation, direction, mirror.entities[source])
        place = mirror.placing({each.entity.site for each in fresh.values()})
        found.update(sorted(fresh.items(), key=lambda each: place(each[1].entity)))
        stands_for = (each for other in ends for each in further(mirror, mirror.entities[other], sees))
        level = dict.fromkeys(each for each in stands_for if each not in passed and sees(each))
        passed |= level.keys()
    found.pop(origin.id, None)
    return list(found.values())


def _ends(
    mirror: Mirror, level: Iterable[str], along: Collection[str], direction: Direction, sees: Sees
) -> dict[str, tuple[str, str]]:
    """What stands at the other end of the flow relations of these: by which relation, from which.

    Of several, the first by its id: the same whatever else there is, and in whichever order it came.
    """
    found: dict[str, tuple[str, str]] = {}
    for each in sorted(level):
        for other, keys in mirror.edges(mirror.entities[each], direction).items():
            relation = next((name for name in along if name in keys), None)
            if relation is not None and other not in found and sees(other):
                found[other] = relation, each
    return found


def _fed_with(mirror: Mirror, entity: Entity, sees: Sees) -> dict[str, None]:
    """All that, when it is fed, feeds an entity."""
    mirror.views.ready(entity.site)
    match entity.kind:
        case "device":
            found = _machine(mirror, entity, sees)
        case "view":
            found = {entity.id: None}
        case _:
            found = dict.fromkeys(mirror.line(entity.id))
    views = dict.fromkeys(view for each in filter(sees, found) for view in mirror.views.including(each, sees))
    return found | views | ({entity.site: None} if entity.kind == "view" else {})


def _fed_through(mirror: Mirror, entity: Entity, sees: Sees) -> dict[str, None]:
    """All that an entity feeds when it is fed: the other way round."""
    mirror.views.ready(entity.site)
    match entity.kind:
        case "device":
            return _machine(mirror, entity, sees)
        case "view":
            views = mirror.views.nested(entity.id, sees)
            members = [mirror.entities[each] for each in dict.fromkeys(mirror.views.members(entity.id, sees))]
            return dict.fromkeys(views) | {
                each: None
                for member in members
                if member.kind != "view"
                for each in (_machine(mirror, member, sees) if member.kind == "device" else _rooms(mirror, member))
            }
        case "site":
            views = [each for each in mirror.children(entity.id) if mirror.entities[each].kind == "view"]
            return _rooms(mirror, entity) | dict.fromkeys(views)
        case _:
            return _rooms(mirror, entity)


def _whole(mirror: Mirror, entity: Entity, sees: Sees) -> Iterator[str]:
    """An entity, and the devices that it is a part of, as far as they are seen."""
    yield entity.id
    above = filter(sees, mirror.line(entity.id)) if entity.kind == "device" else iter(())
    yield from (each for each in above if each != entity.id and mirror.entities[each].kind == "device")


def _machine(mirror: Mirror, device: Entity, sees: Sees) -> dict[str, None]:
    """The outermost device that a device is a part of, and all parts of that."""
    return dict.fromkeys(mirror.subtree(list(_whole(mirror, device, sees))[-1]))


def _rooms(mirror: Mirror, entity: Entity) -> dict[str, None]:
    """What of the physical places, and of gateways, is an entity or below it."""
    pending = [entity.id]
    for each in pending:
        pending += [one for one in mirror.children(each) if mirror.entities[one].kind not in {"device", "view"}]
    return dict.fromkeys(pending)
