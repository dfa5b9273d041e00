"""What a server does by itself for its graph: it repairs its mirror, trims the log, and reads it by entity."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from tests.graphs import changeset, entity
from tests.twin.mqtt.peers import live
from twin import Twin
from twin.engine import Engine
from twin.engine.library import shipped
from twin.graph.model import Create, Delete, Update
from twin.settings import Settings
from twin.store.sqlite import SQLiteStore

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

FLAT = shipped("examples") / "flat.yaml"


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A flat, and before it some years of sites that came and went."""
    with Twin(tmp_path / "data") as twin:
        for year in range(20):
            home = entity(f"home-{year}", "site", type="core/Site")
            twin.commit(changeset(Create(home), at=year))
            twin.commit(changeset(Delete(id=home.id), at=year))
        twin.apply(twin.plan(FLAT))
    return tmp_path / "data"


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(30):
        while not condition():  # noqa: ASYNC110 - what a server does by itself has no event
            await asyncio.sleep(0.01)


@live
async def test_a_mirror_that_is_damaged_is_repaired_by_itself(data: Path) -> None:
    engine = Engine(Settings(data=data, mqtt_port=0, drift_seconds=0.05), "http://127.0.0.1:1")
    await engine.start()
    try:
        await until(lambda: engine.drift.checked)
        assert engine.drift.found == 0
        mirror: Any = engine.mirror
        kitchen = mirror.by_path("flat/kitchen")
        mirror._graph.erase(kitchen.parent, kitchen.id, "CONTAINS")
        mirror._paths.pop("flat/kitchen/valve")
        for number in range(30):  # it goes on while everybody commits
            made = Update(id=kitchen.id, fields={"title": {"": f"Kitchen {number}"}})
            await engine.commit(changeset(made))
        await until(lambda: engine.drift.found)
        valve = mirror.by_path("flat/kitchen/valve")
        assert valve.id in mirror.subtree(kitchen.id)
        checked = engine.drift.checked
        await until(lambda: engine.drift.checked > checked + 2)
        assert engine.drift.found == 1
    finally:
        await engine.stop()


@live
async def test_the_log_is_trimmed_and_read_by_entity(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("twin.engine.server._TRIM_SECONDS", 0.01)
    engine = Engine(Settings(data=data, mqtt_port=0, log_days=30), "http://127.0.0.1:1")
    await engine.start()
    try:
        beside = SQLiteStore(data / "twin.sqlite")
        await until(lambda: beside.trimmed().sequence == 40)
        kitchen = engine.mirror.by_path("flat/kitchen")
        assert kitchen is not None
        await engine.commit(changeset(Update(id=kitchen.id, fields={"title": {"": "Cookery"}})))
        newest, made = await engine.annals.of(kitchen.id, None, 10)
        assert (newest.sequence, made.sequence) == (engine.mirror.head, engine.mirror.head - 1)
        cursor = engine.annals.cursor(newest.sequence)
        assert engine.annals.sequence(cursor) == newest.sequence
        assert await engine.annals.of(kitchen.id, newest.sequence, 10) == [made]
        assert await engine.annals.authors(["ana", "b" * 26]) == {"ana": "ana", "b" * 26: "b" * 26}
        beside.close()
    finally:
        await engine.stop()


def test_a_script_whose_graph_is_older_than_the_log_loads_again(data: Path) -> None:
    with Twin(data) as late, Twin(data) as twin:
        kitchen = twin.find("flat/kitchen")
        for number in range(5):
            twin.commit(changeset(Update(id=kitchen.id, fields={"title": {"": f"Kitchen {number}"}})))
        while twin.store.trim(twin.store.head()).sequence < twin.store.head() - 1:
            pass
        made = late.commit(changeset(Update(id=kitchen.id, fields={"properties": {"area": 3}})))
        assert made.sequence == twin.store.head() == late.mirror.head
        assert late.find("flat/kitchen").title == {"": "Kitchen 4"}
        twin.follow()
        assert late.mirror.entities == twin.mirror.entities
