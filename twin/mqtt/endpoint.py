"""The MQTT endpoint that devices publish to and apps listen to: MQTT 3.1.1 and 5, QoS 0 and 1, over TCP.

It knows the protocol only: who may come in, where a topic leads, how messages are kept and who hears what is the
`Door`'s. A message is acknowledged when the door says that it is durable. What clients publish is told to nobody as it
is: what they hear is what the endpoint is given to `tell`.
"""

from __future__ import annotations

import asyncio
import time
from functools import partial
from typing import TYPE_CHECKING

from twin.mqtt.audience import Audience
from twin.mqtt.connection import Connection, Hold
from twin.mqtt.door import Admission, Counts, Door, Message, Refusal
from twin.mqtt.greeting import Limits
from twin.mqtt.outbox import Told
from twin.mqtt.packets import Connect, Reason
from twin.mqtt.rounds import Rounds, safely
from twin.mqtt.sessions import Sessions, lifetime
from twin.mqtt.visits import owner_of
from twin.times import now

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable

    from twin.mqtt.visits import Visit

__all__ = ["Admission", "Connect", "Counts", "Door", "Endpoint", "Limits", "Message", "Reason", "Refusal", "Told"]

_SPARE = 100
"""Connections beyond the limit that are heard, so that they can be told why they are refused."""


class Endpoint:
    """Listens on one address. Everything is called on the loop that started it."""

    def __init__(
        self,
        door: Door,
        *,
        limits: Limits | None = None,
        clock: Callable[[], int] = now,
        monotonic: Callable[[], float] = time.monotonic,
        sweep: float = 1.0,
    ) -> None:
        """``clock`` is the time in microseconds since 1970 UTC; every ``sweep`` seconds it is seen who is overdue."""
        self.door = door
        self.limits = limits or Limits()
        self.clock = clock
        self.monotonic = monotonic
        self.rounds = Rounds(monotonic)
        self.audience = Audience(door, self.limits, self.rounds)
        self._kept = Sessions(self.limits, self.audience.told, self.audience.remove)
        self._sweep_every = sweep
        self._sweeping: asyncio.TimerHandle | None = None
        self._server: asyncio.Server | None = None
        self._everyone: set[Connection] = set()
        self._connected: dict[Hashable, Connection] = {}
        self._empty = asyncio.Event()

    @property
    def subscriptions(self) -> int:
        """Filters that are subscribed to, by all sessions together."""
        return self.audience.subscriptions

    @property
    def told(self) -> Told:
        """What became of the messages that were told."""
        return self.audience.told

    @property
    def sessions(self) -> int:
        """Clients that are connected, or may come back to what is kept for them."""
        return len(self._kept)

    @property
    def connections(self) -> int:
        """Clients that are connected now."""
        return len(self._connected)

    async def start(self, host: str, port: int) -> int:
        """Listen. Returns the port, a free one for 0. Raises OSError when the address cannot be had."""
        self._server = await asyncio.get_running_loop().create_server(
            lambda: Connection(self), host, port, backlog=1024
        )
        self._sweep()
        return int(self._server.sockets[0].getsockname()[1])

    async def close(self, within: float = 5.0) -> None:
        """Acknowledge what was sent, say goodbye to everyone and leave; after ``within`` seconds, just leave."""
        if self._server is None:
            return
        self._server.close()
        self._end(tuple(self._everyone), Reason.SERVER_SHUTTING_DOWN)
        try:
            async with asyncio.timeout(within):
                await self._gone()
        except TimeoutError:
            for connection in tuple(self._everyone):
                connection.abort()
            await self._gone()
        if self._sweeping is not None:
            self._sweeping.cancel()

    def pause(self) -> None:
        """Read from nobody, until `resume`: what stands behind the door cannot keep up."""
        self.rounds.pause()
        for connection in self._everyone:
            connection.hold(Hold.PAUSED)

    def resume(self) -> None:
        """Read again."""
        for connection in self._everyone:
            connection.release(Hold.PAUSED)
        self.rounds.resume()

    def end(self, predicate: Callable[[Admission], bool], reason: Reason = Reason.NOT_AUTHORIZED) -> int:
        """End the connections whose admission the predicate picks; how many they were."""
        picked = [
            connection
            for connection in self._connected.values()
            if connection.visit is not None and predicate(connection.visit.admission)
        ]
        self._end(picked, reason)
        return len(picked)

    def forget_routes(self) -> None:
        """The graph or somebody's rights have changed: ask the door again where each topic leads, and who may
        subscribe to what.
        """
        for connection in self._connected.values():
            if connection.visit is not None:
                connection.visit.forget_routes()
        self.audience.forget_rights()

    def wants(self, topic: str) -> bool:
        """Whether anybody subscribes to a topic: else a message about it need not be made."""
        return self.audience.wants(topic)

    def tell(self, message: Message) -> None:
        """Tell a message to everyone who subscribes to its topic and may hear it."""
        self.audience.tell(message)

    def forget_sessions(self, predicate: Callable[[Hashable], bool]) -> int:
        """Drop the sessions of the owners that the predicate picks, and what waits in them; how many they were. Their
        connections end.
        """
        forgotten = self._kept.forget(predicate, self.clock())
        self.end(lambda admission: predicate(owner_of(admission)))
        return forgotten

    # What connections say

    def arrived(self, connection: Connection) -> None:
        """A peer opened a connection."""
        if len(self._everyone) >= self.limits.connections + _SPARE:
            connection.abort()
        self._everyone.add(connection)
        if self.rounds.paused:
            connection.hold(Hold.PAUSED)

    def opened(self, connection: Connection, visit: Visit) -> Reason | None:
        """A client is let in, unless there are too many. An older connection of the same session is taken over."""
        older = self._connected.get(visit.key)
        if older is not None:
            safely(older, partial(older.end, Reason.SESSION_TAKEN_OVER, now=True))
        elif len(self._connected) >= self.limits.connections:
            return Reason.QUOTA_EXCEEDED
        self._connected[visit.key] = connection
        session, resumed = self._kept.open(visit.key, clean=visit.connect.clean_start, now=self.clock())
        session.connection = connection
        session.expiry = lifetime(visit.connect, self.limits.session_seconds)
        visit.begin(session, resumed=resumed)
        return None

    def closed(self, connection: Connection) -> None:
        """A connection will not be read from again."""
        visit = connection.visit
        if visit is not None and self._connected.get(visit.key) is connection:
            del self._connected[visit.key]
            self._kept.leave(visit.session, self.clock())

    def left(self, connection: Connection) -> None:
        """A connection is gone."""
        self.closed(connection)
        self._everyone.discard(connection)
        if not self._everyone:
            self._empty.set()

    # Time

    async def _gone(self) -> None:
        while self._everyone:
            self._empty.clear()
            await self._empty.wait()

    def _sweep(self) -> None:
        """Look after time for everyone, with one timer."""
        self._sweeping = asyncio.get_running_loop().call_later(self._sweep_every, self._sweep)
        now, clock = self.monotonic(), self.clock()
        for connection in tuple(self._everyone):
            safely(connection, partial(connection.check, now, clock))
        self._kept.sweep(clock)

    def _end(self, connections: Iterable[Connection], reason: Reason) -> None:
        for connection in connections:
            safely(connection, partial(connection.end, reason))
