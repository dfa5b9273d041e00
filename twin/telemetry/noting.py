"""What the audit is told of MQTT: who came in, who was refused what, whose connection was ended, and from where.

What is refused again and again becomes one record within a moment (`twin.engine.auditing`), so it may name nothing
that whoever is refused can vary at will: of each client only some topics are named in a while, then it is only said
that there were more.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from twin.access.audit import Deed
from twin.errors import Forbidden, Unauthenticated
from twin.times import now

if TYPE_CHECKING:
    from collections.abc import Callable

    from twin.access.principals import Principal
    from twin.mqtt.door import Admission

__all__ = ["Noting"]

_NAMED = 10
"""Topics that are named of one client in a while."""
_WHILE = 60_000_000
_LONGEST = 200
_CLIENTS = 10_000


class Noting:
    """On the loop. ``soon`` has the audit keep a deed within a moment."""

    def __init__(self, soon: Callable[[Deed], None], clock: Callable[[], int] = now) -> None:
        self._soon = soon
        self._clock = clock
        self._named: dict[tuple[str, str], set[str]] = {}
        self._since = 0

    def came(self, principal: Principal, client_id: str, address: str) -> None:
        """Somebody signed in, under an MQTT client identifier of its own choice."""
        self._note("mqtt.connect", principal, address, _short(client_id))

    def refused(self, address: str, principal: Principal | None = None) -> None:
        """Somebody was not let in: with no token that is good, or with one that is good for nothing here."""
        code = Unauthenticated.code if principal is None else Forbidden.code
        self._note("mqtt.connect", principal, address, code=code)

    def denied(self, action: str, admission: Admission, principal: Principal, topic: str) -> None:
        """A topic was denied to somebody: to be published to, or subscribed to."""
        self._note(f"mqtt.{action}", principal, admission.address, self._name(principal, topic), code="topic.denied")

    def ended(self, admission: Admission, principal: Principal) -> None:
        """A connection was ended, because what its token said is not good any more."""
        self._note("mqtt.end", principal, admission.address, code=Unauthenticated.code)

    def _note(
        self, action: str, principal: Principal | None, address: str, detail: str = "", *, code: str = "ok"
    ) -> None:
        self._soon(
            Deed(
                at=self._clock(),
                action=action,
                result=code,
                user="" if principal is None else principal.subject,
                client="" if principal is None else principal.client,
                token="" if principal is None else principal.token,
                address=address,
                detail=detail,
            )
        )

    def _name(self, principal: Principal, topic: str) -> str:
        at = self._clock()
        if at - self._since > _WHILE or len(self._named) > _CLIENTS:
            self._named.clear()
            self._since = at
        named = self._named.setdefault((principal.client, principal.subject), set())
        if len(named) < _NAMED:
            named.add(_short(topic))
        return _short(topic) if _short(topic) in named else "and other topics"


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
