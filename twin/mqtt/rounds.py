"""Whose turn it is: connections with something to read go round, and those with something to say are told once.

A turn of the loop reads for at most `TURN` seconds and tells for as many, so whatever else lives on the loop is
answered under load.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from twin.mqtt.connection import Connection

__all__ = ["TURN", "Rounds", "safely"]

log = logging.getLogger(__name__)

TURN = 0.002
"""Seconds of reading in one turn of the loop."""


class Rounds:
    """The order of service on the running loop."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self.paused = False
        self._monotonic = monotonic
        self._waiting: deque[Connection] = deque()
        self._due: dict[Connection, None] = {}
        self._turning = False
        self._speaking: deque[Connection] = deque()
        self._about_to_speak = False

    def pause(self) -> None:
        """No more turns, until `resume`."""
        self.paused = True

    def resume(self) -> None:
        """Go on."""
        self.paused = False
        self._schedule()

    def ready(self, connection: Connection) -> None:
        """It has something to read."""
        if not connection.queued:
            connection.queued = True
            self._waiting.append(connection)
            self._schedule()

    def speaks(self, connection: Connection) -> None:
        """There is something that its client is to be told."""
        if not connection.speaking:
            connection.speaking = True
            self._speaking.append(connection)
            self._speak_soon()

    def settled(self, connection: Connection) -> None:
        """Messages of it are durable: it acknowledges them when everyone whose messages are has said so."""
        if not self._due:
            asyncio.get_running_loop().call_soon(self._acknowledge)
        self._due[connection] = None

    def _schedule(self) -> None:
        if self._waiting and not self._turning and not self.paused:
            self._turning = True
            asyncio.get_running_loop().call_soon(self._turn)

    def _turn(self) -> None:
        self._turning = False
        until, waiting = self._monotonic() + TURN, self._waiting
        while waiting and not self.paused:
            connection = waiting.popleft()
            connection.queued = False
            if safely(connection, connection.advance):
                self.ready(connection)
            if self._monotonic() >= until:
                break
        self._schedule()

    def _speak_soon(self) -> None:
        if self._speaking and not self._about_to_speak:
            self._about_to_speak = True
            asyncio.get_running_loop().call_soon(self._speak)

    def _speak(self) -> None:
        self._about_to_speak = False
        until, speaking = self._monotonic() + TURN, self._speaking
        while speaking:
            connection = speaking.popleft()
            connection.speaking = False
            if safely(connection, connection.speak):
                self.speaks(connection)
            if self._monotonic() >= until:
                break
        self._speak_soon()

    def _acknowledge(self) -> None:
        due, self._due = self._due, {}
        for connection in due:
            safely(connection, connection.acknowledge)


def safely(connection: Connection, step: Callable[[], bool | None]) -> bool:
    """What the step says. A bug in it ends the connection it was met on, and no other."""
    try:
        return bool(step())
    except Exception:
        log.exception("an MQTT connection is cut by a fault of ours")
        connection.abort()
        return False
