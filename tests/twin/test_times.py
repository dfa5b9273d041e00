"""How times are written."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twin.times import rfc3339


@pytest.mark.parametrize(
    ("at", "text"),
    [
        (0, "1970-01-01T00:00:00Z"),
        (-1, "1969-12-31T23:59:59.999999Z"),
        (250_000, "1970-01-01T00:00:00.250000Z"),
        (1_793_689_200_000_000, "2026-11-03T07:00:00Z"),
    ],
)
def test_how_a_time_is_written(at: int, text: str) -> None:
    assert rfc3339(at) == text


@given(st.datetimes(timezones=st.just(UTC)))
def test_a_time_is_read_back_as_it_was(at: datetime) -> None:
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    since = at - epoch
    whole = (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds
    assert datetime.fromisoformat(rfc3339(whole)) == at
