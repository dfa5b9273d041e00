"""Readings as they arrive, for one principal: filtered, coalesced by point, and never of what it may not see."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import msgspec

from api.questions import Part, Question
from twin.errors import BackendError, TooMany, Unauthenticated
from twin.events import Subscriber
from twin.graph import query
from twin.graph.readings import Reading
from twin.times import now

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Sequence

    from twin.graph.model import Entity
    from twin.state.current import ReadingChanged

__all__ = ["Heard", "Watch", "ended", "silent", "watch"]


class Heard(msgspec.Struct, frozen=True):
    """A new reading. ``coalesced``: how many readings since the event before were folded into newer ones."""

    part: Part
    reading: Reading
    coalesced: int


class Watch:
    """What a subscriber wants to hear of; refs are looked up once, what they contain whenever the graph has changed."""

    def __init__(
        self,
        question: Question,
        *,
        type: str | None = None,  # noqa: A002 - the word users see
        under: str | None = None,
        within: str | None = None,
        measures: Sequence[str] | None = None,
    ) -> None:
        self.question = question
        self._type = question.vocabulary.types("device", type)
        question.measured(measures)
        self._measures = None if measures is None else frozenset(measures)
        self._under = None if under is None else question.entity(under).id
        self._within = None if within is None else question.view(within).id
        self._asked: object = None
        self._covered: frozenset[str] = frozenset()

    def wants(self, event: ReadingChanged) -> bool:
        """Whether an event is for this subscriber, by what it asked for and by what it may see now."""
        question = self.question
        return question.engine.tokens.holds(question.principal, now()) and self.part(event) is not None

    def _seen(self, entity_id: str) -> Entity | None:
        """An entity, as far as it may be seen now."""
        return None if self.question.engine.mirror.get(entity_id) is None else self.question.find(entity_id)

    def part(self, event: ReadingChanged) -> Part | None:
        """The point of an event, if it is there, visible and asked for."""
        if self.question.renew():
            self._asked = None
        entity = self._seen(event.entity_id)
        if entity is None or not self._covers(entity):
            return None
        kind = self.question.vocabulary.type_of(entity.type).points.get(event.point)
        if kind is None or (self._measures is not None and kind.measures not in self._measures):
            return None
        if not self.question.shows(entity, kind):
            return None
        return Part(entity, kind)

    def _covers(self, entity: Entity) -> bool:
        if self._type is not None and entity.type not in self._type:
            return False
        if self._under is None and self._within is None:
            return True
        mirror = self.question.engine.mirror
        if mirror.head != self._asked:
            self._asked, self._covered = mirror.head, self._now_covered()
        return entity.id in self._covered

    def _now_covered(self) -> frozenset[str]:
        under, within = self._seen(self._under or ""), self._seen(self._within or "")
        if (self._under and under is None) or (self._within and within is None):
            return frozenset()
        mirror, sites = self.question.engine.mirror, self.question.sites
        page = query.select(mirror, sites=sites, types=self._type, under=under, within=within)
        return frozenset(each.id for each in page.items)


async def watch(wanted: Watch) -> AsyncGenerator[Heard, None]:
    """New readings, until the token ends (`Unauthenticated`), the subscriber is too slow (`TooMany`), or this process
    hears of none (`BackendError`): it follows another, which is silent.
    """
    engine = wanted.question.engine
    if engine.silent:
        raise silent(engine.silent)
    ready = asyncio.Event()
    bus = engine.readings
    mailbox: Subscriber[ReadingChanged] = Subscriber(
        wants=wanted.wants, key=lambda event: (event.entity_id, event.point), ready=ready.set
    )
    bus.subscribe(mailbox)
    told = 0
    try:
        while True:
            await ready.wait()
            ready.clear()
            for event in mailbox.take():
                if not wanted.question.engine.tokens.holds(wanted.question.principal, now()):
                    raise ended()
                part = wanted.part(event)
                if part is not None:
                    folded, told = mailbox.coalesced - told, mailbox.coalesced
                    yield Heard(part, event.reading, folded)
            if mailbox.interrupted:
                raise silent(mailbox.interrupted)
            if mailbox.closed:
                raise TooMany(
                    "more points changed than this subscription can hold",
                    code="subscription.overrun",
                    help="read faster, or subscribe to less: by type, under, in or measures",
                )
    finally:
        bus.unsubscribe(mailbox)


def ended() -> Unauthenticated:
    """What to say where a token has ended before what was asked with it."""
    return Unauthenticated("the access token has ended", help="get a new one and subscribe again")


def silent(why: str) -> BackendError:
    """What to say where nothing can be told for a while, and nobody who listens is to blame."""
    return BackendError(
        f"there are no live readings here just now: {why}",
        code="feed.silent",
        help="subscribe again in a moment, or at another process of the twin; what is there can be read meanwhile",
    )
