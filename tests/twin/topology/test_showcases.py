"""The house and the office that are shipped, and what the block of flats works out: whole, at every size."""

from __future__ import annotations

from collections import Counter
from functools import cache

import pytest

from tests.authoring import ROOT, find
from twin.engine import Twin
from twin.engine.library import shipped
from twin.graph.model import INCLUDES, Computed, Entity
from twin.source import Diagnostics, Source
from twin.store.memory import MemoryStore
from twin.topology.desired import Desired
from twin.topology.expand import check_topology, expand
from twin.topology.template import Template, read_topology

HEATINGS = {"heat-pump": "UnderfloorHeating", "gas": "Radiator", "electric": "PilotWireHeater"}


@cache
def template(name: str) -> Template:
    text = (ROOT / "examples" / f"{name}.yaml").read_text(encoding="utf-8")
    return read_topology(Source(f"{name}.yaml", text), find)


def built(name: str, **parameters: str | int | bool) -> Desired:
    return expand(template(name), name, parameters)


def kinds(desired: Desired) -> Counter[str]:
    return Counter(entity.type.rpartition("/")[2] for entity in desired.entities)


@pytest.mark.parametrize("name", ["home", "block", "office"])
def test_nothing_is_wrong_with_it(name: str) -> None:
    report = Diagnostics()
    check_topology(template(name), report)
    assert not report.all


@pytest.mark.parametrize("heating", HEATINGS)
@pytest.mark.parametrize("pool", ["no", "yes"])
def test_a_house_is_heated_in_one_of_three_ways(heating: str, pool: str) -> None:
    found = kinds(built("home", heating=heating, pool=pool == "yes", bedrooms=4))
    rooms = 1 + 1 + 1 + 4  # living room, kitchen, bathroom, bedrooms
    assert found[HEATINGS[heating]] == rooms
    assert not any(found[other] for name, other in HEATINGS.items() if name != heating)
    assert found["PoolHeater"] == (pool == "yes")


def test_everything_in_the_house_that_speaks_is_behind_one_box() -> None:
    for heating in HEATINGS:
        desired = built("home", heating=heating)
        speaking = {each.path for each in desired.entities if each.kind == "device" and each.points}
        connected = Counter(each.target for each in desired.relations if each.type == "CONNECTS")
        assert speaking <= connected.keys()
        assert set(connected.values()) == {1}


@pytest.mark.parametrize("floors", [1, 10, 100])
def test_an_office_is_as_large_as_its_parameters_say(floors: int) -> None:
    desired = built("office", floors=floors, meetings=2, chillers=2)
    found = kinds(desired)
    assert found["AirHandlingUnit"] == floors
    assert found["ReheatVavBox"] == floors * 5
    assert found["AirZone"] == floors * (5 + 1)
    views = {each.path for each in desired.entities if each.kind == "view"}
    fed = [each for each in desired.relations if each.type == "feeds" and each.target in views]
    assert len(fed) == floors * 5
    assert len({each.target for each in fed}) == floors * 5


def test_every_meeting_room_is_booked_on_one_panel() -> None:
    books = [each for each in built("office", floors=3, meetings=4).relations if each.type == "books"]
    assert len({each.source for each in books}) == len({each.target for each in books}) == len(books) == 12


@pytest.mark.parametrize("heating", ["collective", "individual", "electric"])
def test_a_flat_of_the_block_works_out_what_it_uses(heating: str) -> None:
    desired = built("block", heating=heating)
    flats = [each for each in desired.entities if each.type.endswith("/Apartment")]
    assert len(flats) == 8
    for flat in flats:
        assert flat.computed["power"] == Computed("sum", "active_power")
        assert flat.computed["temperature"] == Computed("avg", "air_temperature", "type is ClimateSensor")
        assert flat.roles == {"tenant": "connected-home/Tenant"}
    homes = [each for each in desired.entities if each.type.endswith("/Dwelling")]
    included = Counter(each.source for each in desired.relations if each.type == INCLUDES)
    assert [included[each.path] for each in homes] == [3] * 8


def members(twin: Twin, view: Entity) -> set[str]:
    paths = {each.id: each.path for each in twin.entities()}
    return {paths[end] for _, end, key in twin.graph.out_edges(view.id, keys=True) if key == INCLUDES}


@pytest.mark.parametrize(
    ("name", "view", "type_"),
    [("home", "lights", "Light"), ("block", "submetering", "Submeter"), ("office", "chilled-water", "Chiller")],
)
def test_it_is_built_once_and_its_views_include_what_their_rules_say(name: str, view: str, type_: str) -> None:
    with Twin(store=MemoryStore(), ontology_path=[shipped("ontologies")]) as twin:
        file = ROOT / "examples" / f"{name}.yaml"
        twin.apply(twin.plan(file, site="it"))
        assert not twin.plan(file, site="it").entries
        entities = {each.path: each for each in twin.entities()}
        ontology = template(name).ontology
        wanted = next(each for each in ontology.types.values() if each.short == type_).name
        of_type = {path for path, each in entities.items() if ontology.is_a(each.type, wanted)}
        assert of_type
        assert of_type <= members(twin, entities[f"it/{view}"])
