"""The one thread that calls a store: ChangeSets first, everything else after, each answer back on the loop."""

from __future__ import annotations

import itertools
import queue
import threading
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["StoreThread"]

T = TypeVar("T")

_STOP_PRIORITY = 9


class StoreThread:
    """Runs jobs one at a time, urgent ones first, in the order they came otherwise."""

    def __init__(self, on_loop: Callable[[Callable[[], None]], object]) -> None:
        """``on_loop`` runs a callable on the loop, from any thread (`loop.call_soon_threadsafe`)."""
        self._on_loop = on_loop
        self._jobs: queue.PriorityQueue[tuple[int, int, Callable[[], None] | None]] = queue.PriorityQueue()
        self._numbers = itertools.count()
        self._thread = threading.Thread(target=self._work, name="twin-store", daemon=True)
        self._thread.start()

    def run(self, job: Callable[[], T], done: Callable[[T | Exception], None], *, urgent: bool = True) -> None:
        """Run ``job`` on the thread, then ``done`` on the loop with what it returned or raised."""

        def work() -> None:
            answer: Any
            try:
                answer = job()
            except Exception as error:  # noqa: BLE001 - whatever it is, it belongs to whoever asked
                answer = error
            self._on_loop(lambda: done(answer))

        self._jobs.put((0 if urgent else 1, next(self._numbers), work))

    def stop(self) -> None:
        """Finish what was asked for, then end the thread; blocks until it has."""
        self._jobs.put((_STOP_PRIORITY, next(self._numbers), None))
        self._thread.join()

    def _work(self) -> None:
        while (job := self._jobs.get()[2]) is not None:
            job()
