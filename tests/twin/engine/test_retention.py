from __future__ import annotations

import pytest

from tests.graphs import changeset, entity
from twin.engine.retention import kept_from, trimming
from twin.errors import InvalidValue
from twin.graph.model import Create
from twin.store import Trimmed
from twin.store.memory import MemoryStore

DAY = 86_400_000_000
NOW = 100 * DAY


def forget(store: MemoryStore, before: int, until: int = 1000) -> list[Trimmed]:
    return [step() for step in trimming(store, before, NOW, until)]


@pytest.fixture
def store() -> MemoryStore:
    """A site a day, from the first to the ninetieth."""
    made = MemoryStore()
    made.commit([changeset(Create(entity(f"home-{day}", "site")), at=day * DAY) for day in range(1, 91)], 0)
    return made


def test_what_is_older_is_forgotten(store: MemoryStore) -> None:
    assert forget(store, 0) == [Trimmed()]
    assert forget(store, 30 * DAY)[-1] == Trimmed(29, 29 * DAY)
    assert forget(store, 30 * DAY) == [Trimmed(29, 29 * DAY)]
    assert forget(store, 10 * DAY) == [Trimmed(29, 29 * DAY)]
    assert forget(store, kept_from(60, NOW))[-1].sequence == 39
    assert forget(store, kept_from(1, NOW))[-1].sequence == 89, "the newest record stays"
    assert [each.sequence for each in store.changes(89)] == [90]


def test_what_the_audit_has_not_taken_up_is_kept(store: MemoryStore) -> None:
    assert forget(store, 30 * DAY, 0) == [Trimmed()]
    assert forget(store, 30 * DAY, 7)[-1].sequence == 7


def test_a_day_is_kept_at_least(store: MemoryStore) -> None:
    assert kept_from(0.1, NOW) == NOW - DAY
    with pytest.raises(InvalidValue) as refused:
        forget(store, NOW)
    assert refused.value.code_ == "trim.recent"
    assert store.trimmed() == Trimmed()
