"""Live sites come to another version while telemetry runs: a sample of ``make faults``."""

from __future__ import annotations

from pathlib import Path

from tests.faults import upgrades


def test_ten_sites_are_upgraded_while_devices_report_and_everything_is_killed(tmp_path: Path) -> None:
    said = upgrades.round_of(3, tmp_path, sites=10, kills=2, messages=10)
    assert said.startswith("10 sites, 200 messages, 2 kills")
