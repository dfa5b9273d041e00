"""A closed-loop publisher for benches: QoS 1 messages as fast as they are acknowledged, against any MQTT server.

Every packet is encoded before the clock starts; while it runs, slices of that are sent, and acknowledgements counted
by their bytes. So it costs well under a microsecond a message, and is not what is measured. Run it in a process of its
own: give `main` the arguments of `run` as JSON on standard input, and it prints the `Result` as JSON.
"""

from __future__ import annotations

import json
import selectors
import socket
import sys
import time
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from functools import partial
from itertools import accumulate
from typing import TYPE_CHECKING

from twin.mqtt.packets import V5, Connack, Connect, Publish, parse, serialise

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Result", "run"]

_READ = 1 << 18
_SILENCE = 30.0
_HEAD = 4
_FAILED = 0x80


@dataclass(frozen=True, slots=True)
class Result:
    """What was acknowledged, and how fast."""

    seconds: float
    acknowledged: int
    rate: float
    """Acknowledged messages a second."""


class Publisher:
    """One connection: a ring of encoded packets, a window, and two counters."""

    def __init__(self, peer: socket.socket, ring: Ring, share: int, window: int) -> None:
        self.peer = peer
        self.acknowledged = 0
        self._ring = ring
        self._share = share
        self._window = window
        self._sent = 0
        self._rest = memoryview(b"")
        self._heard = b""
        self._ack_size = 0

    @property
    def done(self) -> bool:
        return self.acknowledged >= self._share

    def send(self) -> bool:
        """Send what the window allows. Whether the socket takes no more of it now."""
        while True:
            if not self._rest:
                count = min(self._window - (self._sent - self.acknowledged), self._share - self._sent)
                if count <= 0:
                    return False
                self._rest, taken = self._ring.slice(self._sent, count)
                self._sent += taken
            try:
                self._rest = self._rest[self.peer.send(self._rest) :]
            except BlockingIOError:
                return True

    def receive(self) -> None:
        """Count what was acknowledged."""
        data = self.peer.recv(_READ)
        if not data:
            raise ConnectionError(f"the server hung up after {self.acknowledged} of {self._share} messages")
        heard = self._heard + data
        if not self._ack_size:
            if len(heard) < _HEAD:
                self._heard = heard
                return
            self._ack_size = 2 + heard[1]
        size = self._ack_size
        count = len(heard) // size
        whole, self._heard = heard[: count * size], heard[count * size :]
        refused = size > _HEAD and any(reason >= _FAILED for reason in whole[_HEAD::size])
        if whole[::size].count(0x40) != count or refused:
            raise ConnectionError(f"the server refused messages: {whole[:40].hex()}")
        self.acknowledged += count


class Ring:
    """Encoded messages, round and round; identifiers repeat after a window, when the first is acknowledged again."""

    def __init__(self, topics: Sequence[str], payloads: Sequence[bytes], window: int, version: int) -> None:
        self._count = window * -(-max(len(topics), len(payloads)) // window)
        packets = [
            serialise(
                Publish(topics[number % len(topics)], payloads[number % len(payloads)], 1, number % window + 1), version
            )
            for number in range(self._count)
        ]
        self._bytes = memoryview(b"".join(packets))
        self._at = [0, *accumulate(map(len, packets))]

    def slice(self, sent: int, count: int) -> tuple[memoryview, int]:
        """The packets after ``sent``: at most ``count`` of them, and how many."""
        start = sent % self._count
        stop = min(start + count, self._count)
        return self._bytes[self._at[start] : self._at[stop]], stop - start


def run(  # noqa: PLR0913 - a bench has many knobs
    host: str,
    port: int,
    *,
    topics: Sequence[str],
    payloads: Sequence[bytes],
    messages: int,
    connections: int = 4,
    window: int = 500,
    version: int = V5,
    username: str | None = None,
    password: bytes | None = None,
) -> Result:
    """Publish the messages, topics and payloads in turn, shared among connections.

    Raises ConnectionError when the server refuses or falls silent.
    """
    share = -(-messages // connections)
    ring = Ring(topics, payloads, window, version)
    connect = partial(Connect, version=version, username=username, password=password)
    with ExitStack() as peers:
        publishers = [
            Publisher(peers.enter_context(_dial(host, port, connect(f"load-{number}"))), ring, share, window)
            for number in range(connections)
        ]
        started = time.perf_counter()
        _drive(publishers)
        seconds = time.perf_counter() - started
    acknowledged = sum(publisher.acknowledged for publisher in publishers)
    return Result(seconds, acknowledged, acknowledged / seconds)


def _drive(publishers: list[Publisher]) -> None:
    with selectors.DefaultSelector() as selector:
        for publisher in publishers:
            selector.register(publisher.peer, selectors.EVENT_READ | selectors.EVENT_WRITE, publisher)
        busy = len(publishers)
        while busy:
            events = selector.select(_SILENCE)
            if not events:
                raise ConnectionError(f"no acknowledgement for {_SILENCE:.0f} seconds")
            for key, mask in events:
                if mask & selectors.EVENT_READ:
                    key.data.receive()
                wanted = selectors.EVENT_READ | (selectors.EVENT_WRITE if key.data.send() else 0)
                if key.data.done:
                    selector.unregister(key.fileobj)
                    busy -= 1
                elif wanted != key.events:
                    selector.modify(key.fileobj, wanted, key.data)


def _dial(host: str, port: int, connect: Connect) -> socket.socket:
    peer = socket.create_connection((host, port), timeout=_SILENCE)
    try:
        peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        _greet(peer, connect)
        peer.setblocking(False)
    except BaseException:
        peer.close()
        raise
    return peer


def _greet(peer: socket.socket, connect: Connect) -> None:
    peer.sendall(serialise(connect, connect.version))
    head = _exactly(peer, 2)
    answer = parse(head[0], _exactly(peer, head[1]), connect.version)
    if not isinstance(answer, Connack) or answer.reason:
        raise ConnectionError(f"the server answered CONNECT with {answer}")


def _exactly(peer: socket.socket, count: int) -> bytes:
    data = b""
    while len(data) < count:
        more = peer.recv(count - len(data))
        if not more:
            raise ConnectionError("the server hung up at CONNECT")
        data += more
    return data


def main() -> None:
    """`run` with the arguments that stand on standard input, as JSON (payloads and password as text)."""
    arguments = json.load(sys.stdin)
    arguments["payloads"] = [payload.encode() for payload in arguments["payloads"]]
    if arguments.get("password") is not None:
        arguments["password"] = arguments["password"].encode()
    print(json.dumps(asdict(run(arguments.pop("host"), arguments.pop("port"), **arguments))))


if __name__ == "__main__":
    main()
