from __future__ import annotations

import random
from typing import TYPE_CHECKING

import networkx as nx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from structlog.testing import capture_logs

from tests.graphs import ONTOLOGY, Walk, changeset, contents, entity, mirror_of, type_of, words
from twin.expressions import Asked, Binary, Literal, Name, Unary, parse_rule
from twin.graph import query
from twin.graph.mirror import Mirror
from twin.graph.model import Change, Create, Delete, Link, Move, Relation, Unlink, Update

if TYPE_CHECKING:
    from twin.expressions import Expression
    from twin.graph.model import Entity, Entry


class Naive:
    """What rules include, by asking every rule of every entity until nothing changes."""

    def __init__(self, mirror: Mirror) -> None:
        self.mirror = mirror
        self.listed = {(each.source, each.target) for each in mirror.relations() if each.type == "INCLUDES"}
        rules = {each.id: each for each in mirror.entities.values() if each.kind == "view" and each.rule is not None}
        self.rules = {view: parse_rule(each.rule) for view, each in rules.items() if not self._means_nothing(each.rule)}
        self.found: set[tuple[str, str]] = set()
        needs = nx.DiGraph([(view, other) for view in self.rules for other in self._needed(view)])
        needs.add_nodes_from(self.rules)
        circular = {
            view
            for view in self.rules
            if view in {far for near in needs[view] for far in {near, *nx.descendants(needs, near)}}
        }
        for _ in self.rules:
            self.found = {
                (view, each.id)
                for view, rule in self.rules.items()
                if view not in circular
                for each in mirror.entities.values()
                if self._includes(mirror.entities[view], each) and self.fits(rule, each)
            }

    def edges(self) -> set[tuple[str, str]]:
        return self.found - self.listed

    def _means_nothing(self, rule: str) -> bool:
        return "Gone" in rule

    def _includes(self, view: Entity, each: Entity) -> bool:
        of = ONTOLOGY.types[view.type].of
        return (
            each.site == view.site
            and each.kind in {"space", "device"}
            and (of is None or any(ONTOLOGY.is_a(each.type, name) for name in of))
        )

    def _nested(self, view: str) -> set[str]:
        inner = nx.DiGraph([(a, b) for a, b in self.listed if self.mirror.entities[b].kind == "view"])
        return {view, *(nx.descendants(inner, view) if view in inner else ())}

    def _needed(self, view: str) -> set[str]:
        site = self.mirror.entities[self.mirror.entities[view].site]
        asked = [each.word.value for each in questions(self.rules[view]) if each.question == "view"]
        named = [self.mirror.by_path(f"{site.path}/{key}") for key in asked]
        return {other for each in named if each for other in self._nested(each.id) if other in self.rules}

    def fits(self, rule: Expression, each: Entity) -> bool:  # noqa: PLR0911 - a branch for each question
        match rule:
            case Unary(_, operand):
                return not self.fits(operand, each)
            case Binary("and", left, right):
                return self.fits(left, each) and self.fits(right, each)
            case Binary("or", left, right):
                return self.fits(left, each) or self.fits(right, each)
            case Binary("==", Name(name), Literal(value)):
                return each.declared.get(f"properties.{name}") == value
            case Asked("type", Name(name)):
                return ONTOLOGY.is_a(each.type, f"t/{name}")
            case Asked("has", Name(name)):
                return name in each.points
            case Asked("measures", Name(name)):
                points = ONTOLOGY.types[each.type].points
                return any(points[point].measures == name for point in each.points if point in points)
            case Asked("within", Literal(path)):
                above = self.mirror.by_path(f"{each.path.split('/')[0]}{path}".rstrip("/"))
                return above is not None and each.id in self.mirror.subtree(above.id)[1:]
            case Asked("view", Literal(key)):
                view = self.mirror.by_path(f"{each.path.split('/')[0]}/{key}")
                return view is not None and self._covers(view.id, each)
        raise AssertionError(rule)

    def _covers(self, view: str, each: Entity) -> bool:
        edges = self.found | self.listed
        return any((one, part) in edges for one in self._nested(view) for part in self.mirror.line(each.id))


def questions(rule: Expression) -> list[Asked]:
    match rule:
        case Asked():
            return [rule]
        case Unary(_, operand):
            return questions(operand)
        case Binary(_, left, right):
            return [*questions(left), *questions(right)]
    return []


def by_rule(mirror: Mirror) -> set[tuple[str, str]]:
    return {(a, b) for a, b, key, data in mirror.graph.edges(keys=True, data=True) if data.get("rule")}


def follow(mirror: Mirror, *entries: Entry) -> dict[str, set[str]]:
    mirror.apply(Change(mirror.head + 1, changeset(*entries)))
    return {mirror.entities[view].key: members for view, members in mirror.views.changed.items()}


class House:
    """Two floors; a sensor in a room of each, with a part; a hall; and no views."""

    def __init__(self) -> None:
        self.site = entity("home", "site")
        self.floors = [entity(f"home/floor-{n}", "space", self.site) for n in range(2)]
        self.rooms = [entity(f"{floor.path}/room", "space", floor) for floor in self.floors]
        self.sensors = [entity(f"{room.path}/sensor", "device", room, points=("warmth",)) for room in self.rooms]
        self.parts = [entity(f"{each.path}/part", "device", each, type="t/Meter") for each in self.sensors]
        self.hall = entity("home/hall", "space", self.site, type="t/Hall", declared={"properties.level": 1})
        below = [*self.floors, *self.rooms, *self.sensors, *self.parts, self.hall]
        self.mirror = mirror_of([self.site, *below], ontology=ONTOLOGY)

    def view(self, key: str, rule: str | None, type_: str = "t/Group") -> Entity:
        made = entity(f"home/{key}", "view", self.site, type=type_, rule=rule)
        self.follow(Create(made))
        return self.mirror.entities[made.id]

    def follow(self, *entries: Entry) -> dict[str, set[str]]:
        return follow(self.mirror, *entries)

    def members(self, view: Entity) -> list[str]:
        return [each.path.removeprefix("home/") for each in query.members(self.mirror, view)]

    def includes(self, rule: str, type_: str = "t/Group") -> list[str]:
        return self.members(self.view(f"view-{len(self.mirror)}", rule, type_))


@pytest.fixture
def house() -> House:
    return House()


@pytest.mark.parametrize(
    ("rule", "found"),
    [
        ("type is Hall", ["hall"]),
        ("type is Room and not type is Hall", ["floor-0", "floor-0/room", "floor-1", "floor-1/room"]),
        ('within "/floor-0"', ["floor-0/room", "floor-0/room/sensor", "floor-0/room/sensor/part"]),
        ('within "floor-0/" and type is Device', ["floor-0/room/sensor", "floor-0/room/sensor/part"]),
        ('within "/" and has warmth', ["floor-0/room/sensor", "floor-1/room/sensor"]),
        ("measures temperature", ["floor-0/room/sensor", "floor-1/room/sensor"]),
        ("measures occupancy", []),
        ("level == 1", ["hall"]),
        ("level > 'x'", []),
        ('within "/nowhere"', []),
        ("type is Group", []),
        ("type is Hall or type is Unknown", []),
        ("type is", []),
        ('within "/${f}"', []),
        ("level", []),
    ],
)
def test_a_view_includes_what_its_rule_is_true_of(house: House, rule: str, found: list[str]) -> None:
    assert house.includes(rule) == found
    assert house.includes(f"({rule}) and true") == found


def test_a_view_includes_by_rule_what_its_type_may_include(house: House) -> None:
    assert house.includes('within "/floor-0"', "t/Zone") == ["floor-0/room"]
    assert house.includes('within "/floor-0"', "t/Lost") == []


def test_questions_see_what_rules_include(house: House) -> None:
    warm = house.view("warm", 'type is Room and within "/floor-0"')
    room, part = house.rooms[0], house.parts[0]
    assert query.members(house.mirror, warm) == [room]
    assert query.views_of(house.mirror, part) == [warm]
    assert query.select(house.mirror, within=warm, kinds=["device"]).total == 2
    assert [each.entity for each in query.related(house.mirror, room, "INCLUDES", "IN")] == [warm]
    assert house.mirror.graph.edges[warm.id, room.id, "INCLUDES"] == {"rule": True}


def test_what_is_by_rule_is_no_relation(house: House) -> None:
    warm = house.view("warm", "has warmth")
    ends = {"source": warm.id, "target": house.sensors[0].id}
    house.members(warm)
    assert list(house.mirror.relations()) == []
    assert house.mirror.relation(**ends, type="INCLUDES") is None
    listed = Relation(type="INCLUDES", **ends, instance="flat")
    assert house.follow(Link(listed)) == {"warm": {house.sensors[0].id}}
    assert list(house.mirror.relations()) == [listed]
    assert house.mirror.graph.edges[warm.id, ends["target"], "INCLUDES"] == {"instance": "flat"}
    assert house.members(warm) == ["floor-0/room/sensor", "floor-1/room/sensor"]
    house.follow(Update(id=ends["target"], fields={"points": ()}))
    assert house.members(warm) == ["floor-0/room/sensor", "floor-1/room/sensor"]
    house.follow(Update(id=ends["target"], fields={"points": ("warmth",)}), Unlink(type="INCLUDES", **ends))
    assert list(house.mirror.relations()) == []
    assert house.members(warm) == ["floor-0/room/sensor", "floor-1/room/sensor"]


def test_members_come_and_go_with_changes(house: House) -> None:
    warm, sensor = house.view("warm", 'has warmth and within "/floor-0"'), house.sensors[0]
    other = entity("home/floor-0/other", "device", house.floors[0], points=("warmth",))
    assert house.follow(Create(other)) == {"warm": {other.id}}
    assert house.follow(Update(id=other.id, fields={"title": {"": "Other"}})) == {}
    assert house.follow(Update(id=other.id, fields={"points": ()})) == {"warm": {other.id}}
    assert house.follow(Move(id=house.rooms[0].id, parent=house.floors[1].id, key="guest")) == {"warm": {sensor.id}}
    assert house.members(warm) == []
    assert house.follow(Move(id=house.floors[1].id, parent=house.site.id, key="floor-2")) == {}
    assert house.follow(Move(id=house.floors[0].id, parent=house.site.id, key="cellar")) == {}
    moved = house.follow(Move(id=house.floors[1].id, parent=house.site.id, key="floor-0"))
    assert moved == {"warm": {each.id for each in house.sensors}}
    assert house.follow(Delete(id=house.parts[0].id), Delete(id=sensor.id)) == {"warm": {sensor.id}}
    assert house.follow(Update(id=warm.id, fields={"rule": "type is Hall"})) == {
        "warm": {house.sensors[1].id, house.hall.id}
    }
    assert house.follow(Update(id=warm.id, fields={"rule": None})) == {"warm": {house.hall.id}}
    house.follow(Delete(id=warm.id))
    assert query.views_of(house.mirror, house.hall) == []


def test_rules_ask_for_what_other_views_include(house: House) -> None:
    north = house.view("north", None)
    upper = house.view("upper", "in view:north and type is Device")
    outer = house.view("outer", "not in view:upper and has warmth")
    assert house.members(upper) == []
    assert house.members(outer) == ["floor-0/room/sensor", "floor-1/room/sensor"]
    told = house.follow(Link(Relation(type="INCLUDES", source=north.id, target=house.floors[1].id)))
    assert set(told) == {"north", "upper", "outer"}
    assert house.members(upper) == ["floor-1/room/sensor", "floor-1/room/sensor/part"]
    assert house.members(outer) == ["floor-0/room/sensor"]
    house.follow(Update(id=north.id, fields={"rule": "type is Hall"}))
    house.follow(Move(id=house.rooms[0].id, parent=house.hall.id, key="guest"))
    assert house.members(outer) == []
    house.follow(Move(id=north.id, parent=house.site.id, key="south"))
    assert house.members(upper) == []
    assert len(house.members(outer)) == 2


def test_views_in_views_are_asked_and_looked_through(house: House) -> None:
    zone = house.view("zone", 'within "/floor-1"', "t/Zone")
    zones = house.view("zones", None)
    served = house.view("served", "in view:zones and measures temperature")
    house.follow(Link(Relation(type="INCLUDES", source=zones.id, target=zone.id)))
    assert house.members(served) == ["floor-1/room/sensor"]
    assert house.members(zones) == ["zone"]
    assert query.select(house.mirror, within=zones, kinds=["space"]).items == [house.rooms[1]]
    assert query.views_of(house.mirror, house.parts[1]) == [served, zone, zones]
    house.follow(Update(id=zone.id, fields={"rule": "type is Hall"}))
    assert house.members(served) == []
    house.follow(
        Update(id=zone.id, fields={"rule": 'within "/floor-0"'}),
        Unlink(type="INCLUDES", source=zones.id, target=zone.id),
    )
    assert house.members(served) == []
    house.follow(Delete(id=zone.id))
    assert query.views_of(house.mirror, house.rooms[0]) == []


def test_rules_in_a_circle_include_nothing_and_say_so(house: House) -> None:
    house.members(house.view("first", "in view:second or has warmth"))
    with capture_logs() as logs:
        second = house.view("second", "in view:first")
    assert sorted(each["view"] for each in logs) == ["home/first", "home/second"]
    assert house.members(second) == []
    house.follow(Delete(id=second.id))
    assert house.includes("in view:first and has warmth") == ["floor-0/room/sensor", "floor-1/room/sensor"]


def test_a_rule_that_means_nothing_says_so_once(house: House) -> None:
    with capture_logs() as logs:
        assert house.includes("measures happiness") == []
        house.view("other", "has warmth")
    assert [each["event"] for each in logs] == ["view.rule_void"]
    assert "happiness" in logs[0]["problem"]


def test_rules_follow_the_ontology(house: House) -> None:
    halls = house.view("halls", "type is Hall or type is Loft")
    assert house.members(halls) == []
    fuller = words([*ONTOLOGY.types.values(), type_of("space", "Loft")])
    house.mirror.adopt(fuller)
    assert house.members(halls) == ["hall"]
    assert house.mirror.views.changed == {halls.id: {house.hall.id}}
    changed = house.mirror.views.changed
    house.mirror.adopt(fuller)
    assert house.mirror.views.changed is changed
    house.mirror.adopt(ONTOLOGY)
    assert house.members(halls) == []


def test_without_an_ontology_rules_include_nothing() -> None:
    site = entity("home", "site")
    hall, halls = entity("home/hall", "space", site, type="t/Hall"), entity("home/v", "view", site, rule='within "/"')
    mirror = mirror_of([site, hall, halls])
    assert query.members(mirror, halls) == []
    mirror.adopt(ONTOLOGY)
    assert query.members(mirror, halls) == [hall]


def test_a_site_that_is_being_built_is_asked_when_somebody_looks() -> None:
    mirror = mirror_of([], ontology=ONTOLOGY)
    site = entity("home", "site", hidden=True)
    hall, halls = entity("home/hall", "space", site, type="t/Hall"), entity("home/v", "view", site, rule='within "/"')
    assert follow(mirror, Create(site), Create(halls)) == {}
    assert follow(mirror, Create(hall)) == {}
    assert follow(mirror, Update(id=site.id, fields={"hidden": False})) == {}
    assert [each.id for each in query.members(mirror, halls)] == [hall.id]
    assert follow(mirror, Delete(id=hall.id)) == {"v": {hall.id}}
    follow(mirror, Delete(id=halls.id), Delete(id=site.id))
    assert follow(mirror, Create(entity("home", "site"))) == {}


def test_members_of_another_site_are_none_of_its_rules_business(house: House) -> None:
    listed = house.view("listed", None)
    found = house.view("found", 'in view:listed or within "/"')
    other = entity("hotel", "site")
    sensor = entity("hotel/sensor", "device", other)
    house.follow(Create(other), Create(sensor), Link(Relation(type="INCLUDES", source=listed.id, target=sensor.id)))
    assert "hotel/sensor" not in house.members(found)
    house.follow(Update(id=found.id, fields={"rule": "in view:listed"}))
    assert house.members(found) == []


@settings(deadline=None)
@given(seed=st.integers(0, 2**32), asked=st.integers(0, 30))
def test_what_rules_include_is_what_a_full_scan_finds(seed: int, asked: int) -> None:
    walk = Walk(random.Random(seed))
    walk.mirror.adopt(ONTOLOGY)
    before: set[tuple[str, str]] = set()
    for number in range(60):
        change = walk.apply(walk.step())
        if number >= asked:
            now = by_rule(walk.mirror)
            assert now == Naive(walk.mirror).edges(), change
            if number > asked:
                told = {(view, member) for view, members in walk.mirror.views.changed.items() for member in members}
                assert {(a, b) for a, b in before ^ now if a in walk.mirror.entities} <= told
            before = now
    walk.mirror.adopt(words([]))
    assert by_rule(walk.mirror) == set()
    walk.mirror.adopt(ONTOLOGY)
    loaded = Mirror()
    loaded.adopt(ONTOLOGY)
    loaded.load(
        head=walk.mirror.head,
        timeline="",
        documents=(),
        entities=list(walk.mirror.entities.values()),
        relations=list(walk.mirror.relations()),
    )
    assert by_rule(loaded) == by_rule(walk.mirror)
    assert contents(loaded) == contents(walk.mirror)
