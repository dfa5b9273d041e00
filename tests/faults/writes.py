"""Kill -9 while a twin is written from every side: apps change the graph through REST and GraphQL with idempotency
keys, a script creates, moves and deletes beside the server, devices report over MQTT.

At the end nothing that was answered is missing, nothing was done twice, and the server shows what the store holds.
"""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import json
import os
import random
import subprocess
import sys
import threading
import time
import urllib.error
from collections import Counter
from functools import partial
from typing import TYPE_CHECKING, Any

from tests.running import done, start
from tests.series import balanced
from twin.cli.credentials import Access
from twin.engine import Twin
from twin.engine.library import shipped
from twin.errors import BackendError
from twin.graph.model import ChangeSet, Create, Delete, Entity, Move, Update
from twin.ids import mint
from twin.mqtt.client import Client
from twin.store.location import open_store
from twin.store.neo4j.local import LocalServer
from twin.times import now, rfc3339

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

KILLS, KILLS_ON_NEO4J = 28, 12
WRITERS = 3
_EARLY = 0.25
"""How many of the kills come while the server is still starting."""
_BEGAN = 1_790_000_000_000_000
_SECONDS = 600
_UPDATE = """mutation ($ref: Ref!, $title: String, $key: String) { updateEntity(ref: $ref, title: $title,
    idempotencyKey: $key) { ... on EntityUpdated { entity { revision } } ... on UpdateRefused { code } } }"""


def round_of(seed: int, folder: Path) -> str:
    """So many kills at random points, with the graph in a file, and in Neo4j."""
    on_file = killing(seed, folder / "file", KILLS)
    server = LocalServer(folder / "neo4j")
    server.hold()
    try:
        os.environ["TWIN_NEO4J_PASSWORD"] = server.password
        return f"{on_file}; on Neo4j: {killing(seed + 1, folder / 'other', KILLS_ON_NEO4J, server.url)}"
    finally:
        del os.environ["TWIN_NEO4J_PASSWORD"]
        server.release()


def killing(seed: int, data: Path, kills: int, graph: str = "") -> str:
    """So many kills of a twin in a new directory; what was written meanwhile. ``graph`` is where, for `open_store`."""
    url = graph or f"sqlite:///{data / 'twin.sqlite'}"
    with Twin(data, graph=url) as twin:
        twin.apply(twin.plan(shipped("examples") / "flat.yaml"))
    scopes = ("twin:read", "twin:read-private", "twin:write", "telemetry:write")
    words = [word for scope in scopes for word in ("--scope", scope)]
    client = done("client", "add", "all", *words, "--all-sites", "--data", data)
    run = _Run(random.Random(seed), data, url, client, kills)
    asyncio.run(run.play())
    return run.said()


class _Run:
    """The server, and everybody who writes."""

    def __init__(self, chance: random.Random, data: Path, url: str, client: dict[str, str], kills: int) -> None:
        self.chance = chance
        self.data = data
        self.url = url
        self.client = client
        self.kills = kills
        self.over = threading.Event()
        self.ended = False
        self.failures: list[BaseException] = []
        self.answered: dict[str, str] = {}
        """Idempotency key -> the id of what was changed with it."""
        self.titles: dict[str, str] = {}
        self.scripted: set[str] = set()
        self.tries = 0
        self.sent = 0
        with Twin(data) as twin:
            self.rooms = twin.spaces()
            self.devices = [each for each in twin.devices() if "temperature" in each.points]
            self.before = {each.id: each.revision for each in twin.entities()}
        self.twin = start(data, command="serve")
        self.ports = (self.twin.facts["issuer"].rsplit(":", 1)[1], str(self.twin.mqtt[1]))
        self.token = self._new_token()

    def said(self) -> str:
        return (
            f"{self.kills} kills, {len(self.answered)} changes by apps in {self.tries} tries, "
            f"{len(self.scripted)} by a script, {self.sent} messages"
        )

    async def play(self) -> None:
        """Until the server was killed so often, and all that was begun is answered."""
        host, port = self.twin.mqtt
        try:
            async with Client(host, port, "devices", lambda: self.token, window=100, sleep=_soon) as client:
                await self._all_at_once(client)
            counters = await asyncio.to_thread(self.twin.settled, self.sent)
            await asyncio.to_thread(self._check_served)
        finally:
            self.ended = True
            code, said = self.twin.stop()
        assert code == 0, said
        assert "Traceback" not in said, said
        assert balanced(counters), counters
        assert counters["journaled"] >= self.sent, (counters, self.sent)
        assert counters["dead"] == counters["undecodable"] == counters["quarantined"] == 0, counters
        self._check_stored()

    async def _all_at_once(self, client: Client) -> None:
        writers = [threading.Thread(target=self._guarded, args=(self._write, each)) for each in range(WRITERS)]
        writers.append(threading.Thread(target=self._guarded, args=(self._script,)))
        for each in writers:
            each.start()
        sending = asyncio.create_task(self._send(client))
        try:
            await asyncio.to_thread(self._kill_again_and_again)
        finally:
            self.over.set()
            async with asyncio.timeout(_SECONDS):
                await sending
                for each in writers:
                    await asyncio.to_thread(each.join)
        assert not self.failures, self.failures

    # Those who write

    def _guarded(self, act: Callable[..., None], *arguments: Any) -> None:
        try:
            act(*arguments)
        except BaseException as failure:  # noqa: BLE001 - it is told where the threads are waited for
            self.failures.append(failure)
            self.over.set()

    def _write(self, which: int) -> None:
        """An app: every change of its own rooms is sent until it is answered, with the same key."""
        chance, number = random.Random(self.chance.random()), 0
        rooms = self.rooms[which::WRITERS]
        while not self.over.is_set():
            room, number = chance.choice(rooms), number + 1
            key, title = f"{which}-{number}", f"{which} said {number}"
            self._until_answered(partial(self._by_graphql if number % 3 == 0 else self._by_rest, room, key, title))
            self.answered[key], self.titles[room.id] = room.id, title

    def _until_answered(self, send: Callable[[], None]) -> None:
        until, why = time.monotonic() + _SECONDS, ""
        while True:
            self.tries += 1
            try:
                send()
            except urllib.error.HTTPError as error:
                if error.code not in {401, 503}:
                    raise AssertionError(error.code, error.read()) from error
                if error.code == 401:
                    self.token = self._new_token()
                why = str(error.read())
            except (OSError, http.client.HTTPException) as error:
                why = repr(error)  # it is dead just now, or died while it answered
            else:
                return
            assert time.monotonic() < until, why
            time.sleep(0.05)

    def _by_rest(self, room: Entity, key: str, title: str) -> None:
        self._http("PATCH", f"/api/v1/entities/{room.id}", {"title": title}, key)

    def _by_graphql(self, room: Entity, key: str, title: str) -> None:
        variables = {"ref": room.id, "title": title, "key": key}
        answer = self._http("POST", "/graphql", {"query": _UPDATE, "variables": variables})
        assert "entity" in answer["data"]["updateEntity"], answer

    def _http(self, method: str, path: str, body: Any, key: str = "") -> Any:
        host, port = "127.0.0.1", int(self.ports[0])
        connection = http.client.HTTPConnection(host, port, timeout=30)
        headers = {
            "Authorization": f"Bearer {self.token}",
            "Content-Type": "application/json",
            "Accept": "application/graphql-response+json, application/json",
        }
        try:
            connection.request(method, path, json.dumps(body), headers | ({"Idempotency-Key": key} if key else {}))
            answer = connection.getresponse()
            if answer.status >= 400:
                raise urllib.error.HTTPError(path, answer.status, answer.reason, answer.headers, answer)
            return json.loads(answer.read())
        finally:
            connection.close()

    def _new_token(self) -> str:
        access = Access(
            self.twin.facts["issuer"], *self.twin.mqtt, self.client["client_id"], self.client["client_secret"]
        )
        while True:
            with contextlib.suppress(Exception):
                return asyncio.run(access.token())
            time.sleep(0.05)

    def _script(self) -> None:
        """A script on the same store: makes devices, moves them from room to room, deletes them."""
        chance = random.Random(self.chance.random())
        mine: list[str] = []
        with Twin(self.data, user="script") as twin:
            while not self.over.is_set():
                entry = self._scripted(twin, chance, mine)
                made = ChangeSet(op_id=mint(), actor=twin.actor, at=now(), entries=(entry,), summary="script")
                self._until_committed(twin, made)
                self.scripted.add(made.op_id)
                if isinstance(entry, Create):
                    mine.append(entry.entity.id)
                time.sleep(0.02)

    def _scripted(self, twin: Twin, chance: random.Random, mine: list[str]) -> Create | Move | Delete:
        room = chance.choice(self.rooms)
        if len(mine) < 3 or chance.random() < 0.3:
            like, key = chance.choice(self.devices), f"extra-{mint()}"
            return Create(
                Entity(
                    id=mint(),
                    kind="device",
                    type=like.type,
                    key=key,
                    path=f"{room.path}/{key}",
                    site=room.site,
                    parent=room.id,
                    points=like.points,
                )
            )
        if chance.random() < 0.3:
            return Delete(id=mine.pop(chance.randrange(len(mine))))
        return Move(id=chance.choice(mine), parent=room.id, key=f"moved-{mint()}")

    def _until_committed(self, twin: Twin, made: ChangeSet) -> None:
        until = time.monotonic() + _SECONDS
        while True:
            try:
                twin.commit(made)
            except BackendError:
                assert time.monotonic() < until
                time.sleep(0.05)
            else:
                return

    async def _send(self, client: Client) -> None:
        """Devices: each says something newer every time, until all is over."""
        while not self.over.is_set():
            device = self.devices[self.sent % len(self.devices)]
            said = {"temperature": {"present_value": 15 + self.sent % 100 / 10}}
            body = {"timestamp": rfc3339(_BEGAN + self.sent * 1_000_000), "points": said}
            await client.publish(f"r/flat/d/{device.id}/events/pointset", json.dumps(body).encode())
            self.sent += 1
            await asyncio.sleep(0.005)
        await client.drain()

    # The kills

    def _kill_again_and_again(self) -> None:
        words = ("--port", self.ports[0], "--mqtt-port", self.ports[1])
        for _ in range(self.kills):
            if self.chance.random() < _EARLY:
                self.twin.kill()
                starting = [sys.executable, "-m", "twin", "serve", "--json", "--data", str(self.data), *words]
                process = subprocess.Popen(starting, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
                time.sleep(self.chance.uniform(0.2, 2.5))
                process.kill()
                process.wait()
            else:
                time.sleep(self.chance.uniform(0, 1.5))
                self.twin.kill()
            if self.failures:
                raise AssertionError(self.failures)
            self.twin = start(self.data, *words, command="serve")
            if self.ended:  # the run was interrupted meanwhile: nobody else would stop this one
                self.twin.kill()
                return

    # What must hold

    def _check_served(self) -> None:
        """The server shows what the store holds."""
        store = open_store(self.url, self.data)
        try:
            stored = {each.id: (each.path, each.revision) for each in store.load().entities}
        finally:
            store.close()
        served: dict[str, tuple[str, int]] = {}
        for kind in ("sites", "spaces", "views", "devices", "gateways"):
            following: str | None = f"/api/v1/{kind}?limit=200"
            while following is not None:
                page = self._http("GET", following, None)
                served |= {each["id"]: (each["path"], each["revision"]) for each in page["items"]}
                following = page["next"]
        assert served == stored

    def _check_stored(self) -> None:
        store = open_store(self.url, self.data)
        try:
            log: list[ChangeSet] = []
            while page := store.changes(len(log)):
                assert [change.sequence for change in page] == list(range(len(log) + 1, len(log) + 1 + len(page)))
                log += [change.changeset for change in page]
            entities = {each.id: each for each in store.load().entities}
            states, _ = store.load_states()
        finally:
            store.close()
        self._check_log(log, entities)
        last = {self.devices[number % len(self.devices)].id: number for number in range(self.sent)}
        times = {device.id: states[device.id, "temperature"].time for device in self.devices}
        assert times == {device: _BEGAN + number * 1_000_000 for device, number in last.items()}

    def _check_log(self, log: list[ChangeSet], entities: dict[str, Entity]) -> None:
        """Each once, and each with its effect once."""
        times = Counter(each.op_id for each in log)
        assert set(times.values()) <= {1}
        wanted = {f"{self.client['client_id']}:{key}" for key in self.answered} | self.scripted
        assert wanted <= times.keys(), sorted(wanted - times.keys())
        changed = Counter(entry.id for each in log for entry in each.entries if isinstance(entry, Update))
        assert changed == Counter(self.answered.values())
        for room in self.rooms:
            assert entities[room.id].revision == self.before[room.id] + changed[room.id]
            assert entities[room.id].title.get("", "") == self.titles.get(room.id, entities[room.id].title.get("", ""))


async def _soon(seconds: float) -> None:
    """Wait before connecting again, though not as patiently as a device."""
    await asyncio.sleep(min(seconds, 0.2))
