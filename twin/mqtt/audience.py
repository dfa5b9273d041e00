"""Who hears what: the subscriptions of everyone, and messages told to those whose filters match."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from twin.mqtt.packets import Publish, serialise
from twin.mqtt.trie import Trie

if TYPE_CHECKING:
    from twin.mqtt.connection import Connection
    from twin.mqtt.door import Door, Message

__all__ = ["Audience"]


class Audience:
    """The subscribers of one endpoint."""

    def __init__(self, door: Door) -> None:
        self._door = door
        self._filters: Trie[int] = Trie()

    def wants(self, topic: str) -> bool:
        """Whether anybody subscribes to it."""
        return bool(self._filters) and any(True for _ in self._filters.match(topic))

    def subscribe(self, connection: Connection, topic_filter: str) -> None:
        """It hears what matches, from now on."""
        self._filters.add(topic_filter, connection, 0)

    def unsubscribe(self, connection: Connection, topic_filter: str) -> None:
        """It no longer does."""
        self._filters.remove(topic_filter, connection)

    def tell(self, message: Message) -> None:
        """Tell everyone who may hear it, once each."""
        for each in dict.fromkeys(subscriber for subscriber, _ in self._filters.match(message.topic)):
            connection = cast("Connection", each)
            session = connection.session
            if session is not None and self._door.hears(session.admission, message.about):
                connection.write(serialise(Publish(message.topic, message.payload), session.version))
