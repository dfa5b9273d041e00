"""Waiting for the mirror to come to a sequence of the log."""

from __future__ import annotations

import asyncio
from heapq import heappop, heappush
from itertools import count
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from twin.graph.mirror import Mirror

__all__ = ["Arrivals"]

_LOOK_SECONDS = 0.05


class Arrivals:
    """Those who wait, by what they wait for; used on the loop only."""

    def __init__(self, mirror: Mirror, follow: Callable[[], object]) -> None:
        """``follow`` looks at the log."""
        self._mirror = mirror
        self._follow = follow
        self._waiting: list[tuple[int, int, asyncio.Future[None]]] = []
        self._numbers = count()

    async def reach(self, sequence: int) -> None:
        """Return once the mirror shows what was committed at a sequence."""
        while self._mirror.head < sequence:
            self._follow()
            arrived: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            heappush(self._waiting, (sequence, next(self._numbers), arrived))
            await asyncio.wait((arrived,), timeout=_LOOK_SECONDS)
            arrived.cancel()

    def came(self) -> None:
        """The mirror has moved on."""
        while self._waiting and (self._waiting[0][0] <= self._mirror.head or self._waiting[0][2].done()):
            arrived = heappop(self._waiting)[2]
            if not arrived.done():
                arrived.set_result(None)
