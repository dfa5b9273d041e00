"""Messages delivered to one subscriber and to a hundred: our endpoint against mosquitto, with the same publisher and
the same listeners.

Behind our endpoint is a door that keeps nothing and lets everyone hear everything: what is measured is the endpoint.
"""

from __future__ import annotations

import asyncio
import json
import selectors
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

import uvloop

from tests.bench.telemetry import load, mosquitto
from tests.twin.mqtt.doubles import OpenDoor
from twin.mqtt.endpoint import Admission, Endpoint, Limits, Message
from twin.mqtt.packets import V311, Connect, Publish, Subscribe, serialise

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.bench.report import Report

ROUNDS = 3
TOPIC, PAYLOAD = "twin/flat/readings/kitchen/climate", "x" * 150
SHAPES = ((1, 0, 100_000), (1, 1, 50_000), (100, 0, 3_000), (100, 1, 1_000))
"""Listeners, QoS, messages published."""
_READ = 1 << 18
_UNBOUNDED = 1 << 40
_BASE = ["-m", "tests.bench.fanout"]


class Echo(OpenDoor):
    """Tells what it is given."""

    endpoint: Endpoint

    def keep(
        self,
        admission: Admission,
        received: int,
        messages: list[tuple[object, bytes, bytes]],
        done: Callable[[bool], None],
    ) -> None:
        for _, topic, payload in messages:
            self.endpoint.tell(Message(topic.decode(), payload, None, received))
        done(True)


async def serve() -> None:
    """Our endpoint, until it is killed."""
    door = Echo()
    limits = Limits(queue=_UNBOUNDED, queue_bytes=_UNBOUNDED, queues_bytes=_UNBOUNDED, in_flight=1_000)
    door.endpoint = Endpoint(door, limits=limits)
    print(await door.endpoint.start("127.0.0.1", 0), flush=True)
    await asyncio.Event().wait()


class Listener:
    """One connection that counts messages by their bytes, and acknowledges them."""

    def __init__(self, port: int, number: int, qos: int) -> None:
        self.peer = socket.create_connection(("127.0.0.1", port))
        self.peer.sendall(serialise(Connect(f"listener-{number}", V311), V311))
        self._exactly(4)
        self.peer.sendall(serialise(Subscribe(1, ((TOPIC, qos),)), V311))
        self._exactly(5)
        self.heard = 0
        self._qos = qos
        self._size = len(serialise(Publish(TOPIC, PAYLOAD.encode(), qos, qos), V311))
        self._id_at = 5 + len(TOPIC)
        self._rest = b""

    def receive(self) -> int:
        """How many messages came."""
        data = self._rest + self.peer.recv(_READ)
        count, size, at = len(data) // self._size, self._size, self._id_at
        self._rest = data[count * size :]
        if self._qos:
            ids = (data[start : start + 2] for start in range(at, count * size, size))
            self.peer.sendall(b"".join(b"\x40\x02" + number for number in ids))
        self.heard += count
        return count

    def _exactly(self, count: int) -> None:
        while count:
            count -= len(self.peer.recv(count))


def listen(port: int, listeners: int, qos: int, messages: int) -> None:
    """Print READY, then how many messages a second came, from the first to the last."""
    total, began = listeners * messages, 0.0
    with selectors.DefaultSelector() as selector:
        for number in range(listeners):
            each = Listener(port, number, qos)
            selector.register(each.peer, selectors.EVENT_READ, each)
        print("READY", flush=True)
        left = total
        while left:
            ready = selector.select()
            began = began or time.perf_counter()
            left -= sum(key.data.receive() for key, _ in ready)
    print(json.dumps(total / (time.perf_counter() - began)), flush=True)


@contextmanager
def ours() -> Iterator[int]:
    """Our endpoint in a process of its own; its port."""
    with subprocess.Popen([sys.executable, *_BASE, "serve"], stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            yield int(server.stdout.readline())
        finally:
            server.terminate()


def rate(port: int, listeners: int, qos: int, messages: int) -> float:
    """Messages a second that listeners got."""
    words = [sys.executable, *_BASE, "listen", *map(str, (port, listeners, qos, messages))]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as listening:
        assert listening.stdout is not None
        listening.stdout.readline()
        load("127.0.0.1", port, topics=[TOPIC], payloads=[PAYLOAD], messages=messages, connections=1, window=200)
        return float(json.loads(listening.stdout.readline()))


def run(report: Report) -> None:
    """Each shape in turn against both, the median of some rounds."""
    if shutil.which("mosquitto") is None:
        report.skipped.append("fanout: no mosquitto to compare with (Debian: apt-get install mosquitto)")
        return
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        ports = [stack.enter_context(ours()), stack.enter_context(mosquitto(folder, "max_queued_messages 0"))]
        for listeners, qos, messages in SHAPES:
            rates: list[list[float]] = [[], []]
            for _ in range(ROUNDS):
                for found, port in zip(rates, ports, strict=True):
                    found.append(rate(port, listeners, qos, messages))
            name = f"fan-out, QoS {qos}, {listeners} listener{'s' * (listeners > 1)}"
            note = f"{messages:,} messages of {len(PAYLOAD)} bytes, each to every listener"
            report.rates(name, median(rates[0]), median(rates[1]), "msg/s", "mosquitto", note)


if __name__ == "__main__":
    if sys.argv[1] == "serve":
        uvloop.run(serve())
    else:
        listen(*map(int, sys.argv[2:]))
