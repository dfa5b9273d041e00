"""Another world that looks the same to somebody: without what is hidden, or where that is something else."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from twin.graph.mirror import Mirror
from twin.graph.model import HAS_ROLE, INCLUDES, MANAGES, Change, Create, Link, Move, Unlink

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tests.noninterference.world import World
    from twin.graph.model import Entity, Entry, Relation
    from twin.graph.readings import Reading

__all__ = ["again", "elsewhere"]

_ELSE = "q" * 26


def again(world: World) -> None:
    """The very same world, read anew: it is forgotten in which order relations came, which may be told."""
    mirror, everything = world.mirror, world.mirror.entities
    _read(
        world,
        list(everything.values()),
        list(mirror.relations()),
        [
            (each.id, name, reading)
            for each in everything.values()
            for name in (each.points if each.kind == "device" else ())
            if (reading := world.current.read(each.id, name)) is not None
        ],
        list(world.log.changes),
    )


def elsewhere(world: World, sight: object) -> bool:
    """Go there from `again`; False: there is none, as far as is tried."""
    here = world.mirror, world.current, list(world.log.changes)
    kept = _needed(world)
    views = {each.id for each in world.mirror.entities.values() if each.kind == "view" and each.site in kept}
    for still, includes in ((kept - _strangers(world), False), (kept, False), (kept, True), (kept | views, True)):
        _go(world, still, includes=includes)
        if world.sight() == sight:
            return True
        world.move(*here)
    return False


def _needed(world: World) -> set[str]:
    """What is seen, what contains that, all that roles are had on, and who has them."""
    mirror = world.mirror
    ends = {each.target for each in mirror.relations() if each.type in {HAS_ROLE, MANAGES}}
    places = {each for each in ends if mirror.entities[each].kind in {"view", "fleet"}}
    wanted = {*world.seen(world.asker), *places, *(each.id for each in mirror.entities.values() if not each.site)}
    return {above for each in wanted for above in mirror.line(each)}


def _strangers(world: World) -> set[str]:
    """Who is in no site, and nobody that whoever asks belongs to, or has a role on."""
    mirror = world.mirror
    known = {world.asker.subject}
    for _ in range(2):
        known |= {other for each in known if each in mirror.entities for other in mirror.leaving(each)}
    return {each.id for each in mirror.entities.values() if not each.site and each.id not in known}


def _go(world: World, kept: set[str], *, includes: bool) -> None:
    seen = world.seen(world.asker)
    changes = [_told(world, each, seen) for each in world.log.changes]
    _read(
        world,
        [_as_there(world, each, seen) for each in world.mirror.entities.values() if each.id in kept],
        [each for each in world.mirror.relations() if _is_there(each, kept, seen, includes=includes)],
        _readings(world, kept, seen),
        [each for each in changes if each.changeset.entries],
    )


def _read(
    world: World,
    entities: Iterable[Entity],
    relations: Iterable[Relation],
    readings: Iterable[tuple[str, str, Reading]],
    changes: list[Change],
) -> None:
    """Have a world be read from a store, as these."""
    made = Mirror()
    made.adopt(world.ontology)
    said = sorted(readings, key=lambda each: each[2].order)
    made.load(
        head=world.mirror.head + 7,
        timeline=world.mirror.timeline,
        documents=(),
        entities=entities,
        relations=relations,
    )
    world.move(made, None, changes)
    for each in said:
        world.current.offer(*each)


def _is_there(relation: Relation, kept: set[str], seen: dict[str, Entity], *, includes: bool) -> bool:
    """Nothing hidden is linked to what is seen, but for roles, and for what is included where that gives a right."""
    ends = {relation.source, relation.target}
    if not ends <= kept:
        return False
    return relation.type not in {"feeds", "CONNECTS", *(() if includes else (INCLUDES,))} or ends <= seen.keys()


def _as_there(world: World, each: Entity, seen: dict[str, Entity]) -> Entity:
    """What is hidden goes by another title; what is private of what is seen is something else."""
    if not each.site:
        return each
    if each.id not in seen:
        return replace(each, title={"": "elsewhere"}, properties={"note": "z", "level": 7})
    if world.reads(each):
        return each
    points = tuple(name for name in each.points if not world.hides(each, name))
    properties = {**each.properties, "note": "z"} if "note" in each.properties else each.properties
    return replace(each, points=points, properties=properties)


def _readings(world: World, kept: set[str], seen: dict[str, Entity]) -> Iterator[tuple[str, str, Reading]]:
    for each in world.mirror.entities.values():
        for name in each.points if each.id in kept and each.kind == "device" else ():
            reading = world.current.read(each.id, name)
            if reading is None:
                continue
            if each.id not in seen:
                reading = replace(reading, value=not reading.value if name == "present" else 33.0)
            if each.id not in seen or not world.hides(each, name):
                yield each.id, name, reading


def _told(world: World, change: Change, seen: dict[str, Entity]) -> Change:
    """A record as if nothing of it had been about what is hidden."""
    made = change.changeset
    site = world.mirror.entities.get(made.site or "")
    wholly = site is not None and site.id in seen and world.may("read", site, wholly=True)
    entries = tuple(_entry(each, seen) for each in made.entries if _about(each) & seen.keys())
    summary = made.summary if wholly else f"not {made.summary}"
    return Change(change.sequence, replace(made, entries=tuple(each for each in entries if each), summary=summary))


def _about(entry: Entry) -> set[str]:
    if isinstance(entry, Link):
        return {entry.relation.source, entry.relation.target}
    if isinstance(entry, Unlink):
        return {entry.source, entry.target}
    return {entry.entity.id if isinstance(entry, Create) else entry.id}


def _entry(entry: Entry, seen: dict[str, Entity]) -> Any:
    if isinstance(entry, Link | Unlink):
        return entry if _about(entry) <= seen.keys() else None
    if isinstance(entry, Create) and entry.entity.parent is not None and entry.entity.parent not in seen:
        return Create(replace(entry.entity, parent=_ELSE))
    if isinstance(entry, Move) and entry.parent not in seen:
        return replace(entry, parent=_ELSE)
    return entry
