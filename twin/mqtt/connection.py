"""One peer of the endpoint: its bytes in, its messages handed over, and acknowledged when they are durable.

A pass hands over all it accepted in one call. A fault ends the connection after what was accepted before it has been
acknowledged, and says the reason.
"""

from __future__ import annotations

import asyncio
import logging
from enum import IntEnum, IntFlag, auto
from typing import TYPE_CHECKING, cast

from twin.mqtt.acknowledgements import Acknowledgements, Batch
from twin.mqtt.conversation import Conversation
from twin.mqtt.packets import V5, Reason

if TYPE_CHECKING:
    from twin.mqtt.endpoint import Endpoint
    from twin.mqtt.visits import Visit

__all__ = ["Connection", "Hold", "State"]

log = logging.getLogger(__name__)

_BACKLOG = 65_536
"""Bytes unread beyond which the peer is not listened to: TCP then makes it wait."""


class State(IntEnum):
    """Of a connection, in the order they are passed."""

    NEW = auto()
    OPEN = auto()
    ENDING = auto()
    """Nothing more is read; what was accepted is being made durable."""
    CLOSED = auto()


class Hold(IntFlag):
    """Why a peer is not listened to."""

    BACKLOG = auto()
    WRITES = auto()
    PAUSED = auto()


class Connection(asyncio.Protocol):
    """The endpoint's side of one connection."""

    def __init__(self, endpoint: Endpoint) -> None:
        self.state = State.NEW
        self.queued = False
        """Whether it is in the round of those that have something to read."""
        self.speaking = False
        """Whether it is in the round of those that have something to tell."""
        self._endpoint = endpoint
        self._limits = endpoint.limits
        self._transport: asyncio.Transport | None = None
        self._talk = Conversation(endpoint.door, endpoint.audience, endpoint.limits, self._write, self._open)
        self._acks = Acknowledgements()
        self._reason = Reason.SUCCESS
        self._holds = Hold(0)
        self._stuck = False
        self._heard = endpoint.monotonic()
        self._deadline: float | None = self._heard + self._limits.connect_within

    @property
    def visit(self) -> Visit | None:
        """That of the client that was let in, if one was."""
        return self._talk.visit

    # What asyncio calls

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A peer is there."""
        self._transport = cast("asyncio.Transport", transport)
        self._talk.address = (transport.get_extra_info("peername") or ("",))[0]
        self._endpoint.arrived(self)

    def data_received(self, data: bytes) -> None:
        """Bytes of any number of packets; they are read when it is this connection's turn."""
        if self.state >= State.ENDING:
            return
        self._heard = self._endpoint.monotonic()
        if self._talk.inbox.feed(data):
            self._endpoint.rounds.ready(self)
            if len(self._talk.inbox) > _BACKLOG:
                self.hold(Hold.BACKLOG)

    def connection_lost(self, error: Exception | None) -> None:
        """The peer is gone, with or without a goodbye; what it said before is still read, in its turn."""
        del error
        self._transport = None
        self._deadline = self._endpoint.monotonic() + self._limits.drain
        if self.state >= State.ENDING or not (self.queued or self._stuck):
            self._go()

    def pause_writing(self) -> None:
        """The peer does not read its acknowledgements: until it does, it is not read either."""
        self.hold(Hold.WRITES)

    def resume_writing(self) -> None:
        """It does again."""
        self.release(Hold.WRITES)
        self._endpoint.rounds.speaks(self)

    # Flow

    def hold(self, why: Hold) -> None:
        """Stop listening, for one more reason."""
        if not self._holds and self.state < State.ENDING and self._transport is not None:
            self._transport.pause_reading()
        self._holds |= why

    def release(self, why: Hold) -> None:
        """One reason less; without any left, listen again."""
        was, self._holds = self._holds, self._holds & ~why
        if was and not self._holds and self._transport is not None and not self._transport.is_closing():
            self._heard = self._endpoint.monotonic()
            self._transport.resume_reading()

    def check(self, now: float, clock: int) -> None:
        """Deal with what should have happened by now. ``now`` is monotonic, ``clock`` the time."""
        visit = self._talk.visit
        if self._deadline is not None and now >= self._deadline:
            self._run_out()
        elif visit is not None and self.state is State.OPEN:
            if visit.expired(clock):
                self.end(Reason.MAXIMUM_CONNECT_TIME)
            elif visit.patience and not self._holds and now - self._heard > visit.patience:
                self.end(Reason.KEEP_ALIVE_TIMEOUT)

    def _run_out(self) -> None:
        if self.state is State.ENDING:
            self._close()
        else:
            self.abort()

    # Reading

    def advance(self) -> bool:
        """One pass over what is there. Whether there is more to do at once."""
        self._stuck = self._full()
        if self.state >= State.ENDING or self._stuck:
            return False
        now, visit = self._endpoint.clock(), self._talk.visit
        if visit is not None and visit.expired(now):
            # 0xA0 says what happened: the time this connection was authorised for is over. After 0x87, not authorized,
            # a client may give up where a new token is all it takes.
            self.end(Reason.MAXIMUM_CONNECT_TIME)
            return False
        batch = Batch(self._settled)
        fault, more = self._talk.read(batch, self._acks.unacknowledged)
        self._hand_over(batch, now)
        if visit is not None and visit.heard_of():
            self._endpoint.rounds.speaks(self)
        if fault:
            self.end(fault)
        elif self._talk.over:
            self._close()
        elif self._transport is None and not more:
            self._go()
        elif not more or len(self._talk.inbox) < _BACKLOG:
            self.release(Hold.BACKLOG)
        return more

    def _full(self) -> bool:
        """Whether so much waits to be durable that reading waits too, until `acknowledge`."""
        acks, visit = self._acks, self._talk.visit
        return acks.size >= self._limits.held or (
            acks.unacknowledged >= self._limits.receive_maximum and visit is not None and visit.version != V5
        )

    def _open(self, visit: Visit) -> Reason | None:
        if reason := self._endpoint.opened(self, visit):
            return reason
        self.state, self._deadline = State.OPEN, None
        self._endpoint.rounds.speaks(self)
        return None

    def _hand_over(self, batch: Batch, now: int) -> None:
        counts, visit = self._endpoint.door.counts, self._talk.visit
        counts.received += len(batch.messages) + batch.denied
        counts.denied += batch.denied
        if visit is None or not (batch.messages or batch.acks):
            return
        batch.unacknowledged = len(batch.acks)
        self._acks.add(batch)
        if not batch.messages:
            batch.settle(True)
            return
        try:
            self._endpoint.door.keep(visit.admission, now, batch.messages, batch.settle)
        except Exception:
            log.exception("messages of an MQTT connection could not be handed over")
            batch.settle(False)

    def _settled(self, batch: Batch) -> None:
        if not batch.kept:
            self._endpoint.door.counts.dropped += len(batch.messages)
            self.end(Reason.IMPLEMENTATION_SPECIFIC_ERROR, now=True)
        batch.messages = []
        self._endpoint.rounds.settled(self)

    # Writing

    def acknowledge(self) -> None:
        """Send every acknowledgement that is due, in one write, and go on with what waited for that."""
        self._talk.acknowledge(self._acks.take())
        if self.state is State.ENDING and not self._acks:
            self._close()
        elif self._stuck:
            self._endpoint.rounds.ready(self)

    def speak(self) -> bool:
        """Write what the client is to be told, as far as it goes. Whether there is more at once."""
        visit, transport = self._talk.visit, self._transport
        if self.state is not State.OPEN or visit is None or transport is None or self._holds & Hold.WRITES:
            return False
        now = self._endpoint.clock()
        if visit.expired(now):
            self.end(Reason.MAXIMUM_CONNECT_TIME)
            return False
        data, more = visit.speak(now)
        if data:
            transport.write(data)
        return more

    def _write(self, data: bytes) -> None:
        if self.state is not State.CLOSED and self._transport is not None:
            self._transport.write(data)

    # The end

    def end(self, reason: Reason, *, now: bool = False) -> None:
        """End it for this reason, once what was accepted is acknowledged, or at once."""
        if self.state < State.ENDING:
            self.state, self._reason = State.ENDING, reason
            self._talk.inbox.clear()
            self._deadline = self._endpoint.monotonic() + self._limits.drain
        if self.state is State.ENDING and (now or not self._acks):
            self._close()

    def abort(self) -> None:
        """Leave without a word."""
        if self._transport is None:
            self._go()
        else:
            self._transport.abort()

    def _close(self) -> None:
        """Say why, and leave. The peer gets a moment to read it: closing on unread bytes resets a connection."""
        self._talk.acknowledge(self._acks.take())
        self._talk.farewell(self._reason)
        self.state = State.CLOSED
        self._endpoint.closed(self)
        self._talk.leave_will(self._endpoint.clock(), self._reason)
        self._deadline = self._endpoint.monotonic() + self._limits.linger
        transport = self._transport
        if transport is None:
            self._go()
        elif self._reason and not transport.is_closing() and transport.can_write_eof():
            self._linger(transport)
        else:
            transport.close()

    def _linger(self, transport: asyncio.Transport) -> None:
        try:
            transport.write_eof()
            self.release(~Hold(0))
        except OSError:  # the peer was quicker
            transport.abort()

    def _go(self) -> None:
        self.state = State.CLOSED
        self._talk.inbox.clear()
        self._talk.leave_will(self._endpoint.clock(), self._reason)
        self._endpoint.left(self)
