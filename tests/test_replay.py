"""The flat's own measurements through the front door: whatever the disorder, the newest source time wins."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from tests.faults import kills, mirror
from tests.running import Running, done, running
from tests.series import MAP, balanced, held, newest


@pytest.fixture(scope="module")
def measurements(shared_data: Path) -> Path:
    return shared_data / "opensmarthome" / "Measurements"


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


def test_kill_9_in_the_middle_loses_nothing_that_was_acknowledged(tmp_path: Path, shared_data: Path) -> None:
    """A sample of ``make faults``: the sender keeps what is not acknowledged and sends it again after the restart."""
    assert shared_data.is_dir()
    assert "after 1 kills" in kills.round_of(11, tmp_path, kills=1)


def test_two_committers_of_one_file_agree(tmp_path: Path) -> None:
    """A sample of ``make faults``."""
    assert "ChangeSets" in mirror.round_of(5, tmp_path, steps=60)
