"""A follower's side of the feed: what the owner hears, taken into the follower's own state.

Readings are trusted as live from when the whole was told until the owner has said nothing for a second. They go by the
names and units of the graph at the sequence they came with: what is ahead of the mirror waits for the log, and what
lies behind a change of its names is left out, for the owner tells it again.
"""

from __future__ import annotations

import asyncio
import hmac
import secrets
from sys import intern
from typing import TYPE_CHECKING

import structlog

from twin.engine.feed.frames import (
    PREFIX,
    Beat,
    Hello,
    Join,
    Moved,
    Readings,
    Welcome,
    Whole,
    length_of,
    pack,
    proof,
    unpack,
)
from twin.engine.feed.telling import HOST
from twin.errors import BackendError, Conflict
from twin.graph.readings import Reading, recasts_of

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from twin.engine.feed.frames import Frame
    from twin.engine.lease import Announcement
    from twin.graph.mirror import Mirror
    from twin.graph.model import Change
    from twin.state.current import Current

__all__ = ["Listener"]

_SILENT_TICKS = 10
_TICK_SECONDS = 0.1
_AGAIN_SECONDS = 0.1
_GREET_SECONDS = 5.0
_NONCE_BYTES = 16
_BUFFER = 1 << 20
_SAID = 4096
"""Bytes that may wait for an owner who does not listen: it looks at the log by itself."""

_SILENT = "the owner's feed is silent: it is stopped, starting, or too busy"
_TAKING_IN = "the owner's readings are being taken in"

_log = structlog.get_logger(__name__)


class Listener:
    """Follows one owner after the other, for as long as `run` runs; everything is on one loop."""

    def __init__(  # noqa: PLR0913 - what it is wired to
        self,
        mirror: Mirror,
        current: Current,
        url: str,
        *,
        owner: Callable[[], Announcement | None],
        follow: Callable[[], object],
        reach: Callable[[int], Awaitable[object]],
        on_fellow: Callable[[str], object],
        on_silence: Callable[[], object],
    ) -> None:
        """``owner`` says where the owner is; ``follow`` looks at the log, ``reach`` returns once the mirror has come to
        a sequence. ``on_fellow`` is told where clients reach other processes of this twin, ``on_silence`` that
        readings are no longer live.
        """
        self.trouble = "the owner's feed was not reached yet"
        """Why readings are not to be trusted as live; empty: they are."""
        self.head = 0
        """How far the owner has seen the log."""
        self._mirror = mirror
        self._current = current
        self._url = url
        self._owner = owner
        self._follow = follow
        self._reach = reach
        self._on_fellow = on_fellow
        self._on_silence = on_silence
        self._ticks = 0
        self._whole = False
        self._recast: dict[str, int] = {}
        self._recast_head = 0
        self._writer: asyncio.StreamWriter | None = None

    @property
    def connected(self) -> bool:
        """Whether an owner is listened to."""
        return self._writer is not None

    async def run(self) -> None:
        """Find the owner, listen to it, and find the next when it is gone; until cancelled."""
        watching = asyncio.create_task(self._watch())
        try:
            while True:
                found = self._owner()
                if found is not None:
                    await self._try(found)
                await asyncio.sleep(_AGAIN_SECONDS)
        finally:
            watching.cancel()

    async def _try(self, owner: Announcement) -> None:
        try:
            await self._listen_to(owner)
        except (OSError, EOFError, TimeoutError) as error:
            _log.debug("feed.lost", error=str(error))
        except (BackendError, Conflict) as error:
            self._fall_silent(error.message)
        except Exception as error:  # noqa: BLE001 - a mistake of ours must not leave this process deaf
            self._fall_silent("this process made a mistake; its log says more")
            _log.exception("feed.failed", error=str(error))

    def took(self, change: Change) -> None:
        """The mirror has followed a change: what it renamed is not to be taken by its old names any more."""
        for entry in recasts_of(change.changeset.entries):
            self._recast[entry.id] = self._recast_head = change.sequence
        if change.sequence > self.head:
            self.head = change.sequence
            if self._writer is not None and self._writer.transport.get_write_buffer_size() < _SAID:
                self._writer.write(pack(Moved(change.sequence)))

    async def _listen_to(self, owner: Announcement) -> None:
        reader, writer = await asyncio.open_connection(HOST, owner.feed, limit=_BUFFER)
        try:
            async with asyncio.timeout(_GREET_SECONDS):
                await self._greet(owner, reader, writer)
            self._writer = writer
            while True:
                await self._take(await _next(reader))
                await asyncio.sleep(0)  # much may have come at once: others have their turn
        finally:
            self._writer, self._whole = None, False
            writer.transport.abort()

    async def _greet(self, owner: Announcement, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        hello, nonce = await _next(reader), secrets.token_bytes(_NONCE_BYTES)
        if not isinstance(hello, Hello):
            raise _stranger()
        writer.write(pack(Join(nonce, proof(owner.secret, "follower", hello.nonce, nonce), self._url)))
        welcome = await _next(reader)
        expected = proof(owner.secret, "owner", nonce, hello.nonce)
        if not isinstance(welcome, Welcome) or not hmac.compare_digest(welcome.proof, expected):
            raise _stranger()
        if welcome.timeline != self._mirror.timeline:
            raise owner.other_graph()

    async def _take(self, frame: Frame) -> None:
        match frame:
            case Readings():
                if frame.head > self._mirror.head:
                    await self._reach(frame.head)
                self._offer(frame)
            case Beat():
                for url in frame.fellows:
                    self._on_fellow(url)
                self.head = max(self.head, frame.head)
                if frame.head > self._mirror.head:
                    self._follow()
                if frame.head >= self._recast_head:
                    self._recast.clear()
            case Whole():
                self._whole = True
            case _:
                raise _stranger()
        if self._whole:
            self._ticks = 0
            if self.trouble:
                self.trouble = ""
                _log.info("feed.live")

    def _offer(self, frame: Readings) -> None:
        entities, current, recast = self._mirror.entities, self._current, self._recast
        for entity_id, point, value, time, received, order in frame.told:
            entity = entities.get(entity_id)
            if entity is not None and recast.get(entity_id, 0) <= frame.head:
                current.offer(entity.id, intern(point), Reading(value, time, received, order))
        current.take_dirty()  # the owner stores them

    async def _watch(self) -> None:
        """Count in ticks of this loop how long nothing has come: while the loop itself was held up, none goes by."""
        while True:
            await asyncio.sleep(_TICK_SECONDS)
            self._ticks += 1
            if self._ticks >= _SILENT_TICKS:
                self._fall_silent(_TAKING_IN if self.connected and not self._whole else _SILENT)

    def _fall_silent(self, why: str) -> None:
        was_live, self.trouble = not self.trouble, why
        if was_live:
            _log.warning("feed.silent", why=why)
            self._on_silence()


async def _next(reader: asyncio.StreamReader) -> Frame:
    return unpack(await reader.readexactly(length_of(await reader.readexactly(PREFIX.size))))


def _stranger() -> BackendError:
    return BackendError(
        "what answers as the owner's feed is something else", code="feed.stranger", help="wait until the owner is ready"
    )
