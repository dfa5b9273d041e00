"""A twin is killed while it is written from every side: a sample of ``make faults``."""

from __future__ import annotations

from pathlib import Path

from tests.faults import writes


def test_nothing_that_was_answered_is_lost_or_done_twice_when_the_process_is_killed(tmp_path: Path) -> None:
    assert writes.killing(5, tmp_path / "data", kills=2).startswith("2 kills")
