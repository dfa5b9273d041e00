"""What is said on one connection: packets read from its bytes, answered, and its messages gathered into a batch.

It knows nothing of sockets: answers go to ``say``. Before CONNECT there is no visit, and nothing else may be said.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, cast

from msgspec import structs

from twin.ids import mint
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
from twin.mqtt.visits import Visit

if TYPE_CHECKING:
    from collections.abc import Callable

    from twin.mqtt.acknowledgements import Batch
    from twin.mqtt.audience import Audience
    from twin.mqtt.door import Door
    from twin.mqtt.greeting import Limits

__all__ = ["PASS", "Conversation"]

log = logging.getLogger(__name__)

PASS = 16_384
"""Bytes of one pass: the next connection's turn comes after them."""

_LONG = frozenset({Kind.CONNECT, Kind.PUBLISH})
"""Packets that may be longer than a pass, because their length is that of a payload."""


class Conversation:
    """One peer's side of it in ``inbox``, and ours through ``say``."""

    __slots__ = (
        "_asked",
        "_audience",
        "_door",
        "_largest",
        "_limits",
        "_opened",
        "_say",
        "_version",
        "address",
        "inbox",
        "over",
        "visit",
    )

    def __init__(
        self,
        door: Door,
        audience: Audience,
        limits: Limits,
        say: Callable[[bytes], None],
        opened: Callable[[Visit], Reason | None],
    ) -> None:
        """``opened`` is told of the visit that CONNECT begins, and may still object to it."""
        self.inbox = Inbox()
        self.address = ""
        """Where the peer is: an IP address."""
        self.visit: Visit | None = None
        self.over = False
        """Whether the peer has said goodbye."""
        self._door = door
        self._audience = audience
        self._limits = limits
        self._say = say
        self._opened = opened
        self._asked = False
        self._version = V5
        self._largest: int | None = None

    def read(self, batch: Batch, unacknowledged: int) -> tuple[Reason, bool]:
        """Read a pass's worth into the batch: what went wrong, and whether there is more to read at once."""
        try:
            return Reason.SUCCESS, self._read_pass(batch, unacknowledged)
        except (Malformed, ProtocolError) as error:
            log.info("an MQTT connection ends: %s", error.message)
            return error.reason, False
        except Exception:
            log.exception("an MQTT connection ends by a fault of ours")
            return Reason.UNSPECIFIED_ERROR, False

    def say(self, data: bytes) -> None:
        """Say a packet, unless it is more than the peer wants at once (MQTT 5, section 3.1.2.11.4)."""
        if data and (self._largest is None or len(data) <= self._largest):
            self._say(data)

    def acknowledge(self, acks: bytes) -> None:
        """Say any number of acknowledgements, each shorter than the CONNACK that the peer has taken."""
        if acks:
            self._say(acks)

    def farewell(self, reason: Reason) -> None:
        """Say why it ends, as far as the version can, and only to who has asked for a conversation."""
        if not (reason and self._asked):
            return
        if self.visit is not None:
            self.say(serialise(Disconnect(reason)) if self._version == V5 else b"")
        elif reason is Reason.UNSUPPORTED_PROTOCOL_VERSION:
            self.say(serialise(Connack(reason), V311))  # in the form that every version understands
        elif reason is not Reason.MALFORMED_PACKET and (self._version == V5 or reason in V3_REFUSALS):
            self.say(serialise(Connack(reason), self._version))

    def leave_will(self, now: int, reason: Reason) -> None:
        """Publish the will, if the peer left one and this end is one that it is for."""
        if self.visit is None:
            return
        if reason is Reason.SERVER_SHUTTING_DOWN:
            self.visit.will = None  # the client is well; section 3.1.2.5 leaves it to us
        try:
            self.visit.leave_will(now)
        except Exception:
            self._door.counts.dropped += 1
            log.exception("a will could not be published")

    def _read_pass(self, batch: Batch, unacknowledged: int) -> bool:
        inbox = self.inbox
        while batch.size < PASS:
            at, whole = inbox.at, True
            if self.visit is not None:
                self.visit.skim(inbox, at + PASS - batch.size, batch, unacknowledged)
            if inbox.at == at:
                whole = self._read_one(batch, unacknowledged)
            if self.over or not whole:
                return False
            batch.size += max(inbox.at - at, 0)
        return True

    def _read_one(self, batch: Batch, unacknowledged: int) -> bool:
        """Read the next packet, whatever it is. False: it is not all there."""
        inbox = self.inbox
        buffer, at = inbox.buffer, inbox.at
        found = frame(buffer, at, len(buffer))
        if found is None:
            return inbox.refill(len(buffer) - at + 1)
        start, stop = found
        self._check(buffer[at] >> 4, stop - at)
        if stop > len(buffer):
            return inbox.refill(stop - at)
        self._asked = True
        packet = parse(buffer[at], buffer[start:stop], V5 if self.visit is None else self.visit.version)
        inbox.at = stop
        self._take(packet, batch, unacknowledged)
        return True

    def _check(self, kind: int, size: int) -> None:
        if size > self._limits.packet:
            raise ProtocolError("a packet above the maximum packet size", Reason.PACKET_TOO_LARGE)
        if self.visit is None and kind != Kind.CONNECT:
            raise Malformed("the first packet is not CONNECT")
        if size > PASS and kind not in _LONG:
            raise ProtocolError("a packet that would take too long to read", Reason.QUOTA_EXCEEDED)

    def _take(self, packet: Packet, batch: Batch, unacknowledged: int) -> None:
        if self.visit is None:
            self._greet(cast("Connect", packet))
            return
        self.say(self.visit.answer(packet, batch, unacknowledged))
        self.over = isinstance(packet, Disconnect)

    def _greet(self, connect: Connect) -> None:
        self._version = connect.version
        self._largest = connect.properties.get(Property.MAXIMUM_PACKET_SIZE)
        visit = self._admit(connect)
        welcome = accept(connect, visit.client_id, self._limits)
        if self._largest is not None and len(serialise(welcome, connect.version)) > self._largest:
            raise ProtocolError("a maximum packet size below what CONNACK needs", Reason.PACKET_TOO_LARGE)
        if reason := self._opened(visit):
            raise ProtocolError("a connection too many", reason)
        self.visit = visit
        self.say(serialise(structs.replace(welcome, session_present=visit.resumed), connect.version))

    def _admit(self, connect: Connect) -> Visit:
        if reason := objection(connect, self._limits):
            raise ProtocolError("a connection that is not possible here", reason)
        admission = self._door.admit(connect, self.address)
        if isinstance(admission, Refusal):
            raise ProtocolError("a connection that the door refused", admission.value)
        if connect.will is not None and self._door.route(admission, connect.will.topic) is None:
            raise ProtocolError("a will to a topic that the client may not publish to", Reason.NOT_AUTHORIZED)
        return Visit(self._door, self._audience, admission, connect, connect.client_id or mint(), self._limits)
