"""A real twin backed up while devices publish, restored elsewhere, and compared."""

from __future__ import annotations

import asyncio
import json
import threading
import time
import urllib.error
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.faults import moving
from tests.running import done, run, start
from tests.series import balanced
from twin.mqtt.client import Client

if TYPE_CHECKING:
    from tests.running import Running

_STEP = 0.001
_FIRST = 10.0


class Reporter:
    """A device that says a little more each time, and remembers what was acknowledged."""

    def __init__(self, twin: Running) -> None:
        self.sent = self.acknowledged = 0
        self._token = twin.token()
        self._address = twin.mqtt
        self._stop = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()))
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        self._thread.join()

    def reach(self, count: int) -> None:
        """Wait until so many more were acknowledged."""
        wanted, until = self.acknowledged + count, time.monotonic() + 30
        while self.acknowledged < wanted:
            assert time.monotonic() < until
            time.sleep(0.01)

    async def _run(self) -> None:
        async with Client(*self._address, "reporter", lambda: self._token) as client:
            while not self._stop.is_set():
                self.sent += 1
                points = {"temperature": {"present_value": _FIRST + self.sent * _STEP}}
                await client.publish("r/flat/d/KITemp/events/pointset", json.dumps({"points": points}).encode())
                await client.drain()
                self.acknowledged = self.sent


def said(twin: Running) -> int:
    """Which message the kitchen's temperature is of."""
    answer = twin.graphql('{ entity(ref: "flat/kitchen/climate") { points { name reading { value } } } }')
    values = {each["name"]: each["reading"] for each in answer["data"]["entity"]["points"]}
    return round((values["temperature"]["value"] - _FIRST) / _STEP)


def _backed_up(twin: Running, file: Path) -> tuple[dict[str, object], int, int]:
    """A backup beside a device that publishes: what it says, what was acknowledged before, what was sent after."""
    reporter = Reporter(twin)
    try:
        reporter.reach(20)
        before = reporter.acknowledged
        made = done("backup", file, "--data", twin.data)
        after = reporter.sent
        reporter.reach(5)
        refused = run("restore", file, "--data", twin.data, "--replace", "--json")
        assert json.loads(refused.stdout)["error"]["code"] == "data.owned"
    finally:
        reporter.stop()
    return made, before, after


@pytest.mark.timeout(240)
def test_a_backup_beside_devices_holds_what_was_acknowledged(tmp_path: Path) -> None:
    new, file, plan = tmp_path / "new", tmp_path / "x.twin", tmp_path / "plan.json"
    twin = start(tmp_path / "old", "--no-simulate")
    try:
        token = twin.token()
        planned = run("plan", "examples/flat.yaml", "--data", twin.data, "--set", "name=X", "--out", plan)
        assert planned.returncode == 0, planned.stderr
        made, before, after = _backed_up(twin, file)
    finally:
        twin.kill()
    assert done("backup", "--check", file) == made
    assert done("restore", file, "--data", new)["manifest"] == made
    refused = run("apply", plan, "--data", new, "--json")
    assert json.loads(refused.stdout)["error"]["code"] == "plan.foreign"
    again = start(new, "--no-simulate", "--port", twin.facts["issuer"].rsplit(":", 1)[1])
    try:
        with pytest.raises(urllib.error.HTTPError) as caught:
            again.get("/sites", token)
        assert caught.value.code == 401
        caught.value.close()
        counters = again.settled(before)
        assert balanced(counters)
        assert before <= said(again) == counters["journaled"] <= after
        assert counters["dead"] == counters["quarantined"] == counters["undecodable"] == 0
        assert counters["readings"] == counters["journaled"]
        reporter = Reporter(again)
        try:
            reporter.reach(3)
        finally:
            reporter.stop()
        assert balanced(again.settled(counters["journaled"] + 3))
    finally:
        code, words = again.stop()
    assert code == 0, words
    assert "journal.behind" not in words
    assert "journal.gap" not in words


def test_what_is_killed_in_the_middle_is_whole_or_nothing(tmp_path: Path) -> None:
    """A sample of ``make faults``."""
    assert "got through" in moving.round_of(3, tmp_path, kills=1)
