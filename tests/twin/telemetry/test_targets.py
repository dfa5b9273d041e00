from __future__ import annotations

import pytest

from tests.graphs import changeset, entity
from tests.telemetry import ONTOLOGY, SENSOR, World, entity_type, ontology, point_type, topic
from twin.graph.model import Change, Create, Delete
from twin.telemetry.decode import Undecodable
from twin.telemetry.targets import Nowhere, Target, Targets, site_key


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def targets(world: World) -> Targets:
    made = Targets(world.mirror)
    made.refresh(ONTOLOGY)
    return made


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("r/flat/d/x/events/pointset", "flat"),
        ("/r/flat/d/x", "flat"),
        ("r/flat/", "flat"),
        ("r/flat", None),
        ("//r/flat/d", None),
        ("x/flat/d", None),
        ("r//d", None),
        ("", None),
    ],
)
def test_the_site_of_a_topic(text: str, key: str | None) -> None:
    assert site_key(text) == key


def test_a_device_is_found_by_id_and_by_serial(world: World, targets: Targets) -> None:
    for on, expected in (
        (topic(world.sensor), world.sensor),
        (b"/" + topic(world.sensor), world.sensor),
        (topic("SN-1"), world.other),
    ):
        found = targets.find(on)
        assert isinstance(found, Target)
        assert found.entity == expected
        assert found.points.keys() == set(expected.points)


def test_what_leads_nowhere_says_why(world: World, targets: Targets) -> None:
    site = world.site.id
    for on, code, of in (
        (b"r/castle/d/x/events/pointset", "site.unknown", None),
        (topic("nobody"), "device.unknown", site),
        (topic(world.room), "device.unknown", site),
        (topic(world.site), "device.unknown", site),
        (topic(world.sensor).replace(b"/flat/", b"/hotel/"), "device.unknown", world.elsewhere.id),
        (topic("SN-1").replace(b"/flat/", b"/hotel/"), "device.unknown", world.elsewhere.id),
    ):
        found = targets.find(on)
        assert isinstance(found, Nowhere)
        assert (found.code, found.site) == (code, of)
        assert targets.site(on) == of


@pytest.mark.parametrize(
    "on",
    [
        "r/flat/d/x/state",
        "r/flat/d/x/events/system",
        "r/flat/d/x/events/pointset/y",
        "r/flat/g/x/events/pointset",
        "hello",
        "\udcff",
    ],
)
def test_other_topics_mean_nothing_here(targets: Targets, on: str) -> None:
    with pytest.raises(Undecodable) as refused:
        targets.find(on.encode(errors="surrogateescape"))
    assert refused.value.code == "topic.unsupported"


def test_a_change_of_the_graph_is_seen(world: World, targets: Targets) -> None:
    assert isinstance(targets.find(topic("SN-2")), Nowhere)
    late = entity("flat/late", "device", world.site, serial="SN-2", points=("temperature",))
    world.mirror.apply(Change(1, changeset(Create(late))))
    targets.refresh(ONTOLOGY)
    assert isinstance(targets.find(topic("SN-2")), Target)
    world.mirror.apply(Change(2, changeset(Delete(id=late.id))))
    targets.refresh(ONTOLOGY)
    assert isinstance(targets.find(topic("SN-2")), Nowhere)


def test_a_change_of_the_ontology_is_seen(world: World, targets: Targets) -> None:
    found = targets.find(topic("SN-1"))
    assert isinstance(found, Target)
    assert found.points["temperature"](25, None) == 25
    targets.refresh(ontology(entity_type(SENSOR.name, point_type("temperature", "integer"))))
    found = targets.find(topic("SN-1"))
    assert isinstance(found, Target)
    assert type(found.points["temperature"](25.0, None)) is int
