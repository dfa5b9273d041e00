from __future__ import annotations

import asyncio
import shutil
import socket
import threading
import time
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.graphs import changeset
from tests.telemetry import balanced, payload
from tests.twin.mqtt.peers import live
from twin import Twin
from twin.access.clients import Clients
from twin.engine import Engine
from twin.engine.library import shipped
from twin.errors import BackendError, Conflict, Unauthenticated
from twin.graph.model import Delete, Entity, Update
from twin.mqtt.client import Client
from twin.records import Records
from twin.settings import Settings
from twin.times import rfc3339

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

FLAT = shipped("examples") / "flat.yaml"
TOPIC = "r/flat/d/KITemp/events/pointset"
CABINS = "ontology: cabins\nversion: {}\nimports: {{ core: ^1.0 }}\nsites:\n  Cabin: {{ is: Site }}\n{}"
CABIN = "topology: cabin\nversion: 1.0.0\nuses: { cabins: ^1.0 }\nsite: { type: Cabin }\n"


@pytest.fixture(scope="module")
def flat(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data directory in which the flat is applied; to be copied."""
    data = tmp_path_factory.mktemp("flat") / "data"
    with Twin(data) as twin:
        twin.apply(twin.plan(FLAT))
    return data


@pytest.fixture
def data(flat: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(flat, tmp_path / "data"))


def settings(data: Path, **more: Any) -> Settings:
    return Settings(data=data, mqtt_port=0, **more)


@asynccontextmanager
async def serving(data: Path) -> AsyncIterator[Engine]:
    engine = Engine(settings(data), "http://127.0.0.1:1")
    await engine.start()
    try:
        yield engine
    finally:
        await engine.stop()


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(30):
        while not condition():  # noqa: ASYNC110 - what others do to a directory has no event here
            await asyncio.sleep(0.01)


def there(engine: Engine, path: str) -> Entity:
    found = engine.mirror.by_path(path)
    assert found is not None
    return found


def gateway(engine: Engine) -> Client:
    """A publisher with a client and a token of its own."""
    sites = frozenset({there(engine, "flat").id})
    client_id, _ = engine.clients.add("gateway", ["telemetry:write"], sites)

    def token() -> str:
        scopes, now = frozenset({"telemetry:write"}), time.time_ns() // 1000
        return engine.tokens.issue(client_id, scopes=scopes, sites=sites, generation=1, now=now).token

    return Client("127.0.0.1", engine.mqtt_port, "gateway", token, sleep=lambda _: asyncio.sleep(0))


_before: set[threading.Thread] = set()


@pytest.fixture(autouse=True)
def _others() -> None:
    """Threads that other tests' servers still have are none of ours."""
    _before.clear()
    _before.update(threading.enumerate())


def threads() -> set[str]:
    ours = set(threading.enumerate()) - _before
    return {thread.name for thread in ours if thread.name.startswith("twin-")}


@live
async def test_it_starts_and_stops_again_and_again(data: Path) -> None:
    seen = []
    for _ in range(2):
        async with serving(data) as engine:
            seen.append({each.path: each.id for each in engine.mirror.entities.values()})
            port = engine.mqtt_port
        await engine.stop()
        with socket.socket() as probe:
            assert probe.connect_ex(("127.0.0.1", port)) != 0
        assert threads() == set()
    assert seen[0] == seen[1]
    assert "flat/kitchen/valve" in seen[0]


@live
async def test_each_part_tells_of_its_health(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with serving(data) as engine:
        well = dict.fromkeys(("mirror", "store", "journal", "mqtt"), "ok")
        assert engine.health() == well

        def fail(*_: Any) -> None:
            raise BackendError("the disk is full")

        with monkeypatch.context() as patched:
            patched.setattr(engine._core.store, "commit", fail)
            with pytest.raises(BackendError, match="the disk is full"):
                await engine.commit(changeset(Update(id=there(engine, "flat").id, fields={"title": {"": "Home"}})))
            assert engine.health() == well | {"store": "the disk is full"}
        await until(lambda: engine.health() == well)
    assert engine.health()["mqtt"] == "stopped"


# Commits


@live
async def test_a_commit_shows_at_once_and_stays(data: Path) -> None:
    async with serving(data) as engine:
        kitchen = there(engine, "flat/kitchen")
        made = changeset(Update(id=kitchen.id, expected=kitchen.revision, fields={"title": {"": "Scullery"}}))
        committed = await engine.commit(made)
        assert there(engine, "flat/kitchen").title == {"": "Scullery"}
        assert engine.mirror.head == committed.sequence == 2
        assert await engine.commit(made) == committed
        assert engine.mirror.head == 2
    with Twin(data) as twin:
        assert twin.find("flat/kitchen").title == {"": "Scullery"}


@live
async def test_of_two_commits_on_one_revision_one_is_refused(data: Path) -> None:
    async with serving(data) as engine:
        kitchen = there(engine, "flat/kitchen")
        wishes = [
            changeset(Update(id=kitchen.id, expected=kitchen.revision, fields={"title": {"": name}})) for name in "AB"
        ]
        first, second = await asyncio.gather(*map(engine.commit, wishes), return_exceptions=True)
        assert not isinstance(first, BaseException)
        assert isinstance(second, Conflict)
        assert there(engine, "flat/kitchen").title == {"": "A"}
        assert engine.mirror.head == 2


@live
async def test_a_commit_that_is_under_way_when_it_stops_is_answered(data: Path) -> None:
    async with serving(data) as engine:
        made = changeset(Update(id=there(engine, "flat").id, fields={"title": {"": "Home"}}))
        committing = asyncio.create_task(engine.commit(made))
        await asyncio.sleep(0)
        await engine.stop()
        async with asyncio.timeout(10):
            assert (await committing).sequence == 2


@live
async def test_what_a_script_commits_beside_is_followed(data: Path) -> None:
    async with serving(data) as engine:

        def beside() -> None:
            with Twin(data) as twin:
                twin.apply(twin.plan(FLAT, site="annex"))

        await asyncio.to_thread(beside)
        await until(lambda: engine.mirror.by_path("annex/kitchen/valve") is not None)
        valve = there(engine, "flat/kitchen/valve")
        await engine.commit(changeset(Delete(id=valve.id)))
    with Twin(data) as twin:
        assert len(twin.devices(type="RadiatorValve", under="annex")) == 7
        assert len(twin.devices(type="RadiatorValve", under="flat")) == 6


@live
async def test_whatever_changes_is_in_the_audit_once(data: Path) -> None:
    async with serving(data) as engine:
        with Twin(data, user="ana") as script:
            entity = script.find("flat")
            change = Update(id=entity.id, fields={"title": {"": "Audited"}}, expected=None)
            script.commit(changeset(change, op_id="op", actor=script.actor))
        await until(lambda: any(each.deed.operation == "op" for each in engine.audit.export()))
    async with serving(data) as engine:
        await until(lambda: engine.audit.reported().sequence == engine.mirror.head)
        found = [each.deed for each in engine.audit.export()]
    assert [(each.user, each.entity) for each in found if each.operation == "op"] == [("ana", entity.id)]
    assert len(found) == len({each.operation for each in found})


@live
async def test_an_ontology_that_is_applied_beside_comes_into_force(data: Path, tmp_path: Path) -> None:
    def apply(version: str, more: str) -> None:
        (tmp_path / "cabins.yaml").write_text(CABINS.format(version, more))
        (tmp_path / "cabin.yaml").write_text(CABIN)
        with Twin(data) as twin:
            twin.apply(twin.plan(tmp_path / "cabin.yaml"))

    async with serving(data) as engine:
        assert "cabins/Cabin" not in engine.ontology.types
        await asyncio.to_thread(apply, "1.0.0", "")
        await until(lambda: "cabins/Cabin" in engine.ontology.types)
        before = engine.ontology
        await asyncio.to_thread(apply, "1.1.0", "  Hut: { is: Cabin }\n")
        await until(lambda: "cabins/Hut" in engine.ontology.types)
        assert engine.ontology is not before
        assert there(engine, "cabin").type == "cabins/Cabin"


# Who has what


@live
async def test_a_directory_is_served_once(data: Path) -> None:
    async with serving(data) as engine:
        with pytest.raises(Conflict) as caught:
            await Engine(settings(data), "http://127.0.0.1:2").start()
        assert caught.value.code_ == "data.owned"
        assert engine.health()["store"] == "ok"
        await engine.commit(changeset(Update(id=there(engine, "flat").id, fields={"title": {"": "Home"}})))
    async with serving(data) as other:
        assert there(other, "flat").title == {"": "Home"}


@live
async def test_a_port_that_is_taken_is_refused_and_all_is_let_go(data: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        engine = Engine(Settings(data=data, mqtt_port=taken.getsockname()[1]), "http://127.0.0.1:1")
        with pytest.raises(BackendError) as caught:
            await engine.start()
    assert caught.value.code_ == "port.taken"
    assert threads() == set()
    async with serving(data) as again:
        assert again.health()["mqtt"] == "ok"


@live
@pytest.mark.parametrize("end", [Clients.rotate, Clients.remove])
async def test_a_client_that_is_ended_beside_is_disconnected(data: Path, end: Callable[..., Any]) -> None:
    async with serving(data) as engine:
        client = gateway(engine)
        await client.connect()
        await client.publish(TOPIC, payload({"temperature": 20}))
        await client.drain()
        assert engine.connections == 1
        records = Records(data / "records.sqlite")
        end(Clients(records), "gateway")
        records.close()
        with pytest.raises(Unauthenticated):
            await ended(client)
        assert engine.connections == 0
        await client.close()


async def ended(client: Client) -> None:
    async with asyncio.timeout(30):
        while True:
            await client.publish(TOPIC, payload({"temperature": 20}))
            await client.drain()
            await asyncio.sleep(0.01)


# Telemetry


@live
async def test_counters_and_readings_go_on_after_a_restart(data: Path) -> None:
    async with serving(data) as engine:
        await send(engine, [21, 22, 999])
        before = engine.counters.now()
    assert balanced(before)
    assert (before["journaled"], before["readings"], before["pending"]) == (3, 3, 0)
    async with serving(data) as engine:
        assert engine.counters.now() == before
        assert reading(engine) == 22


@live
async def test_what_was_acknowledged_and_not_stored_is_worked_in_again(data: Path, tmp_path: Path) -> None:
    """The directory as kill -9 would leave it: copied while the store is held up, so that only the journal knows."""
    async with serving(data) as engine:
        held = threading.Event()
        engine._store_thread.run(held.wait, lambda _: None)
        try:
            await send(engine, [21, 22, 999])
            before = engine.counters.now()
            copied = Path(await asyncio.to_thread(shutil.copytree, data, tmp_path / "copy"))
        finally:
            held.set()
    with Twin(copied) as twin:
        assert twin.read("flat/kitchen/climate", "temperature") is None
    async with serving(copied) as after:
        counters = after.counters.now()
        assert balanced(counters)
        assert counters == before
        assert reading(after) == 22
        assert after.current.read(there(after, "flat/kitchen").id, "temperature") is not None


async def send(engine: Engine, temperatures: list[int]) -> None:
    """Publish each, a second of source time apart, and wait until they are worked in."""
    second = 1_000_000
    began = time.time_ns() // 1000 - len(temperatures) * second
    async with gateway(engine) as client:
        for number, temperature in enumerate(temperatures):
            await client.publish(TOPIC, payload({"temperature": temperature}, rfc3339(began + number * second)))
        await client.drain()
    await until(lambda: engine.counters.now()["pending"] == 0)


def reading(engine: Engine) -> Any:
    found = engine.current.read(there(engine, "flat/kitchen/climate").id, "temperature")
    return found and found.value
