"""How the audit is filled while a server runs."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, TypeVar

import pytest

from tests.graphs import changeset, entity
from tests.twin.access.test_audit import changed, deed
from twin.access.audit import Audit, Reported
from twin.engine.auditing import Auditing, take_up
from twin.errors import BackendError
from twin.graph.model import Create
from twin.records import Records
from twin.store.memory import MemoryStore

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from twin.graph.model import Change

T = TypeVar("T")
HEAD = Reported("t", 9)


@pytest.fixture
def audit(tmp_path: Path) -> Iterator[Audit]:
    records = Records(tmp_path / "records.sqlite")
    yield Audit(records)
    records.close()


async def in_pool(call: Callable[[], T]) -> T:
    await asyncio.sleep(0)
    return call()


class Log:
    """A log that is read two changes at a time."""

    def __init__(self, *changes: Change, timeline: str = "t") -> None:
        self.changes = list(changes)
        self.timeline = timeline

    async def read(self, reported: Reported) -> tuple[str, list[Change]]:
        await asyncio.sleep(0)
        since = reported.sequence if reported.timeline == self.timeline else 0
        return self.timeline, [each for each in self.changes if each.sequence > since][:2]


def test_what_waits_is_written_once_and_says_how_often(audit: Audit) -> None:
    auditing = Auditing(audit, in_pool, Log().read)
    for at in range(5):
        auditing.soon(deed(at, action="request", result="forbidden"))
    auditing.soon(deed(9, action="request", result="forbidden", client="app"))
    asyncio.run(auditing.flush())
    asyncio.run(auditing.flush())
    assert [(each.deed.at, each.deed.client, each.deed.times) for each in audit.export()] == [(0, "", 5), (9, "app", 1)]


def test_a_crowd_is_bounded(audit: Audit) -> None:
    auditing = Auditing(audit, in_pool, Log().read)
    for number in range(3000):
        auditing.soon(deed(1, detail=str(number)))
    asyncio.run(auditing.flush())
    assert len(list(audit.export())) == 1000


def test_what_waits_goes_on_waiting_while_it_cannot_be_written(audit: Audit) -> None:
    down = True

    async def failing(call: Callable[[], T]) -> T:
        await asyncio.sleep(0)
        if down:
            raise BackendError("the disk is full")
        return call()

    auditing = Auditing(audit, failing, Log().read)
    auditing.soon(deed(3))
    with pytest.raises(BackendError):
        asyncio.run(auditing.flush())
    with pytest.raises(BackendError):
        asyncio.run(auditing.now(deed(4)))
    auditing.soon(deed(5))
    down = False
    asyncio.run(auditing.flush())
    assert [(each.deed.at, each.deed.times) for each in audit.export()] == [(3, 2)]


def test_the_log_is_followed_over_restarts_and_timelines(audit: Audit) -> None:
    log = Log(*(changed(number, f"op{number}", "e") for number in range(1, 6)))
    asyncio.run(Auditing(audit, in_pool, log.read).follow(HEAD))
    log.changes.append(changed(6, "op6", "e"))
    asyncio.run(Auditing(audit, in_pool, log.read).follow(HEAD))
    restored = Log(*log.changes[:3], changed(4, "other", "e"), timeline="later")
    asyncio.run(Auditing(audit, in_pool, restored.read).follow(HEAD))
    assert [each.deed.operation for each in audit.export()] == [*(f"op{number}" for number in range(1, 7)), "other"]
    assert audit.verify() is None


def test_how_far_a_log_was_taken_up_counts_for_that_log(audit: Audit) -> None:
    store = MemoryStore()
    timeline = store.load().timeline
    assert take_up(audit, store, timeline) == 0
    store.commit([changeset(Create(entity(f"home-{number}", "site"))) for number in range(120)], 0)
    assert take_up(audit, store, timeline) == 120
    assert take_up(audit, store, timeline) == 120
    assert len(list(audit.export())) == 120
    auditing = Auditing(audit, in_pool, Log().read)
    assert asyncio.run(auditing.reported(timeline)) == 120
    assert asyncio.run(auditing.reported("another")) == 0
