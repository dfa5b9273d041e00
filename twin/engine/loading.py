"""How far a twin is with loading its graph, for whoever waits: first it is read, then it is put in order."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, TypeVar

import structlog

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

__all__ = ["Told", "logged"]

T = TypeVar("T")

_AT_ONCE = 10_000
_LOG_SECONDS = 5.0

log = structlog.get_logger(__name__)


class Told:
    """Tells of reading and of putting in order as of one thing, each of which is a half of it."""

    def __init__(self, progress: Callable[[int, int], None] | None) -> None:
        """``progress`` is told how much is done, of how much; None: nobody waits."""
        self._progress = progress
        self._of = 0
        self._done = 0
        self.reading = None if progress is None else self._reading
        """What a store is to tell how much it has read."""

    def _reading(self, done: int, of: int) -> None:
        self._done, self._of = done, of
        if self._progress is not None:
            self._progress(done, 2 * of)

    def counted(self, items: Iterable[T]) -> Iterable[T]:
        """The same, told as they are put in order."""
        return items if self._progress is None else self._counted(items, self._progress)

    def _counted(self, items: Iterable[T], progress: Callable[[int, int], None]) -> Iterator[T]:
        for number, each in enumerate(items, start=1):
            yield each
            if number % _AT_ONCE == 0:
                self._done += _AT_ONCE
                progress(min(self._done, 2 * self._of), 2 * self._of)


def logged(clock: Callable[[], float] = time.monotonic) -> Callable[[int, int], None]:
    """Progress as lines of the log, every some seconds: for who watches no terminal."""
    told = clock()

    def progress(done: int, of: int) -> None:
        nonlocal told
        if clock() - told >= _LOG_SECONDS:
            told = clock()
            log.info("graph.loading", percent=100 * done // max(of, 1))

    return progress
