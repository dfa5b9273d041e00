"""Live sites come to another version while telemetry runs, and everything is killed again and again.

A point is renamed, another converted, a property becomes required. Killed with SIGKILL at random moments are the
upgrade (resumed), and the server (restarted). At the end every site is at the new version, every point holds the newest
value that was sent, nothing has become a dead letter, no user's edit is lost, and every entity is what an upgrade
without telemetry or interruption makes of it.
"""

from __future__ import annotations

import asyncio
import json
import random
import shutil
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import msgspec

from tests.running import done, start
from tests.series import balanced
from tests.upgrades import documents, settle
from twin.cli.credentials import Access
from twin.engine import Twin
from twin.graph.model import ChangeSet, Update
from twin.ids import mint
from twin.mqtt.client import Client
from twin.store.sqlite import SQLiteStore
from twin.times import now, rfc3339

if TYPE_CHECKING:
    from pathlib import Path

    from tests.running import Running
    from twin.graph.model import Entity

SITES = 200
KILLS = 6
MESSAGES = 20
"""For each device."""
_BEGAN = 1_790_000_000_000_000
_SECONDS = 240
_SAME = ("revision", "updated", "updated_by", "title")


def round_of(seed: int, folder: Path, sites: int = SITES, kills: int = KILLS, messages: int = MESSAGES) -> str:
    """One upgrade of so many sites with so many kills; what was sent, and how often who was killed."""
    chance = random.Random(seed)
    before, after = documents(folder)
    data, plain = folder / "data", folder / "plain"
    settle(data, before, sites)
    edits = _edit(data, chance)
    client = done("client", "add", "box", "--scope", "telemetry:write", "--all-sites", "--data", data)
    shutil.copytree(data, plain)
    done(*_words(plain, after))
    run = _Run(chance, data, client, kills, messages)
    asyncio.run(run.play(_words(data, after)))
    _check(data, plain, edits, messages)
    return f"{sites} sites, {sites * 2 * messages:,} messages, {kills} kills, {run.interrupted} of them of the upgrade"


def _words(data: Path, after: Path) -> list[str]:
    return ["upgrade", "--ontology", str(after / "abode.yaml"), "--sites", "all", "--data", str(data)]


def _edit(data: Path, chance: random.Random) -> dict[str, dict[str, Any]]:
    """What users have set before: the span of some rooms, what is wished of some stoves."""
    edits: dict[str, dict[str, Any]] = {}
    with Twin(data, user="ana") as twin:
        for site in twin.sites():
            if chance.random() < 0.5:
                continue
            room, stove = twin.find(f"{site.path}/room-1"), twin.find(f"{site.path}/room-1/stove")
            span, wanted = float(chance.randrange(10, 60)), chance.randrange(50, 300) / 10
            entries = (
                Update(id=room.id, fields={"properties": {**room.properties, "span": span}, "title": {"": "Ana's"}}),
                Update(id=stove.id, fields={"desired": {"wanted": wanted}}),
            )
            twin.commit(ChangeSet(op_id=mint(), actor=twin.actor, at=now(), entries=entries))
            edits[site.key] = {"span": span, "wanted": wanted}
    return edits


def _messages(device: Entity, number: int) -> bytes:
    """What a device says: by the names and in the units of the older version, whatever it is part of by now."""
    points: dict[str, Any] = {"energy": {"present_value": 1000 * number + 7}}
    if device.key == "stove":
        points = {"temp": {"present_value": 15 + number / 10}, "wanted": {"present_value": 18 + number / 10}}
    return json.dumps({"timestamp": rfc3339(_BEGAN + number * 60_000_000), "points": points}).encode()


class _Run:
    """The server, the devices and the upgrade, at the same time."""

    def __init__(self, chance: random.Random, data: Path, client: dict[str, str], kills: int, messages: int) -> None:
        self.chance = chance
        self.data = data
        self.client = client
        self.kills = kills
        self.interrupted = 0
        self.sent = 0
        with Twin(data) as twin:
            devices = [(device, device.path.partition("/")[0]) for device in twin.devices()]
            self.stride = max(2, len(twin.sites()) // (2 * kills))
        self.outbox = [
            (f"r/{site}/d/{device.id}/events/pointset", _messages(device, number))
            for number in range(messages)
            for device, site in devices
        ]
        late = sorted(range(len(self.outbox)), key=lambda at: at + chance.random() * 40)  # a little out of order
        self.outbox = [self.outbox[at] for at in late]
        self.twin = self._serve("0", "0")
        self.ports = (self.twin.facts["issuer"].rsplit(":", 1)[1], str(self.twin.mqtt[1]))

    def _serve(self, port: str, mqtt_port: str) -> Running:
        words = ["--port", port, "--mqtt-port", mqtt_port]
        return start(self.data, *words, command="serve")

    async def play(self, upgrade: list[str]) -> None:
        """Until all is sent, acknowledged and worked in, and all sites have come."""
        try:
            sending = asyncio.create_task(self._send())
            await asyncio.to_thread(self._upgrade, upgrade)
            async with asyncio.timeout(_SECONDS):
                await sending
            counters = await asyncio.to_thread(self.twin.settled, len(self.outbox))
        finally:
            code, said = self.twin.stop()
        assert balanced(counters), counters
        assert counters["dead"] == counters["undecodable"] == counters["quarantined"] == 0, counters
        assert code == 0, said

    async def _send(self) -> None:
        access = Access(
            self.twin.facts["issuer"], *self.twin.mqtt, self.client["client_id"], self.client["client_secret"]
        )
        async with Client(access.host, access.port, "devices", access.token, window=200) as client:
            for topic, payload in self.outbox:
                await client.publish(topic, payload)
                self.sent += 1
                if self.sent % 50 == 0:
                    await asyncio.sleep(0.1)
            await client.drain()

    def _upgrade(self, words: list[str]) -> None:
        """The upgrade, interrupted: now it is killed alone, now with the server beside it."""
        killed = 0
        while True:
            process = subprocess.Popen(
                [sys.executable, "-m", "twin", *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
            )
            if killed < self.kills:
                killed += 1
                self._wait_for_progress(process)
                if killed % 2 == 0:
                    self.twin.kill()
                process.kill()
                if killed % 2 == 0:
                    self.twin = self._serve(*self.ports)
            _, said = process.communicate(timeout=_SECONDS)
            self.interrupted += process.returncode == -9
            if process.returncode == 0 and killed == self.kills:
                return
            assert process.returncode in {0, -9}, said

    def _wait_for_progress(self, process: subprocess.Popen[str]) -> None:
        """Until it has said of some sites that they have come, or has ended."""
        assert process.stderr is not None
        left = self.chance.randrange(1, self.stride)
        while left and (line := process.stderr.readline()):
            left -= " done " in line
        time.sleep(self.chance.random() * 0.1)


def _check(data: Path, plain: Path, edits: dict[str, dict[str, Any]], messages: int) -> None:
    store, other = SQLiteStore(data / "twin.sqlite"), SQLiteStore(plain / "twin.sqlite")
    entities = {entity.id: entity for entity in store.load().entities}
    expected = {entity.id: entity for entity in other.load().entities}
    states, _ = store.load_states()
    store.close()
    other.close()
    assert entities.keys() == expected.keys()
    for entity in entities.values():
        assert _same(entity) == _same(expected[entity.id])
        assert entity.title == expected[entity.id].title
    _check_states(entities, states, messages)
    by_path = {entity.path: entity for entity in entities.values()}
    for site, edit in edits.items():
        room, stove = by_path[f"{site}/room-1"], by_path[f"{site}/room-1/stove"]
        assert (room.properties["span"], room.title) == (edit["span"], {"": "Ana's"})
        assert abs(stove.desired["wanted"] - (edit["wanted"] * 1.8 + 32)) < 1e-9
    assert all(entity.made.ontologies["abode"] == "2.0.0" for entity in entities.values() if entity.made is not None)
    shown = done("upgrade", "--list", "--data", data)
    assert [upgrade["sites"] for upgrade in shown] == [{"done": len([e for e in entities.values() if not e.parent])}]


def _same(entity: Entity) -> dict[str, Any]:
    return {name: value for name, value in msgspec.to_builtins(entity).items() if name not in _SAME}


def _check_states(entities: dict[str, Entity], states: dict[tuple[str, str], Any], messages: int) -> None:
    last = messages - 1
    wanted: dict[tuple[str, str], float] = {}
    for entity in entities.values():
        if entity.key == "stove":
            wanted[entity.id, "temperature"] = 15 + last / 10
            wanted[entity.id, "wanted"] = float(f"{(18 + last / 10) * 1.8 + 32:.15g}")
        elif entity.key == "counter":
            wanted[entity.id, "energy"] = float(f"{(1000 * last + 7) * 0.001:.15g}")
    assert {point: reading.value for point, reading in states.items()} == wanted
    assert {reading.time for reading in states.values()} == {_BEGAN + last * 60_000_000}
