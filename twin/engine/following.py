"""What a process has that serves beside an owner: the owner's feed, and the wish to take its place when it is gone."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

import structlog

from twin.engine.feed import Listener

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from twin.engine.arrivals import Arrivals
    from twin.engine.core import Core
    from twin.engine.lease import Lease
    from twin.graph.model import Change
    from twin.graph.readings import Reading

__all__ = ["Follower", "take_in"]

_LOOK_SECONDS = 0.2
_TURN_SECONDS = 0.002
_PATIENCE_SECONDS = 1.0
_INHERITING = "the owner is gone: this process takes its place"

_log = structlog.get_logger(__name__)


class Follower:
    """Listens to the owner of the directory until there is none."""

    def __init__(
        self, lease: Lease, core: Core, arrivals: Arrivals, url: str, on_fellow: Callable[[str], object]
    ) -> None:
        """``url`` is where clients reach this process; ``on_fellow`` is told where they reach the others."""
        self._lease = lease
        self._core = core
        self.inheriting = ""
        """Why this process is not the owner yet, though the last one is gone and readings are silent for a second."""
        self._overdue: asyncio.TimerHandle | None = None
        self._listener = Listener(
            core.mirror,
            core.current,
            url,
            owner=lease.owner,
            follow=core.commits.follow,
            reach=arrivals.reach,
            on_fellow=on_fellow,
            on_silence=self._fall_silent,
        )

    @property
    def trouble(self) -> str:
        """Why readings are not to be trusted as live; empty: they are."""
        return self.inheriting or self._listener.trouble

    @property
    def connected(self) -> bool:
        """Whether an owner is listened to."""
        return self._listener.connected

    @property
    def lag(self) -> int:
        """How many changes this process knew to be behind when it looked last."""
        return max(self._listener.head - self._core.mirror.head, 0)

    def took(self, change: Change) -> None:
        """The mirror has followed a change."""
        self._listener.took(change)

    async def until_gone(self) -> None:
        """Follow; return once the lease is ours."""
        listening = asyncio.create_task(self._listener.run())
        try:
            while not self._lease.take():  # noqa: ASYNC110 - the kernel frees the lock, and tells nobody
                await asyncio.sleep(_LOOK_SECONDS)
        finally:
            listening.cancel()
            await asyncio.wait((listening,))
        _log.info("lease.taken")
        self._overdue = asyncio.get_running_loop().call_later(_PATIENCE_SECONDS, self._wait_longer)

    def _wait_longer(self) -> None:
        if not self.inheriting:
            self.delayed(_INHERITING)

    def delayed(self, why: str) -> None:
        """The lease is ours, and it takes longer than readings may be silent until this process is the owner."""
        if self.inheriting != why:
            _log.warning("lease.delayed", why=why)
        self.inheriting = why
        self._fall_silent()

    def close(self) -> None:
        """Nobody is followed any more; idempotent."""
        if self._overdue is not None:
            self._overdue.cancel()

    def _fall_silent(self) -> None:
        """Readings are not live any more: who waits for them is told so."""
        self._core.current.readings.interrupt(self.trouble)


async def take_in(core: Core, states: Mapping[tuple[str, str], Reading]) -> None:
    """Have the current state know all that the store does, in turns; nothing of it is to be stored again."""
    until = time.monotonic() + _TURN_SECONDS
    for (entity_id, point), reading in states.items():
        if entity_id in core.mirror.entities:
            core.current.offer(entity_id, point, reading)
        if time.monotonic() >= until:
            await asyncio.sleep(0)
            until = time.monotonic() + _TURN_SECONDS
    core.current.take_dirty()
