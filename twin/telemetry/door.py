"""The door between the MQTT endpoint and the journal: who may come in, where they may send, and keeping what they said.

A client comes in with an access token as its password and may send to the topics of its sites; one that is a gateway or
a device, to its own topics and to those of what it connects. What is not its own and what does not exist are the same:
denied.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import msgspec

from twin.errors import Unauthenticated
from twin.mqtt.door import Admission, Counts, Refusal
from twin.telemetry.journal import JournalMessage
from twin.telemetry.own import sends_to
from twin.telemetry.targets import site_key

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from twin.access.principals import Principal
    from twin.mqtt.door import Message
    from twin.mqtt.packets import Connect
    from twin.telemetry.ingest import Ingest
    from twin.telemetry.journal import Journal
    from twin.telemetry.own import Wiring

__all__ = ["Route", "TelemetryDoor"]

_SCOPE = "telemetry:write"


class Route(msgspec.Struct, frozen=True):
    """A topic that a principal may send to, and the id of the site it belongs to."""

    site: str


class TelemetryDoor:
    """What stands behind the endpoint (`twin.mqtt.door.Door`). ``verify`` turns a token into a principal, or raises
    `Unauthenticated`; ``counts`` are those the ingest knows too.
    """

    def __init__(
        self, graph: Wiring, journal: Journal, ingest: Ingest, verify: Callable[[str], Principal], counts: Counts
    ) -> None:
        self.counts = counts
        self._graph = graph
        self._journal = journal
        self._ingest = ingest
        self._verify = verify

    def admit(self, connect: Connect) -> Admission | Refusal:
        """Let in who brings a token that verifies and may send telemetry."""
        try:
            principal = self._verify((connect.password or b"").decode("ascii"))
        except (Unauthenticated, UnicodeDecodeError):
            return Refusal.BAD_CREDENTIALS
        if not principal.may(_SCOPE):
            return Refusal.NOT_AUTHORIZED
        owner = (principal.client, principal.subject)
        return Admission(principal=principal, expires=principal.expires, owner=owner)

    def route(self, admission: Admission, topic: str) -> Route | None:
        """The site that a topic belongs to, if it exists for this principal."""
        key = site_key(topic)
        site = None if key is None else self._graph.by_path(key)
        principal = cast("Principal", admission.principal)
        if site is None or site.kind != "site" or site.hidden or not principal.sends_for(site.id):
            return None
        if principal.device and not sends_to(self._graph, principal.device, site, topic):
            return None
        return Route(site.id)

    def keep(
        self,
        admission: Admission,
        received: int,
        messages: list[tuple[object, bytes, bytes]],
        done: Callable[[bool], None],
    ) -> None:
        """Journal them; once that is done, have them worked on and let the acknowledgements go."""
        sender = cast("Principal", admission.principal).client
        kept = [(topic, payload) for _, topic, payload in messages]

        def report(first: int | None) -> None:
            if first is not None:
                self._ingest.add(
                    JournalMessage(number, sender, received, topic, payload)
                    for number, (topic, payload) in enumerate(kept, start=first)
                )
            done(first is not None)

        self._journal.append(sender, received, kept, report)

    def may_hear(self, admission: Admission, topic_filter: str) -> bool:
        """Nobody may hear anything yet."""
        del admission, topic_filter
        return False

    def hears(self, admission: Admission, about: object) -> bool:
        """Nobody hears anything yet."""
        del admission, about
        return False

    def retained(self, admission: Admission, topic_filter: str) -> Iterable[Message]:
        """Nothing is there to be heard yet."""
        del admission, topic_filter
        return ()
