"""How long the log and the audit are kept: what is older is forgotten, in short steps that let others write between.

Nothing of the log is forgotten that the audit has not taken up: it takes up the rest first, and where it then stands is
how far.

An op_id is known for as long as its record is: a change that is sent again within that time is done once. So the log is
kept for a day at least.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import structlog

from twin.access.audit import Reported
from twin.engine.replay import sequence_at
from twin.errors import InvalidValue
from twin.times import now, rfc3339

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

    from twin.engine.auditing import Auditing
    from twin.engine.core import Core
    from twin.settings import Settings
    from twin.store import GraphStore, Trimmed

__all__ = ["SHORTEST_DAYS", "forget", "kept_from", "trimming"]

SHORTEST_DAYS = 1.0
"""The log is kept so long at least."""
_DAY = 86_400_000_000
_PAUSE_SECONDS = 0.05

log = structlog.get_logger(__name__)


def kept_from(days: float, at: int) -> int:
    """The time from which on the log is kept, at a time, in microseconds since 1970 UTC."""
    return at - round(max(days, SHORTEST_DAYS) * _DAY)


async def forget(
    core: Core,
    settings: Settings,
    auditing: Auditing,
    in_store: Callable[[Callable[[], Trimmed]], Awaitable[Trimmed]],
) -> None:
    """Forget what of the log and of the audit is older than the settings have it."""
    at, timeline = now(), core.mirror.timeline
    if settings.log_days:
        await auditing.follow(Reported(timeline, core.mirror.head))
        until = await auditing.reported(timeline)
        await _forget(core.store, kept_from(settings.log_days, at), at, until, in_store)
    if settings.audit_days:
        await auditing.trim(kept_from(settings.audit_days, at), at)


async def _forget(
    store: GraphStore,
    before: int,
    at: int,
    until: int,
    in_store: Callable[[Callable[[], Trimmed]], Awaitable[Trimmed]],
) -> None:
    """Each step where the store is called, with pauses for what is to be written."""
    mark = first = await in_store(store.trimmed)
    for step in trimming(store, before, at, until):
        mark = await in_store(step)
        await asyncio.sleep(_PAUSE_SECONDS)
    if mark != first:
        log.info("log.trimmed", records=mark.sequence - first.sequence, sequence=mark.sequence)


def trimming(store: GraphStore, before: int, at: int, until: int) -> Iterator[Callable[[], Trimmed]]:
    """The steps that forget what was changed before a time, and up to a sequence at most, each to be called, wherever a
    store may be, before the next is asked for: the first finds out how far to go.

    Raises:
        InvalidValue: less than a day would be kept.
    """
    if before > kept_from(0, at):
        raise InvalidValue(
            f"what was changed before {rfc3339(before)} cannot be forgotten yet",
            code="trim.recent",
            help="the log is kept for a day at least: what is sent again within it is done once",
        )
    marks: list[Trimmed] = []
    target = 0

    def begin() -> Trimmed:
        nonlocal target
        mark = store.trimmed()
        target = 0 if before <= mark.at else min(until, sequence_at(store, before - 1))
        marks.append(mark)
        return mark

    def step() -> Trimmed:
        marks.append(store.trim(target))
        return marks[-1]

    yield begin
    while marks[-1].sequence < target and (len(marks) < 2 or marks[-1] != marks[-2]):  # noqa: PLR2004 - the last two
        yield step
