"""One connection of the feed, on the owner's side: who is there, and what waits to be sent to it."""

from __future__ import annotations

import asyncio
import hmac
import secrets
from typing import TYPE_CHECKING, cast

import structlog

from twin.engine.feed.frames import PREFIX, Frame, Hello, Join, Moved, length_of, pack, proof, unpack
from twin.errors import BackendError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from twin.engine.feed.frames import Told
    from twin.engine.feed.telling import Feed

__all__ = ["Line"]

_GREET_SECONDS = 5.0
_NONCE_BYTES = 16
_SMALL = 4096
"""Bytes that a stranger, or a follower, has any reason to say at once."""
_ROOM = 256 << 10
"""Bytes that wait for a newcomer before it is told more of what there was."""

_log = structlog.get_logger(__name__)


class Line(asyncio.Protocol):
    """Nobody, until it has shown that it knows the secret; then a follower."""

    def __init__(self, feed: Feed) -> None:
        self.url = ""
        """Where clients reach the follower."""
        self.left: Iterator[list[Told]] | None = None
        """What it has not been told yet of what there was when it came."""
        self.full = False
        """Whether it should not be told more of that just now."""
        self._feed = feed
        self._nonce = secrets.token_bytes(_NONCE_BYTES)
        self._received = bytearray()
        self._transport: asyncio.Transport | None = None
        self._greeting: asyncio.TimerHandle | None = None

    @property
    def waiting(self) -> int:
        """Bytes that it has not read."""
        return 0 if self._transport is None else self._transport.get_write_buffer_size()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Somebody has come: say hello, and wait for the secret for a moment."""
        self._transport = cast("asyncio.Transport", transport)
        if not self._feed.arrived(self):
            self._transport.abort()
            return
        self._transport.set_write_buffer_limits(high=_ROOM)
        self._greeting = asyncio.get_running_loop().call_later(_GREET_SECONDS, self.abort)
        self.say(Hello(self._nonce))

    def data_received(self, data: bytes) -> None:
        """Whatever it says; one that makes no sense is sent away."""
        self._received += data
        try:
            while len(self._received) >= PREFIX.size:
                end = PREFIX.size + length_of(bytes(self._received[: PREFIX.size]), _SMALL)
                if len(self._received) < end:
                    return
                frame = unpack(bytes(self._received[PREFIX.size : end]))
                del self._received[:end]
                self._take(frame)
        except BackendError as error:
            _log.warning("feed.refused", error=error.message)
            self.abort()

    def _take(self, frame: Frame) -> None:
        match frame:
            case Join() if not self.url:
                expected = proof(self._feed.secret, "follower", self._nonce, frame.nonce)
                if not hmac.compare_digest(frame.proof, expected):
                    _log.warning("feed.refused", error="the secret is wrong")
                    self.abort()
                    return
                if self._greeting is not None:
                    self._greeting.cancel()
                self.url = frame.url
                self._feed.join(self, proof(self._feed.secret, "owner", frame.nonce, self._nonce))
            case Moved() if self.url:
                self._feed.seen(frame.head)
            case _:
                self.abort()

    def say(self, frame: Frame) -> None:
        """Send it a message."""
        self.write(pack(frame))

    def write(self, packed: bytes) -> None:
        """Send it what is packed already."""
        if self._transport is not None:
            self._transport.write(packed)

    def pause_writing(self) -> None:
        """It does not read as fast as it is told."""
        self.full = True

    def resume_writing(self) -> None:
        """It has read what it was sent."""
        self.full = False
        self._feed.wake()

    def connection_lost(self, _: Exception | None) -> None:
        """It is gone."""
        if self._greeting is not None:
            self._greeting.cancel()
        self._transport = None
        self._feed.gone(self)

    def close(self) -> None:
        """Let it read what it was sent, and leave."""
        if self._transport is not None:
            self._transport.close()

    def abort(self) -> None:
        """Leave at once."""
        if self._transport is not None:
            self._transport.abort()
