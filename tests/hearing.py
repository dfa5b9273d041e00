"""A house over the real server, people with roles in it, and foreign clients that listen to it over MQTT."""

from __future__ import annotations

import asyncio
import itertools
import json
import threading
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from tests.graphs import changeset, party
from twin import Twin
from twin.access.tokens import OnBehalf
from twin.engine import Engine
from twin.graph.model import Create, Entity, Held, Link, Relation, Unlink
from twin.graph.readings import Reading, order_key
from twin.settings import Settings
from twin.times import now

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

HOUSE = """topology: house
version: 1.0.0
uses: { connected-home: ^1.0 }
site: { type: Residence }
spaces:
  kitchen:
    type: Kitchen
    status: { temperature: { from: climate.temperature } }
    devices:
      climate: { type: ClimateSensor, asset: K1 }
      presence: { type: PresenceSensor, asset: P1, has: [brightness] }
  bedroom:
    type: Bedroom
    status: { temperature: { from: climate.temperature } }
    devices: { climate: { type: ClimateSensor, asset: B1 } }
"""
KITCHEN, CLIMATE, PRESENCE = "house/kitchen", "house/kitchen/climate", "house/kitchen/presence"
BEDROOM, OTHER = "house/bedroom", "house/bedroom/climate"
READ = frozenset({"twin:read"})
_PATIENCE = 20.0
_orders = itertools.count(1)


def build(data: Path) -> None:
    """Apply two houses, ``house`` and ``villa``, in a data directory."""
    data.parent.mkdir(exist_ok=True, parents=True)
    document = data.parent / "house.yaml"
    document.write_text(HOUSE)
    with Twin(data) as twin:
        for key in ("house", "villa"):
            twin.apply(twin.plan(document, site=key))


class Ear:
    """paho-mqtt, as an app has it: what it was told, in order."""

    def __init__(
        self, port: int, token: str, client_id: str, *, protocol: Any = paho.MQTTv5, keep: bool = False
    ) -> None:
        self.told: list[paho.MQTTMessage] = []
        self.answers: list[Any] = []
        self.connects: list[str] = []
        self.flags: Any = None
        self.ends: list[str] = []
        self._news = threading.Condition()
        if protocol == paho.MQTTv5:
            self.client = paho.Client(CallbackAPIVersion.VERSION2, client_id, protocol=protocol)
            properties = Properties(PacketTypes.CONNECT)
            if keep:
                properties.SessionExpiryInterval = 600
            more: dict[str, Any] = {"clean_start": not keep, "properties": properties}
        else:
            self.client = paho.Client(CallbackAPIVersion.VERSION2, client_id, protocol=protocol, clean_session=not keep)
            more = {}
        self.client.username_pw_set(client_id, token)
        self.client.on_message = lambda _c, _u, message: self._note(self.told, message)
        self.client.on_subscribe = lambda _c, _u, _m, reasons, _p: self._note(self.answers, [r.value for r in reasons])
        self.client.on_connect = lambda _c, _u, flags, reason, _p: self._connected(flags, str(reason))
        self.client.on_disconnect = lambda _c, _u, _f, reason, _p: self._ended(str(reason))
        self.client.connect("127.0.0.1", port, keepalive=30, **more)
        self.client.loop_start()
        self.wait(lambda: bool(self.connects))

    def _connected(self, flags: Any, reason: str) -> None:
        self.flags = flags
        if reason != "Success":
            self.client.disconnect()
        self._note(self.connects, reason)

    def _ended(self, reason: str) -> None:
        self.client.disconnect()  # else paho tries again by itself
        self._note(self.ends, reason)

    def _note(self, where: list[Any], what: Any) -> None:
        with self._news:
            where.append(what)
            self._news.notify_all()

    def wait(self, condition: Callable[[], bool]) -> None:
        """Wait for what will be so."""
        with self._news:
            assert self._news.wait_for(condition, _PATIENCE), (self.said, self.answers, self.connects, self.ends)

    def subscribe(self, *filters: str, qos: int = 1) -> list[int]:
        """What the server answers to each filter."""
        before = len(self.answers)
        self.client.subscribe([(each, qos) for each in filters])
        self.wait(lambda: len(self.answers) > before)
        found: list[int] = self.answers[-1]
        return found

    @property
    def said(self) -> list[tuple[str, dict[str, Any], bool]]:
        """What it was told: the topic without ``twin/house/readings/``, the values by point, and the flag retain."""
        return [
            (
                each.topic.removeprefix("twin/house/readings/"),
                {name: said["value"] for name, said in json.loads(each.payload)["points"].items()},
                bool(each.retain),
            )
            for each in self.told
        ]

    def close(self) -> None:
        """Say goodbye; the session stays where it was to be kept."""
        self.client.disconnect()
        self.client.loop_stop()


class Stage:
    """A running engine, whose loop is the test's."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.ears: list[Ear] = []
        self._apps: dict[str, str] = {}

    def there(self, path: str) -> Entity:
        """What is at a path."""
        found = self.engine.mirror.by_path(path)
        assert found is not None
        return found

    def app(self, name: str = "app") -> str:
        """The id of a client of that name."""
        if name not in self._apps:
            self._apps[name] = self.engine.clients.add(name, [*READ, "twin:read-private", "telemetry:write"], None)[0]
        return self._apps[name]

    def token(
        self,
        user: str | None = "ana",
        app: str = "app",
        scopes: frozenset[str] = READ,
        sites: frozenset[str] | None = None,
        authorization: str = "",
    ) -> str:
        """A token of an app, for a user of it or in its own name."""
        client = self.app(app)
        behalf = None if user is None else OnBehalf(user, authorization or f"{user}'s", now())
        generation = self.engine.clients.current(client) or 0
        return self.engine.tokens.issue(
            client, scopes=scopes, sites=sites, generation=generation, now=now(), user=behalf
        ).token

    async def give(self, path: str, role: str | None, who: str = "ana", until: int | None = None) -> None:
        """Somebody has this one role there from now on; None: none."""
        entries: list[Any] = [] if who in self.engine.mirror.entities else [Create(party("user", who))]
        target = self.there(path).id
        if self.engine.mirror.relation(who, target, "HAS_ROLE") is not None:
            entries.append(Unlink(type="HAS_ROLE", source=who, target=target))
        if role is not None:
            held = (Held(f"connected-home/{role}", until),)
            entries.append(Link(Relation(type="HAS_ROLE", source=who, target=target, roles=held)))
        await self.change(*entries)

    async def change(self, *entries: Any) -> None:
        """Commit a change of the graph."""
        await self.engine.commit(changeset(*entries))

    def say(self, path: str, point: str, value: Any) -> None:
        """A device reports, as the ingest takes it in."""
        number = next(_orders)
        order = order_key(0, number, number, value)
        self.engine.current.offer(self.there(path).id, point, Reading(value, now(), now(), order))

    async def ear(self, token: str, client_id: str = "phone", **more: Any) -> Ear:
        """Somebody who listens."""
        found = await self.apart(lambda: Ear(self.engine.mqtt_port, token, client_id, **more))
        self.ears.append(found)
        return found

    async def apart(self, work: Callable[[], Any]) -> Any:
        """In a thread: paho blocks."""
        return await asyncio.get_running_loop().run_in_executor(None, work)

    async def until(self, ear: Ear, condition: Callable[[], bool]) -> None:
        """Wait for what somebody will have heard."""
        await self.apart(lambda: ear.wait(condition))


@asynccontextmanager
async def staged(data: Path) -> AsyncIterator[Stage]:
    """The houses of a data directory, served."""
    engine = Engine(Settings(data=data, mqtt_port=0), "http://127.0.0.1:1")
    await engine.start()
    stage = Stage(engine)
    try:
        yield stage
    finally:
        for ear in stage.ears:
            await stage.apart(ear.close)
        await engine.stop()
