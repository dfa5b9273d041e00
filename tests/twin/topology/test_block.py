"""The block of flats that is shipped: whole at every size, and growing without a change to what is there."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.authoring import ROOT, find
from twin.engine import Twin
from twin.engine.library import shipped
from twin.source import Diagnostics, Source
from twin.store.memory import MemoryStore
from twin.topology.desired import Desired
from twin.topology.expand import check_topology, expand
from twin.topology.plan import Plan
from twin.topology.template import Template, read_topology

BLOCK = ROOT / "examples" / "block.yaml"
FORTY = {"floors": 20, "flats_per_floor": 1, "rooms_per_flat": 2}


@pytest.fixture(scope="module")
def template() -> Template:
    return read_topology(Source("block.yaml", BLOCK.read_text(encoding="utf-8")), find)


def block(template: Template, sheet: str | None = None, **parameters: str | int) -> Desired:
    tables = {} if sheet is None else {"meters": Source("meters.csv", sheet)}
    return expand(template, "hugo", parameters, tables=tables)


def kinds(desired: Desired) -> Counter[str]:
    return Counter(entity.type.rpartition("/")[2] for entity in desired.entities)


def test_nothing_is_wrong_with_it(template: Template) -> None:
    report = Diagnostics()
    check_topology(template, report)
    assert not report.all


@pytest.mark.parametrize("floors", [1, 10, 100])
def test_it_is_as_large_as_its_parameters_say(template: Template, floors: int) -> None:
    found = kinds(block(template, floors=floors, flats_per_floor=2, rooms_per_flat=3))
    assert found["Floor"] == floors
    assert found["Apartment"] == floors * 2
    assert found["Room"] + found["LivingRoom"] == floors * 2 * 3
    assert found["Radiator"] == found["RadiatorValve"] == found["ClimateSensor"] == floors * 2 * 4


@pytest.mark.parametrize(("heating", "boilers"), [("collective", 1), ("individual", 8)])
def test_every_radiator_is_fed_by_one_boiler(template: Template, heating: str, boilers: int) -> None:
    desired = block(template, heating=heating)
    types = {entity.path: entity.type.rpartition("/")[2] for entity in desired.entities}
    names = {"Boiler", "CollectiveBoiler"}
    fed = [each for each in desired.relations if each.type == "feeds" and types[each.source] in names]
    assert sum(name in names for name in types.values()) == boilers
    assert sorted(each.target for each in fed) == sorted(path for path, name in types.items() if name == "Radiator")


def test_everything_that_speaks_is_behind_one_box_but_what_belongs_to_no_floor(template: Template) -> None:
    desired = block(template)
    speaking = {
        entity.path for entity in desired.entities if entity.kind == "device" and (entity.points or entity.commands)
    }
    connected = Counter(each.target for each in desired.relations if each.type == "CONNECTS")
    assert connected == dict.fromkeys(speaking, 1)


def test_meters_are_those_of_the_table(template: Template) -> None:
    sheet = "flat,heat,water,area\nflat-001,H1,W1,62.5\nflat-102,,W7,\n"
    entities = {entity.path: entity for entity in block(template, sheet).entities}
    assert entities["hugo/floor-0/flat-001/heat"].serial == "H1"
    assert entities["hugo/floor-0/flat-001"].properties == {"area": 62.5, "number": "001", "rooms": 3}
    assert entities["hugo/floor-1/flat-102/heat"].serial is None
    assert entities["hugo/floor-1/flat-102/water"].serial == "W7"
    assert entities["hugo/floor-1/flat-101/water"].serial is None


def planned(twin: Twin, **parameters: int) -> Plan:
    return twin.plan(BLOCK, site="hugo", parameters=parameters)


def test_forty_rooms_to_forty_two_adds_two_and_what_is_theirs() -> None:
    with Twin(store=MemoryStore(), ontology_path=[shipped("ontologies")]) as twin:
        twin.apply(planned(twin, **FORTY))
        before = {entity.path: entity for entity in twin.entities()}
        assert planned(twin, **FORTY).empty
        made = planned(twin, floors=21)
        assert made.counts.keys() == {"create", "link"}
        twin.apply(made)
        after = {entity.path: entity for entity in twin.entities()}
    assert "floors 20 -> 21" in str(made)
    assert {path for path in before if after[path] != before[path]} == {"hugo"}  # the record of what it is made of
    new = after.keys() - before.keys()
    assert all(path.startswith(("hugo/floor-20", "hugo/box-20", "hugo/home-2001")) for path in new)
    assert sum(after[path].key.startswith("room-") for path in new) == 2


def test_a_floor_less_takes_only_that_floor_away() -> None:
    with Twin(store=MemoryStore(), ontology_path=[shipped("ontologies")]) as twin:
        twin.apply(planned(twin, **FORTY))
        made = planned(twin, **FORTY | {"floors": 19})
        assert {"create", "change", "link"}.isdisjoint(made.counts)
        deleted = {step.path for step in made.steps if step.sign == "-"}
    assert all("19" in path for path in deleted)
