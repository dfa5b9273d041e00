"""Turns: threads do something one at a time, in the order in which they came.

A plain lock lets in whoever is quickest, so of many threads some may wait for as long as others go on; here nobody is
overtaken.
"""

from __future__ import annotations

import errno
from collections import deque
from contextlib import contextmanager
from threading import Lock, get_ident
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Turns"]


class Turns:
    """A queue of threads. Whoever has the turn must not ask for it again: that is a mistake, and said at once."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._whose: int | None = None
        self._waiting = deque[_Waiting]()

    @contextmanager
    def turn(self, seconds: float) -> Iterator[None]:
        """Wait for the turn, and have it until the block ends.

        `TimeoutError` when it has not come after so many seconds, `RuntimeError` when the thread has it already.
        """
        waiting = self._ask()
        if waiting is not None:
            self._wait(waiting, seconds)
        try:
            yield
        finally:
            self._pass_on()

    def _ask(self) -> _Waiting | None:
        """A place in the queue; None when nobody is in it and the turn is had."""
        me = get_ident()
        with self._lock:
            if self._whose == me:
                message = "this thread has the turn already: go on with what it has open"
                raise RuntimeError(message)
            if self._whose is None:
                self._whose = me
                return None
            waiting = _Waiting(me)
            self._waiting.append(waiting)
            return waiting

    def _wait(self, waiting: _Waiting, seconds: float) -> None:
        try:
            if waiting.come.acquire(timeout=seconds):
                return
        except BaseException:  # a signal, say: the turn must not go to somebody who is gone
            if not self._leave(waiting):
                self._pass_on()
            raise
        # Where the turn has come at the very end, it is there to be had.
        if self._leave(waiting):
            raise TimeoutError(errno.ETIMEDOUT, f"its turn had not come after {seconds:g} s")

    def _leave(self, waiting: _Waiting) -> bool:
        """Leave the queue; False when the turn has come meanwhile."""
        with self._lock:
            if waiting not in self._waiting:
                return False
            self._waiting.remove(waiting)
            return True

    def _pass_on(self) -> None:
        with self._lock:
            if not self._waiting:
                self._whose = None
                return
            following = self._waiting.popleft()
            self._whose = following.thread
            following.come.release()


class _Waiting:
    """A thread in the queue: its lock opens when its turn has come."""

    def __init__(self, thread: int) -> None:
        self.thread = thread
        self.come = Lock()
        self.come.acquire()
