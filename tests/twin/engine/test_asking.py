from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from twin import Twin
from twin.engine.library import shipped
from twin.errors import InvalidValue, NotFound
from twin.graph.model import Entity
from twin.graph.readings import Reading
from twin.store import StateBatch, Watermark

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FLAT = shipped("examples") / "flat.yaml"


@pytest.fixture(scope="module")
def twin(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Twin]:
    """A flat in which two radiators were heard of."""
    path: Path = tmp_path_factory.mktemp("flat")
    with Twin(path) as twin:
        twin.apply(twin.plan(FLAT))
        valves = twin.devices(type="RadiatorValve")[:2]
        said = {(each.id, "temperature"): Reading(20.0 + at, 1, 1, b"1") for at, each in enumerate(valves)}
        twin.store.write_states(StateBatch(readings=said, watermark=Watermark()))
        twin.refresh()
        yield twin


def paths(found: list[Entity]) -> list[str]:
    return [each.path for each in found]


def test_by_value_in_order_of_value_page_by_page(twin: Twin) -> None:
    warm = twin.ask.entities("temperature >= 20", kind="device", sort="-temperature")
    assert [twin.ask.value(each, "temperature") for each in warm] == [21.0, 20.0]
    assert twin.ask.entities("temperature >= 20", sort="-temperature", first=1) == warm[:1]
    assert twin.ask.entities("temperature >= 20", sort="-temperature", after=warm[0]) == warm[1:]
    plain = twin.ask.entities("type is RadiatorValve")
    assert plain == twin.devices(type="RadiatorValve")
    assert twin.ask.entities("type is RadiatorValve", after=plain[0], first=1) == plain[1:2]
    assert paths(twin.ask.entities("temperature > 20", under="flat", view="flat/heating")) == paths(warm[:1])


def test_along_relations_and_by_name(twin: Twin) -> None:
    kitchen = twin.find("flat/kitchen")
    assert kitchen in [each.entity for each in twin.ask.neighbours("flat", "CONTAINS", depth=None)]
    assert [each.entity.path for each in twin.ask.neighbours(kitchen, "CONTAINED_BY")] == ["flat"]
    hops = twin.ask.way("flat/kitchen/valve", "flat", "CONTAINS")
    assert hops is not None
    assert [hop.target.path for hop in hops] == ["flat/kitchen", "flat"]
    assert twin.ask.way("flat/kitchen/valve", "flat", "CONTAINS", turn=False) is None
    assert twin.ask.search("kitchen")[0].entity == kitchen
    assert set(twin.ask.subgraph(under=kitchen)) == set(twin.mirror.subtree(kitchen.id))
    assert set(twin.ask.around(kitchen, "CONTAINS")) >= {kitchen.id, kitchen.site}
    gateway = twin.entities(kind="gateway")[0]
    assert twin.ask.connected(gateway)
    assert {each.entity.path for each in twin.ask.upstream(kitchen)} == {"flat/kitchen/radiator"}
    assert kitchen in [each.entity for each in twin.ask.downstream("flat/kitchen/radiator")]


def test_what_cannot_be_asked(twin: Twin) -> None:
    with pytest.raises(NotFound):
        twin.ask.upstream("flat/cellar")
    with pytest.raises(InvalidValue, match="Radiatr"):
        twin.ask.entities(type="Radiatr")
    with pytest.raises(InvalidValue, match="no order by 'warmth'"):
        twin.ask.entities(sort="warmth")
