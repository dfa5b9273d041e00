"""A floor of a real Brick model, written by hand: the same devices, parts, zones, feeds, points and units."""

from __future__ import annotations

import re
from collections import defaultdict
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.authoring import find as find_shipped
from twin.source import Diagnostics, Source
from twin.topology.expand import check_topology, expand
from twin.topology.template import read_topology
from twin.units import compatible

if TYPE_CHECKING:
    from twin.ontology.model import Ontology, PointType
    from twin.topology.desired import Desired, DesiredEntity

HERE = Path(__file__).parent
FLOOR = re.compile(r"Core_bottom|Perimeter_bot|5-Zone-PVAV(?!-[12](?![0-9a-z]))")
UNITS = {"DEG_C": "Cel", "PERCENT": "%", "PERCENT_RH": "%", "W": "W", "KiloGM-PER-SEC": "kg/s"}
TYPES = {"AHU", "RVAV", "Fan", "Heating_Coil", "Cooling_Coil", "HVAC_Zone"}

Triples = dict[str, dict[str, str]]
"""Subject -> predicate -> object, by local names; ``a`` is the class."""


def find(name: str) -> Source | None:
    path = HERE / f"{name}.yaml"
    return Source(path.name, path.read_text(encoding="utf-8")) if path.is_file() else find_shipped(name)


@cache
def floor() -> tuple[Ontology, Desired, Diagnostics]:
    template = read_topology(Source("ground-floor.yaml", (HERE / "ground-floor.yaml").read_text("utf-8")), find)
    report = Diagnostics()
    check_topology(template, report)
    return template.ontology, expand(template, "office", {}), report


def local(name: str) -> str:
    """``<http://example.org/building/a/b>`` and ``mediumOffice:a`` -> ``a-b`` and ``a``: a serial has no slash."""
    name = name.removeprefix("<http://example.org/building/").removesuffix(">")
    return name.removeprefix("mediumOffice:").removeprefix("brick:").removeprefix("unit:").replace("/", "-")


@pytest.fixture(scope="module")
def brick(shared_data: Path) -> Triples:
    """What the model says of the ground floor: its file has one subject a paragraph and one object a predicate."""
    found: Triples = {}
    for block in re.split(r"\s\.\n", (shared_data / "brick" / "mediumOffice_brick.ttl").read_text(encoding="utf-8")):
        head = re.match(r"\s*(\S+) a (\S+)", block)
        if head is not None and FLOOR.search(head[1]):
            said = {key: local(value) for key, value in re.findall(r"brick:(\w+) (\S+)\s*(?:;|$)", block)}
            found[local(head[1])] = {"a": local(head[2]), **said}
    return found


def class_of(name: str) -> str:
    """Brick has two words for what leaves a unit, and has renamed the electrical power."""
    return name.replace("Discharge_Air", "Supply_Air").replace("Electrical_Power", "Electric_Power")


def entities() -> dict[str, DesiredEntity]:
    """By the name that the model has for it: its serial, or for a zone that of the box that feeds it."""
    desired = floor()[1]
    by_path = {each.path: each for each in desired.entities}
    found = {each.serial: each for each in desired.entities if each.serial}
    for each in desired.relations:
        if each.type == "feeds" and by_path[each.target].kind == "view":
            found[str(by_path[each.source].serial).removesuffix("-VAV-Terminal")] = by_path[each.target]
    return found


def points_of(entity: DesiredEntity) -> dict[str, PointType]:
    """The points of an entity, by the class they are aligned to."""
    type_ = floor()[0].types[entity.type]
    points = [type_.points[name] for name in entity.points]
    return {class_of(each.aligns["brick"]): each for each in points if "brick" in each.aligns}


def test_nothing_is_wrong_with_it() -> None:
    assert floor()[2].all == ()


def test_it_has_the_same_equipment_and_zones(brick: Triples) -> None:
    named = {name for name, said in brick.items() if said["a"] in TYPES}
    assert len(named) == 1 + 5 + 5 + 3 + 5
    assert named == entities().keys()


def test_every_type_is_aligned_to_its_class_or_to_a_narrower_one(brick: Triples) -> None:
    ontology = floor()[0]
    for name, entity in entities().items():
        lineage = [ontology.types[each] for each in ontology.types[entity.type].lineage]
        assert brick[name]["a"] in {each.aligns.get("brick") for each in lineage}, name


def test_parts_are_parts(brick: Triples) -> None:
    found = entities()
    for name, said in brick.items():
        if "isPartOf" in said:
            assert found[name].path.startswith(found[said["isPartOf"]].path + "/")


def test_what_feeds_what(brick: Triples) -> None:
    found = {entity.path: name for name, entity in entities().items()}
    fed = {(found[each.source], found[each.target]) for each in floor()[1].relations if each.type == "feeds"}
    assert fed == {(said["isFedBy"], name) for name, said in brick.items() if "isFedBy" in said}


def test_every_point_is_there_in_a_unit_of_its_kind(brick: Triples) -> None:
    found = entities()
    count: dict[str, int] = defaultdict(int)
    for name, said in brick.items():
        if "isPointOf" in said:
            point = points_of(found[said["isPointOf"]]).get(class_of(said["a"]))
            assert point is not None, (name, said)
            assert point.unit is not None
            assert compatible(point.unit, UNITS[said["hasUnit"]]), name
            count[said["isPointOf"]] += 1
    assert sum(count.values()) == 16 + 1 + 5 + 5 + 5 * (5 + 3 + 7)


def test_no_point_is_there_that_the_model_lacks(brick: Triples) -> None:
    """But what a zone says: its VAV box feels that, and so has it too."""
    said: dict[str, set[str]] = defaultdict(set)
    for each in brick.values():
        if "isPointOf" in each:
            said[each["isPointOf"]].add(class_of(each["a"]))
    for name, entity in entities().items():
        zone = said[name.removesuffix("-VAV-Terminal")] if name.endswith("-VAV-Terminal") else set()
        type_ = floor()[0].types[entity.type]
        assert points_of(entity).keys() <= said[name] | zone, name
        assert {point for point in entity.points if "brick" not in type_.points[point].aligns} <= {"mode"}


def test_every_point_of_a_zone_follows_its_box() -> None:
    zones = [each for each in floor()[1].entities if each.type.endswith("/SimulatedZone")]
    assert len(zones) == 5
    for zone in zones:
        assert set(zone.sources) == set(zone.points)
        assert {path for path, _ in zone.sources.values()} == {f"office/ground/vav-{zone.key.removeprefix('zone-')}"}
