"""Sites at two versions of one ontology, asked through one schema."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest

from tests.api.test_authoring import Web, ask, web
from tests.upgrades import AFTER, BEFORE, documents, settle
from twin import Twin
from twin.graph.readings import Reading, order_key
from twin.store import StateBatch, Watermark

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ENERGY = "{ devices(type: Counter) { nodes { path ... on Counter { energy { value unit } } } } }"
TWO = "span: { type: number, unit: m2 }", 'span: { type: number, unit: "[sft_i]" }'
STEP = "    - { convert: Chamber.span, from: m2, to: '[sft_i]' }\n"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Web, Path, Path]]:
    """Two homes of the older version, served; ``home-1`` is upgraded beside the server."""
    folder = tmp_path_factory.mktemp("older")
    before, after = documents(folder)
    (after / "abode.yaml").write_text(AFTER.replace(*TWO) + STEP)
    assert TWO[0] in BEFORE
    data = folder / "data"
    settle(data, before, 2)
    with Twin(data) as twin:
        said = {(twin.find(f"home-{n}/room-1/counter").id, "energy"): _reading(12000.0) for n in (1, 2)} | {
            (twin.find(f"home-{n}/room-1/stove").id, "temp"): _reading(20.5) for n in (1, 2)
        }
        twin.store.write_states(StateBatch(said, Watermark("none", 0)))
    with web(data) as found:
        with Twin(data, ontology_path=[after]) as twin, twin.upgrading() as upgrading:
            assert upgrading.run(["abode@2"], ["home-1"]).failed == ()
            head = twin.mirror.head
        until = time.monotonic() + 20
        while found.engine.mirror.head < head and time.monotonic() < until:
            time.sleep(0.02)
        yield found, data, after


def _reading(value: Any) -> Reading:
    return Reading(value, 1000, 1000, order_key(0, 1000, 0, value))


def test_values_of_both_are_told_in_the_units_of_the_newest(served: tuple[Web, Path, Path]) -> None:
    app = served[0].app()
    told = [(each["path"], each["energy"]) for each in ask(app, ENERGY)["nodes"]]
    assert told == [
        ("home-1/room-1/counter", {"value": 12.0, "unit": "kW.h"}),
        ("home-2/room-1/counter", {"value": 12.0, "unit": "kW.h"}),
    ]
    spans = ask(app, "{ spaces(type: Chamber) { nodes { ... on Chamber { span use } } } }")["nodes"]
    assert [round(each["span"], 6) for each in spans] == [129.166925, 129.166925]
    assert [each["use"] for each in spans] == ["living", None]


def test_what_only_one_of_them_has_is_found_by_its_name(served: tuple[Web, Path, Path]) -> None:
    app = served[0].app()
    old = ask(app, "{ devices(type: Stove) { nodes { path ... on Stove { temp { value } temperature { value } } } } }")
    assert old["nodes"] == [{"path": "home-2/room-1/stove", "temp": {"value": 20.5}, "temperature": None}]
    new = ask(app, "{ devices(type: Heater) { nodes { path ... on Heater { temperature { value } } } } }")
    assert new["nodes"] == [{"path": "home-1/room-1/stove", "temperature": {"value": 20.5}}]
    named = {path: served[0].engine.mirror.by_path(path) for path in ("home-1/room-1/stove", "home-2/room-1/stove")}
    points = [
        [each["name"] for each in app.get(f"/api/v1/entities/{found.id}/points").json()["items"]]
        for found in named.values()
        if found is not None
    ]
    assert points == [["temperature", "wanted"], ["temp", "wanted"]]


def test_a_property_is_taken_in_the_unit_of_the_newest(served: tuple[Web, Path, Path]) -> None:
    app = served[0].app()
    room = served[0].engine.mirror.by_path("home-2/room-1")
    assert room is not None
    answer = app.patch(f"/api/v1/entities/{room.id}", json={"properties": {"span": 100}})
    assert answer.status_code == 200, answer.text
    assert round(answer.json()["properties"]["span"], 9) == 100
    kept = served[0].engine.mirror.by_path("home-2/room-1")
    assert kept is not None
    assert round(float(kept.properties["span"]), 6) == 9.290304


def test_once_the_last_site_has_come_the_older_names_are_gone(served: tuple[Web, Path, Path]) -> None:
    web_, data, after = served
    with Twin(data, ontology_path=[after]) as twin, twin.upgrading() as upgrading:
        assert upgrading.run(["abode@2"], ["all"]).failed == ()
        head = twin.mirror.head
    until = time.monotonic() + 20
    while web_.engine.mirror.head < head and time.monotonic() < until:
        time.sleep(0.02)
    answer = web_.app().post("/graphql", json={"query": "{ devices(type: Stove) { nodes { path } } }"}).json()
    assert "does not exist in 'DeviceType' enum" in answer["errors"][0]["message"]
    told = [each["energy"]["value"] for each in ask(web_.app(), ENERGY)["nodes"]]
    assert told == [12.0, 12.0]
