"""Waiting for the mirror to come to a sequence of the log."""

from __future__ import annotations

import asyncio
from heapq import heappop, heappush
from itertools import count
from typing import TYPE_CHECKING

from twin.engine.positions import Position
from twin.errors import BackendError

if TYPE_CHECKING:
    from collections.abc import Callable

    from twin.engine.positions import Positions
    from twin.graph.mirror import Mirror

__all__ = ["Arrivals"]

_LOOK_SECONDS = 0.05
_REACH_SECONDS = 5.0


class Arrivals:
    """Those who wait, by what they wait for; used on the loop only."""

    def __init__(self, mirror: Mirror, follow: Callable[[], object], positions: Positions) -> None:
        """``follow`` looks at the log; ``positions`` is how sequences are told to clients."""
        self._positions = positions
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

    def position(self) -> str:
        """Where the mirror stands now."""
        return self._positions.write(Position(self._mirror.timeline, self._mirror.head))

    async def reached(self, position: str) -> None:
        """Return once the mirror shows what a position stands for.

        Raises:
            InvalidValue: it is none of this twin's. Conflict: it is of before the twin was restored.
            BackendError: the mirror has not come so far in some seconds.
        """
        sequence = self._positions.read(position, self._mirror.timeline)
        try:
            async with asyncio.timeout(_REACH_SECONDS):
                await self.reach(sequence)
        except TimeoutError as error:
            raise BackendError(
                "this process has not seen what the position stands for yet",
                code="position.unreached",
                help="send it again in a moment, or to another process of the twin",
            ) from error

    def came(self) -> None:
        """The mirror has moved on."""
        while self._waiting and (self._waiting[0][0] <= self._mirror.head or self._waiting[0][2].done()):
            arrived = heappop(self._waiting)[2]
            if not arrived.done():
                arrived.set_result(None)
