"""Large work without pauses: collections wait, for one over a million objects would hold everybody for a second."""

from __future__ import annotations

import gc
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["Collector", "Quiet", "lasting", "uncollected"]

_LARGE = 100_000
_GROWN = 10_000
"""After so many entries of the log, what they have made is left out of collections."""
_DUE, _OVERDUE = 5, 60
"""Collections of what is middle-aged after which there is one of everything: when there is time, and in any case."""
_IDLE = 0.25
_LONG_SECONDS = 0.02
_NEVER = 1_000_000_000
_THRESHOLDS = gc.get_threshold()


class Quiet:
    """Counts what is under way; used on one thread."""

    def __init__(self) -> None:
        self._under_way = 0

    @contextmanager
    def work(self) -> Iterator[None]:
        """No collection while this lasts. Where it leaves much, that stays out of later ones; it is still freed once
        nothing refers to it any more.
        """
        self._under_way += 1
        gc.disable()
        try:
            yield
        finally:
            self._under_way -= 1
            _leave_out()
            if not self._under_way:
                gc.enable()


@contextmanager
def uncollected() -> Iterator[None]:
    """Without a collection in the middle of a million new objects that stay: it would cost more than the work."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


@contextmanager
def lasting() -> Iterator[None]:
    """The same for what stays for good: where it is much, later collections do not look at it."""
    with uncollected():
        try:
            yield
        finally:
            _leave_out()


def _leave_out() -> None:
    if gc.get_count()[0] > _LARGE:
        gc.freeze()


class Collector:
    """Full collections in a process that serves: never in the middle of something, but when there is time, and over
    what has come since the load only. What has grown since then is left out as well, once looking at it takes long.

    What is left out is freed as ever when nothing refers to it; only circles among it are not found.
    """

    def __init__(
        self, clock: Callable[[], float] = time.perf_counter, worked: Callable[[], float] = time.thread_time
    ) -> None:
        """``worked`` says how many seconds the thread has worked, all in all."""
        self._clock = clock
        self._worked = worked
        self._at, self._work = clock(), worked()
        self._entries = 0

    def start(self) -> None:
        """What is there stays."""
        gc.freeze()
        gc.set_threshold(*_THRESHOLDS[:2], _NEVER)

    def stop(self) -> None:
        """Collections come by themselves again."""
        gc.set_threshold(*_THRESHOLDS)

    def grow(self, entries: int) -> None:
        """So many entries of the log were applied to the mirror."""
        self._entries += entries
        if self._entries >= _GROWN:
            self._entries = 0
            gc.freeze()

    def tick(self) -> None:
        """Now and then: collect, if it is time to."""
        at, work = self._clock(), self._worked()
        idle = work - self._work < _IDLE * (at - self._at)
        self._at, self._work = at, work
        if gc.isenabled() and gc.get_count()[2] >= (_DUE if idle else _OVERDUE):
            gc.collect()
            if self._clock() - at > _LONG_SECONDS:
                gc.freeze()
