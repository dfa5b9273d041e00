"""Kill -9 while measured series arrive: nothing that was acknowledged is lost, and the newest source time wins."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from tests.running import ROOT, start
from tests.series import MAP, balanced, held, newest

if TYPE_CHECKING:
    from tests.running import Running

KILLS = 5
_SEND_SECONDS = 240
_SETTLE_SECONDS = 60


def measurements() -> Path:
    """The folder of the flat's series; the run ends where it is absent."""
    folder = (
        Path(os.environ.get("TWIN_SHARED_DATA", ROOT.parent / "shared" / "data")) / "opensmarthome" / "Measurements"
    )
    if not folder.is_dir():
        raise SystemExit(f"no series at {folder}: name the folder of the real data with TWIN_SHARED_DATA")
    return folder


def round_of(seed: int, folder: Path, kills: int = KILLS) -> str:
    """One replay with so many kills at random moments; what was sent and resent."""
    chance, series = random.Random(seed), measurements()
    data = folder / "data"
    twin = start(data, "--no-simulate")
    ports = ["--port", twin.facts["issuer"].rsplit(":", 1)[1], "--mqtt-port", str(twin.mqtt[1])]
    words = ["replay", str(series), "--map", str(MAP), "--disorder", str(seed), "--data", str(data), "--json"]
    sender = subprocess.Popen([sys.executable, "-m", "twin", *words], stdout=subprocess.PIPE, text=True)
    try:
        for _ in range(kills):
            twin.received(chance.randrange(1, 12_000))
            time.sleep(chance.random() * 0.2)
            twin.kill()
            twin = start(data, "--no-simulate", *ports)
        out, _ = sender.communicate(timeout=_SEND_SECONDS)
        sent = json.loads(out)
        _check(twin, sent, series)
    finally:
        sender.kill()
        sender.communicate()
        twin.stop()
    return f"{sent['messages']:,} messages, {sent['resent']:,} sent again after {kills} kills"


def _check(twin: Running, sent: dict[str, int], series: Path) -> None:
    assert sent["acknowledged"] == sent["messages"], sent
    counters = twin.settled(sent["messages"])
    assert balanced(counters), counters
    assert counters["journaled"] >= sent["messages"], (counters, sent)
    assert counters["dead"] == counters["undecodable"] == counters["quarantined"] == 0, counters
    expected, until = newest(series), time.monotonic() + _SETTLE_SECONDS
    while held(twin) != expected and time.monotonic() < until:
        time.sleep(0.2)
    assert held(twin) == expected
