"""A journal and a store that do not belong together: nothing is skipped, no number is given twice, and it is said."""

from __future__ import annotations

import shutil
import threading
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.telemetry import extent
from twin.store import Watermark
from twin.telemetry.journal import Extent, Journal
from twin.telemetry.journal import extent as extent_of
from twin.telemetry.resuming import start

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("journal", "watermark", "lettered", "expected"),
    [
        (extent(0), Watermark(), 0, (0, 0, 0)),
        (extent(9), Watermark(), 0, (0, 9, 0)),
        (extent(9), Watermark("journal", 9), 9, (9, 9, 0)),
        (extent(9, first=3), Watermark("journal", 5), 7, (5, 9, 0)),
        (extent(9, first=3), Watermark("journal", 3), 0, (3, 9, 0)),
    ],
)
def test_what_belongs_together_goes_on(
    journal: Extent, watermark: Watermark, lettered: int, expected: tuple[int, int, int]
) -> None:
    found = start(journal, watermark, lettered)
    assert (found.since, found.next, found.missing) == expected
    assert found.findings == ()


@pytest.mark.parametrize(
    ("journal", "watermark", "lettered", "expected", "codes"),
    [
        (extent(0), Watermark("another", 500), 0, (0, 0, 0), ["journal.other"]),
        (extent(7, first=2), Watermark("another", 5), 0, (0, 7, 2), ["journal.other", "journal.gap"]),
        (extent(30), Watermark("journal", 50), 0, (50, 50, 0), ["journal.behind"]),
        (extent(0), Watermark("journal", 50), 0, (50, 50, 0), ["journal.behind"]),
        (extent(30), Watermark("journal", 20), 45, (20, 45, 0), ["journal.behind"]),
        (extent(90, first=60), Watermark("journal", 50), 0, (50, 90, 10), ["journal.gap"]),
    ],
)
def test_what_does_not_is_said(
    journal: Extent,
    watermark: Watermark,
    lettered: int,
    expected: tuple[int, int, int],
    codes: list[str],
) -> None:
    found = start(journal, watermark, lettered)
    assert (found.since, found.next, found.missing) == expected
    assert [each.code for each in found.findings] == codes
    assert all(each.message and each.help for each in found.findings)


@given(
    first=st.integers(0, 9),
    length=st.integers(0, 9),
    watermark=st.builds(Watermark, st.sampled_from(["", "journal", "another"]), st.integers(0, 30)),
    lettered=st.integers(0, 30),
)
def test_whatever_there_is_nothing_is_skipped_and_no_number_given_twice(
    first: int, length: int, watermark: Watermark, lettered: int
) -> None:
    found = start(extent(first + length, first=first), watermark, lettered)
    seen = watermark.offset if watermark.journal == "journal" else 0
    assert found.since == seen
    assert found.next >= max(seen, lettered, first + length)
    assert found.missing == max(first - seen, 0)
    assert bool(found.findings) >= (found.missing > 0 or found.next > first + length)


def keep(journal: Journal, count: int) -> None:
    for _ in range(count):
        kept = threading.Event()
        journal.append("s", 0, [(b"a", b"x")], lambda _, kept=kept: kept.set())
        assert kept.wait(30)


def test_a_journal_is_looked_at_from_outside_while_it_is_written(tmp_path: Path) -> None:
    assert extent_of(tmp_path / "journal") is None
    journal = Journal(tmp_path / "journal", on_loop=lambda report: report(), segment_bytes=60)
    assert extent_of(tmp_path / "journal") == journal.extent == Extent(journal.id, 0, 0)
    keep(journal, 5)
    journal.close()
    assert extent_of(tmp_path / "journal") == journal.extent == Extent(journal.id, 0, 5)
    again = Journal(tmp_path / "journal", on_loop=lambda report: report())
    again.trim(below=3, keep_after=1)
    assert extent_of(tmp_path / "journal") == again.extent
    assert again.extent.first > 0
    again.close()
    shutil.copy(tmp_path / "journal" / "id", tmp_path / "id")
    assert extent_of(tmp_path) == Extent(journal.id, 0, 0)
    (tmp_path / "id").write_bytes(b"damaged")
    assert extent_of(tmp_path) is None
