"""What the endpoint asks of whoever is behind it: who may come in, where a topic leads, to keep what was said, and who
hears what.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Protocol

import msgspec

from twin.mqtt.packets import Reason

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from twin.mqtt.packets import Connect

__all__ = ["Admission", "Counts", "Door", "Message", "Refusal"]


class Admission(msgspec.Struct, frozen=True):
    """A connection that was let in."""

    principal: object
    expires: int | None = None
    """When the connection is ended, in microseconds since 1970 UTC; None: never."""
    owner: Hashable = None
    """Whose sessions: within one owner, a client identifier is one session, which its next connection takes over;
    another owner's is another session. None: the principal itself is the owner."""
    address: str = ""
    """Where it came from: an IP address."""


class Message(msgspec.Struct, frozen=True, gc=False):
    """What clients may hear that subscribe to its topic."""

    topic: str
    payload: bytes
    about: object
    """What it tells of: the door is asked with it whether a client hears this, right before each writing."""
    at: int
    """When it became so, in microseconds since 1970 UTC."""
    expires: int | None = None
    """When it is of no use any more, in microseconds since 1970 UTC; None: never."""
    retain: bool = False
    """Whether who subscribes later is told it too, by `Door.retained`, until there is a newer one of its topic."""


class Refusal(Enum):
    """Why a connection is not let in; the value is what CONNACK says in MQTT 5."""

    BAD_CREDENTIALS = Reason.BAD_USER_NAME_OR_PASSWORD
    NOT_AUTHORIZED = Reason.NOT_AUTHORIZED
    CLIENT_IDENTIFIER = Reason.CLIENT_IDENTIFIER_NOT_VALID
    UNAVAILABLE = Reason.SERVER_UNAVAILABLE
    BUSY = Reason.SERVER_BUSY


@dataclass(slots=True)
class Counts:
    """Messages, wills among them, since the start: what was received and neither denied nor dropped was kept."""

    received: int = 0
    """Parsed and within the protocol."""
    denied: int = 0
    """To a topic that the sender may not publish to."""
    dropped: int = 0
    """Not kept, by our fault. A QoS 1 message among them was not acknowledged, so its client sends it again."""


class Door(Protocol):
    """What stands behind an endpoint. Everything is called on the loop and must not block it."""

    counts: Counts

    def admit(self, connect: Connect, address: str = "") -> Admission | Refusal:
        """Let a client in, or not, that comes from an IP address. In at most 100 microseconds: the loop waits."""

    def route(self, admission: Admission, topic: str) -> object | None:
        """Where messages to this topic go, None where the client may not send them.

        Remembered per connection until `Endpoint.forget_routes`.
        """

    def keep(
        self,
        admission: Admission,
        received: int,
        messages: list[tuple[object, bytes, bytes]],
        done: Callable[[bool], None],
    ) -> None:
        """Make (route, topic, payload) messages durable; ``received`` is in microseconds since 1970 UTC.

        ``done(True)`` on the loop, at once or later, lets the acknowledgements go; ``done(False)`` means that they
        cannot be kept: the acknowledgements are withheld and the connection is ended.
        """

    def may_hear(self, admission: Admission, topic_filter: str) -> bool:
        """Whether the client may subscribe to this filter; asked again after `Endpoint.forget_routes`, and of the
        filters of a session that a client comes back to.
        """

    def denied(self, admission: Admission, topic_filter: str) -> None:
        """The client asked to subscribe to a filter and was told that it may not."""

    def concerns(self, admission: Admission, about: object) -> bool:
        """Whether a message is to wait for a client, also one that is away, by what it was last admitted with: what it
        may not hear now takes no room from what it may. It is `hears` that decides whether it is told.
        """

    def hears(self, admission: Admission, about: object) -> bool:
        """Whether the client may be told this, now. Asked right before every message is written: of new ones, queued
        ones, those sent again and retained ones alike.
        """

    def retained(self, admission: Admission, topic_filter: str) -> Iterable[Message]:
        """What a new subscription is told at once: of each topic that matches, the latest.

        Taken one by one as fast as the client reads, so perhaps over many turns of the loop: it has to bear changes
        in between, and to say of each what is so when it is taken.
        """
