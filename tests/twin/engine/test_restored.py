"""An old store beside a newer journal, and the reverse: nothing is doubled, nothing new is skipped, and what is missing
is said.
"""

from __future__ import annotations

import asyncio
import shutil
import threading
import time
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from structlog.testing import capture_logs

from tests.graphs import changeset
from tests.telemetry import balanced, payload
from tests.twin.mqtt.peers import live
from twin import Twin
from twin.engine import Engine
from twin.engine.library import shipped
from twin.graph.model import Update
from twin.ids import mint
from twin.mqtt.client import Client
from twin.records import Records
from twin.settings import Settings
from twin.telemetry.deadletters import DeadLetters
from twin.telemetry.journal import Journal, extent
from twin.times import rfc3339

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

TOPIC = "r/flat/d/KITemp/events/pointset"
BEGAN = 1_790_000_000_000_000
POINT = ("flat/kitchen/climate", "temperature")


@pytest.fixture(scope="module")
def flat(tmp_path_factory: pytest.TempPathFactory) -> Path:
    data = tmp_path_factory.mktemp("flat") / "data"
    with Twin(data) as twin:
        twin.apply(twin.plan(shipped("examples") / "flat.yaml"))
    return data


class House:
    """A data directory, copies of parts of it, and what its device has said."""

    def __init__(self, data: Path, copies: Path) -> None:
        self.data = data
        self.copies = copies
        self.sent = 0
        self.counters: dict[str, int] = {}
        self.value: Any = None
        self.codes: list[str] = []

    @asynccontextmanager
    async def serving(self, **more: Any) -> AsyncIterator[Engine]:
        engine = Engine(Settings(data=self.data, mqtt_port=0, **more), "http://127.0.0.1:1")
        with capture_logs() as logs:
            await engine.start()
        self.codes = [each["event"] for each in logs if each["log_level"] == "error"]
        try:
            yield engine
            self.counters = engine.counters.now()
            self.value = self.reading(engine)
        finally:
            await engine.stop()
        assert balanced(self.counters)

    async def say(self, engine: Engine, *temperatures: int) -> None:
        """Publish each, newer than the last, and wait until all are worked in."""
        site = engine.mirror.by_path("flat")
        assert site is not None
        scopes, sites = frozenset({"telemetry:write"}), frozenset({site.id})
        client_id, _ = engine.clients.add(mint(), scopes, sites)
        now = time.time_ns() // 1000
        token = engine.tokens.issue(client_id, scopes=scopes, sites=sites, generation=1, now=now).token
        async with Client("127.0.0.1", engine.mqtt_port, "box", lambda: token) as client:
            for temperature in temperatures:
                self.sent += 1
                at = rfc3339(BEGAN + self.sent * 1_000_000)
                await client.publish(TOPIC, payload({"temperature": temperature}, at))
            await client.drain()
        async with asyncio.timeout(30):
            while engine.counters.now()["pending"]:  # noqa: ASYNC110 - the turns are on this loop
                await asyncio.sleep(0.01)

    def reading(self, engine: Engine) -> Any:
        entity = engine.mirror.by_path(POINT[0])
        found = None if entity is None else engine.current.read(entity.id, POINT[1])
        return None if found is None else found.value

    def letters(self) -> list[int]:
        """The numbers of the messages with dead letters."""
        records = Records(self.data / "records.sqlite")
        try:
            return sorted(letter.number for letter in DeadLetters(records).list())
        finally:
            records.close()

    def keep(self, *names: str) -> None:
        """Copy files and folders of the directory, as they are now."""
        for name in names:
            source, target = self.data / name, self.copies / name
            (shutil.copytree if source.is_dir() else shutil.copy)(source, target)

    def put_back(self, *names: str) -> None:
        for name in names:
            self.lose(name)
            source, target = self.copies / name, self.data / name
            (shutil.copytree if source.is_dir() else shutil.copy)(source, target)

    def lose(self, name: str) -> None:
        for each in self.data.glob(f"{name}*"):  # a database's WAL goes with it
            if each.is_dir():
                shutil.rmtree(each)
            else:
                each.unlink()


@pytest.fixture
def house(flat: Path, tmp_path: Path) -> House:
    (tmp_path / "copies").mkdir()
    return House(Path(shutil.copytree(flat, tmp_path / "data")), tmp_path / "copies")


async def told(house: House, *temperatures: int, **more: Any) -> None:
    """One run of the server, in which the device says this."""
    async with house.serving(**more) as engine:
        await house.say(engine, *temperatures)


@live
async def test_an_old_store_is_brought_up_from_the_journal(house: House) -> None:
    await told(house, 20, 999)
    house.keep("twin.sqlite")
    await told(house, 21, 999, 22)
    after = house.counters
    house.put_back("twin.sqlite")
    async with house.serving() as engine:
        assert house.reading(engine) == 22
        assert engine.counters.now() == after
    assert house.codes == []
    assert house.letters() == [1, 3]


@live
async def test_changes_of_the_graph_that_an_old_store_has_not_seen_are_gone_and_no_letter_stays_behind(
    house: House,
) -> None:
    """Messages are decided again by the graph as it is now: a letter about what is good by now is none."""
    async with house.serving() as engine:
        room, device = engine.mirror.by_path("flat/kitchen"), engine.mirror.by_path(POINT[0])
        assert room is not None
        assert device is not None
        await house.say(engine, 20)
    house.keep("twin.sqlite")
    async with house.serving() as engine:
        await engine.commit(changeset(Update(id=room.id, fields={"sources": {}})))
        await engine.commit(changeset(Update(id=device.id, fields={"points": ()})))
        await house.say(engine, 21)
    assert house.letters() == [1]
    house.put_back("twin.sqlite")
    async with house.serving() as engine:
        assert house.reading(engine) == 21
    assert house.letters() == []


@live
async def test_a_store_older_than_the_journal_reaches_back_says_what_is_missing(house: House) -> None:
    await told(house, 20)
    house.keep("twin.sqlite")
    await told(house, 21, 22)
    kept = threading.Event()
    journal = Journal(house.data / "journal", on_loop=lambda report: report(), segment_bytes=1)
    body = payload({"temperature": 23}, rfc3339(BEGAN + 9_000_000))
    journal.append("box", BEGAN, [(TOPIC.encode(), body)], lambda _: kept.set())
    assert kept.wait(30)
    assert journal.trim(below=3, keep_after=2 * BEGAN) == 1
    journal.close()
    house.put_back("twin.sqlite")
    async with house.serving() as engine:
        assert house.codes == ["journal.gap"]
        assert engine.counters.now()["missing"] == 2
        assert house.reading(engine) == 23
    before = house.counters
    async with house.serving() as engine:
        assert house.codes == []
        assert engine.counters.now() == before


@live
async def test_an_old_journal_beside_a_newer_store_gives_no_number_again(house: House) -> None:
    await told(house, 20)
    house.keep("journal")
    await told(house, 21, 999)
    house.put_back("journal")
    async with house.serving() as engine:
        assert house.codes == ["journal.behind"]
        assert house.reading(engine) == 21
        await house.say(engine, 22, 998)
        assert house.reading(engine) == 22
    assert house.letters() == [2, 4]
    before = house.counters
    async with house.serving() as engine:
        assert house.codes == []
        assert engine.counters.now() == before
        assert house.reading(engine) == 22


@live
async def test_an_old_journal_and_an_old_store_beside_newer_records_keep_every_letter(house: House) -> None:
    await told(house, 20)
    house.keep("journal", "twin.sqlite")
    await told(house, 999, 998)
    house.put_back("journal", "twin.sqlite")
    async with house.serving() as engine:
        assert house.codes == ["journal.behind"]
        await house.say(engine, 997)
    assert house.letters() == [1, 2, 3]


@live
async def test_a_journal_that_is_made_anew_is_worked_in_from_its_beginning(house: House) -> None:
    """Its numbers begin again below the store's watermark: none of its messages may be taken for one of before."""
    await told(house, *range(15, 25))
    house.keep("journal")
    house.lose("journal")
    async with house.serving() as engine:
        assert house.codes == ["journal.other"]
        await house.say(engine, 30, 31)
        assert house.reading(engine) == 31
        assert engine.counters.now()["applied"] == 12
    assert (made := extent(house.data / "journal")) is not None
    assert (made.first, made.next) == (0, 2)
    house.put_back("journal")  # the first comes back: its readings are known
    async with house.serving() as engine:
        assert house.codes == ["journal.other"]
        assert house.reading(engine) == 31
        assert engine.counters.now()["applied"] == 12


@live
async def test_a_journal_whose_files_were_lost_but_for_its_name_skips_nothing_new(house: House) -> None:
    await told(house, 20, 21, 22)
    for segment in (house.data / "journal").glob("*.journal"):
        segment.unlink()
    async with house.serving() as engine:
        assert house.codes == ["journal.behind"]
        await house.say(engine, 23)
        assert house.reading(engine) == 23
    async with house.serving() as engine:
        assert house.reading(engine) == 23
        assert engine.counters.now()["journaled"] == 4
