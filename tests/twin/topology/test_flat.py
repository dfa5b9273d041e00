from __future__ import annotations

from collections import Counter
from pathlib import Path

from tests.authoring import ROOT, find
from twin.source import Source
from twin.topology.desired import Desired
from twin.topology.expand import expand
from twin.topology.series import read_series
from twin.topology.template import read_topology

FLAT = ROOT / "examples" / "flat.yaml"
SERIES = ROOT / "examples" / "flat-series.yaml"


def flat(**parameters: str) -> Desired:
    return expand(read_topology(Source("flat.yaml", FLAT.read_text(encoding="utf-8")), find), None, parameters)


def test_the_flat_is_the_one_that_was_measured() -> None:
    desired = flat()
    spaces = {entity.key for entity in desired.entities if entity.kind == "space"}
    rooms = {"kitchen", "bathroom", "toilet", "room-1", "room-2", "room-3"}
    assert spaces == rooms | {"lobby", "toilet-lobby", "staircase"}
    fed = {entity.key for entity in desired.entities if entity.kind == "space" and entity.sources}
    assert fed == rooms


def test_the_box_connects_everything_that_speaks() -> None:
    desired = flat()
    speaking = {entity.path for entity in desired.entities if entity.kind == "device" and entity.points}
    assert {relation.target for relation in desired.relations if relation.type == "CONNECTS"} == speaking


def test_a_flat_without_an_outdoor_sensor_is_whole() -> None:
    desired = flat(outdoors="false")
    assert len(desired.entities) == len(flat().entities) - 1
    assert desired.entities[0].points == ()


def test_serials_are_those_of_the_real_products(shared_data: Path) -> None:
    facts = (shared_data / "opensmarthome" / "00_OpenSmartHomeData.ttl").read_text(encoding="utf-8")
    serials = [entity.serial for entity in flat().entities if entity.serial is not None]
    assert serials
    assert all(f'dcterms:identifier "{serial}"' in facts for serial in serials)


def test_every_series_but_the_repeated_ones_is_mapped_to_a_point_that_exists(shared_data: Path) -> None:
    files = {path.name for path in (shared_data / "opensmarthome" / "Measurements").glob("*.csv")}
    found = read_series(Source("flat-series.yaml", SERIES.read_text(encoding="utf-8")))
    assert files - found.series.keys() == {
        "Bathroom_Virtual_OutdoorTemperature.csv",
        "Room1_Virtual_OutdoorTemperature.csv",
    }
    points = {(entity.path, point) for entity in flat().entities for point in entity.points}
    assert all((f"{found.site}/{target.device}", target.point) in points for target in found.series.values())


def test_every_sample_lies_in_the_range_of_its_point(shared_data: Path) -> None:
    template = read_topology(Source("flat.yaml", FLAT.read_text(encoding="utf-8")), find)
    types = {entity.path: template.ontology.types[entity.type] for entity in expand(template).entities}
    found = read_series(Source("flat-series.yaml", SERIES.read_text(encoding="utf-8")))
    for name, target in found.series.items():
        point = types[f"{found.site}/{target.device}"].points[target.point]
        lines = (shared_data / "opensmarthome" / "Measurements" / name).read_text(encoding="utf-8").splitlines()
        values = [float(line.split()[1]) for line in lines if line.strip()]
        assert point.minimum is not None
        assert point.maximum is not None
        assert point.minimum <= min(values) <= max(values) <= point.maximum, name


def test_the_flat_is_as_large_as_it_was_when_it_was_written_out() -> None:
    desired = flat()
    assert len(desired.entities) == 35
    assert Counter(relation.type for relation in desired.relations) == {
        "CONNECTS": 14,
        "INCLUDES": 16,
        "adjacent_to": 16,
        "controls": 7,
        "feeds": 7,
        "monitors": 6,
    }
