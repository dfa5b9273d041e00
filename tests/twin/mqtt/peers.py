"""A peer that says exactly what a test wants it to, and an endpoint to say it to."""

from __future__ import annotations

import asyncio
import functools
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import uvloop

from tests.twin.mqtt.doubles import OpenDoor
from twin.mqtt.endpoint import Endpoint, Message
from twin.mqtt.packets import (
    V5,
    V311,
    Ack,
    Connack,
    Connect,
    Disconnect,
    Kind,
    Packet,
    Pingreq,
    Pingresp,
    Property,
    Publish,
    Reason,
    Suback,
    Subscribe,
    parse,
    serialise,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

__all__ = ["BOTH", "Peer", "Site", "listening", "live", "until"]

BOTH = (V311, V5)


def live(test: Callable[..., Awaitable[None]]) -> Callable[..., None]:
    """Run the test on a loop of its own."""

    @functools.wraps(test)
    def run(*args: Any, **kwargs: Any) -> None:
        uvloop.run(test(*args, **kwargs))  # type: ignore[arg-type]

    return run


async def until(condition: Callable[[], bool]) -> None:
    """Wait for what will be so."""
    async with asyncio.timeout(5):
        while not condition():  # noqa: ASYNC110 - the endpoint has no event for every state a test waits for
            await asyncio.sleep(0.002)


class Peer:
    """A client that speaks in packets and bytes."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, version: int) -> None:
        self.reader = reader
        self.writer = writer
        self.version = version

    def say(self, *packets: Packet | bytes) -> None:
        self.writer.write(b"".join(one if isinstance(one, bytes) else serialise(one, self.version) for one in packets))

    async def hear(self) -> Packet:
        async with asyncio.timeout(5):
            first, length, shift = (await self.reader.readexactly(1))[0], 0x80, 0
            size = 0
            while length & 0x80:
                length = (await self.reader.readexactly(1))[0]
                size |= (length & 0x7F) << shift
                shift += 7
            return parse(first, await self.reader.readexactly(size), self.version)

    async def hears_no_message(self) -> bool:
        """Whether a ping is answered before anything else is said."""
        self.say(Pingreq())
        return await self.hear() == Pingresp()

    async def subscribes(self, *filters: tuple[str, int], **properties: Any) -> tuple[Reason, ...]:
        """What SUBACK says of each (filter, options)."""
        given = {Property[name.upper()]: value for name, value in properties.items()}
        self.say(Subscribe(77, filters, given))
        answer = await self.hear()
        assert isinstance(answer, Suback)
        assert answer.packet_id == 77
        return answer.reasons

    async def takes(self) -> Publish:
        """The next message, acknowledged."""
        message = await self.hear()
        assert isinstance(message, Publish)
        if message.qos:
            self.say(Ack(Kind.PUBACK, message.packet_id))
        return message

    async def leave(self) -> None:
        """Hang up without a word, and wait until the other side has, too."""
        self.writer.close()
        await self.writer.wait_closed()

    async def hears_nothing_more(self) -> bool:
        async with asyncio.timeout(5):
            try:
                return await self.reader.read() == b""
            except ConnectionResetError:
                return True

    async def is_ended_with(self, reason: Reason) -> bool:
        """Whether the next thing is the end, with this reason where the version can say it."""
        if self.version == V5:
            assert await self.hear() == Disconnect(reason)
        return await self.hears_nothing_more()

    async def publishes(self, topic: str = "t", payload: bytes = b"p", packet_id: int = 1) -> Ack:
        self.say(Publish(topic, payload, 1, packet_id))
        answer = await self.hear()
        assert isinstance(answer, Ack)
        assert (answer.kind, answer.packet_id) == (Kind.PUBACK, packet_id)
        return answer

    async def close(self) -> None:
        self.writer.close()


class Site:
    """An endpoint with its door and its peers; its clocks go when a test says so."""

    def __init__(self, door: OpenDoor, endpoint: Endpoint, port: int) -> None:
        self.door = door
        self.endpoint = endpoint
        self.port = port
        self.peers: list[Peer] = []

    async def dial(self, version: int = V5) -> Peer:
        peer = Peer(*await asyncio.open_connection("127.0.0.1", self.port), version)
        self.peers.append(peer)
        return peer

    async def ask(self, connect: Connect) -> tuple[Peer, Connack]:
        peer = await self.dial(connect.version)
        peer.say(connect)
        answer = await peer.hear()
        assert isinstance(answer, Connack)
        return peer, answer

    async def join(self, client_id: str = "c", version: int = V5, **more: Any) -> Peer:
        peer, answer = await self.ask(Connect(client_id, version, **more))
        assert answer.reason is Reason.SUCCESS
        assert not answer.session_present
        return peer

    async def come(self, version: int = V5, *, back: bool = False, **more: Any) -> Peer:
        """Connect with a session that outlasts the connection; ``back``: it is one that was there."""
        if version == V5:
            more["properties"] = {Property.SESSION_EXPIRY_INTERVAL: 100, **more.get("properties", {})}
        peer, answer = await self.ask(Connect("c", version, clean_start=False, **more))
        assert answer.reason is Reason.SUCCESS
        assert answer.session_present is back
        return peer

    async def gone(self, peer: Peer) -> None:
        """Have a peer hang up, and the endpoint know it."""
        before = self.endpoint.connections
        await peer.leave()
        await until(lambda: self.endpoint.connections < before)

    def tell(self, topic: str, payload: bytes = b"p", about: object = None, **more: Any) -> None:
        self.endpoint.tell(Message(topic, payload, about, 0, **more))


@asynccontextmanager
async def listening(door: OpenDoor | None = None, **more: Any) -> AsyncIterator[Site]:
    """An endpoint on a free port, closed afterwards."""
    door = door or OpenDoor()
    endpoint = Endpoint(door, **more)
    site = Site(door, endpoint, await endpoint.start("127.0.0.1", 0))
    try:
        yield site
    finally:
        for peer in site.peers:
            await peer.close()
        await endpoint.close(0.5)
