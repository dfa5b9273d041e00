"""Entities as they come, change and go, for one principal: what of the graph it sees, compared with what it saw before.

So what becomes hidden is gone, and what becomes visible is new; what happens out of sight is nothing. Who reads slowly
hears less often, and what it was told comes to the same.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, Literal

import msgspec

from api.watching import ended, silent
from twin.errors import TooMany
from twin.events import Subscriber
from twin.graph import query
from twin.graph.model import Entity
from twin.times import now

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Iterator

    from api.questions import Question
    from twin.state.current import ReadingChanged

__all__ = ["Altered", "Sight", "What", "changes"]

What = Literal["CREATED", "CHANGED", "DELETED"]

_LOOK_SECONDS = 0.25
_MOST = 10_000


class Altered(msgspec.Struct, frozen=True):
    """Something has come, is another, or has gone."""

    what: What
    entity: Entity
    """As it is; what is gone, as it was last told."""


class Sight:
    """What a subscriber sees of what it asked for. Refs are looked up once, what they contain at every look."""

    def __init__(
        self,
        question: Question,
        *,
        type: str | None = None,  # noqa: A002 - the word users see
        under: str | None = None,
        within: str | None = None,
    ) -> None:
        self.question = question
        self._type = question.vocabulary.types("device", type)
        self._under = None if under is None else question.entity(under).id
        self._within = None if within is None else question.view(within).id
        self._head = question.engine.mirror.head
        self._known = self._look()

    def news(self) -> Iterator[Altered]:
        """What is different from what was told before."""
        head = self.question.engine.mirror.head
        if not self.question.renew() and head == self._head:
            return
        before, self._known, self._head = self._known, self._look(), head
        for id_, gone in before.items():
            if id_ not in self._known:
                yield Altered("DELETED", gone)
        for id_, entity in self._known.items():
            known = before.get(id_)
            if known is None:
                yield Altered("CREATED", entity)
            elif (known.revision, known.path) != (entity.revision, entity.path):
                yield Altered("CHANGED", entity)

    def _look(self) -> dict[str, Entity]:
        """What is there, by id."""
        question, places = self.question, (self._under, self._within)
        under, within = (None if place is None else question.find(place) for place in places)
        if (self._under is not None and under is None) or (self._within is not None and within is None):
            return {}
        mirror = question.engine.mirror
        page = query.select(mirror, sites=question.sites, types=self._type, under=under, within=within, first=_MOST + 1)
        if len(page.items) > _MOST:
            raise TooMany(
                f"these are more than {_MOST:,} entities",
                code="subscription.broad",
                help="subscribe to less: by type, under or in",
            )
        return {each.id: each for each in page.items}


async def changes(sight: Sight) -> AsyncGenerator[Altered, None]:
    """What comes, changes and goes, until the token ends (`Unauthenticated`), there is too much (`TooMany`), or this
    process tells nothing any more (`BackendError`).
    """
    question, over = sight.question, asyncio.Event()
    bus = question.engine.readings
    # Of readings it wants none, and like those who do it is told when there is nothing to be told.
    mailbox: Subscriber[ReadingChanged] = Subscriber(wants=lambda _: False, key=lambda _: None, ready=over.set)
    bus.subscribe(mailbox)
    try:
        while not over.is_set():
            _check(question)
            for each in sight.news():
                yield each
                _check(question)
            with suppress(TimeoutError):
                async with asyncio.timeout(_LOOK_SECONDS):
                    await over.wait()
        raise silent(mailbox.interrupted)
    finally:
        bus.unsubscribe(mailbox)


def _check(question: Question) -> None:
    if not question.engine.tokens.holds(question.principal, now()):
        raise ended()
