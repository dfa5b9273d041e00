"""The door between the MQTT endpoint and the twin: who may come in, where they may send, and keeping what they said;
and what they may hear.

A client comes in with an access token as its password. With the scope telemetry:write it may send to the topics of its
sites; one that is a gateway or a device, to its own topics and to those of what it connects. With twin:read it may hear
what it may see (`twin.telemetry.hearing`). What is not its own and what does not exist are the same: denied.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, cast

import msgspec

from twin.access.principals import Principal
from twin.errors import BackendError, Forbidden, Unauthenticated
from twin.mqtt.door import Admission, Counts, Refusal
from twin.telemetry.hearing import SCOPE as HEARS
from twin.telemetry.journal import JournalMessage
from twin.telemetry.own import sends_to
from twin.telemetry.targets import site_key

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from twin.mqtt.door import Message
    from twin.mqtt.packets import Connect
    from twin.telemetry.hearing import About, Hearing
    from twin.telemetry.ingest import Ingest
    from twin.telemetry.journal import Journal
    from twin.telemetry.noting import Noting
    from twin.telemetry.own import Wiring

__all__ = ["Owner", "Route", "TelemetryDoor", "owner_of", "principal_of"]

_SCOPE = "telemetry:write"
_NEVER = 1 << 62


class Route(msgspec.Struct, frozen=True):
    """A topic that a principal may send to, and the id of the site it belongs to."""

    site: str


class TelemetryDoor:
    """What stands behind the endpoint (`twin.mqtt.door.Door`). ``verify`` turns a token into a principal, or raises
    `Unauthenticated`; ``counts`` are those the ingest knows too.
    """

    def __init__(
        self,
        graph: Wiring,
        journal: Journal,
        ingest: Ingest,
        verify: Callable[[str], Principal],
        counts: Counts,
        *,
        hearing: Hearing,
        noting: Noting,
    ) -> None:
        self.counts = counts
        self._hearing = hearing
        self._noting = noting
        self._graph = graph
        self._journal = journal
        self._ingest = ingest
        self._verify = verify

    def admit(self, connect: Connect, address: str = "") -> Admission | Refusal:
        """Let in who brings a token that verifies and may send telemetry, or hear."""
        try:
            principal = self._verify((connect.password or b"").decode("ascii"))
        except (Unauthenticated, UnicodeDecodeError):
            self._noting.refused(address)
            return Refusal.BAD_CREDENTIALS
        except Forbidden:  # a good token of somebody who is nobody here
            self._noting.refused(address)
            return Refusal.NOT_AUTHORIZED
        except BackendError:  # who issued it has to be asked first: the client comes again
            return Refusal.UNAVAILABLE
        if not (principal.may(_SCOPE) or principal.may(HEARS)):
            self._noting.refused(address, principal)
            return Refusal.NOT_AUTHORIZED
        self._noting.came(principal, connect.client_id, address)
        return Admission(principal=principal, expires=principal.expires, owner=owner_of(principal), address=address)

    def route(self, admission: Admission, topic: str) -> Route | None:
        """The site that a topic belongs to, if it exists for this principal."""
        principal = principal_of(admission)
        found = self._route(principal, topic)
        if found is None:
            self._noting.denied("publish", admission, principal, topic)
        return found

    def _route(self, principal: Principal, topic: str) -> Route | None:
        key = site_key(topic)
        site = None if key is None else self._graph.by_path(key)
        if site is None or site.kind != "site" or site.hidden:
            return None
        if not principal.may(_SCOPE) or not principal.sends_for(site.id):
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
        sender = principal_of(admission).client
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
        """Whether the client may subscribe to a filter (`Hearing.may_hear`)."""
        return self._hearing.may_hear(principal_of(admission), topic_filter)

    def denied(self, admission: Admission, topic_filter: str) -> None:
        """Have the audit note that the client may not subscribe to a filter."""
        self._noting.denied("subscribe", admission, principal_of(admission), topic_filter)

    def concerns(self, admission: Admission, about: object) -> bool:
        """Whether the client could be told this now, with a token that is good."""
        return self._hearing.concerns(principal_of(admission), cast("About", about))

    def hears(self, admission: Admission, about: object) -> bool:
        """Whether the client may be told this, now."""
        return self._hearing.hears(principal_of(admission), cast("About", about))

    def retained(self, admission: Admission, topic_filter: str) -> Iterable[Message]:
        """What there is to be heard on the topics of a filter, as it is now."""
        return self._hearing.retained(principal_of(admission), topic_filter)


class Owner(NamedTuple):
    """Whose a session is: a client's in its own name, or that of one of its users. Where a client or what its user let
    it do has ended, whoever comes after is another one, and hears nothing of what was queued.
    """

    client: str
    user: str
    generation: int
    authorization: str
    issuer: str

    def last(self, holds: Callable[[Principal], bool]) -> bool:
        """Whether somebody may still come back to its sessions: ``holds`` is asked of a principal whose token never
        expires. Of tokens of external issuers nothing can be said before they come.
        """
        if self.issuer:
            return True
        return holds(
            Principal(
                client=self.client,
                subject=self.user,
                scopes=frozenset(),
                sites=None,
                generation=self.generation,
                expires=_NEVER,
                authorization=self.authorization,
            )
        )


def owner_of(principal: Principal) -> Owner:
    """Whose the sessions of this principal are."""
    return Owner(principal.client, principal.subject, principal.generation, principal.authorization, principal.issuer)


def principal_of(admission: Admission) -> Principal:
    """Who was let in."""
    return cast("Principal", admission.principal)
