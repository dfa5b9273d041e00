"""Views given by rules, kept as changes arrive: one device that comes and goes in a site with a thousand such views,
against asking one rule of every entity of the networkx graph again, once.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from tests.bench.mirror import building
from tests.bench.report import in_turn
from tests.graphs import ONTOLOGY, changeset, entity, type_of, words
from twin.graph import query
from twin.graph.model import Change, Create, Delete

if TYPE_CHECKING:
    from tests.bench.report import Report
    from twin.graph.mirror import Mirror
    from twin.graph.model import Entity, Entry

SIZE = 100_000
VIEWS = 1000
_PLAN = 2000


def with_rules(size: int, views: int) -> tuple[Mirror, Entity]:
    """A campus whose floors each have views: their VAV boxes, a room's sensors, and their rooms; one floor of it."""
    mirror, block = building(size)
    mirror.adopt(words([*ONTOLOGY.types.values(), type_of("device", "Vav", "t/Device")]))
    site = mirror.entities[block.site]
    floors = [each for each in mirror.entities.values() if each.key.startswith("floor-")]
    rules = (
        'type is Vav and within "{}"',
        'type is Sensor and within "{}/room-0"',
        'not type is Device and within "{}"',
    )
    made = [
        entity(f"campus/view-{n}", "view", site, rule=rules[n % 3].format(floors[n // 3 % len(floors)].path[6:]))
        for n in range(views)
    ]
    follow(mirror, *map(Create, made))
    mirror.views.complete()
    return mirror, floors[0]


def follow(mirror: Mirror, *entries: Entry) -> None:
    """Apply a change as it comes from the log."""
    mirror.apply(Change(mirror.head + 1, changeset(*entries)))


def run(report: Report) -> None:
    """A single change, and a plan of 2,000 entries with all rules against the same plan without any."""
    mirror, floor = with_rules(SIZE, VIEWS)
    boxes = query.views_of(mirror, next(each for each in query.children(mirror, floor) if each.type == "t/Vav"))[0]

    def ours() -> list[str]:
        box = entity(f"{floor.path}/new", "device", floor, type="t/Vav")
        follow(mirror, Create(box))
        found = [each.id for each in query.members(mirror, boxes)]
        follow(mirror, Delete(id=box.id))
        return found

    graph = mirror.graph

    def scan() -> list[str]:
        below = f"{floor.path}/"
        nodes = graph.nodes(data="entity")
        return [node for node, each in nodes if each.type == "t/Vav" and each.path.startswith(below)]

    assert len(ours()) == len(scan()) + 1, "with the new box they must agree before they are timed"
    mine, theirs = in_turn([ours, scan])
    note = f"a device comes, is found in its view, and goes; {VIEWS:,} views with rules, {len(mirror):,} entities"
    report.times("rule views maintained", mine, theirs, "one rule, networkx scan", note)
    with_all = _plan(mirror, floor)
    plain, same_floor = with_rules(SIZE, 0)
    note = f"a ChangeSet of {_PLAN:,} devices followed; the peer is the same with no rule in the site"
    report.times("a plan beside rule views", with_all, _plan(plain, same_floor), "no rules", note)


def _plan(mirror: Mirror, floor: Entity) -> float:
    """Seconds to follow a ChangeSet that creates many devices."""
    made = [entity(f"{floor.path}/plan-{n}", "device", floor) for n in range(_PLAN)]
    change = Change(mirror.head + 1, changeset(*map(Create, made)))
    before = time.perf_counter()
    mirror.apply(change)
    return time.perf_counter() - before
