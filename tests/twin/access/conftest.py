"""Records in a temporary directory, and a clock that a test moves."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from argon2 import PasswordHasher

from twin.access.passwords import Passwords
from twin.records import Records

SECOND = 1_000_000


class Clock:
    """A clock that stands still until a test moves it."""

    def __init__(self) -> None:
        self.now = 1_800_000_000 * SECOND

    def __call__(self) -> int:
        return self.now

    def wait(self, seconds: float) -> None:
        self.now += round(seconds * SECOND)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def records(tmp_path: Path) -> Iterator[Records]:
    opened = Records(tmp_path / "records.sqlite")
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def passwords() -> Passwords:
    """argon2id at costs at which a test does not wait."""
    return Passwords(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
