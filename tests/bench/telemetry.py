"""Durable QoS 1 ingest: a whole twin (token, rights, journal synced before PUBACK, decoding, state) against what
mosquitto merely accepts, with the same load generator and the same messages.
"""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

from tests.running import done, start
from twin.times import rfc3339

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.bench.report import Report

MESSAGES = 100_000
ROUNDS = 5
_DISTINCT = MESSAGES // 4
_START_SECONDS = 10


def payloads(number_of_round: int = 0) -> list[str]:
    """UDMI pointsets of some 150 bytes with two points, each newer than the one before, and than the last round's."""
    began = time.time_ns() // 1000 - (ROUNDS - number_of_round) * _DISTINCT * 10_000
    return [
        json.dumps(
            {
                "version": "1.5.7",
                "timestamp": rfc3339(began + number * 10_000),
                "points": {
                    "temperature": {"present_value": 18 + number % 800 / 100},
                    "humidity": {"present_value": 30 + number % 40},
                },
            }
        )
        for number in range(_DISTINCT)
    ]


def load(host: str, port: int, **given: Any) -> float:
    """Messages a second that were acknowledged, sent by a process of its own."""
    arguments = {"host": host, "port": port, "messages": MESSAGES, "version": 4, **given}
    result = subprocess.run(
        [sys.executable, "-m", "tests.bench.mqtt_load"],
        input=json.dumps(arguments),
        capture_output=True,
        text=True,
        check=True,
    )
    return float(json.loads(result.stdout)["rate"])


@contextmanager
def mosquitto(folder: Path, *lines: str) -> Iterator[int]:
    """A mosquitto that lets anybody in and keeps nothing, with more lines of configuration; its port."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = int(free.getsockname()[1])
    conf = folder / "mosquitto.conf"
    lines = (
        f"listener {port} 127.0.0.1",
        "allow_anonymous true",
        "persistence false",
        "max_inflight_messages 0",
        *lines,
    )
    conf.write_text("\n".join((*lines, "")))
    with subprocess.Popen(
        [shutil.which("mosquitto") or "mosquitto", "-c", str(conf)], stderr=subprocess.DEVNULL
    ) as server:
        try:
            until = time.monotonic() + _START_SECONDS
            while socket.socket().connect_ex(("127.0.0.1", port)) and time.monotonic() < until:
                time.sleep(0.05)
            yield port
        finally:
            server.terminate()


def run(report: Report) -> None:
    """Rounds in turn, the median of each: what disturbs the machine meets both alike."""
    if shutil.which("mosquitto") is None:
        report.skipped.append("telemetry: no mosquitto to compare with (Debian: apt-get install mosquitto)")
        return
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        twin = start(folder / "data", "--no-simulate")
        stack.callback(twin.stop)
        host, port = twin.mqtt
        token = twin.token("telemetry:write")
        devices = twin.graphql("{ devices(type: ClimateSensor) { nodes { id } } }")["data"]["devices"]["nodes"]
        topics = [f"r/flat/d/{device['id']}/events/pointset" for device in devices]
        peer = stack.enter_context(mosquitto(folder))
        ours: list[float] = []
        worked_in: list[float] = []
        theirs: list[float] = []
        for number in range(ROUNDS):
            given = {"topics": topics, "payloads": payloads(number)}
            rate = load(host, port, username="bench", password=token, **given)
            acknowledged = time.perf_counter()
            counters = twin.settled(MESSAGES * (number + 1))
            lag = time.perf_counter() - acknowledged
            ours.append(rate)
            worked_in.append(MESSAGES / (MESSAGES / rate + lag))
            theirs.append(load("127.0.0.1", peer, **given))
        assert counters["decoded"] == MESSAGES * ROUNDS, counters
        assert counters["dead"] == counters["undecodable"] == 0, counters
        drained = done("deadletter", "list", "--data", twin.data)
        assert drained["counts"] == {}, drained
    note = f"{MESSAGES:,} messages of {len(payloads()[0])} bytes, 4 connections; ours synced to disk first"
    report.rates("telemetry, acknowledged", median(ours), median(theirs), "msg/s", "mosquitto, accepting only", note)
    note = "the same, until the last one is decoded and in the state"
    report.rates("telemetry, worked in", median(worked_in), median(theirs), "msg/s", "mosquitto, accepting only", note)
