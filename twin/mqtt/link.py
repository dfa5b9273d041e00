"""One connection of a publisher: from CONNECT to its end, whoever brings it about."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, cast

from twin.mqtt.inbox import Inbox
from twin.mqtt.packets import (
    V5,
    Ack,
    Connack,
    Connect,
    Disconnect,
    Kind,
    Malformed,
    Packet,
    Pingreq,
    Pingresp,
    ProtocolError,
    Reason,
    frame,
    parse,
    serialise,
)

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable

__all__ = ["Link"]

_BATCH = 65_536
"""Bytes that are written together at most."""
_PUBACK = b"\x40\x02"
_PINGREQ = serialise(Pingreq())


class Link(asyncio.Protocol):
    """Writes in batches, one a turn of the loop, and reads acknowledgements by the bufferful."""

    def __init__(self, landed: Callable[[list[tuple[int, Reason]]], None]) -> None:
        """``landed`` is told of acknowledgements, and (of none) when the server can take more."""
        loop = asyncio.get_running_loop()
        self.over: asyncio.Future[Reason | None] = loop.create_future()
        """Done when the connection is: the reason, if the server gave one."""
        self.clear = True
        """Whether the peer takes what is written."""
        self._loop = loop
        self._welcome: asyncio.Future[Connack] = loop.create_future()
        self._landed = landed
        self._transport: asyncio.Transport | None = None
        self._inbox = Inbox()
        self._out: list[bytes] = []
        self._size = 0
        self._reason: Reason | None = None
        self._heard = loop.time()
        self._spoke = loop.time()

    # What asyncio calls

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The server is there."""
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Answers of the server."""
        self._heard = self._loop.time()
        if not self._inbox.feed(data):
            return
        landed: list[tuple[int, Reason]] = []
        try:
            self._read(landed)
        except (Malformed, ProtocolError) as error:
            self.leave(error.reason)
        self._landed(landed)

    def connection_lost(self, error: Exception | None) -> None:
        """It is over."""
        self._transport = None
        if not self._welcome.done():
            self._welcome.set_exception(error or ConnectionResetError("the server hung up before it answered CONNECT"))
        self.over.set_result(self._reason)

    def pause_writing(self) -> None:
        """The server does not keep up."""
        self.clear = False

    def resume_writing(self) -> None:
        """It does again."""
        self.clear = True
        self._landed([])

    # What the client calls

    async def greet(self, connect: Connect, host: str, port: int, tls: ssl.SSLContext | None) -> Connack:
        """Connect, and what the server answers. Raises OSError when it does not."""
        await self._loop.create_connection(lambda: self, host, port, ssl=tls)
        self.send(serialise(connect))
        return await self._welcome

    def send(self, packet: bytes) -> None:
        """Send with the next batch."""
        if not self._out:
            self._loop.call_soon(self.flush)
        self._out.append(packet)
        self._size += len(packet)
        if self._size >= _BATCH:
            self.flush()

    def flush(self) -> None:
        """Write what waits."""
        if self._out and self._transport is not None:
            self._transport.write(b"".join(self._out))
            self._spoke = self._loop.time()
        self._out.clear()
        self._size = 0

    def beat(self, every: float) -> None:
        """Show that this side lives, and give up a server that has been silent for half as long again as it may."""
        now = self._loop.time()
        if now - self._heard > 1.5 * every:
            self.abort()
        elif now - self._spoke >= every / 2 and self._transport is not None:
            self._transport.write(_PINGREQ)
            self._spoke = now

    def leave(self, reason: Reason = Reason.SUCCESS) -> None:
        """Say goodbye and close."""
        self.flush()
        if self._transport is not None:
            self._transport.write(serialise(Disconnect(reason)))
            self._transport.close()

    def abort(self) -> None:
        """Close without a word."""
        if self._transport is not None:
            self._transport.abort()

    def _read(self, landed: list[tuple[int, Reason]]) -> None:
        inbox = self._inbox
        while True:
            buffer, at, end = inbox.buffer, inbox.at, len(inbox.buffer)
            while end - at >= 4 and buffer[at : at + 2] == _PUBACK:  # noqa: PLR2004 - the length of a plain one
                landed.append((buffer[at + 2] << 8 | buffer[at + 3], Reason.SUCCESS))
                at += 4
            inbox.at = at
            found = frame(buffer, at, end)
            if found is None or found[1] > end:
                if inbox.refill(end - at + 1 if found is None else found[1] - at):
                    continue
                return
            inbox.at = found[1]
            self._take(parse(buffer[at], buffer[found[0] : found[1]], V5), landed)

    def _take(self, packet: Packet, landed: list[tuple[int, Reason]]) -> None:
        match packet:
            case Ack(kind=Kind.PUBACK):
                landed.append((packet.packet_id, packet.reason))
            case Connack() if not self._welcome.done():
                self._welcome.set_result(packet)
            case Disconnect():
                self._reason = Reason(packet.reason)
                self.abort()
            case Pingresp():
                pass
            case _:
                raise ProtocolError(f"a server may not send {type(packet).__name__.upper()} here")
