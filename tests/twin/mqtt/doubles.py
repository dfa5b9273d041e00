"""Doors for tests: open to all, with what came through them to look at."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twin.mqtt.endpoint import Admission, Connect, Counts, Message, Refusal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

__all__ = ["OpenDoor"]


class OpenDoor:
    """Lets everyone in, as the principal that the user name says, and keeps everything at once.

    Topics and filters below ``denied/`` are denied, and so is what is about something in ``hidden``; what is about
    something in ``strange`` does not even wait. With ``held``, messages stay undecided until `settle`.
    """

    def __init__(self, *, held: bool = False) -> None:
        self.counts = Counts()
        self.kept: list[tuple[str, bytes]] = []
        self.refuse: Refusal | None = None
        self.expires: int | None = None
        self.held = held
        self.waiting: list[Callable[[bool], None]] = []
        self.connects: list[Connect] = []
        self.calls = 0
        self.routed: list[str] = []
        self.hidden: set[object] = set()
        self.strange: set[object] = set()
        self.latest: list[Message] = []

    def admit(self, connect: Connect, address: str = "") -> Admission | Refusal:
        self.connects.append(connect)
        return self.refuse or Admission(connect.username or "anyone", self.expires)

    def route(self, admission: Admission, topic: str) -> object | None:
        self.routed.append(topic)
        return None if topic.startswith("denied/") else topic

    def keep(
        self,
        admission: Admission,
        received: int,
        messages: list[tuple[object, bytes, bytes]],
        done: Callable[[bool], None],
    ) -> None:
        self.calls += 1
        self.kept += [(topic.decode(), payload) for _, topic, payload in messages]
        if self.held:
            self.waiting.append(done)
        else:
            done(True)

    def settle(self, kept: bool) -> None:  # noqa: FBT001 - as the Door's callback
        waiting, self.waiting = self.waiting, []
        for done in waiting:
            done(kept)

    def may_hear(self, admission: Admission, topic_filter: str) -> bool:
        return not topic_filter.startswith("denied/")

    def denied(self, admission: Admission, topic_filter: str) -> None:
        assert not self.may_hear(admission, topic_filter)

    def concerns(self, admission: Admission, about: object) -> bool:
        return about not in self.strange

    def hears(self, admission: Admission, about: object) -> bool:
        return about not in self.hidden

    def retained(self, admission: Admission, topic_filter: str) -> Iterable[Message]:
        return iter(self.latest)
