"""Rights along the graph at 100,000 entities: compiled and kept, against asking of each by walking up from it."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

from tests.bench.mirror import building
from tests.bench.report import in_turn
from tests.graphs import changeset, party
from tests.rights import principal, role, words_with
from twin.access.visibility import Visibilities
from twin.graph import query
from twin.graph.model import HAS_ROLE, Change, Create, Held, Link, Relation, Unlink
from twin.graph.visibility import Visibility, among

if TYPE_CHECKING:
    from tests.bench.report import Report
    from twin.graph.mirror import Mirror
    from twin.graph.model import Entry

SIZE = 100_000
PRINCIPALS = 1000
_SOME = 1000
_WORDS = words_with(role("Guest", ["t/Room"], ["read"]), role("Caretaker", ["t/Home"], ["read"], ["t/Sensor"]))
_DOORS = {"Guest": {"t/Hall", "t/Sensor"}, "Caretaker": {"t/Hall"}}


def follow(mirror: Mirror, *entries: Entry) -> None:
    """Apply a change as it comes from the log."""
    mirror.apply(Change(mirror.head + 1, changeset(*entries)))


def has(who: str, target: str, name: str) -> Link:
    """Somebody gets a role."""
    return Link(Relation(type=HAS_ROLE, source=who, target=target, roles=(Held(f"t/{name}"),)))


def walked_up(mirror: Mirror, who: str, ids: list[str]) -> list[str]:
    """The peer: for each entity, up to what somebody has a role on, unless a door is closed on the way."""
    held = {
        target: doors
        for target, edges in mirror.leaving(who).items()
        for each in edges[HAS_ROLE]["roles"]
        for doors in [_DOORS[each.role.rpartition("/")[2]]]
    }
    entities, found = mirror.entities, []
    for each in ids:
        closed: set[str] = set()
        for above in mirror.line(each):
            if above in held and held[above].isdisjoint(closed):
                found.append(each)
                break
            closed.add(entities[above].type)
    return found


def run(report: Report) -> None:
    """A filter of 1,000 ids, the compilation of a principal, and a grant that changes beside 1,000 principals."""
    mirror, block = building(SIZE)
    mirror.adopt(_WORDS)
    site = block.site
    rooms = [each.id for each in mirror.entities.values() if each.type == "t/Room"]
    people = [f"user-{number}" for number in range(PRINCIPALS)]
    follow(mirror, *(Create(party("user", each)) for each in people))
    follow(mirror, *(has(each, rooms[7 * at % len(rooms)], "Guest") for at, each in enumerate(people)))
    follow(mirror, Create(party("user", "chief")), has("chief", site, "Caretaker"))
    mirror.intervals(site)
    everything = [each.id for each in mirror.entities.values() if each.site]
    step = len(everything) // _SOME
    _filter(report, mirror, everything[::step][:_SOME])
    _compilation(report, mirror, everything)
    _change(report, mirror, people, rooms)


def _filter(report: Report, mirror: Mirror, ids: list[str]) -> None:
    visible = Visibilities(mirror, lambda: _WORDS).of(principal("chief"), 0)
    assert among(mirror, ids, visible) == walked_up(mirror, "chief", ids)
    ours, peer = in_turn([lambda: among(mirror, ids, visible), lambda: walked_up(mirror, "chief", ids)])
    report.times("visibility: filter of 1,000 ids", ours, peer, "walking up from each", f"{len(ids)} ids")


def _compilation(report: Report, mirror: Mirror, everything: list[str]) -> None:
    def compiled() -> int:
        visible = Visibilities(mirror, lambda: _WORDS).of(principal("chief"), 0)
        assert isinstance(visible, Visibility)
        part = visible.part(mirror.entities[everything[0]].site)
        return 0 if part is None else len(part.order)

    size = compiled()
    assert size == len(walked_up(mirror, "chief", everything))
    ours, peer = in_turn([compiled, lambda: walked_up(mirror, "chief", everything)])
    report.times(
        "visibility: compile one principal", ours, peer, "walking up from each", f"{size} of {len(everything)}"
    )


def _change(report: Report, mirror: Mirror, people: list[str], rooms: list[str]) -> None:
    visibilities = Visibilities(mirror, lambda: _WORDS)
    others = [principal(each) for each in people]
    where = itertools.cycle(rooms[:2])
    held = next(iter(mirror.leaving(people[0])))

    def grant() -> None:
        nonlocal held
        target = next(where)
        follow(mirror, Unlink(type=HAS_ROLE, source=people[0], target=held), has(people[0], target, "Guest"))
        held = target

    def ours() -> int:
        grant()
        return sum(query.select(mirror, sites=visibilities.of(each, 0), first=0).total for each in others)

    def peer() -> int:
        grant()
        fresh = Visibilities(mirror, lambda: _WORDS)
        return sum(query.select(mirror, sites=fresh.of(each, 0), first=0).total for each in others)

    mine, all_anew = in_turn([ours, peer], least=3)
    notes = f"{len(people)} principals answered after it"
    report.times("visibility: a grant changes", mine, all_anew, "compiling everybody anew", notes)
