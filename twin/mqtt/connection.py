"""One peer of the endpoint: its bytes in, its packets answered, its messages handed over and acknowledged when durable.

A pass reads at most `PASS` bytes, without a task or a queue per message, and hands over all it accepted in one call. A
fault ends the connection after what was accepted before it has been acknowledged, and says the reason.
"""

from __future__ import annotations

import asyncio
import logging
from enum import IntEnum, IntFlag, auto
from typing import TYPE_CHECKING, cast

from twin.ids import mint
from twin.mqtt.acknowledgements import Acknowledgements, Batch
from twin.mqtt.door import Refusal
from twin.mqtt.greeting import accept, objection
from twin.mqtt.inbox import Inbox
from twin.mqtt.packets import (
    V3_REFUSALS,
    V5,
    V311,
    Connack,
    Connect,
    Disconnect,
    Kind,
    Malformed,
    Packet,
    Property,
    ProtocolError,
    Reason,
    frame,
    parse,
    serialise,
)
from twin.mqtt.sessions import Session

if TYPE_CHECKING:
    from twin.mqtt.endpoint import Endpoint

__all__ = ["PASS", "Connection", "Hold", "State"]

log = logging.getLogger(__name__)

PASS = 16_384
"""Bytes of one pass: the next connection's turn comes after them."""

_BACKLOG = 65_536
"""Bytes unread beyond which the peer is not listened to: TCP then makes it wait."""

_LONG = frozenset({Kind.CONNECT, Kind.PUBLISH})
"""Packets that may be longer than a pass, because their length is that of a payload."""


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
        self.session: Session | None = None
        self.queued = False
        """Whether it is in the endpoint's round."""
        self._endpoint = endpoint
        self._transport: asyncio.Transport | None = None
        self._inbox = Inbox()
        self._acks = Acknowledgements()
        self._reason = Reason.SUCCESS
        self._holds = Hold(0)
        self._stuck = False
        self._asked = False
        """Whether there was a CONNECT: nothing may be answered before."""
        self._version = V5
        self._largest: int | None = None
        self._heard = endpoint.monotonic()
        self._deadline: float | None = self._heard + endpoint.limits.connect_within

    # What asyncio calls

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A peer is there."""
        self._transport = cast("asyncio.Transport", transport)
        self._endpoint.arrived(self)

    def data_received(self, data: bytes) -> None:
        """Bytes of any number of packets; they are read when it is this connection's turn."""
        if self.state >= State.ENDING:
            return
        self._heard = self._endpoint.monotonic()
        if self._inbox.feed(data):
            self._endpoint.ready(self)
            if len(self._inbox) > _BACKLOG:
                self.hold(Hold.BACKLOG)

    def eof_received(self) -> None:
        """The peer will say no more; the transport closes by itself."""

    def connection_lost(self, error: Exception | None) -> None:
        """The peer is gone, with or without a goodbye; what it said before is still read, in its turn."""
        del error
        self._transport = None
        self._deadline = self._endpoint.monotonic() + self._endpoint.limits.drain
        if self.state >= State.ENDING or not (self.queued or self._stuck):
            self._go()

    def _go(self) -> None:
        self.state = State.CLOSED
        self._inbox.clear()
        self._leave_will()
        self._endpoint.left(self)

    def pause_writing(self) -> None:
        """The peer does not read its acknowledgements: until it does, it is not read either."""
        self.hold(Hold.WRITES)

    def resume_writing(self) -> None:
        """It does again."""
        self.release(Hold.WRITES)

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
        if self._deadline is not None and now >= self._deadline:
            self._run_out()
        elif self.session is not None and self.state is State.OPEN:
            if self.session.expired(clock):
                self.end(Reason.MAXIMUM_CONNECT_TIME)
            elif self.session.patience and not self._holds and now - self._heard > self.session.patience:
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
        now = self._endpoint.clock()
        if self.session is not None and self.session.expired(now):
            # 0xA0 says what happened: the time this connection was authorised for is over. After 0x87, not authorized,
            # a client may give up where a new token is all it takes.
            self.end(Reason.MAXIMUM_CONNECT_TIME)
            return False
        batch = Batch(self._settled)
        fault, more = self._read(batch)
        self._hand_over(batch, now)
        if fault:
            self.end(fault)
        elif self.state is State.ENDING:
            self._close()
        elif self._transport is None and not more:
            self._go()
        elif not more or len(self._inbox) < _BACKLOG:
            self.release(Hold.BACKLOG)
        return more

    def _full(self) -> bool:
        """Whether so much waits to be durable that reading waits too, until `acknowledge`."""
        acks, limits = self._acks, self._endpoint.limits
        return acks.size >= limits.held or (
            acks.unacknowledged >= limits.receive_maximum and self.session is not None and self.session.version != V5
        )

    def _read(self, batch: Batch) -> tuple[Reason, bool]:
        """Read a pass's worth into the batch: what went wrong, and whether there is more."""
        try:
            return Reason.SUCCESS, self._read_pass(batch)
        except (Malformed, ProtocolError) as error:
            log.info("an MQTT connection ends: %s", error.message)
            return error.reason, False
        except Exception:
            log.exception("an MQTT connection ends by a fault of ours")
            return Reason.UNSPECIFIED_ERROR, False

    def _read_pass(self, batch: Batch) -> bool:
        inbox = self._inbox
        while batch.size < PASS:
            at, whole = inbox.at, True
            if self.session is not None:
                self.session.skim(inbox, at + PASS - batch.size, batch, self._acks.unacknowledged)
            if inbox.at == at:
                whole = self._read_one(batch)
            if self.state >= State.ENDING or not whole:
                return False
            batch.size += max(inbox.at - at, 0)
        return True

    def _read_one(self, batch: Batch) -> bool:
        """Read the next packet, whatever it is. False: it is not all there."""
        inbox = self._inbox
        buffer, at = inbox.buffer, inbox.at
        found = frame(buffer, at, len(buffer))
        if found is None:
            return inbox.refill(len(buffer) - at + 1)
        start, stop = found
        self._check_size(buffer[at] >> 4, stop - at)
        if self.session is None and buffer[at] >> 4 != Kind.CONNECT:
            raise Malformed("the first packet is not CONNECT")
        if stop > len(buffer):
            return inbox.refill(stop - at)
        self._asked = True
        packet = parse(buffer[at], buffer[start:stop], V5 if self.session is None else self.session.version)
        inbox.at = stop
        self._take(packet, batch)
        return True

    def _check_size(self, kind: int, size: int) -> None:
        if size > self._endpoint.limits.packet:
            raise ProtocolError("a packet above the maximum packet size", Reason.PACKET_TOO_LARGE)
        if size > PASS and kind not in _LONG:
            raise ProtocolError("a packet that would take too long to read", Reason.QUOTA_EXCEEDED)

    def _take(self, packet: Packet, batch: Batch) -> None:
        if self.session is None:
            self._greet(cast("Connect", packet))
            return
        self._write(self.session.answer(packet, batch, self._acks.unacknowledged))
        if isinstance(packet, Disconnect):
            self.state = State.ENDING

    def _hand_over(self, batch: Batch, now: int) -> None:
        counts, session = self._endpoint.door.counts, self.session
        counts.received += len(batch.messages) + batch.denied
        counts.denied += batch.denied
        if session is None or not (batch.messages or batch.acks):
            return
        batch.unacknowledged = len(batch.acks)
        self._acks.add(batch)
        if not batch.messages:
            batch.settle(True)
            return
        try:
            self._endpoint.door.keep(session.admission, now, batch.messages, batch.settle)
        except Exception:
            log.exception("messages of an MQTT connection could not be handed over")
            batch.settle(False)

    # Answering

    def _settled(self, batch: Batch) -> None:
        if not batch.kept:
            self._endpoint.door.counts.dropped += len(batch.messages)
            self.end(Reason.IMPLEMENTATION_SPECIFIC_ERROR, now=True)
        batch.messages = []
        self._endpoint.settled(self)

    def acknowledge(self) -> None:
        """Send every acknowledgement that is due, in one write, and go on with what waited for that."""
        self._write(self._acks.take())
        if self.state is State.ENDING and not self._acks:
            self._close()
        elif self._stuck:
            self._endpoint.ready(self)

    def _write(self, data: bytes) -> None:
        fits = self._largest is None or len(data) <= self._largest
        if data and fits and self.state is not State.CLOSED and self._transport is not None:
            self._transport.write(data)

    # The beginning

    def _greet(self, connect: Connect) -> None:
        self._version = connect.version
        self._largest = connect.properties.get(Property.MAXIMUM_PACKET_SIZE)
        session = self._admit(connect)
        welcome = serialise(accept(connect, session.client_id, self._endpoint.limits), connect.version)
        if self._largest is not None and len(welcome) > self._largest:
            raise ProtocolError("a maximum packet size below what CONNACK needs", Reason.PACKET_TOO_LARGE)
        self.session, self.state, self._deadline = session, State.OPEN, None
        self._endpoint.opened(self, session)
        self._write(welcome)

    def _admit(self, connect: Connect) -> Session:
        reason = objection(connect) or self._endpoint.objection()
        if reason:
            raise ProtocolError("a connection that is not possible here", reason)
        admission = self._endpoint.door.admit(connect)
        if isinstance(admission, Refusal):
            raise ProtocolError("a connection that the door refused", admission.value)
        if connect.will is not None and self._endpoint.door.route(admission, connect.will.topic) is None:
            raise ProtocolError("a will to a topic that the client may not publish to", Reason.NOT_AUTHORIZED)
        return Session(self._endpoint.door, admission, connect, connect.client_id or mint(), self._endpoint.limits)

    # The end

    def end(self, reason: Reason, *, now: bool = False) -> None:
        """End it for this reason, once what was accepted is acknowledged, or at once."""
        if self.state < State.ENDING:
            self.state, self._reason = State.ENDING, reason
            self._inbox.clear()
            self._deadline = self._endpoint.monotonic() + self._endpoint.limits.drain
        if self.state is State.ENDING and (now or not self._acks):
            self._close()

    def _close(self) -> None:
        """Say why, and leave. The peer gets a moment to read it: closing on unread bytes resets a connection."""
        self._write(self._acks.take())
        self._write(self._farewell())
        self.state = State.CLOSED
        self._endpoint.closed(self)
        self._leave_will()
        self._deadline = self._endpoint.monotonic() + self._endpoint.limits.linger
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

    def abort(self) -> None:
        """Leave without a word."""
        if self._transport is None:
            self._go()
        else:
            self._transport.abort()

    def _farewell(self) -> bytes:
        if not (self._reason and self._asked):
            return b""
        if self.session is not None:
            return serialise(Disconnect(self._reason)) if self._version == V5 else b""
        if self._reason is Reason.UNSUPPORTED_PROTOCOL_VERSION:
            return serialise(Connack(self._reason), V311)  # in the form that every version understands
        if self._reason is Reason.MALFORMED_PACKET or (self._version != V5 and self._reason not in V3_REFUSALS):
            return b""
        return serialise(Connack(self._reason), self._version)

    def _leave_will(self) -> None:
        session = self.session
        if session is None:
            return
        if self._reason is Reason.SERVER_SHUTTING_DOWN:
            session.will = None  # the client is well; section 3.1.2.5 leaves it to us
        try:
            session.publish_will(self._endpoint.clock())
        except Exception:
            self._endpoint.door.counts.dropped += 1
            log.exception("a will could not be published")
