"""Threads of their own for what takes long on purpose: the hashing of passwords.

Who signs in must not hold up who reads records, and who floods the sign-in must not pile up work without end: so many
wait at most, and whoever comes then is told so at once (`Busy`).
"""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import TYPE_CHECKING, TypeVar

from twin.errors import BackendError

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Busy", "Vault"]

T = TypeVar("T")

_THREADS = 2
_WAITING = 50
"""At some 50 ms each on two threads, the last of them waits little longer than a second."""


class Busy(BackendError):
    """More people sign in than passwords can be looked at."""

    def __init__(self) -> None:
        super().__init__(
            "too many people are signing in at this moment",
            code="login.busy",
            help="try again in some seconds",
        )


class Vault:
    """Called on one loop."""

    def __init__(self, threads: int = _THREADS, waiting: int = _WAITING) -> None:
        self._pool = ThreadPoolExecutor(threads, "twin-vault")
        self._most = threads + waiting
        self._inside = 0

    async def run(self, call: Callable[[], T]) -> T:
        """What a call returns, once it is its turn; `Busy` where too many wait already."""
        if self._inside >= self._most:
            raise Busy
        # Counted until the thread is done with it, whether or not whoever asked still waits for it.
        self._inside += 1
        # With its context: what is done there is done for the same request.
        work = asyncio.get_running_loop().run_in_executor(self._pool, copy_context().run, call)
        work.add_done_callback(self._left)
        return await asyncio.shield(work)

    def close(self) -> None:
        """Let what has begun end, and take nothing more."""
        self._pool.shutdown(cancel_futures=True)

    def _left(self, work: asyncio.Future[T]) -> None:
        self._inside -= 1
        if not work.cancelled():
            work.exception()  # looked at: nobody may be waiting for it any more
