"""The owner's side of the feed: every reading it applies, told to all that follow it, and to newcomers all there are.

What changes is noted by point and told some tens of times a second, each point once, as it is by then. Everything
happens in turns of two milliseconds, and nobody is waited for: a follower that does not read what it is sent is cut
off, and begins again with the whole.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from itertools import islice
from typing import TYPE_CHECKING, Any

import structlog

from twin.engine.feed.frames import Beat, Readings, Welcome, Whole, pack
from twin.engine.feed.line import Line
from twin.errors import BackendError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from twin.engine.feed.frames import Frame, Told
    from twin.graph.mirror import Mirror
    from twin.graph.readings import Reading
    from twin.state.current import Current

__all__ = ["HOST", "Feed"]

HOST = "127.0.0.1"
_TURN_SECONDS = 0.002
_TELL_SECONDS = 0.03
_BEAT_SECONDS = 0.2
_READINGS_A_FRAME = 500
_MOST_WAITING = 16 << 20
"""Bytes that may wait for a follower before it is cut off."""
_MOST_LINES = 64
_SECRET_BYTES = 32

_log = structlog.get_logger(__name__)


class Feed:
    """Listens on this machine. Everything is called on the loop that started it."""

    def __init__(
        self,
        mirror: Mirror,
        current: Current,
        url: str,
        *,
        on_moved: Callable[[], object],
        on_fellow: Callable[[str], object],
        most_waiting: int = _MOST_WAITING,
    ) -> None:
        """``url`` is where clients reach this process. ``on_moved`` is told when a follower has seen more of the log,
        ``on_fellow`` where clients reach one that has joined.
        """
        self.secret = secrets.token_hex(_SECRET_BYTES)
        """Proves to either side that the other may read the twin's directory."""
        self._mirror = mirror
        self._current = current
        self._url = url
        self._on_moved = on_moved
        self._on_fellow = on_fellow
        self._most_waiting = most_waiting
        self._server: asyncio.Server | None = None
        self._everyone: set[Line] = set()
        self._joined: dict[Line, None] = {}
        self._changed: Iterator[tuple[str, str]] = iter(())
        self._timer: asyncio.TimerHandle | None = None
        self._running = False
        self._told_head = -1
        self._beat = 0.0

    @property
    def followers(self) -> int:
        """How many follow."""
        return len(self._joined)

    async def start(self) -> int:
        """Listen; the port. `BackendError` where nothing can be listened to."""
        try:
            self._server = await asyncio.get_running_loop().create_server(lambda: Line(self), HOST, 0)
        except OSError as error:
            raise BackendError(
                f"the feed for followers cannot listen on {HOST}: {error.strerror}",
                code="feed.unavailable",
                help="see how many files and sockets the process may open",
            ) from error
        return int(self._server.sockets[0].getsockname()[1])

    async def close(self) -> None:
        """Leave; idempotent."""
        server, self._server = self._server, None
        if server is None:
            return
        if self._timer is not None:
            self._timer.cancel()
        self._current.heard = None
        server.close()
        for line in tuple(self._everyone):
            line.close()

    def moved(self) -> None:
        """The graph has changed: have it told, once for what changes in one turn."""
        if self._joined:
            self.wake()

    # What the lines say

    def arrived(self, line: Line) -> bool:
        """Somebody has connected; whether there is room."""
        self._everyone.add(line)
        return self._server is not None and len(self._everyone) <= _MOST_LINES

    def join(self, line: Line, shown: bytes) -> None:
        """Somebody who knows the secret: from now on it is told what comes, and by and by what there was."""
        if not self._joined:
            self._current.heard = {}
        self._joined[line] = None
        self._on_fellow(line.url)
        line.say(Welcome(shown, self._mirror.timeline))
        line.left = self._all(self._current.entities())
        self._say_beat()
        if self._timer is None:
            self._tick()
        self.wake()

    def seen(self, head: int) -> None:
        """A follower has seen the log up to here."""
        if head > self._mirror.head:
            self._on_moved()

    def gone(self, line: Line) -> None:
        """A connection has ended."""
        self._everyone.discard(line)
        if self._joined.pop(line, self) is None and not self._joined:
            self._current.heard = None

    def wake(self) -> None:
        """There is something to tell."""
        if not self._running:
            self._running = True
            asyncio.get_running_loop().call_soon(self._turn)

    # What is told

    def _tick(self) -> None:
        self._timer = None
        if self._server is not None and self._joined:
            self._timer = asyncio.get_running_loop().call_later(_TELL_SECONDS, self._tick)
            if self._current.heard or time.monotonic() >= self._beat:
                self.wake()

    def _turn(self) -> None:
        """Some of what there is to tell."""
        self._running = False
        if self._server is None:
            return
        until = time.monotonic() + _TURN_SECONDS
        if self._mirror.head != self._told_head or time.monotonic() >= self._beat:
            self._say_beat()
        more = True
        while more and time.monotonic() < until:
            more = self._tell_changes() or self._tell_newcomers()
        if more:
            self.wake()

    def _say_beat(self) -> None:
        self._beat = time.monotonic() + _BEAT_SECONDS
        self._told_head = self._mirror.head
        self._say(Beat(self._mirror.head, [self._url, *(line.url for line in self._joined)]))

    def _tell_changes(self) -> bool:
        """One frame of what has changed; False when nothing has."""
        points = list(islice(self._changed, _READINGS_A_FRAME))
        if not points and self._current.heard:
            heard, self._current.heard = self._current.heard, {}
            self._changed = iter(heard)
            points = list(islice(self._changed, _READINGS_A_FRAME))
        if not points:
            return False
        held = ((each, self._current.held(*each)) for each in points)
        told = [(*each, *_said(reading)) for each, reading in held if reading is not None]
        if told:
            self._say(Readings(self._mirror.head, told))
        return True

    def _tell_newcomers(self) -> bool:
        """One frame of what there is, to each that has room for it; False when nobody waits for one."""
        some_told = False
        for line in tuple(self._joined):
            if line.left is not None and not line.full:
                some_told = True
                told = next(line.left, None)
                line.say(Whole() if told is None else Readings(self._mirror.head, told))
                if told is None:
                    line.left = None
        return some_told

    def _all(self, entity_ids: Iterable[str]) -> Iterator[list[Told]]:
        """Every reading, in frames; each as it is when its frame is made."""
        told: list[Told] = []
        try:
            for entity_id in entity_ids:
                told += [(entity_id, point, *_said(reading)) for point, reading in self._current.all_of(entity_id)]
                if len(told) >= _READINGS_A_FRAME:
                    yield told
                    told = []
        except RuntimeError:  # somebody has spoken for the first time meanwhile: from the beginning, over a copy
            yield from self._all(tuple(self._current.entities()))
        if told:
            yield told

    def _say(self, frame: Frame) -> None:
        """To everybody who follows; whoever has too much waiting is cut off."""
        packed = pack(frame)
        for line in tuple(self._joined):
            if line.waiting > self._most_waiting:
                _log.warning("feed.cut", waiting=line.waiting, follower=line.url)
                line.abort()
                self.gone(line)
            else:
                line.write(packed)


def _said(reading: Reading) -> tuple[Any, int, int, bytes]:
    return reading.value, reading.time, reading.received, reading.order
