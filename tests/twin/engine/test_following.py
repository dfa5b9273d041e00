"""Several engines on one directory: who follows whom, what a follower knows, and who takes an owner's place."""

from __future__ import annotations

import asyncio
import shutil
import threading
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.graphs import changeset
from tests.telemetry import balanced
from tests.twin.engine.test_server import reading, send, settings, there, until
from tests.twin.mqtt.peers import live
from twin import Twin
from twin.engine import Engine
from twin.engine.library import shipped
from twin.errors import Conflict
from twin.graph.model import Update
from twin.store import Watermark
from twin.store.sqlite import SQLiteStore

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


@pytest.fixture(scope="module")
def flat(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data directory in which the flat is applied; to be copied."""
    data = tmp_path_factory.mktemp("flat") / "data"
    with Twin(data) as twin:
        twin.apply(twin.plan(shipped("examples") / "flat.yaml"))
    return data


@pytest.fixture
def data(flat: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(flat, tmp_path / "data"))


@asynccontextmanager
async def engine(data: Path, number: int = 1, **more: Any) -> AsyncIterator[Engine]:
    options = {name: more.pop(name) for name in ("follow", "adopt") if name in more}
    made = Engine(settings(data, **more), f"http://127.0.0.1:{number}", number, **{"follow": True} | options)
    await made.start()
    try:
        yield made
    finally:
        await made.stop()


@asynccontextmanager
async def two(data: Path) -> AsyncIterator[tuple[Engine, Engine]]:
    """An owner, and one that follows it."""
    async with engine(data, 1) as owner, engine(data, 2) as follower:
        await until(lambda: not follower.silent)
        yield owner, follower


def rename(engine: Engine, title: str) -> Any:
    return changeset(Update(id=there(engine, "flat").id, fields={"title": {"": title}}))


@live
async def test_the_second_follows_and_knows_what_the_first_does(data: Path) -> None:
    async with two(data) as (owner, follower):
        assert (owner.role, follower.role) == ("owner", "follower")
        assert (owner.feeds, follower.feeds) == (1, 1)
        assert follower.health() == {"mirror": "ok", "store": "ok", "feed": "ok"}
        assert (follower.mqtt_port, follower.mqtt_url, follower.connections) == (0, owner.mqtt_url, 0)
        assert not any(follower.counters.now().values())
        await send(owner, [21, 22])
        await until(lambda: reading(follower) == 22)
        kitchen = there(follower, "flat/kitchen")
        assert follower.current.read(kitchen.id, "temperature") == owner.current.read(kitchen.id, "temperature")


@live
async def test_each_shows_what_was_written_in_the_other(data: Path) -> None:
    async with two(data) as (owner, follower):
        for number, (writer, reader) in enumerate([(owner, follower), (follower, owner)] * 5):
            await writer.commit(rename(writer, f"Home {number}"))
            await reader.reached(writer.position())
            assert there(reader, "flat").title == {"": f"Home {number}"}
        await until(lambda: follower.lag == 0)


@live
async def test_tokens_of_one_are_good_at_the_other(data: Path) -> None:
    async with two(data) as (owner, follower):
        client_id, _ = owner.clients.add("app", ["twin:read"], None)
        await follower.in_pool(follower.clients.refresh)
        for one, other in ((owner, follower), (follower, owner)):
            issued = one.tokens.issue(client_id, scopes=frozenset(), sites=None, generation=1, now=2**50)
            assert other.tokens.verify(issued.token, 2**50).client == client_id


@live
async def test_who_takes_the_place_works_in_what_was_acknowledged_and_counts_it_once(data: Path) -> None:
    """An owner that ends as kill -9 would have it: what it took is in the journal, and nothing of it in the store."""
    async with two(data) as (owner, follower):
        held = threading.Event()
        owner._store_thread.run(held.wait, lambda _: None)
        try:
            await send(owner, [21, 20, 22, 999, 23])
            before = owner.counters.now()
            await until(lambda: reading(follower) == 23)
            await die(owner)
            await until(lambda: follower.role == "owner")
            assert follower.counters.now() == before
            assert balanced(before)
            assert reading(follower) == 23
            assert not follower.silent
            assert follower.health() == dict.fromkeys(("mirror", "store", "journal", "mqtt"), "ok")
            await until(lambda: follower._core.store.load_states()[1].counters == before)
            states, _ = follower._core.store.load_states()
            assert [each.value for (_, point), each in states.items() if point == "temperature"] == [23]
            assert len(follower.deadletters.list()) == 1
        finally:
            held.set()


async def die(owner: Engine) -> None:
    """Let go of all that the kernel would let go of."""
    parts, owner._owner = owner._owner, None
    assert parts is not None
    assert parts._endpoint is not None
    assert parts._journal is not None
    assert parts._feed is not None
    await parts._endpoint.close(0)
    await asyncio.to_thread(parts._journal.close)
    await parts._feed.close()
    owner._lease.release()


@live
async def test_one_takes_the_place_and_the_other_follows_it(data: Path) -> None:
    first = Engine(settings(data), "http://127.0.0.1:1", 1)
    await first.start()
    async with engine(data, 2) as second, engine(data, 3) as third:
        await until(lambda: not second.silent and not third.silent)
        await first.stop()
        await until(lambda: {second.role, third.role} == {"owner", "follower"})
        owner, follower = (second, third) if second.role == "owner" else (third, second)
        await until(lambda: not follower.silent)
        await send(owner, [21])
        await until(lambda: reading(follower) == 21)
        assert owner.feeds == 1


@live
async def test_a_mistake_while_taking_the_place_is_tried_again(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("twin.engine.server._AGAIN_SECONDS", 0.01)
    first = Engine(settings(data), "http://127.0.0.1:1", 1)
    await first.start()
    async with engine(data, 2) as second:
        await until(lambda: not second.silent)
        load, tries = second._core.store.load_states, []

        def fail() -> Any:
            tries.append(second.silent)
            if len(tries) < 3:
                raise RuntimeError
            return load()

        monkeypatch.setattr(second._core.store, "load_states", fail)
        await first.stop()
        await until(lambda: second.role == "owner")
        assert "mistake" in tries[-1]
        assert not second.silent


@live
async def test_a_graph_is_served_from_the_directory_that_it_belongs_to(tmp_path: Path) -> None:
    graph = f"sqlite:///{tmp_path}/shared.sqlite"
    with Twin(tmp_path / "here", graph=graph) as twin:
        twin.apply(twin.plan(shipped("examples") / "flat.yaml"))
    async with engine(tmp_path / "here", graph=graph) as owner:
        assert owner.role == "owner"
    with pytest.raises(Conflict) as refused:
        await Engine(settings(tmp_path / "there", graph=graph), "http://127.0.0.1:1").start()
    assert refused.value.code_ == "graph.foreign"
    assert "--adopt" in refused.value.help
    async with engine(tmp_path / "there", graph=graph, adopt=True) as owner:
        assert there(owner, "flat").kind == "site"
    with pytest.raises(Conflict, match="another data directory"):
        await Engine(settings(tmp_path / "here"), "http://127.0.0.1:1").start()


@live
async def test_two_of_a_directory_serve_one_graph(data: Path, tmp_path: Path) -> None:
    async with engine(data) as owner:
        with pytest.raises(Conflict) as refused:
            await Engine(
                settings(data, graph=f"sqlite:///{tmp_path}/other.sqlite"), "http://127.0.0.1:2", follow=True
            ).start()
        assert refused.value.code_ == "feed.graph"
        assert owner.feeds == 0
    async with engine(data) as again:
        assert there(again, "flat").kind == "site", "the directory still knows where its graph is"


@live
async def test_a_backup_in_the_place_of_the_graph_is_noticed_and_nothing_is_mixed(data: Path, tmp_path: Path) -> None:
    with Twin(tmp_path / "other") as other:
        other.apply(other.plan(shipped("examples") / "flat.yaml", parameters={"name": "Other"}))
        head = other.mirror.head
        async with two(data) as (owner, follower):
            with closing(SQLiteStore(data / "twin.sqlite")) as store, other.store.dump() as dump:
                store.fill(dump, "restored", replace=True)
            late = rename(owner, "Late")
            with pytest.raises(Conflict) as caught:
                await owner.commit(late)
            assert caught.value.code_ == "store.restored"
            await until(lambda: owner.restored.is_set() and follower.restored.is_set())
            assert owner.health()["store"] != "ok"
    with closing(SQLiteStore(data / "twin.sqlite")) as store:
        assert (store.head(), store.load().timeline, store.load_states()) == (head, "restored", ({}, Watermark()))
