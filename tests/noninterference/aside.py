"""What happens out of somebody's sight, next to what they see."""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING, Any

from tests.graphs import changeset, entity
from twin.graph.model import INCLUDES, Create, Delete, Link, Move, Relation, Unlink, Update

if TYPE_CHECKING:
    from tests.noninterference.world import World
    from twin.graph.model import Entity, Entry

__all__ = ["aside", "below", "tied"]

_numbers = count()
_WORDS = ("x", "y", "lamp")
_PARENTS = {"space": {"site", "space"}, "device": {"site", "space", "device"}}


def aside(world: World) -> Any:
    """Something, most probably out of sight; its entries, where the graph was changed."""
    if world.dice.random() < 0.3:
        world.measure_any(hidden=True)
        return ()
    makes = [_tie, _untie, _rename, _rename, _go, _come, _move]
    for make in world.dice.sample(makes, len(makes)):
        entries = make(world, *world.border())
        if entries:
            world.follow(changeset(*entries, summary="out of sight"))
            return tuple(entries)
    return ()


def tied(world: World, seen: list[Entity], hidden: list[Entity]) -> Relation | None:
    """A relation that there is not yet, between something that is seen and something that is not."""
    for _ in range(10):
        one = world.dice.choice(seen)
        near = [each for each in hidden if each.site == one.site]
        if not near:
            continue
        views = [each for each in near if each.kind == "view"]
        ends = [one, world.dice.choice(views if views and world.dice.random() < 0.3 else near)]
        world.dice.shuffle(ends)
        source, target = ends
        if source.kind not in {"device", "view", "gateway"} or target.kind not in {"space", "device", "view"}:
            continue
        name = INCLUDES if source.kind == "view" else world.dice.choice(["feeds", "CONNECTS"])
        if world.mirror.relation(source.id, target.id, name) is None:
            return Relation(type=name, source=source.id, target=target.id)
    return None


def below(world: World, entity_id: str) -> list[str]:
    """An entity and all below it, parents first."""
    return list(world.mirror.subtree(entity_id))


def _tie(world: World, seen: list[Entity], hidden: list[Entity]) -> list[Entry]:
    made = tied(world, seen, hidden) if seen and hidden else None
    return [] if made is None else [Link(made)]


def _untie(world: World, seen: list[Entity], hidden: list[Entity]) -> list[Entry]:
    one, other = ({each.id for each in ends} for ends in (seen, hidden))
    found = [
        each
        for each in world.mirror.relations()
        if (each.source in one and each.target in other) or (each.source in other and each.target in one)
    ]
    if not found:
        return []
    each = world.dice.choice(sorted(found, key=lambda each: each.key))
    return [Unlink(type=each.type, source=each.source, target=each.target)]


def _rename(world: World, seen: list[Entity], hidden: list[Entity]) -> list[Entry]:
    """What is around something that is seen, if there is that: its title counts where one looks for names."""
    hides = {each.id: each for each in hidden}
    around = [hides[each] for one in seen for each in world.mirror.line(one.id) if each in hides]
    if not hidden:
        return []
    one = world.dice.choice(around if around and world.dice.random() < 0.7 else hidden)
    word = world.dice.choice(_WORDS)
    properties = {"note": word, "level": world.dice.randrange(3)}
    return [Update(id=one.id, fields=world.dice.choice([{"title": {"": word}}, {"properties": properties}]))]


def _go(world: World, _seen: list[Entity], hidden: list[Entity]) -> list[Entry]:
    found = _alone(world, hidden)
    return [Delete(id=each) for each in reversed(below(world, world.dice.choice(found).id))] if found else []


def _come(world: World, seen: list[Entity], hidden: list[Entity]) -> list[Entry]:
    """Something that stops roles, in something that is seen or not."""
    parents = [each for each in [*seen, *hidden] if each.kind in _PARENTS["device"]]
    if not parents:
        return []
    parent = world.dice.choice(parents)
    path = f"{parent.path}/a-lamp-{next(_numbers)}"
    if parent.kind != "device" and world.dice.random() < 0.5:
        return [Create(entity(path, "space", parent, type="t/Hall"))]
    return [Create(entity(path, "device", parent, type="t/Sensor", points=("warmth", "present")))]


def _move(world: World, _seen: list[Entity], hidden: list[Entity]) -> list[Entry]:
    found = [each for each in _alone(world, hidden) if each.kind in _PARENTS]
    if not found:
        return []
    one = world.dice.choice(found)
    inside = set(below(world, one.id))
    parents = [
        each for each in hidden if each.site == one.site and each.kind in _PARENTS[one.kind] and each.id not in inside
    ]
    if not parents:
        return []
    key = f"a-device-{next(_numbers)}"
    return [Move(id=one.id, expected=one.revision, parent=world.dice.choice(parents).id, key=key)]


def _alone(world: World, hidden: list[Entity]) -> list[Entity]:
    """What is hidden with all that is in it."""
    hides = {each.id for each in hidden}
    return [each for each in hidden if hides.issuperset(below(world, each.id))]
