"""What is kept for a client beyond its connection: its subscriptions, and what it is still to be told.

A session belongs to an owner and a client identifier; another owner's with the same identifier is another one. It
lives in this process: after a restart nobody has one, and CONNACK says so.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from twin.mqtt.outbox import Outbox, Told
from twin.mqtt.packets import V5, Connect, Property
from twin.mqtt.parcels import Terms

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterator

    from twin.mqtt.connection import Connection
    from twin.mqtt.door import Admission, Message
    from twin.mqtt.greeting import Limits

__all__ = ["Session", "Sessions", "Wish", "lifetime"]

_SECOND = 1_000_000
_QOS, _AS_PUBLISHED = 0x03, 0x08


class Wish:
    """A subscription: how its client wants to be told, by the options of SUBSCRIBE (MQTT 5, section 3.8.3.1).

    No-local needs nothing: what a client publishes is told to nobody as it is, itself included.
    """

    __slots__ = ("allowed", "as_published", "asked", "live", "retained", "topic_filter")

    def __init__(self, topic_filter: str, options: int, identifier: int | None, asked: int) -> None:
        self.topic_filter = topic_filter
        qos, identifiers = min(options & _QOS, 1), () if identifier is None else (identifier,)
        self.live = Terms(qos, retain=False, identifiers=identifiers)
        self.retained = Terms(qos, retain=True, identifiers=identifiers)
        self.as_published = bool(options & _AS_PUBLISHED)
        self.allowed = True
        self.asked = asked
        """In which of the audience's times the door was asked for it."""


class Session:
    """One client's, connected or not."""

    __slots__ = ("admission", "connection", "expiry", "key", "outbox", "recalls", "told", "until", "will", "wishes")

    def __init__(self, key: tuple[Hashable, str], told: Told) -> None:
        self.key = key
        self.connection: Connection | None = None
        self.admission: Admission | None = None
        """What its client was admitted with when it came last."""
        self.expiry = 0
        """Seconds that it outlives its connection."""
        self.until = 0
        """When it ends unless its client comes back, in microseconds since 1970 UTC."""
        self.wishes: dict[str, Wish] = {}
        """Its subscriptions, by topic filter."""
        self.recalls: dict[str, Iterator[Message] | None] = {}
        """The filters of new subscriptions whose client was not told everything yet that it is told at once."""
        self.outbox = Outbox(told)
        self.told = told
        self.will: tuple[Callable[[int], None], int] | None = None
        """Says, at a time, what the client left to be said; and when it is, unless the client comes back before."""


def lifetime(connect: Connect, most: int) -> int:
    """Seconds that a session is to outlive its connection, as its client wants and up to ``most``."""
    if connect.version == V5:
        wanted: int = connect.properties.get(Property.SESSION_EXPIRY_INTERVAL, 0)
        return min(wanted, most)
    return 0 if connect.clean_start else most


class Sessions:
    """Everyone's. Those whose client is away end when their time is over, or, above the limits, the longest gone."""

    def __init__(self, limits: Limits, told: Told, on_end: Callable[[Session], None]) -> None:
        """``on_end`` is told of each session that is over."""
        self._limits = limits
        self._told = told
        self._on_end = on_end
        self._all: dict[Hashable, Session] = {}
        self._away: dict[Session, None] = {}
        self._away_of: Counter[Hashable] = Counter()

    def __len__(self) -> int:
        return len(self._all)

    def open(self, key: tuple[Hashable, str], *, clean: bool, now: int) -> tuple[Session, bool]:
        """The session of a client that has come, and whether it was there before."""
        session = self._all.get(key)
        if session is not None and (clean or session.until <= now):
            self.end(session, now)
            session = None
        if session is not None:
            self._back(session)
            session.will = None
            return session, True
        session = self._all[key] = Session(key, self._told)
        return session, False

    def leave(self, session: Session, now: int) -> None:
        """Its client has gone."""
        session.connection = None
        if not session.expiry:
            self.end(session, now)
            return
        session.until = now + session.expiry * _SECOND
        session.outbox.strand()
        session.recalls = dict.fromkeys(session.recalls)
        self._away[session] = None
        owner = session.key[0]
        self._away_of[owner] += 1
        if self._away_of[owner] > self._limits.sessions_of_one:
            self.end(next(each for each in self._away if each.key[0] == owner), now)
        elif len(self._away) > self._limits.sessions:
            self.end(next(iter(self._away)), now)

    def end(self, session: Session, now: int) -> None:
        """It is over, and what was still to be told with it."""
        if self._all.get(session.key) is not session:
            return
        del self._all[session.key]
        session.expiry = 0
        self._back(session)
        self._on_end(session)
        session.outbox.clear()
        self._say_will(session, now)

    def sweep(self, now: int) -> None:
        """End those whose time is over."""
        for session in tuple(self._away):
            if session.until <= now:
                self.end(session, now)
            elif session.will is not None and session.will[1] <= now:
                self._say_will(session, now)

    def forget(self, predicate: Callable[[Hashable], bool], now: int) -> int:
        """End those of some owners; how many they were."""
        picked = [session for session in self._all.values() if predicate(session.key[0])]
        for session in picked:
            self.end(session, now)
        return len(picked)

    def _back(self, session: Session) -> None:
        if session in self._away:
            del self._away[session]
            owner = session.key[0]
            self._away_of[owner] -= 1
            if not self._away_of[owner]:
                del self._away_of[owner]

    @staticmethod
    def _say_will(session: Session, now: int) -> None:
        will, session.will = session.will, None
        if will is not None:
            will[0](now)
