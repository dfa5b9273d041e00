"""The flat's own measurements through the front door: whatever the disorder, the newest source time wins."""

from __future__ import annotations

import calendar
import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from tests.running import ROOT, Running, done, running, start
from twin.engine.library import read_source
from twin.topology.series import read_series

MAP = ROOT / "examples" / "flat-series.yaml"


@pytest.fixture(scope="module")
def measurements(shared_data: Path) -> Path:
    return shared_data / "opensmarthome" / "Measurements"


def newest(measurements: Path) -> dict[str, tuple[float, float]]:
    """Point -> (seconds, value) with the newest time of its file; of equal times, the greater value's bytes."""
    found = {}
    for name, each in read_series(read_source(MAP)).series.items():
        rows = [line.split("\t") for line in (measurements / name).read_text().splitlines()]
        last = max(float(time) for time, _ in rows)
        values = [value for time, value in rows if float(time) == last]
        assert len(set(values)) == 1, f"{name} ends ambiguously"
        found[f"{each.device}.{each.point}"] = (last, float(values[0]))
    return found


def held(twin: Running) -> dict[str, tuple[float, float]]:
    """What the twin says of every point of every device, from its data directory."""
    found: dict[str, tuple[float, float]] = {}

    def visit(node: dict[str, Any]) -> None:
        for point, reading in node["points"].items():
            if reading is not None and node["kind"] == "device":
                moment = time.strptime(reading["time"], "%Y-%m-%dT%H:%M:%SZ")
                path = node["path"].split("/", 1)[1]
                found[f"{path}.{point}"] = (float(_seconds(moment)), reading["value"])
        for child in node["children"]:
            visit(child)

    (site,) = done("show", "--data", twin.data)
    visit(site)
    return found


def _seconds(moment: time.struct_time) -> int:
    return calendar.timegm(moment)


def balanced(counters: dict[str, int]) -> bool:
    return (
        counters["received"] == counters["journaled"] + counters["denied"] + counters["dropped"]
        and counters["journaled"] == counters["decoded"] + counters["undecodable"] + counters["pending"]
    )


def wait_stored(twin: Running, expected: dict[str, tuple[float, float]]) -> None:
    """Until the store (which `twin show` reads) has caught up with what was acknowledged."""
    until = time.monotonic() + 30
    while held(twin) != expected and time.monotonic() < until:
        time.sleep(0.2)
    assert held(twin) == expected


def test_shuffled_and_doubled_everything_ends_at_the_newest_source_time(tmp_path: Path, measurements: Path) -> None:
    expected = newest(measurements)
    with running(tmp_path / "data", "--no-simulate") as twin:
        sent = done("replay", measurements, "--map", MAP, "--speed", "max", "--disorder", "7", "--data", twin.data)
        assert sent["readings"] > 130_000
        assert sent["acknowledged"] == sent["messages"]
        assert sent["refused"] == 0
        counters = twin.settled(sent["messages"])
        assert balanced(counters)
        assert counters["received"] == counters["journaled"] == counters["decoded"] == sent["messages"]
        assert counters["readings"] == sent["readings"]
        assert counters["quarantined"] == counters["dead"] == counters["undecodable"] == 0
        wait_stored(twin, expected)
        room = twin.graphql('{ entity(ref: "flat/kitchen") { points { name reading { value time } } } }')
        fed = {each["name"]: each["reading"] for each in room["data"]["entity"]["points"]}
        assert fed["temperature"]["value"] == expected["kitchen/climate.temperature"][1]


def test_kill_9_in_the_middle_loses_nothing_that_was_acknowledged(tmp_path: Path, measurements: Path) -> None:
    """The replay client keeps what is not acknowledged and sends it again once the twin is back on its port."""
    expected = newest(measurements)
    twin = start(tmp_path / "data", "--no-simulate")
    ports = ["--port", twin.facts["issuer"].rsplit(":", 1)[1], "--mqtt-port", str(twin.mqtt[1])]
    words = ["replay", str(measurements), "--map", str(MAP), "--disorder", "11", "--data", str(twin.data), "--json"]
    sender = subprocess.Popen([sys.executable, "-m", "twin", *words], stdout=subprocess.PIPE, text=True)
    try:
        twin.received(20_000)
        twin.kill()
        twin = start(tmp_path / "data", "--no-simulate", *ports)
        out, _ = sender.communicate(timeout=110)
        assert sender.returncode == 0
        sent = json.loads(out)
        assert sent["acknowledged"] == sent["messages"]
        assert sent["resent"] > 0
        counters = twin.settled(sent["messages"])
        assert balanced(counters)
        assert counters["journaled"] >= sent["messages"]
        wait_stored(twin, expected)
    finally:
        sender.kill()
        code, said = twin.stop()
    assert code == 0, said
