"""The flat's measured series: what a twin must say of each point once all of it has arrived."""

from __future__ import annotations

import calendar
import time
from typing import TYPE_CHECKING, Any

from tests.running import ROOT, Running, done
from twin.engine.library import read_source
from twin.topology.series import read_series

if TYPE_CHECKING:
    from pathlib import Path

MAP = ROOT / "examples" / "flat-series.yaml"


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
