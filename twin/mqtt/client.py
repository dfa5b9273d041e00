"""A publisher over MQTT 5: everything it was given is acknowledged by the server, or it says why not.

At most a window of messages is on its way. When the connection is lost it is made anew, after growing pauses and with
a new token, and what was not acknowledged is sent again in order. A message may arrive twice; none is lost in silence.
"""

from __future__ import annotations

import asyncio
import inspect
import random as chance
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from twin.errors import BackendError, Conflict, Forbidden, RequestError, TwinError, Unauthenticated
from twin.mqtt.flight import Flight
from twin.mqtt.link import Link
from twin.mqtt.packets import V5, Connack, Connect, Property, Reason

if TYPE_CHECKING:
    import ssl
    from collections.abc import Awaitable, Callable
    from types import TracebackType
    from typing import Self

__all__ = ["Client", "Tally"]

_MAXIMUM = 65_535
"""Of messages in flight, where the server names none (MQTT 5, section 3.2.2.3.3)."""

_GREETING = 10.0
"""Seconds for a token, a connection and the answer to CONNECT."""

_PASSING = frozenset(
    {
        Reason.SUCCESS,
        Reason.UNSPECIFIED_ERROR,
        Reason.IMPLEMENTATION_SPECIFIC_ERROR,
        Reason.NOT_AUTHORIZED,
        Reason.SERVER_UNAVAILABLE,
        Reason.SERVER_BUSY,
        Reason.SERVER_SHUTTING_DOWN,
        Reason.KEEP_ALIVE_TIMEOUT,
        Reason.MESSAGE_RATE_TOO_HIGH,
        Reason.QUOTA_EXCEEDED,
        Reason.CONNECTION_RATE_EXCEEDED,
        Reason.MAXIMUM_CONNECT_TIME,
    }
)
"""Reasons of a DISCONNECT after which it makes sense to come back: with time, or with a new token."""

_BUSY = frozenset(
    {
        Reason.UNSPECIFIED_ERROR,
        Reason.SERVER_UNAVAILABLE,
        Reason.SERVER_BUSY,
        Reason.QUOTA_EXCEEDED,
        Reason.CONNECTION_RATE_EXCEEDED,
    }
)
"""Reasons of a CONNACK that are the server's, and pass."""

_REFUSALS: dict[Reason, type[RequestError]] = {
    Reason.BAD_USER_NAME_OR_PASSWORD: Unauthenticated,
    Reason.NOT_AUTHORIZED: Forbidden,
    Reason.BANNED: Forbidden,
    Reason.SESSION_TAKEN_OVER: Conflict,
}


@dataclass(slots=True)
class Tally:
    """What became of the messages: sent = acknowledged + refused + those still on their way."""

    sent: int = 0
    """Messages, each once."""
    acknowledged: int = 0
    resent: int = 0
    """Packets that were sent again after a connection was lost."""
    refused: int = 0
    """Acknowledged with a reason of 0x80 or more: the server has not kept them and wants them no more."""
    reasons: dict[Reason, int] = field(default_factory=dict)
    """How many were refused, by reason."""


class Client:
    """Publishes with QoS 1. At its best as ``async with Client(...)``: leaving waits for every acknowledgement."""

    def __init__(  # noqa: PLR0913 - four say who and where, the rest are knobs with defaults
        self,
        host: str,
        port: int,
        client_id: str,
        token: Callable[[], str | Awaitable[str]],
        *,
        window: int = 1000,
        keep_alive: int = 60,
        tls: ssl.SSLContext | None = None,
        patience: float | None = None,
        refusals: int = 3,
        random: Callable[[], float] = chance.random,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """``token`` gives a new access token before every connection; OSError and BackendError it may raise in passing.

        After the first connection, a server that is away is waited for ``patience`` seconds (None: as long as it
        takes), and one that refuses the client is asked ``refusals`` times in all.
        """
        self.tally = Tally()
        self._address = (host, port)
        self._client_id = client_id
        self._token = token
        self._keep_alive = keep_alive
        self._tls = tls
        self._patience = patience
        self._refusals = refusals
        self._random = random
        self._sleep = sleep
        self._flight = Flight(window)
        self._link: Link | None = None
        self._life: asyncio.Task[None] | None = None
        self._failure: Exception | None = None
        self._changed = asyncio.Event()

    async def __aenter__(self) -> Self:
        await self.connect()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        del error, trace
        try:
            if kind is None:
                await self.drain()
        finally:
            await self.close()

    async def connect(self) -> None:
        """Connect for the first time.

        Raises BackendError when there is no server, Unauthenticated or Forbidden when it refuses the token.
        """
        link = await self._dial()
        self._life = asyncio.create_task(self._live(link), name=f"mqtt client {self._client_id}")

    async def publish(self, topic: str, payload: bytes) -> None:
        """Hand over a message; returns when there was room for it in the window.

        Raises what ended the client, if anything did, Malformed for a topic that cannot be, and InvalidValue for a
        message above what the server takes.
        """
        while self._link is None or not self._flight.room or not self._link.clear:
            await self._change()
        self._link.send(self._flight.launch(topic, payload))
        self.tally.sent += 1

    async def drain(self) -> None:
        """Wait until everything is acknowledged or refused. Raises what ended the client, if anything did."""
        while len(self._flight):
            await self._change()

    async def close(self) -> None:
        """Say goodbye. What is not acknowledged by now may be lost."""
        link = self._link
        if self._life is not None:
            self._life.cancel()
            await asyncio.gather(self._life, return_exceptions=True)
        if link is not None:
            link.leave()
            await asyncio.wait({link.over}, timeout=1.0)
            link.abort()

    async def _change(self) -> None:
        if self._failure is not None:
            raise self._failure
        if self._life is None:
            raise RuntimeError("connect() comes first")
        self._changed.clear()
        await self._changed.wait()

    # Connections

    async def _dial(self) -> Link:
        """A connection that the server has welcomed. Raises BackendError, or how it refuses."""
        link = Link(self._land)
        try:
            async with asyncio.timeout(_GREETING):
                welcome = await link.greet(await self._connect(), *self._address, self._tls)
        except (OSError, TimeoutError) as error:
            link.abort()
            raise self._unreachable(error) from error
        except BaseException:
            link.abort()
            raise
        if welcome.reason:
            link.abort()
            raise _refusal(welcome.reason)
        self._begin(link, welcome)
        return link

    async def _connect(self) -> Connect:
        token = self._token()
        password = (await token if inspect.isawaitable(token) else token).encode()
        return Connect(self._client_id, V5, keep_alive=self._keep_alive, username=self._client_id, password=password)

    def _unreachable(self, error: Exception) -> BackendError:
        host, port = self._address
        return BackendError(
            f"no MQTT server answers at {host}:{port}: {error or type(error).__name__}",
            code="mqtt.unreachable",
            help="is the server running, and is this its MQTT port?",
        )

    def _begin(self, link: Link, welcome: Connack) -> None:
        properties = welcome.properties
        self._keep_alive = properties.get(Property.SERVER_KEEP_ALIVE, self._keep_alive)
        maximum = properties.get(Property.RECEIVE_MAXIMUM, _MAXIMUM)
        self._flight.resume(maximum, properties.get(Property.MAXIMUM_PACKET_SIZE))
        self._link = link
        self._resend()
        self._changed.set()

    async def _live(self, link: Link) -> None:
        """Stay connected until something forbids it."""
        try:
            while True:
                reason = await self._outlive(link)
                self._lose(reason)
                link = await self._return()
        except Exception as error:  # noqa: BLE001 - whoever publishes next is told, whatever it was
            self._failure = error
        finally:
            self._link = None
            self._changed.set()

    async def _outlive(self, link: Link) -> Reason | None:
        """Keep the connection alive until it is over; why it is."""
        every = self._keep_alive or None
        while not link.over.done():
            await asyncio.wait({link.over}, timeout=every and every / 2)
            if every is not None:
                link.beat(every)
        return link.over.result()

    def _lose(self, reason: Reason | None) -> None:
        self._link = None
        self._flight.strand()
        if reason is not None and reason not in _PASSING:
            raise _refusal(reason)

    async def _return(self) -> Link:
        """Connect again, with pauses that grow from a tenth of a second to ten seconds, each shortened by chance."""
        loop = asyncio.get_running_loop()
        since, tries, refusals = loop.time(), 0, 0
        while True:
            await self._sleep(min(0.1 * 2**tries, 10.0) * (1 - self._random() / 2))
            tries += 1
            try:
                return await self._dial()
            except BackendError:
                if self._patience is not None and loop.time() - since >= self._patience:
                    raise
            except RequestError:
                refusals += 1
                if refusals >= self._refusals:
                    raise

    # Messages

    def _land(self, landed: list[tuple[int, Reason]]) -> None:
        tally = self.tally
        for number, reason in landed:
            if not self._flight.land(number):
                continue
            if reason < Reason.UNSPECIFIED_ERROR:
                tally.acknowledged += 1
            else:
                tally.refused += 1
                tally.reasons[reason] = tally.reasons.get(reason, 0) + 1
        self._resend()
        self._changed.set()

    def _resend(self) -> None:
        if self._link is not None:
            for packet in self._flight.relaunch():
                self._link.send(packet)
                self.tally.resent += 1


def _refusal(reason: Reason) -> TwinError:
    words = reason.name.lower().replace("_", " ")
    if reason in _BUSY:
        return BackendError(f"the MQTT server cannot take this client now: {words}", code="mqtt.unavailable")
    kind = _REFUSALS.get(reason, RequestError)
    return kind(
        f"the MQTT server refuses this client: {words}",
        code="mqtt.refused",
        help="check the client's token, its scopes and its identifier: each is used by one client at a time",
        reason=int(reason),
    )
