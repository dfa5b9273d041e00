from __future__ import annotations

import gc
import weakref
from typing import TYPE_CHECKING

import pytest

from twin.engine.quiet import Collector, Quiet, lasting, uncollected

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(autouse=True)
def ordinary() -> Iterator[None]:
    """Whatever these leave, nobody else is to have."""
    yield
    gc.unfreeze()
    gc.enable()


class Circle:
    """Only a collection finds it."""

    def __init__(self) -> None:
        self.me = self


class Time:
    def __init__(self) -> None:
        self.now = self.worked = 0.0

    def collector(self) -> Collector:
        return Collector(lambda: self.now, lambda: self.worked)


def lost(times: int) -> weakref.ref[Circle]:
    """A circle that grew old, and is lost now."""
    circle = Circle()
    for _ in range(times):
        gc.collect(1)
    return weakref.ref(circle)


def test_collections_come_back_after_work() -> None:
    quiet = Quiet()
    with quiet.work(), quiet.work():
        assert not gc.isenabled()
    assert gc.isenabled()
    with uncollected():
        assert not gc.isenabled()
    assert gc.isenabled()


def test_much_that_lasts_is_left_out() -> None:
    gc.unfreeze()
    with lasting():
        kept = [[] for _ in range(150_000)]
    assert gc.get_freeze_count() > len(kept)
    assert gc.isenabled()


def test_a_server_collects_when_it_has_time() -> None:
    time = Time()
    collector = time.collector()
    collector.start()
    try:
        assert gc.get_threshold()[2] > 1_000_000
        circle = lost(10)
        time.now, time.worked = 1.0, 0.9
        collector.tick()
        assert circle() is not None, "it was busy"
        time.now, time.worked = 2.0, 0.95
        collector.tick()
        assert circle() is None
    finally:
        collector.stop()
    assert gc.get_threshold()[2] < 1_000


def test_a_server_that_never_has_time_collects_nonetheless() -> None:
    time = Time()
    collector = time.collector()
    collector.start()
    try:
        circle = lost(70)
        time.now = time.worked = 1.0
        collector.tick()
        assert circle() is None
    finally:
        collector.stop()


def test_what_a_large_change_has_made_is_left_out() -> None:
    collector = Time().collector()
    gc.unfreeze()
    collector.grow(9_999)
    assert gc.get_freeze_count() == 0
    collector.grow(1)
    assert gc.get_freeze_count() > 0
