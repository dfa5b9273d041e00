"""Foreign clients that listen: paho, MQTT.js and mosquitto_sub subscribe to the endpoint as their users would."""

from __future__ import annotations

import asyncio
import queue
import subprocess
from typing import TYPE_CHECKING, Any

import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from tests.foreign import Node, program
from tests.twin.mqtt.doubles import OpenDoor
from tests.twin.mqtt.peers import Site, listening, live, until
from twin.mqtt.endpoint import Message

if TYPE_CHECKING:
    from collections.abc import Callable

protocols = pytest.mark.parametrize("protocol", [paho.MQTTv311, paho.MQTTv5])


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Node:
    return Node(tmp_path_factory.mktemp("node"))


async def apart(work: Callable[[], Any]) -> Any:
    """In a thread: these clients block."""
    return await asyncio.get_running_loop().run_in_executor(None, work)


class Listener:
    """A paho client with a session of its own, and what it was told."""

    def __init__(self, site: Site, protocol: Any) -> None:
        clean = None if protocol == paho.MQTTv5 else False
        self.client = paho.Client(CallbackAPIVersion.VERSION2, "paho", clean_session=clean, protocol=protocol)
        self.protocol = protocol
        self.site = site
        self.present: queue.Queue[bool] = queue.Queue()
        self.granted: queue.Queue[list[int]] = queue.Queue()
        self.heard: queue.Queue[Any] = queue.Queue()
        self.client.on_connect = lambda _c, _u, flags, _r, _p: self.present.put(flags.session_present)
        self.client.on_subscribe = lambda _c, _u, _m, reasons, _p: self.granted.put([each.value for each in reasons])
        self.client.on_message = lambda _c, _u, message: self.heard.put(message)

    def connect(self) -> bool:
        """Connect, and whether there was a session."""
        more: dict[str, Any] = {}
        if self.protocol == paho.MQTTv5:
            properties = Properties(PacketTypes.CONNECT)
            properties.SessionExpiryInterval = 60
            more = {"clean_start": False, "properties": properties}
        self.client.connect("127.0.0.1", self.site.port, **more)
        self.client.loop_start()
        return self.present.get(timeout=5)

    def subscribe(self, *filters: tuple[str, int]) -> list[int]:
        self.client.subscribe(list(filters))
        return self.granted.get(timeout=5)

    def leave(self) -> None:
        self.client.disconnect()
        self.client.loop_stop()


@protocols
@live
async def test_paho_hears_what_it_subscribes_to_and_what_it_missed(protocol: Any) -> None:
    door = OpenDoor()
    door.latest = [Message("a/0", b"so", None, 0)]
    async with listening(door) as site:
        paho_client = Listener(site, protocol)
        try:
            assert not await apart(paho_client.connect)
            granted = await apart(lambda: paho_client.subscribe(("a/#", 2), ("denied/x", 1)))
            assert granted == [1, 0x87 if protocol == paho.MQTTv5 else 0x80]
            first = await apart(lambda: paho_client.heard.get(timeout=5))
            assert (first.topic, first.payload, first.retain) == ("a/0", b"so", True)
            for number in range(300):
                site.tell(f"a/{number % 7}", b"%d" % number)
            await until(lambda: site.endpoint.told.delivered == 301)
            await apart(paho_client.leave)
            await until(lambda: site.endpoint.connections == 0)
            before, paho_client = paho_client, Listener(site, protocol)
            for number in range(300, 310):
                site.tell(f"a/{number % 7}", b"%d" % number)
            assert await apart(paho_client.connect)
            await until(lambda: site.endpoint.told.delivered == 311)
            heard = [before.heard.get_nowait() for _ in range(300)]
            heard += [await apart(lambda: paho_client.heard.get(timeout=5)) for _ in range(10)]
            assert [(each.topic, each.payload) for each in heard] == [
                (f"a/{number % 7}", b"%d" % number) for number in range(310)
            ]
        finally:
            await apart(paho_client.leave)


@pytest.mark.node
@pytest.mark.parametrize("version", ["4", "5"])
@live
async def test_mqtt_js_hears_what_it_subscribes_to_and_what_it_missed(version: str, node: Node) -> None:
    async with listening() as site:
        words = ["127.0.0.1", str(site.port), "token", "a/+", version, "1", "js", "false"]
        with node.lines("listen.mjs", *words) as lines:
            assert await apart(lines.next) == {"ready": [1], "present": False}
            site.tell("a/b", b"1")
            expected = {"topic": "a/b", "payload": "1", "qos": 1, "retain": False}
            assert await apart(lines.next) == expected
            await until(lambda: site.endpoint.told.delivered == 1)
        await until(lambda: site.endpoint.connections == 0)
        site.tell("a/b", b"2")
        with node.lines("listen.mjs", *words) as lines:
            said = [await apart(lines.next) for _ in range(2)]
            assert expected | {"payload": "2"} in said
            assert {"ready": [1], "present": True} in said


@pytest.mark.mosquitto
@pytest.mark.parametrize("version", ["mqttv311", "mqttv5"])
@live
async def test_mosquitto_sub_hears_what_it_subscribes_to_and_what_it_missed(version: str) -> None:
    sub = program("mosquitto_sub", "apt-get install mosquitto-clients")
    async with listening() as site:
        more = ["-x", "60"] if version == "mqttv5" else []
        to = ["-h", "127.0.0.1", "-p", str(site.port), "-V", version, "-i", "sub", "-c", "-q", "1", "-t", "a/#", *more]

        def listen(count: int) -> subprocess.Popen[str]:
            return subprocess.Popen([sub, *to, "-C", str(count), "-v"], stdout=subprocess.PIPE, text=True)

        first = listen(2)
        await until(lambda: site.endpoint.wants("a/b"))
        site.tell("a/b", b"1")
        site.tell("a", b"2")
        assert (await apart(lambda: first.communicate(timeout=10)))[0] == "a/b 1\na 2\n"
        await until(lambda: site.endpoint.connections == 0)
        site.tell("a/c", b"3")
        second = listen(1)
        assert (await apart(lambda: second.communicate(timeout=10)))[0] == "a/c 3\n"


@pytest.mark.mosquitto
@live
async def test_mosquitto_sub_is_told_what_it_may_not_hear() -> None:
    sub = program("mosquitto_sub", "apt-get install mosquitto-clients")
    async with listening() as site:
        words = [sub, "-h", "127.0.0.1", "-p", str(site.port), "-V", "mqttv5", "-t", "denied/x", "-d"]
        result = await apart(lambda: subprocess.run(words, capture_output=True, text=True, check=False, timeout=10))
        assert "Subscribed (mid: 1): 135" in result.stdout
        assert result.stderr == "All subscription requests were denied.\n"
