"""A foreign client: paho-mqtt publishes to the endpoint as its users would."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from tests.twin.mqtt.doubles import OpenDoor
from tests.twin.mqtt.peers import Site, listening, live, until
from twin.mqtt.endpoint import Refusal

if TYPE_CHECKING:
    from collections.abc import Callable

protocols = pytest.mark.parametrize("protocol", [paho.MQTTv311, paho.MQTTv5])


def client_of(site: Site, protocol: Any) -> paho.Client:
    client = paho.Client(CallbackAPIVersion.VERSION2, "paho", protocol=protocol)
    client.username_pw_set("anyone", "token")
    client.connect("127.0.0.1", site.port, keepalive=5)
    client.loop_start()
    return client


async def apart(work: Callable[[], Any]) -> Any:
    """In a thread: paho blocks."""
    return await asyncio.get_running_loop().run_in_executor(None, work)


@protocols
@pytest.mark.parametrize("qos", [0, 1])
@live
async def test_paho_publishes(protocol: Any, qos: int) -> None:
    async with listening() as site:
        client = await apart(lambda: client_of(site, protocol))
        try:
            sent = [(f"r/hugo/d/{number % 3}/events/pointset", b'{"n": %d}' % number) for number in range(200)]
            waiting = [client.publish(topic, payload, qos) for topic, payload in sent]
            await apart(lambda: [one.wait_for_publish(5) for one in waiting])
            await until(lambda: len(site.door.kept) == len(sent))
            assert site.door.kept == sent
        finally:
            client.disconnect()
            await apart(client.loop_stop)
        assert site.door.connects[0].password == b"token"


@protocols
@live
async def test_paho_is_told_that_its_token_is_bad(protocol: Any) -> None:
    door, heard = OpenDoor(), []
    door.refuse = Refusal.BAD_CREDENTIALS
    async with listening(door) as site:
        client = paho.Client(CallbackAPIVersion.VERSION2, "paho", protocol=protocol)
        client.on_connect = lambda _c, _u, _f, reason, _p: heard.append(str(reason))
        await apart(lambda: client.connect("127.0.0.1", site.port))
        await apart(lambda: [client.loop(0.05) for _ in range(100) if not heard])
    assert heard[0] == "Bad user name or password"


@live
async def test_paho_is_told_of_a_denied_topic_and_stays() -> None:
    async with listening() as site:
        client = await apart(lambda: client_of(site, paho.MQTTv5))
        reasons: list[int] = []
        client.on_publish = lambda _c, _u, _m, reason, _p: reasons.append(reason.value)
        try:
            client.publish("denied/t", b"p", 1)
            client.publish("t", b"p", 1)
            await until(lambda: len(reasons) == 2)
            assert reasons == [0x87, 0]
        finally:
            client.disconnect()
            await apart(client.loop_stop)
